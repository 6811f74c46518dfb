using OverlayFuse.Cli.Words;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Mounting;

/// <summary>
/// Options that a live mount does not follow as they were written, a line each: "copyup=incremental: off, because io=passthrough". The
/// lines that the command line alone decides are in <see cref="MountRequest.Notes"/>.
/// </summary>
/// <param name="options">What the overlay is made of.</param>
/// <param name="io">How the live mount opens files.</param>
/// <param name="isOrdinary">The mounting user is not root.</param>
internal sealed class OptionNotes(OverlayOptions options, IoMode io, bool isOrdinary)
{
    private const string ReadOnly = "the mount is read-only";

    /// <summary>The lines.</summary>
    public IEnumerable<string> All() => new[] { Io(), CopyUp(), WriteBack(), Index(), Fsync() }.OfType<string>();

    private string? Io()
    {
        if (io != IoMode.Open || options.Io is not (IoMode.Auto or IoMode.Stateless))
            return null;
        string? reason = ReasonToOpen() ?? (options.Io == IoMode.Stateless ? "this kernel sends every open" : null);
        return reason is null ? null : $"io={OptionValue.Word(options.Io)}: open, because {reason}";
    }

    /// <summary>The option that needs to see every open; null if there is none.</summary>
    private string? ReasonToOpen() => options switch
    {
        { IsCaching: false } => "timeout=0",
        { AutoCache: true } => "auto_cache",
        { DirectIo: true } => "direct_io",
        { Verity: not VerityMode.Off } => "verity",
        { WriteBack: true, IsWritable: true } => "writeback=1",
        _ => null,
    };

    private string? CopyUp()
    {
        if (!options.IncrementalCopyUp)
            return null;
        string? reason = !options.IsWritable ? ReadOnly
            : io == IoMode.Passthrough ? "io=passthrough"
            : options.XattrPermissions != XattrPermissions.None ? $"xattr_permissions={(int)options.XattrPermissions}"
            : isOrdinary ? "the mounting user is not root"
            : options.NfsExport ? "nfs_export=on" : null;
        if (reason is not null)
            return $"copyup=incremental: off, because {reason}";
        return io == IoMode.Open ? "copyup=incremental: for changes of attributes alone, because io=open" : null;
    }

    private string? WriteBack() => options is { WriteBack: true, IsWritable: false } ? $"writeback=1: off, because {ReadOnly}" : null;

    private string? Index() =>
        options is { Index: true, NfsExport: false, IsWritable: false } ? $"index=on: off, because {ReadOnly}" : null;

    private string? Fsync() => options is { Fsync: FsyncMode.Strict, Volatile: true } ? "fsync=strict: off, because volatile" : null;
}
