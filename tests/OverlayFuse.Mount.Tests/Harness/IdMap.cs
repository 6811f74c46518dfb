using System.Diagnostics;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// A user namespace that maps ids of a disk to those of a mount, as mount_setattr(2) takes it; a sleeping process keeps it until the end.
/// </summary>
internal sealed class IdMap : IDisposable
{
    private const int CloneTree = 1, EmptyPath = Libc.AT_EMPTY_PATH, MoveEmptyPath = 4;
    private readonly Process holder;
    private readonly int userNamespace;

    /// <param name="map">Lines of uid_map(5) for both users and groups: id on disk, id in the mount, count.</param>
    public IdMap(params string[] map)
    {
        holder = Process.Start(new ProcessStartInfo("unshare",
            ["-U", "sh", "-c", "echo ready; exec sleep 600"])
        { RedirectStandardOutput = true })!;
        if (holder.StandardOutput.ReadLine() != "ready") throw new InvalidOperationException("unshare -U did not start");
        foreach (string file in (string[])["uid_map", "gid_map"])
            File.WriteAllText($"/proc/{holder.Id}/{file}", string.Join('\n', map) + "\n");
        userNamespace = (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes($"/proc/{holder.Id}/ns/user"), O.RDONLY | O.CLOEXEC, 0),
            "open ns/user");
    }

    /// <summary>
    /// Shows <paramref name="source"/> at <paramref name="target"/> with mapped ids. The error of mount_setattr(2), which refuses what
    /// cannot have a map.
    /// </summary>
    public Errno TryMount(string source, string target)
    {
        int tree = (int)Tool.Check(Libc.syscall(Libc.SYS_open_tree, Libc.AT_FDCWD, Libc.Bytes(source), CloneTree | (int)O.CLOEXEC),
            "open_tree " + source);
        try
        {
            var attributes = new MountAttributes { Set = MountAttributes.IdMap, UserNamespace = (ulong)userNamespace };
            if (Libc.syscall(Libc.SYS_mount_setattr, tree, Libc.Bytes(""), EmptyPath, attributes, 32) != 0) return Stdlib.GetLastError();
            Tool.Check(Libc.syscall(Libc.SYS_move_mount, tree, Libc.Bytes(""), Libc.AT_FDCWD, Libc.Bytes(target), MoveEmptyPath),
                "move_mount " + target);
            return 0;
        }
        finally
        {
            _ = Syscall.close(tree);
        }
    }

    public void Mount(string source, string target)
    {
        if (TryMount(source, target) is not 0 and var error)
            throw new InvalidOperationException($"{source} at {target} with mapped ids: {error}");
    }

    public void Dispose()
    {
        _ = Syscall.close(userNamespace);
        holder.Kill();
        holder.WaitForExit();
        holder.Dispose();
    }
}
