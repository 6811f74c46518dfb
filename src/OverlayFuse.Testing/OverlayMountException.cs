namespace OverlayFuse.Testing;

/// <summary>There is no overlay, or it does not answer. The text names the thing, the value and the remedy.</summary>
public sealed class OverlayMountException : Exception
{
    /// <summary>Makes an exception with a remedy.</summary>
    /// <param name="message">The fault and its remedy.</param>
    /// <param name="cause">The cause.</param>
    public OverlayMountException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
