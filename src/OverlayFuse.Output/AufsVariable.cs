using OverlayFuse.Linux;

namespace OverlayFuse.Output;

/// <summary>Container clients set it to 1 to have the whiteouts of an upper as files (fuse-overlayfs' name for it).</summary>
internal static class AufsVariable
{
    /// <summary>True if deletions in an upper are files ".wh.NAME".</summary>
    public static bool IsSet => Sys.GetVariable("FUSE_OVERLAYFS_DISABLE_OVL_WHITEOUT") is not (null or "" or "0");
}
