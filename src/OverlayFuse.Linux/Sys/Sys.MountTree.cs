using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    private const long SYS_open_tree = 428;
    private const long SYS_mount_setattr = 442;
    private const nint OPEN_TREE_CLONE = 1;
    private const nint OPEN_TREE_CLOEXEC = (nint)OpenFlags.CloseOnExec;
    private const ulong MOUNT_ATTR_RDONLY = 0x1;
    private const ulong MOUNT_ATTR_NOSUID = 0x2;
    private const ulong MOUNT_ATTR_NODEV = 0x4;
    private const ulong MOUNT_ATTR_NOATIME = 0x10;
    private const ulong MOUNT_ATTR_ATIME_MASK = 0x70;

    /// <summary>
    /// open_tree(2) with OPEN_TREE_CLONE (5.2): a private mount of what is mounted at a path, with its flags, attached nowhere.
    /// </summary>
    /// <param name="path">The mountpoint, or a directory in the mount.</param>
    /// <param name="tree">Its root, as by O_PATH.</param>
    /// <returns>EPERM without CAP_SYS_ADMIN, EINVAL where other mounts in it must stay (a user namespace's copy).</returns>
    public static Errno CloneTree(Name path, out Fd tree)
    {
        fixed (byte* bytes = path.WithNul)
            tree = new Fd((int)Libc.syscall(SYS_open_tree, Fd.WorkingDirectory.Number, (nint)bytes, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0,
                0, 0));
        return tree.IsOpen ? Errno.None : LastError();
    }

    /// <summary>
    /// A private mount of one directory, attached nowhere, without the mounts that lie below it: what clone_private_mount gives the
    /// kernel's overlayfs. Nobody can write through a read-only one, and our own mount inside a layer cannot be met in it.
    /// Needs CAP_SYS_ADMIN over the mount namespace (open_tree(2), mount_setattr(2), 5.12).
    /// </summary>
    /// <param name="directory">The directory, opened in any way.</param>
    /// <param name="readOnly">Whether writes through it shall fail with EROFS.</param>
    /// <param name="tree">Its root, as by O_PATH.</param>
    /// <param name="noAccessTimes">
    /// Whether reading through it shall leave access times alone, as far as the namespace allows; a read-only one always does.
    /// </param>
    public static Errno CloneMount(Fd directory, bool readOnly, out Fd tree, bool noAccessTimes = false)
    {
        byte empty = 0;
        noAccessTimes |= readOnly;
        nint flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (nint)AtFlags.EmptyPath;
        tree = new Fd((int)Libc.syscall(SYS_open_tree, directory.Number, (nint)(&empty), flags, 0, 0, 0));
        if (!tree.IsOpen)
            return LastError();
        ulong set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (readOnly ? MOUNT_ATTR_RDONLY : 0);
        Errno error = SetMountAttributes(tree, set | (noAccessTimes ? MOUNT_ATTR_NOATIME : 0), noAccessTimes ? MOUNT_ATTR_ATIME_MASK : 0);
        if (error == Errno.EPERM && noAccessTimes)
            error = SetMountAttributes(tree, set, 0); // a user namespace may not change how access times are kept (MNT_LOCK_ATIME)
        if (error != Errno.None)
        {
            Close(tree);
            tree = Fd.None;
        }
        return error;
    }

    private static Errno SetMountAttributes(Fd tree, ulong set, ulong clear)
    {
        byte empty = 0;
        ulong* attributes = stackalloc ulong[4];
        attributes[0] = set;
        attributes[1] = clear;
        attributes[2] = 0;
        attributes[3] = 0;
        return Result((int)Libc.syscall(SYS_mount_setattr, tree.Number, (nint)(&empty), (nint)AtFlags.EmptyPath, (nint)attributes, 32, 0));
    }
}
