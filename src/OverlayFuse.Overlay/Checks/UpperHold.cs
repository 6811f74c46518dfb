namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Our claim on upper and work, by marks on both (<see cref="HoldMarks"/>): lives as long as the mount. The kernel drops it with the process, so a crash leaves
/// nothing behind.
/// </summary>
public sealed class UpperHold : IDisposable
{
    private List<HoldMarks> _held;

    internal UpperHold(OverlayOptions options, List<HoldMarks> held)
    {
        Options = options;
        _held = held;
    }

    /// <summary>The options as they turned out: UserXattr is decided.</summary>
    public OverlayOptions Options { get; }

    /// <summary>Claims both directories, then probes what the file system can do.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="work">The work directory.</param>
    /// <param name="options">What is to be mounted.</param>
    /// <exception cref="MountRefusedException">Somebody else has them, or the file system lacks something.</exception>
    public static UpperHold Take(LayerPlace upper, LayerPlace work, OverlayOptions options)
    {
        var held = new List<HoldMarks>();
        try
        {
            held.Add(new HoldWait(upper).Take());
            held.Add(new HoldWait(work).Take());
            options = options with { UserXattr = UpperMarks.Choose(upper, work, options) };
            PossibleMarks marks = options.ReadOnly ? new(options.UserXattr ?? false, HasWhiteouts: true) : WorkProbe.Run(upper, work, options.UserXattr);
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

    /// <summary>Tells who waits for the directories where they are mounted.</summary>
    /// <param name="device">Device number of the mount, as "major:minor"; null: not known.</param>
    public void NoteMounted(string? device)
    {
        if (device?.Split(':') is not [var major, var minor] || !uint.TryParse(major, out uint high) || !uint.TryParse(minor, out uint low))
            return;
        foreach (HoldMarks marks in _held)
            _ = marks.Set(HoldMark.Device, (high << 20) | low); // without it others are refused, as when it cannot be seen
    }

    /// <summary>Tells who waits for the directories that they will be free.</summary>
    public void NoteEnding()
    {
        foreach (HoldMarks marks in _held)
            _ = marks.Set(HoldMark.Ending, 0); // without it others wait less long
    }

    /// <summary>Gives both directories free. Can be called twice.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _held, []).ForEach(marks => marks.Dispose()); // by the signal's thread, the session's and the main one
    }
}
