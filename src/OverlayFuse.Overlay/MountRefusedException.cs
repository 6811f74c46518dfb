using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>The mount was refused. The message names the thing, the value and the remedy.</summary>
/// <param name="message">The message.</param>
public sealed class MountRefusedException(string message) : Exception(message)
{
    /// <summary>The answer of a live mount, which has no room for the message.</summary>
    public Errno Error { get; init; } = Errno.ENOENT;
}
