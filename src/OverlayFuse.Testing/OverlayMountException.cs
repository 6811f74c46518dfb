namespace OverlayFuse.Testing;

/// <summary>There is no overlay, or it does not answer. The text names the thing, the value and the remedy.</summary>
public sealed class OverlayMountException : Exception
{
    /// <summary>For whoever waits for the remedy.</summary>
    /// <param name="message">What is wrong, and what helps.</param>
    /// <param name="cause">What it comes from.</param>
    public OverlayMountException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
