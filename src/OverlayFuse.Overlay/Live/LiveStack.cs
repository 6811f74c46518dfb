using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Overlay.Live;

/// <summary>
/// The layers of a live mount: lists them, puts a new one on top of the lower ones, and shows the changes that other programs made in them.
/// Directories that the kernel knows get new lower parts, parents first. Open files stay the same. The kernel looks up every name again
/// before its next use (NOTIFY_INC_EPOCH, kernel 6.16).
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="access">The way to open files.</param>
/// <param name="copyUp">Null on a mount that writes nothing.</param>
/// <param name="numbers">For statistics.</param>
internal sealed class LiveStack(MergedView view, FileAccessChoice access, CopyUp? copyUp, LiveNumbers numbers)
{
    /// <summary>Held during a change of the stack. It is the outermost of all locks.</summary>
    private readonly Lock _live = new();

    private static readonly TimeSpan s_underway = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_heldUp = TimeSpan.FromSeconds(1);

    /// <summary>Answers one ioctl(2) on the root.</summary>
    /// <param name="request">The caller must be root or the owner of the mount.</param>
    /// <param name="command">A number of <see cref="LiveControl"/>.</param>
    /// <param name="data">The argument.</param>
    /// <param name="answer">Room for the answer.</param>
    public Errno Control(in FuseRequest request, uint command, ReadOnlySpan<byte> data, Span<byte> answer)
    {
        if (CallerProcess.UidOf(request) is not 0 and var uid && uid != Sys.EffectiveUid)
            return Errno.EPERM;
        if (command == LiveControl.Statistics)
            return numbers.Tell(answer);
        if (data.Length < (command is LiveControl.Refresh or LiveControl.Settle ? 0 : LiveControl.Size))
            return Errno.EINVAL;
        // A change of the layers that takes long is no reason to wait.
        if (command == LiveControl.ListEvent)
            return ListEvent(LiveControl.ReadIndex(data), answer);
        lock (_live)
        {
            return command switch
            {
                LiveControl.ListLayer => ListLayer(LiveControl.ReadIndex(data), answer),
                LiveControl.AddLayer => Noted("add-layer", AddLayer(LiveControl.ReadDirectory(data))),
                LiveControl.Settle => Settle(),
                _ => Noted("refresh", Refresh()),
            };
        }
    }

    private Errno ListEvent(int index, Span<byte> answer)
    {
        if (view.Options.Events?.Find(index) is not { } text || answer.Length < LiveControl.Size)
            return Errno.ENOENT;
        LiveControl.WriteEvent(answer, text);
        return Errno.None;
    }

    /// <summary>Keeps what a verb has done to the layers. The message holds no path.</summary>
    private Errno Noted(string verb, Errno error)
    {
        view.Options.Events?.Add(error == Errno.None ? $"{verb}: done" : $"{verb}: refused ({error})");
        return error;
    }

    private Errno Settle()
    {
        copyUp?.CompleteAll();
        return Errno.None;
    }

    private Errno ListLayer(int index, Span<byte> answer)
    {
        var layers = new List<(string Role, string Path)>();
        if (view.Layers.Upper is { } upper)
            layers.Add(("upper", upper.Path));
        layers.AddRange(view.Inodes.Root.Directory!.Lowers.Select(number => ("lower", view.Layers.Lowers[number].Path)));
        layers.AddRange(view.Layers.DataLayers.Select(layer => ("data", layer.Path)));
        if (index < 0 || index >= layers.Count || answer.Length < LiveControl.Size)
            return Errno.ENOENT;
        LiveControl.WriteLayer(answer, layers[index].Role, layers[index].Path);
        return Errno.None;
    }

    private Errno AddLayer((ulong Dev, ulong Ino, string Path) directory)
    {
        if (view.Layers.Lowers.Count >= OverlayOptions.MostLowers)
            return Errno.E2BIG;
        // The index refers to the lower directories of the mount.
        if (view.Index is { IsComplete: true })
            return Errno.EINVAL;
        copyUp?.CompleteAll();
        Errno error = view.Kernel.ForgetNames();
        if (error != Errno.None)
            return error;
        if ((error = OpenNewLayer(directory, out Layer? layer)) != Errno.None)
            return error;
        RootParts.LookForXattrWhiteouts(layer!, view.Xattrs);
        view.Owners.Add(layer!);
        ushort number = view.Layers.Add(layer!);
        Inode root = view.Inodes.Root;
        using (new NamesChange(root))
            root.Directory!.Parts = RootParts.Of(view.Layers,
                RootParts.IsAufsOpaque(layer!) ? [number] : [number, .. root.Directory.Lowers]);
        FindDirectoriesAgain();
        return ForgetNamesOnTheWay();
    }

