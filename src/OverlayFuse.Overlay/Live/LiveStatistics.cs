using System.Globalization;
using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Live;

/// <summary>
/// A daemon's numbers about its mount and itself, as they lie in the argument of <see cref="LiveControl.Statistics"/>. New fields go to the
/// end. A field that the daemon is too old to know is 0.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct LiveStatistics
{
    /// <summary>The daemon's process id, as it sees itself.</summary>
    public int ProcessId;

    /// <summary>Upper, lower and data-only layers together.</summary>
    public int Layers;

    /// <summary>Inode number of the process namespace that <see cref="ProcessId"/> counts in.</summary>
    public ulong ProcessNamespace;

    /// <summary>Since the layers were opened, milliseconds.</summary>
    public long Uptime;

    /// <summary>Resident memory of the daemon, bytes.</summary>
    public long ResidentBytes;

    /// <summary>Files and directories that were copied up since the mount.</summary>
    public long CopyUps;

    /// <summary>Inodes that the kernel knows, or that must be kept for it.</summary>
    public long KnownInodes;

    /// <summary>The way of opens, reads and writes.</summary>
    public IoMode Io;

    /// <summary>1 if marks are user.overlay.*.</summary>
    public int UserXattr;

    /// <summary>1 if deletions in the upper may be files ".wh.NAME".</summary>
    public int AufsWhiteouts;

    /// <summary>1 if the mount follows xattrs user.containers.override_stat in layers with one on their root.</summary>
    public int BelievesOverrides;

    /// <summary>1 if entries with a redirect are refused (redirect_dir=nofollow).</summary>
    public int RefusesRedirects;

    /// <summary>1 if metacopies are refused (metacopy=off).</summary>
    public int RefusesMetacopies;

    /// <summary>1 if io_uring carries the requests.</summary>
    public int UsesRing;

    /// <summary>Number of the process namespace of this process; 0 without /proc.</summary>
    public static ulong OwnProcessNamespace { get; } =
        TextFile.ReadLink(Proc.PathOf("self/ns/pid"), out string link) == Errno.None
        && link is ['p', 'i', 'd', ':', '[', .. var number, ']']
        && ulong.TryParse(number, CultureInfo.InvariantCulture, out ulong value) ? value : 0;
}
