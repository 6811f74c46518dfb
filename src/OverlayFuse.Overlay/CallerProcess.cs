using System.Globalization;
using System.Text;
using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// What FUSE does not tell of a caller and /proc/PID/status does (proc(5)). For rare requests only. With ALLOW_IDMAP even the caller's ids come with
/// requests that make something only (fuse_get_req); and through an idmapped mount an owner shows there as somebody else than here, which nobody tells:
/// such a caller has no more rights here than the others.
/// </summary>
internal static class CallerProcess
{
    private const int CAP_DAC_OVERRIDE = 1;
    private const int CAP_FOWNER = 3;
    private const int CAP_FSETID = 4;
    private const int CAP_SYS_ADMIN = 21;
    private const int SIGKILL = 9;

    /// <summary>
    /// Whether a long request shall be given up: the mount ends, or its caller is being killed. Other signals do not count, although FUSE
    /// reports them too: the kernel's overlayfs is killable here, not interruptible, and programs that get signals all the time (Go) would
    /// see EINTR where they expect none.
    /// </summary>
    public static bool HasGivenUp(in FuseRequest request) =>
        request.IsInterrupted && (request.IsSessionEnding || IsBeingKilled(request.Caller.Pid));

    /// <summary>Only CAP_SYS_ADMIN may see trusted.* in a list; the VFS guards reading them itself.</summary>
    public static bool MaySeeTrusted(in FuseRequest request) =>
        HasCapability(request, CAP_SYS_ADMIN);

    /// <summary>Whether the caller may do with a file what its owner may (inode_owner_or_capable).</summary>
    public static bool MayActAsOwner(in FuseRequest request, uint owner) =>
        UidOf(request) == owner || HasCapability(request, CAP_FOWNER);

    /// <summary>The caller's fsuid; <see cref="uint.MaxValue"/> when nobody tells.</summary>
    public static uint UidOf(in FuseRequest request) =>
        request.Caller.Uid != uint.MaxValue ? request.Caller.Uid : FsId(request.Caller.Pid, "Uid:");

    /// <summary>Whether a file of the group keeps a set-gid that does not execute when the caller changes it (in_group_or_capable).</summary>
    public static bool MayKeepSetGid(in FuseRequest request, uint gid) =>
        GidOf(request) == gid || HasCapability(request, CAP_FSETID) || Text(request.Caller.Pid, "Groups:")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains(gid.ToString(CultureInfo.InvariantCulture));

    /// <summary>Whether what the caller writes leaves set-uid and set-gid (file_remove_privs).</summary>
    public static bool MayKeepSetIds(in FuseRequest request) => HasCapability(request, CAP_FSETID);

    /// <summary>Whether this process opens files whatever their modes are: those made unreadable since they were opened in the merged view.</summary>
    public static bool MayOpenAnything { get; } = (Field((uint)Environment.ProcessId, "CapEff:") >> CAP_DAC_OVERRIDE & 1) != 0;

    /// <summary>Whether this process has CAP_SYS_ADMIN in the first user namespace, whose number the kernel fixes (PROC_USER_INIT_INO).</summary>
    public static bool IsSystemAdministrator { get; } =
        (Field((uint)Environment.ProcessId, "CapEff:") >> CAP_SYS_ADMIN & 1) != 0
        && new FileInfo("/proc/self/ns/user").LinkTarget == "user:[4026531837]";

    private static uint GidOf(in FuseRequest request) =>
        request.Caller.Gid != uint.MaxValue ? request.Caller.Gid : FsId(request.Caller.Pid, "Gid:");

    /// <summary>The last of the four: real, effective, saved, file system.</summary>
    private static uint FsId(uint pid, string name) =>
        uint.TryParse(Text(pid, name).Split('\t')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : uint.MaxValue;

    private static bool HasCapability(in FuseRequest request, int capability) =>
        request.Caller.Uid == 0 || (Field(request.Caller.Pid, "CapEff:") >> capability & 1) != 0;

    /// <summary>A fatal signal, whichever it was, puts SIGKILL on every thread (complete_signal).</summary>
    private static bool IsBeingKilled(uint pid) => (Field(pid, "SigPnd:") >> (SIGKILL - 1) & 1) != 0;

    private static ulong Field(uint pid, string name) =>
        ulong.TryParse(Text(pid, name), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value) ? value : 0;

    private static string Text(uint pid, string name)
    {
        Span<byte> status = stackalloc byte[4096];
        Errno error = Read(pid, status, out int length);
        if (error is not (Errno.None or Errno.ENOENT or Errno.ESRCH))
            error = Read(pid, status, out length); // no answer is taken for no rights: ask again
        if (error != Errno.None)
            return "";
        string text = Encoding.ASCII.GetString(status[..length]);
        int at = text.IndexOf(name, StringComparison.Ordinal) + name.Length;
        int end = at < name.Length ? -1 : text.IndexOf('\n', at);
        return end > 0 ? text[at..end].Trim() : "";
    }

    private static Errno Read(uint pid, Span<byte> status, out int length)
    {
        length = 0;
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From($"/proc/{pid}/status"), OpenFlags.ReadOnly, out Fd opened) is not Errno.None and var error)
            return error;
        using var file = new ScopedFd(opened);
        return Sys.PRead(file, status, 0, out length);
    }
}
