namespace OverlayFuse.Output;

/// <summary>The command line cannot be understood: exit status 2. The text names the thing, the value and the remedy.</summary>
internal sealed class UsageException(string message) : Exception(message);
