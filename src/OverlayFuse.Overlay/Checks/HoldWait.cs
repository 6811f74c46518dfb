using System.Diagnostics;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Takes one directory, and waits for a daemon that is ending. A detached mount may still be in use, or live in another mount namespace.
/// Its daemon is asked to end: the new mount needs the upper, and an upper never has two writers.
/// </summary>
/// <param name="place">The upper or the work directory.</param>
/// <param name="tell">Gets a line for the user if the wait is long.</param>
internal sealed class HoldWait(LayerPlace place, Action<string>? tell)
{
    /// <summary>umount(8) returns before the daemon has ended. The daemon usually ends some milliseconds later.</summary>
    private static readonly TimeSpan s_usual = TimeSpan.FromSeconds(1);

    /// <summary>A daemon that was asked to end first writes out the data that the kernel still has.</summary>
    private static readonly TimeSpan s_afterAsking = TimeSpan.FromSeconds(60);

    private const int ShortestPause = 2, LongestPause = 9;

    private readonly long _start = Stopwatch.GetTimestamp();
    private (uint Id, TimeSpan When)? _asked;
    private bool _noted;

    /// <summary>Returns when the directory is ours.</summary>
    /// <exception cref="MountRefusedException">Another process has it. The text names the process.</exception>
    public HoldMarks Take()
    {
        Require(HoldMarks.Open(place, out HoldMarks? marks));
        try
        {
            while (!TryTake(marks!, out uint holder))
            {
                WaitFor(marks!, holder);
                // Two that begin at the same time see each other. Pauses of random length break the tie.
                Thread.Sleep(Random.Shared.Next(ShortestPause, LongestPause));
            }
            return marks!;
        }
        catch (MountRefusedException)
        {
            marks!.Dispose();
            throw;
        }
    }

    private bool TryTake(HoldMarks marks, out uint holder)
    {
        uint self = (uint)Sys.ProcessId;
        Require(marks.Set(HoldMark.Holder, self));
        Require(marks.Find(HoldMark.Holder, out bool isHeld, out holder));
        if (isHeld)
            marks.Clear(HoldMark.Holder, self);
        return !isHeld;
    }

    /// <summary>Returns if another attempt may succeed.</summary>
    private void WaitFor(HoldMarks marks, uint id)
    {
        TimeSpan waited = Stopwatch.GetElapsedTime(_start);
        if (waited < s_usual)
            return;
        UpperHolder holder = UpperHolder.Find(marks, id);
        Require(marks.Find(HoldMark.Ending, out bool isEnding, out _));
        if (isEnding)
            Note($"{place}: waiting for {holder}, which still writes to it");
        else if (_asked?.Id != id && holder.IsDetached)
            Ask(holder, id, waited);
        else if (_asked?.Id != id)
            throw new MountRefusedException(
                $"{place}: in use by another overlayfuse mount ({holder}); {holder.Remedy} or use another directory");
        else if (waited - _asked.Value.When > s_afterAsking)
            throw new MountRefusedException($"{place}: in use by {holder}, whose mount was detached and which does not end; "
                + $"end it by 'kill -9 {id}' or use another directory");
    }

    private void Ask(UpperHolder holder, uint id, TimeSpan now)
    {
        Errno error = holder.AskToEnd();
        if (error is not (Errno.None or Errno.ESRCH))
            throw new MountRefusedException($"{place}: in use by another overlayfuse mount ({holder}), "
                + $"which was detached and may not be ended by this user ({error}); "
                + "unmount that one wherever it lives, or use another directory");
        if (error == Errno.None)
            _asked = (id, now);
    }

    /// <summary>Tells the user once why the mount takes long.</summary>
    private void Note(string text)
    {
        if (!_noted)
            tell?.Invoke(text);
        _noted = true;
    }

    private void Require(Errno error)
    {
        if (error != Errno.None)
            throw new MountRefusedException($"{place}: cannot be locked ({error}); use a directory on a local file system");
    }
}
