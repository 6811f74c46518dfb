namespace OverlayFuse.Overlay;

/// <summary>Nothing was mounted, and why: the text names the thing, the value and the remedy.</summary>
/// <param name="message">The text.</param>
public sealed class MountRefusedException(string message) : Exception(message);
