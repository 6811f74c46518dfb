using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// io=passthrough: the kernel reads, writes and maps the real file itself. All opens of an inode go the way of the first one, through one
/// backing file: it answers EIO to any other (fuse_file_io_open).
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>Stacking depth of the mount: a layer's is 0, and the kernel's overlayfs (at most 2) can still lie on top.</summary>
    private const uint StackDepth = 1;

    /// <summary>The first version with FUSE passthrough.</summary>
    private static readonly Version s_passthrough = new(6, 9);

    /// <summary>ST_RDONLY.</summary>
    private const long ReadOnlyMount = 1;

    /// <summary>
    /// A lower file of this size is passed through on a writable mount too. Below it the kernel's cache serves as well, and what is small is
    /// also what is locked, watched and appended to while others have it open.
    /// </summary>
    internal const ulong LargeLowerFile = 1 << 20;

    /// <summary>Null: files are not passed through.</summary>
    private FuseBackingFiles? _backingFiles;

    /// <summary>Why INIT was refused; null: it was not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What io= has come to, from INIT on.</summary>
    public IoMode EffectiveIo => _isStateless ? IoMode.Stateless : _backingFiles is not null ? IoMode.Passthrough : IoMode.Open;

    /// <summary>Whether the kernel lets this process register backing files: CAP_SYS_ADMIN outside of user namespaces.</summary>
    public static bool MayPassThrough => CallerProcess.IsSystemAdministrator;

    /// <summary>What can be known before mounting.</summary>
    /// <exception cref="MountRefusedException">Passthrough was asked for and the kernel would not let us.</exception>
    private static void RequirePassthrough(OverlayOptions options, LayerStack layers)
    {
        if (options.Io != IoMode.Passthrough)
            return;
        if (PassthroughObstacle(MayPassThrough, layers.AreLowersReadOnly, Environment.OSVersion.Version) is { } obstacle)
            throw new MountRefusedException($"option io=passthrough: {obstacle}, or write io=auto");
    }

    /// <summary>The first that is in the way, with the remedy; null: nothing that can be known before mounting.</summary>
    internal static string? PassthroughObstacle(bool mayPassThrough, bool areLowersReadOnly, Version kernel)
    {
        if (kernel < s_passthrough)
            return $"needs Linux 6.9 or later, and this is {kernel}; use a newer kernel";
        if (!mayPassThrough)
            return "needs CAP_SYS_ADMIN outside of user namespaces; mount as root";
        return areLowersReadOnly ? null
            : "the lower layers cannot be mounted read-only for it in this mount namespace (open_tree(2)); mount in a namespace that is yours";
    }

    private Errno EnablePassthrough(FuseNegotiation session)
    {
        if (!session.Offered.HasFlag(InitFlags.Passthrough))
        {
            Refusal = "option io=passthrough: this kernel has no FUSE passthrough (Linux 6.9 with CONFIG_FUSE_PASSTHROUGH); write io=auto";
            return Errno.EOPNOTSUPP;
        }
        session.Wanted |= InitFlags.Passthrough;
        session.MaxStackDepth = StackDepth;
        _backingFiles = session.BackingFiles;
        return Errno.None;
    }

    /// <summary>How the kernel is to treat one more open of an inode. The caller holds that open.</summary>
    private OpenOut OpenReply(Inode inode, OpenFlags flags)
    {
        if (inode.Open?.Backing is not { } backing)
            return new OpenOut { Flags = CachingOf(inode) };
        if ((flags & OpenFlags.AccessMode) == OpenFlags.ReadWrite && !inode.IsMappable)
        {
            inode.IsMappable = true;
            InvalidateAttributes(inode);
        }
        return new OpenOut { Flags = OpenReplyFlags.Passthrough, BackingId = backing.Id };
    }

    /// <summary>What the kernel may cache of a file that goes by requests.</summary>
    private OpenReplyFlags CachingOf(Inode inode)
    {
        if (_backingFiles is not null && inode.HasUpper)
            return FileReplyFlags & ~OpenReplyFlags.KeepCache; // it may have been written past the cache
        bool storesPages = _isWriteBack && inode.Open is { OnlyAppends: true }; // with what stood in them before
        return storesPages ? FileReplyFlags | OpenReplyFlags.DirectIo : FileReplyFlags;
    }

    /// <summary>The first open of an inode decides: by its real file, or by requests. Under the open lock.</summary>
    private void Back(Inode inode, OpenFile open)
    {
        if (_backingFiles is null || !_layers.AreLowersReadOnly || !open.TryBorrowForRead(out BorrowedFd file))
            return;
        using (file)
        {
            // asked of the descriptor: the inode may have been copied up since it was opened
            bool isLower = Sys.FStatFs(file, out StatFs about) != Errno.None || (about.Flags & ReadOnlyMount) != 0;
            if (isLower && !MayBackByLower(inode))
                return;
            if (CallerIds.AssumeMounter() != Errno.None || _backingFiles.Open(file, out BackingFile? backing) != Errno.None)
                return; // ELOOP: the layer is on a stacked file system
            open.SetBacking(backing, isLower);
        }
    }

    /// <summary>What is opened by a lower file stays there, whatever is copied up later: worth it for large files, and harmless where nothing is.</summary>
    private bool MayBackByLower(Inode inode) => _copyUp is null || inode.IsLarge;

    /// <summary>An open for reading that goes by requests for sure: it opens nothing before the first READ, and what is cached has none.</summary>
    private bool OpensLate(Inode inode) => _backingFiles is not null && inode is { HasUpper: false, Data: null } && !MayBackByLower(inode);

    /// <summary>
    /// After a copy-up: who has the lower file open by passthrough keeps it, with an inode that has lost its names, as if the copy had replaced
    /// it by rename(2). The next lookup makes a new inode, which no open holds to the lower file. Under the open lock.
    /// </summary>
    private void LeaveBehind(Inode inode)
    {
        if (inode.Pinned is null && PinOpened(inode) != Errno.None)
            inode.Unlinked = true; // ESTALE from here on: its name may soon be another file's
        _inodes.LeaveBehind(inode);
        InvalidateAttributes(inode); // what the kernel has of them holds for ever, and changes come by the other inode
    }

    /// <summary>Holds the upper file by itself: the names are no longer kept up to date.</summary>
    private Errno PinOpened(Inode inode)
    {
        if (_files.Locate(inode, out RealName real) is not Errno.None and var error)
            return error;
        using (real)
            return inode.Pinned is null ? Pin(inode, real.Directory, real.Name) : Errno.None;
    }

    /// <summary>Whether an inode's open files read a lower file although its data are in the upper by now.</summary>
    private static bool IsOvertaken(Inode inode, OpenFile open) => open.IsBackedByLower && inode.HasUpper && inode.Data is null;

    /// <summary>A change through an inode that was left behind is one of the inode that has its name now.</summary>
    private void TellSuccessor(Inode inode)
    {
        if (inode.IsLeftBehind && _inodes.OfUpperFile(inode.UpperIno) is { } successor)
            InvalidateAttributes(successor);
    }

    /// <summary>
    /// How long attributes hold. What is stored into a mapping of the real file changes its times without a word to us; an inode that was left
    /// behind is changed through another one.
    /// </summary>
    private Validity AttributeValidityOf(Inode inode) => inode.IsMappable || inode.IsLeftBehind ? default : AttributeValidity;
}
