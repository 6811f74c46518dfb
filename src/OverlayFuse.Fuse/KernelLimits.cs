using System.Globalization;
using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse;

/// <summary>The limits of the running kernel.</summary>
internal static class KernelLimits
{
    /// <summary>FUSE_MAX_MAX_PAGES of kernels without the sysctl, and the most that this library asks for.</summary>
    private const int DefaultMaxPages = 256;

    /// <summary>Rounds the wanted size of a WRITE to pages and to /proc/sys/fs/fuse/max_pages_limit (6.13).</summary>
    internal static int MaxWrite(int wanted)
    {
        int limit = Math.Min(DefaultMaxPages, ReadMaxPagesLimit());
        return Math.Clamp(wanted / Wire.PageSize, 1, limit) * Wire.PageSize;
    }

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
