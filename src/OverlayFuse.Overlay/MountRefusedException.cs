using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>Nothing was mounted, and why: the text names the thing, the value and the remedy.</summary>
/// <param name="message">The text.</param>
public sealed class MountRefusedException(string message) : Exception(message)
{
    /// <summary>What a live mount answers, which has no room for the text.</summary>
    public Errno Error { get; init; } = Errno.ENOENT;
}
