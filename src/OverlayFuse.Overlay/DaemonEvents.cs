using System.Globalization;

namespace OverlayFuse.Overlay;

/// <summary>
/// The last messages of a daemon: errors that belong to no request, and changes of the layers. A daemon in the background has no other log.
/// Messages are rare, so a ring of a few is enough; no request makes one unless something is wrong. A lock guards the ring.
/// </summary>
/// <param name="log">Gets each message at once, too. Null: there is no log.</param>
public sealed class DaemonEvents(Action<string>? log = null)
{
    /// <summary>As many are kept.</summary>
    public const int Most = 32;

    /// <summary>A longer message, such as that of an exception with its stack, is cut.</summary>
    private const int Longest = 1000;

    private readonly Lock _lock = new();
    private readonly string[] _texts = new string[Most];
    private long _count;

    /// <summary>Keeps a message, and drops the oldest one if there is no room.</summary>
    public void Add(string text)
    {
        string time = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        lock (_lock)
            _texts[_count++ % Most] = $"{time} {(text.Length > Longest ? text[..Longest] : text)}";
        log?.Invoke(text);
    }

    /// <summary>One of the messages that are kept.</summary>
    /// <param name="index">0 is the oldest.</param>
    /// <returns>Null after the last one.</returns>
    public string? Find(int index)
    {
        lock (_lock)
        {
            long oldest = Math.Max(_count - Most, 0);
            return index >= 0 && oldest + index < _count ? _texts[(oldest + index) % Most] : null;
        }
    }
}
