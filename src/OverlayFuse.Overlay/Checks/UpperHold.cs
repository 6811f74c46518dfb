namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Our claim on upper and work, by marks on both (<see cref="HoldMarks"/>). It lives as long as the mount. The kernel drops it with the
/// process, so a crash leaves nothing behind.
/// </summary>
public sealed class UpperHold : IDisposable
{
    private List<HoldMarks> _held;

    internal UpperHold(OverlayOptions options, List<HoldMarks> held)
    {
        Options = options;
        _held = held;
    }

    /// <summary>The final options: UserXattr is decided.</summary>
    public OverlayOptions Options { get; }

    /// <summary>Claims both directories, then probes what the file system can do.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="work">The work directory.</param>
    /// <param name="options">The options of the mount.</param>
    /// <param name="tell">Gets a line for the user while the mount waits for another daemon.</param>
    /// <exception cref="MountRefusedException">Another process has a directory, or the file system lacks something.</exception>
    public static UpperHold Take(LayerPlace upper, LayerPlace work, OverlayOptions options, Action<string>? tell)
    {
        var held = new List<HoldMarks>();
        try
        {
            held.Add(new HoldWait(upper, tell).Take());
            held.Add(new HoldWait(work, tell).Take());
            options = options with { UserXattr = UpperMarks.Choose(upper, work, options) };
            PossibleMarks marks = options.ReadOnly
                ? new(options.UserXattr ?? false, HasWhiteouts: true)
                : WorkProbe.Run(upper, work, options.UserXattr);
            MarkChecks.RefuseUntrusted(options, marks.AreUserXattrs);
            bool byName = options.AufsWhiteouts || DeletionForm.IsByName(upper, options, marks);
            return new UpperHold(options with { UserXattr = marks.AreUserXattrs, AufsWhiteouts = byName }, held);
        }
        catch (MountRefusedException)
        {
            held.ForEach(marks => marks.Dispose());
            throw;
        }
    }

    /// <summary>Tells waiting daemons which mount uses the directories.</summary>
    /// <param name="device">Device number of the mount, as "major:minor". Null if it is not known.</param>
    public void NoteMounted(string? device)
    {
        if (device?.Split(':') is not [var major, var minor] || !uint.TryParse(major, out uint high) || !uint.TryParse(minor, out uint low))
            return;
        // Without this mark other mounts are refused, as for a daemon that they cannot see.
        foreach (HoldMarks marks in _held)
            _ = marks.Set(HoldMark.Device, (high << 20) | low);
    }

    /// <summary>Tells waiting daemons that the directories will be free.</summary>
    public void NoteEnding()
    {
        // Without this mark others give up earlier.
        foreach (HoldMarks marks in _held)
            _ = marks.Set(HoldMark.Ending, 0);
    }

    /// <summary>Releases both directories. The signal's thread, the session's and the main one may all call it.</summary>
    public void Dispose() => Interlocked.Exchange(ref _held, []).ForEach(marks => marks.Dispose());
}
