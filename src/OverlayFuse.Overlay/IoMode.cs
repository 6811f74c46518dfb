namespace OverlayFuse.Overlay;

/// <summary>The values of io=: the way of opens, reads and writes.</summary>
public enum IoMode
{
    /// <summary><see cref="Stateless"/> if the daemon may open every file that it owns or was given. If not, <see cref="Open"/>.</summary>
    Auto,

    /// <summary>
    /// Opens and closes never reach the daemon (FUSE's NO_OPEN_SUPPORT). The kernel reads its cached data at full speed. The first write
    /// copies a lower file up; an open for writing does not.
    /// </summary>
    Stateless,

    /// <summary>Every open is a request. An open for writing copies up, as in the kernel's overlayfs.</summary>
    Open,

    /// <summary>
    /// As <see cref="Open"/>, and the kernel itself reads, writes and maps the real file (FUSE passthrough, Linux 6.9). It needs
    /// CAP_SYS_ADMIN in the first user namespace.
    /// </summary>
    Passthrough,
}