    /// <returns>ESTALE if the daemon sees another directory at the path. ELOOP and EBUSY as at the mount.</returns>
    private Errno OpenNewLayer((ulong Dev, ulong Ino, string Path) directory, out Layer? layer)
    {
        Errno error;
        layer = null;
        try
        {
            MountTable mounts = OwnMounts.Read();
            using LayerPlace added = LayerPlace.Open("lowerdir", directory.Path, mounts);
            if ((error = Sys.FStatx(added.Fd, out Statx stat)) != Errno.None)
                return error;
            if (stat.Dev != directory.Dev || stat.Ino != directory.Ino)
                return Errno.ESTALE;
            Layer?[] others = [view.Layers.Upper, view.Layers.Work, .. view.Layers.Lowers, .. view.Layers.DataLayers];
            foreach (Layer? known in others)
            {
                if (known is null || !Sys.IsDirectory(known.Path))
                    continue;
                using LayerPlace place = LayerPlace.Open("lowerdir", known.Path, mounts);
                LayerChecks.RefuseOverlap(place, added);
            }
            if (view.Options.Index)
                KernelMounts.RefuseInUse(added, mounts);
            using var clones = new MountClones();
            layer = Layer.Open(directory.Path, readOnly: true, clones);
            return Errno.None;
        }
        catch (MountRefusedException refused)
        {
            return refused.Error;
        }
        catch (IOException)
        {
            return Errno.ENOENT;
        }
    }

    /// <summary>Shows the changes that other programs made in the layers, even where the kernel has cached the old state.</summary>
    private Errno Refresh()
    {
        Errno error = view.Kernel.ForgetNames();
        if (error != Errno.None)
            return error;
        copyUp?.CompleteAll();
        Inode root = view.Inodes.Root;
        using (new NamesChange(root))
            root.Directory!.Parts = RootParts.Of(view.Layers, root.Directory.Lowers);
        root.Directory.Unlearn();
        FindDirectoriesAgain();
        foreach (Inode inode in view.Inodes.Snapshot())
        {
            inode.Protection = Protection.NotRead;
            access.Current.FollowRealFile(inode);
            view.Kernel.InvalidateData(inode);
        }
        return ForgetNamesOnTheWay();
    }

    /// <summary>
    /// Makes the kernel forget names again. Replies from before the change may still be on their way, and the entries of a READDIRPLUS are
    /// valid from their arrival (fuse_direntplus_link). So names are forgotten when these replies have arrived, and once more later for a
    /// delayed one.
    /// </summary>
    private Errno ForgetNamesOnTheWay()
    {
        Thread.Sleep(s_underway);
        Errno error = ForgetNamesAndListings();
        var later = new Thread(ForgetHeldUpNames) { IsBackground = true, Name = "remount" };
        // Best effort.
        _ = later.TryStart();
        return error;
    }

    private void ForgetHeldUpNames()
    {
        Thread.Sleep(s_heldUp);
        _ = ForgetNamesAndListings();
    }

    private Errno ForgetNamesAndListings()
    {
        view.Listings.Clear();
        foreach (Inode inode in view.Inodes.Snapshot())
        {
            // The epoch covers names only, not listings.
            if (inode.IsDirectory)
                view.Kernel.InvalidateData(inode);
        }
        return view.Kernel.ForgetNames();
    }

    private void FindDirectoriesAgain()
    {
        var done = new HashSet<Inode> { view.Inodes.Root };
        var parentsLast = new Stack<Inode>();
        foreach (Inode inode in view.Inodes.Snapshot())
        {
            Inode next = inode;
            while (next.IsDirectory && done.Add(next) && next is { Unlinked: false, Place: { } place })
            {
                parentsLast.Push(next);
                next = place.Parent;
            }
            while (parentsLast.TryPop(out Inode? directory))
                FindAgain(directory);
        }
    }

    /// <summary>
    /// Gives a directory the lower parts that it has now. If its name is something else now, the inode is detached and the next lookup
    /// makes a new one.
    /// </summary>
    private void FindAgain(Inode inode)
    {
        Place place = inode.Place!;
        var found = new Resolved(stackalloc ushort[OverlayOptions.MostLowers]);
        using (new NamesChange(place.Parent, inode))
        {
            Errno error = LayerLookup.Resolve(view, place.Parent, place.Name, ref found);
            bool isSame = error == Errno.None && found.IsDirectory && found.HasUpper == inode.HasUpper
                && (!found.HasUpper || found.Stat.Ino == inode.UpperIno);
            if (!isSame)
            {
                view.Inodes.Detach(inode);
                return;
            }
            LowerParts before = inode.Directory!.Parts;
            inode.Directory.Parts = found.ToParts();
            inode.Directory.Unlearn();
            before.Drop();
        }
    }
}
