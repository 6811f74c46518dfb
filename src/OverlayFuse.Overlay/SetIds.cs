namespace OverlayFuse.Overlay;

/// <summary>The set-uid and set-gid bits of a mode.</summary>
internal static class SetIds
{
    public const uint SetUid = 0x800;
    public const uint SetGid = 0x400;
    private const uint GroupExecute = 0x8;

    /// <summary>Which a write, a truncation or a chown takes away: set-uid always, set-gid where the group may execute (setattr_should_drop_suidgid).</summary>
    public static uint ToDrop(uint permissions) => SetUid | ((permissions & GroupExecute) != 0 ? SetGid : 0);
}
