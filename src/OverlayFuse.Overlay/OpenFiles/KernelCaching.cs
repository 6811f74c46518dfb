using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>What the options let the kernel cache, and for how long. Only the mount changes its layers, so cached data stay true.</summary>
/// <param name="options">The options.</param>
internal sealed class KernelCaching(OverlayOptions options)
{
    /// <summary>How long a name is valid.</summary>
    public Validity Entries { get; } = new(options.EntryTimeout ?? options.CacheTimeout);

    /// <summary>How long attributes are valid; see also <see cref="IFileAccess.AttributeValidityOf"/>.</summary>
    public Validity Attributes { get; } = new(options.AttributeTimeout ?? options.CacheTimeout);

    /// <summary>How long a missing name stays missing.</summary>
    public Validity MissingEntries { get; } = new(options.NegativeTimeout ?? options.CacheTimeout);

    /// <summary>What the reply to an open allows.</summary>
    public OpenReplyFlags OpenReply { get; } =
        (options.IsCaching ? OpenReplyFlags.KeepCache : OpenReplyFlags.None) | (options.DirectIo ? OpenReplyFlags.DirectIo : OpenReplyFlags.None);
}
