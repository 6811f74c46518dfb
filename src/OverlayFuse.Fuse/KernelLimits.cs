using System.Globalization;

namespace OverlayFuse.Fuse;

/// <summary>The limits of a kernel.</summary>
/// <param name="PageSize">
/// Bytes in a page, the unit of <see cref="Protocol.InitOut.MaxPages"/>: 4 KiB on x86_64; 4, 16 or 64 KiB on arm64. No request is smaller
/// than a page: fuse_do_readfolio reads a whole one.
/// </param>
/// <param name="MaxPages">The most pages in one request.</param>
internal readonly record struct KernelLimits(int PageSize, int MaxPages)
{
    /// <summary>FUSE_MAX_MAX_PAGES of kernels without the sysctl, and the most that this library asks for.</summary>
    private const int DefaultMaxPages = 256;

    /// <summary>The limits of the running kernel.</summary>
    internal static KernelLimits Running => new(Environment.SystemPageSize, Math.Min(DefaultMaxPages, ReadMaxPagesLimit()));

    /// <summary>Rounds the wanted size of a WRITE to pages and to the limit.</summary>
    internal int MaxWrite(int wanted) => Math.Clamp(wanted / PageSize, 1, MaxPages) * PageSize;

    /// <summary>/proc/sys/fs/fuse/max_pages_limit (6.13).</summary>
    private static int ReadMaxPagesLimit()
    {
        const string path = "/proc/sys/fs/fuse/max_pages_limit";
        try
        {
            return int.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out int pages) ? pages : DefaultMaxPages;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return DefaultMaxPages;
        }
    }
}
