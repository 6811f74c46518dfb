namespace OverlayFuse.Output;

/// <summary>
/// A line on standard error about something that takes more than a second. It is on a terminal only, and erased at the end. One thread uses
/// it.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    private readonly bool _isPossible = !Console.IsErrorRedirected && Inks.IsTerminal;
    private readonly long _begin = Environment.TickCount64;
    private long _next = Environment.TickCount64 + (long)s_soon.TotalMilliseconds;
    private bool _isShown;

    /// <summary>Since the line was made.</summary>
    public TimeSpan Elapsed => TimeSpan.FromMilliseconds(Environment.TickCount64 - _begin);

    /// <summary>Shows the text if it is time for that. To be called often.</summary>
    public void Show(Func<string> text)
    {
        if (!_isPossible || Environment.TickCount64 < _next)
            return;
        _next = Environment.TickCount64 + (long)s_pause.TotalMilliseconds;
        PlainText.ShowLine($"overlayfuse: {text()} ({Elapsed.TotalSeconds:0} s)");
        _isShown = true;
    }

    /// <summary>Waits, and shows the text meanwhile.</summary>
    /// <param name="wait">Waits once, at most for so long. True: the awaited thing has come.</param>
    /// <param name="patience">How long to wait at most.</param>
    /// <param name="text">Names the awaited thing.</param>
    /// <returns>False if it has not come.</returns>
    public bool Await(Func<TimeSpan, bool> wait, TimeSpan patience, Func<string> text)
    {
        if (!_isPossible)
            return wait(patience);
        long end = Environment.TickCount64 + (long)Math.Min(patience.TotalMilliseconds, int.MaxValue);
        while (true)
        {
            TimeSpan left = TimeSpan.FromMilliseconds(Math.Max(end - Environment.TickCount64, 0));
            if (wait(left < s_pause ? left : s_pause))
                return true;
            if (left <= s_pause)
                return false;
            Show(text);
        }
    }

    /// <summary>Erases the line.</summary>
    public void Dispose()
    {
        if (_isShown)
            PlainText.EraseLine();
    }
}
