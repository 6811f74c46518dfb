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

    /// <summary>True if the kernel may cache the listings of directories.</summary>
    public bool CachesListings => options.IsCaching;

    /// <summary>True if names and attributes that the kernel has got once stay true for a long time.</summary>
    public bool NamesStay { get; } = options.LayersAreOurs && (options.AttributeTimeout ?? options.CacheTimeout) >= TimeSpan.FromDays(1);
}
