namespace OverlayFuse.Overlay;

/// <summary>io=: who is asked when a file is opened, read and written.</summary>
public enum IoMode
{
    /// <summary>Stateless where the daemon may open every file that it owns or was given, else <see cref="Open"/>.</summary>
    Auto,

    /// <summary>
    /// Opens and closes never reach the daemon (FUSE's NO_OPEN_SUPPORT), and what the kernel has cached is read at its own speed. A lower file
    /// is copied up by the first write, not by an open for writing.
    /// </summary>
    Stateless,

    /// <summary>Every open is a request; an open for writing copies up, as in the kernel's overlayfs.</summary>
    Open,

    /// <summary>
    /// As <see cref="Open"/>, and the kernel reads, writes and maps the real file itself (FUSE passthrough, Linux 6.9). Needs CAP_SYS_ADMIN in
    /// the first user namespace.
    /// </summary>
    Passthrough,
}
