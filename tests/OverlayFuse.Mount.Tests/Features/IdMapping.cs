using System.Globalization;
using System.Runtime.InteropServices;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features;

/// <summary>Bind mounts whose owners are shifted (mount_setattr(2) with MOUNT_ATTR_IDMAP).</summary>
internal static class IdMapping
{
    private const long SYS_open_tree = 428, SYS_move_mount = 429, SYS_mount_setattr = 442;
    private const int OPEN_TREE_CLONE = 1, OPEN_TREE_CLOEXEC = 0x80000, MOVE_MOUNT_F_EMPTY_PATH = 4;
    private const ulong MOUNT_ATTR_IDMAP = 0x100000;
    private static readonly byte[] Empty = [0];

    /// <summary>
    /// Shows <paramref name="source"/> at <paramref name="target"/> with <paramref name="shift"/> added to every owner up to 65,535.
    /// </summary>
    public static void Attach(string source, string target, int shift)
    {
        int tree = (int)Tool.Check(open_tree(SYS_open_tree, Libc.AT_FDCWD, Libc.Bytes(source), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
            "open_tree");
        int space = OpenUserNamespace(shift);
        try
        {
            var attributes = new MountAttributes { Set = MOUNT_ATTR_IDMAP, UserNamespace = (ulong)space };
            Tool.Check(mount_setattr(SYS_mount_setattr, tree, Empty, Libc.AT_EMPTY_PATH, ref attributes, Marshal.SizeOf<MountAttributes>()),
                "mount_setattr");
            Tool.Check(move_mount(SYS_move_mount, tree, Empty, Libc.AT_FDCWD, Libc.Bytes(target), MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
        }
        finally
        {
            _ = Syscall.close(space);
            _ = Syscall.close(tree);
        }
    }

    /// <summary>A user namespace lives as long as a descriptor of it.</summary>
    private static int OpenUserNamespace(int shift)
    {
        string ready = Path.GetTempFileName();
        using BackgroundScript holder = BackgroundScript.Start($"exec unshare -U bash -c 'echo $$ > {ready}; exec sleep 60'", "/");
        SpinWait.SpinUntil(() => File.ReadAllText(ready).EndsWith('\n'), 10_000);
        string pid = File.ReadAllText(ready).Trim();
        File.Delete(ready);
        string map = string.Create(CultureInfo.InvariantCulture, $"0 {shift} 65536\n");
        File.WriteAllText($"/proc/{pid}/uid_map", map);
        File.WriteAllText($"/proc/{pid}/gid_map", map);
        return (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes($"/proc/{pid}/ns/user"), O.RDONLY | O.CLOEXEC, 0),
            "open user namespace");
    }

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern long open_tree(long number, long dirfd, byte[] path, long flags);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern long move_mount(long number, long from, byte[] fromPath, long to, byte[] toPath, long flags);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern long mount_setattr(long number, long dirfd, byte[] path, long flags, ref MountAttributes attributes, long size);

    /// <summary>linux/mount.h: struct mount_attr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MountAttributes
    {
        public ulong Set, Clear, Propagation, UserNamespace;
    }
}
