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

    /// <summary>Where it is mounted in the daemon's own namespace; null: not known, or nowhere.</summary>
    public string? MountPoint { get; private init; }

    /// <summary>Nobody finds the mount in the daemon's namespace any more: it was detached, and lives on for who uses it or in other namespaces.</summary>
    public bool IsDetached { get; private init; }

    /// <summary>Looks.</summary>
    /// <param name="marks">On the directory.</param>
    /// <param name="id">What its mark says.</param>
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

    /// <summary>Asks it to end, as a user would by kill(1).</summary>
    /// <returns>EPERM when it is another user's, or no daemon of ours; ESRCH when the process with this id is another one.</returns>
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

    /// <summary>The name of its file: a descriptor with marks can be handed to a process that knows nothing of them.</summary>
    private static string ProgramOf(string process)
    {
        const string removed = " (deleted)";
        string path = Link($"/proc/{process}/exe") ?? "";
        return Path.GetFileName(path.EndsWith(removed, StringComparison.Ordinal) ? path[..^removed.Length] : path);
    }

    /// <summary>"process 12, mounted at /m" for texts.</summary>
    public override string ToString() =>
        !_isSeen ? "a process that cannot be seen from here"
        : $"process {_id}" + (MountPoint is null ? "" : ", mounted at " + Printable(MountPoint) + (IsElsewhere ? " of its own mount namespace" : ""));

    /// <summary>What ends it.</summary>
    public string Remedy => !_isSeen ? "unmount that one (see 'findmnt -t fuse.overlayfuse' where it was mounted)"
        : MountPoint is null || IsElsewhere ? $"unmount that one, or end it by 'kill {_id}',"
        : $"unmount that one by 'umount {Printable(MountPoint)}'";

    private bool IsElsewhere => Link($"/proc/{_id}/ns/mnt") != Link("/proc/self/ns/mnt");

    private static string? Link(string path) => TextFile.ReadLink(path, out string target) == Errno.None ? target : null;

    /// <summary>A path that others have chosen.</summary>
    private static string Printable(string path) => string.Concat(path.Select(character => char.IsControl(character) ? '?' : character));
}
