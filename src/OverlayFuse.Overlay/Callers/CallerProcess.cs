using System.Globalization;
using System.Text;
using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

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
    private const int CAP_LINUX_IMMUTABLE = 9;
    private const int CAP_SYS_ADMIN = 21;
    private const int SIGKILL = 9;

    /// <summary>The first user namespace, whose number the kernel fixes (PROC_USER_INIT_INO).</summary>
    private const string FirstUserNamespace = "user:[4026531837]";

    private static readonly string? s_userNamespace = UserNamespaceOf("self");

    /// <summary>
    /// Whether a long request shall be given up: the mount ends, or its caller is being killed. Other signals do not count, although FUSE
    /// reports them too: the kernel's overlayfs is killable here, not interruptible, and programs that get signals all the time (Go) would
    /// see EINTR where they expect none.
    /// </summary>
    public static bool HasGivenUp(in FuseRequest request) =>
        request.IsInterrupted && (request.IsSessionEnding || IsBeingKilled(request.Caller.Pid));

    /// <summary>Only CAP_SYS_ADMIN may see trusted.* in a list; the VFS guards reading them itself.</summary>
    /// <returns>Why that cannot be read: a list without them would be no answer.</returns>
    public static Errno MaySeeTrusted(in FuseRequest request, out bool may) =>
        HasCapability(request, CAP_SYS_ADMIN, out may);

    /// <summary>Whether the caller may do with a file what its owner may (inode_owner_or_capable).</summary>
    /// <param name="request">Whose request.</param>
    /// <param name="owner">The file's owner as the mount shows it.</param>
    /// <param name="group">Its group.</param>
    public static bool MayActAsOwner(in FuseRequest request, uint owner, uint group) =>
        UidOf(request) == owner || (Holds(request.Caller.Pid, CAP_FOWNER) && IsPrivilegedOver(request.Caller.Pid, owner, group));

    /// <summary>Whether the caller may set and clear chattr's +i and +a (fileattr_set_prepare): a right of the first user namespace alone.</summary>
    public static bool MayProtect(in FuseRequest request) =>
        Holds(request.Caller.Pid, CAP_LINUX_IMMUTABLE) && UserNamespaceOf(request.Caller.Pid.ToString(CultureInfo.InvariantCulture)) == FirstUserNamespace;

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
        && s_userNamespace == FirstUserNamespace;

    private static uint GidOf(in FuseRequest request) =>
        request.Caller.Gid != uint.MaxValue ? request.Caller.Gid : FsId(request.Caller.Pid, "Gid:");

    /// <summary>The last of the four: real, effective, saved, file system.</summary>
    private static uint FsId(uint pid, string name) =>
        uint.TryParse(Text(pid, name).Split('\t')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : uint.MaxValue;

    /// <summary>No answer is taken for no.</summary>
    private static bool HasCapability(in FuseRequest request, int capability) =>
        HasCapability(request, capability, out bool has) == Errno.None && has;

    private static Errno HasCapability(in FuseRequest request, int capability, out bool has)
    {
        has = request.Caller.Uid == 0;
        if (has)
            return Errno.None;
        Errno error = Text(request.Caller.Pid, "CapEff:", out string text);
        has = (Hexadecimal(text) >> capability & 1) != 0 && IsInOurUserNamespace(request.Caller.Pid);
        return error;
    }

    private static bool Holds(uint pid, int capability) => (Field(pid, "CapEff:") >> capability & 1) != 0;

    /// <summary>
    /// Any user has all capabilities in a user namespace of his own. They hold for files whose owner and group have a place there
    /// (privileged_wrt_inode_uidgid).
    /// </summary>
    private static bool IsPrivilegedOver(uint pid, uint owner, uint group) =>
        IsInOurUserNamespace(pid) || (UserNamespace.HasPlace(pid, "uid_map", owner) && UserNamespace.HasPlace(pid, "gid_map", group));

    private static bool IsInOurUserNamespace(uint pid) =>
        s_userNamespace is not null && UserNamespaceOf(pid.ToString(CultureInfo.InvariantCulture)) == s_userNamespace;

    /// <returns>Null when it may not be known, or the process is gone.</returns>
    private static string? UserNamespaceOf(string process)
    {
        Span<byte> target = stackalloc byte[64];
        Errno error = Sys.ReadLinkAt(Fd.WorkingDirectory, Name.From(Proc.PathOf($"{process}/ns/user")), target, out int length);
        return error == Errno.None ? Encoding.ASCII.GetString(target[..length]) : null;
    }

    /// <summary>A fatal signal, whichever it was, puts SIGKILL on every thread (complete_signal).</summary>
    private static bool IsBeingKilled(uint pid) => (Field(pid, "SigPnd:") >> (SIGKILL - 1) & 1) != 0;

    private static ulong Field(uint pid, string name) => Hexadecimal(Text(pid, name));

    private static ulong Hexadecimal(string text) =>
        ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value) ? value : 0;

    private static string Text(uint pid, string name) => Text(pid, name, out string text) == Errno.None ? text : "";

    /// <summary>What follows the name in the status; empty when the process is gone, or we may not look (hidepid=1 of proc(5)).</summary>
    private static Errno Text(uint pid, string name, out string text)
    {
        text = "";
        Span<byte> status = stackalloc byte[4096];
        Errno error = Read(pid, status, out int length);
        if (error is not (Errno.None or Errno.ENOENT or Errno.ESRCH))
            error = Read(pid, status, out length); // the fault of a moment, maybe
        if (error != Errno.None)
            return error is Errno.ENOENT or Errno.ESRCH or Errno.EPERM or Errno.EACCES ? Errno.None : error;
        string all = Encoding.ASCII.GetString(status[..length]);
        int at = all.IndexOf(name, StringComparison.Ordinal) + name.Length;
        int end = at < name.Length ? -1 : all.IndexOf('\n', at);
        text = end > 0 ? all[at..end].Trim() : "";
        return Errno.None;
    }

    private static Errno Read(uint pid, Span<byte> status, out int length)
    {
        length = 0;
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From(Proc.PathOf($"{pid}/status")), OpenFlags.ReadOnly, out Fd opened) is not Errno.None and var error)
            return error;
        using var file = new ScopedFd(opened);
        return Sys.PRead(file, status, 0, out length);
    }
}
