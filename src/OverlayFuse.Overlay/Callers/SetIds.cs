using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// Set-uid and set-gid bits that a change takes from a file. HANDLE_KILLPRIV_V2 leaves them to the daemon. The real file system itself
/// drops security.capability at every write and truncation.
/// </summary>
internal static class SetIds
{
    /// <summary>S_ISUID.</summary>
    public const uint SetUid = 0x800;

    /// <summary>S_ISGID.</summary>
    public const uint SetGid = 0x400;

    /// <summary>S_ISUID | S_ISGID.</summary>
    public const uint Any = SetUid | SetGid;

    /// <summary>S_IXGRP.</summary>
    public const uint GroupExecute = 0x8;

    /// <summary>
    /// The bits that a change by the caller takes from a file (setattr_should_drop_suidgid): set-uid always; set-gid if the group may
    /// execute, or if the caller is not of that group.
    /// </summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="stat">The file, with its owner as the mount shows it.</param>
    public static uint ToDrop(in FuseRequest request, in Statx stat)
    {
        uint dropped = stat.Permissions & SetUid;
        if ((stat.Permissions & SetGid) == 0)
            return dropped;
        bool stays = (stat.Permissions & GroupExecute) == 0 && CallerProcess.MayKeepSetGid(request, stat.Gid);
        return stays ? dropped : dropped | SetGid;
    }
}
