using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>The daemon that holds a directory, as far as /proc shows it to us.</summary>
internal sealed class UpperHolder
{
    private readonly HoldMarks _marks;
    private readonly uint _id;
    private readonly bool _isSeen;

    private UpperHolder(HoldMarks marks, uint id)
    {
        _marks = marks;
        _id = id;
        _isSeen = marks.IsSetBy(id, HoldMark.Holder, id);
    }

    /// <summary>The mountpoint in the daemon's own namespace. Null if there is none, or it is not known.</summary>
    public string? MountPoint { get; private init; }

    /// <summary>
    /// True if the daemon's namespace has lost the mount: it was detached, and lives on for the processes that use it or in other
    /// namespaces.
    /// </summary>
    public bool IsDetached { get; private init; }

    /// <summary>Finds the daemon.</summary>
    /// <param name="marks">The marks on the directory.</param>
    /// <param name="id">The process id in its mark.</param>
    public static UpperHolder Find(HoldMarks marks, uint id)
    {
        var holder = new UpperHolder(marks, id);
        bool isMounted = marks.Find(HoldMark.Device, out bool isSet, out uint device) == Errno.None && isSet;
        if (!holder._isSeen || !isMounted || MountTable.ReadOf(id, out MountTable mounts) != Errno.None)
            return holder;
        string number = string.Create(CultureInfo.InvariantCulture, $"{device >> 20}:{device & 0xFFFFF}");
        MountEntry? mount = mounts.OfDevice(number);
        return new UpperHolder(marks, id) { MountPoint = mount?.MountPoint, IsDetached = mount is null };
    }

    /// <summary>Asks the daemon to end, as kill(1) does.</summary>
    /// <returns>EPERM if it belongs to another user, or runs another program. ESRCH if another process has this id now.</returns>
    public Errno AskToEnd()
    {
        Errno error = Sys.OpenProcess((int)_id, out Fd opened);
        if (error != Errno.None)
            return error;
        using var process = new ScopedFd(opened);
        if (!_marks.IsSetBy(_id, HoldMark.Holder, _id))
            return Errno.ESRCH;
        return ProgramOf(_id.ToString(CultureInfo.InvariantCulture)) == ProgramOf("self") ? Sys.Terminate(process) : Errno.EPERM;
    }

    /// <summary>The file name of a process's program. A process may have inherited the marks and know nothing of them.</summary>
    private static string ProgramOf(string process)
    {
        const string removed = " (deleted)";
        string path = Link($"/proc/{process}/exe") ?? "";
        return Path.GetFileName(path.EndsWith(removed, StringComparison.Ordinal) ? path[..^removed.Length] : path);
    }

    /// <summary>"process 12, mounted at /m" for texts.</summary>
    public override string ToString() =>
        !_isSeen ? "a process that cannot be seen from here"
        : $"process {_id}" + (MountPoint is null ? "" : ", mounted at " + MountPoint + (IsElsewhere ? " of its own mount namespace" : ""));

    /// <summary>The way to end it, for texts.</summary>
    public string Remedy => !_isSeen ? "unmount that one (see 'findmnt -t fuse.overlayfuse' where it was mounted)"
        : MountPoint is null || IsElsewhere ? $"unmount that one, or end it by 'kill {_id}',"
        : $"unmount that one by 'umount {MountPoint}'";

    private bool IsElsewhere => Link($"/proc/{_id}/ns/mnt") != Link("/proc/self/ns/mnt");

    private static string? Link(string path) => TextFile.ReadLink(path, out string target) == Errno.None ? target : null;
}
