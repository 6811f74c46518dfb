using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// The data that the options let the kernel cache, and the times. Only the mount changes its layers, so cached data stay true.
/// </summary>
/// <param name="options">The options.</param>
internal sealed class KernelCaching(OverlayOptions options)
{
    /// <summary>The time for which a name is valid.</summary>
    public Validity Entries { get; } = new(options.EntryTimeout ?? options.CacheTimeout);

    /// <summary>The time for which attributes are valid; see also <see cref="IFileAccess.AttributeValidityOf"/>.</summary>
    public Validity Attributes { get; } = new(options.AttributeTimeout ?? options.CacheTimeout);

    /// <summary>The time for which a missing name stays missing.</summary>
    public Validity MissingEntries { get; } = new(options.NegativeTimeout ?? options.CacheTimeout);

    /// <summary>The flags of the reply to an open.</summary>
    public OpenReplyFlags OpenReply { get; } =
        (options.IsCaching ? OpenReplyFlags.KeepCache : OpenReplyFlags.None)
        | (options.DirectIo ? OpenReplyFlags.DirectIo : OpenReplyFlags.None);

    /// <summary>The further flag of the reply to the open of a directory, if its listing may be cached.</summary>
    public OpenReplyFlags ListingReply { get; } = options.IsCaching ? OpenReplyFlags.CacheDir : OpenReplyFlags.None;
}
