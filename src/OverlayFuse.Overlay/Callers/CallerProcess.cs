using System.Globalization;
using System.Text;
using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// Facts about a caller that come from /proc/PID/status (proc(5)), because FUSE does not pass them. For rare requests only. With
/// ALLOW_IDMAP even the caller's ids come only with requests that create a file (fuse_get_req). An idmapped mount shows its users other
/// owners than the daemon sees, and the daemon does not learn of it: a caller there has no more rights here than any other.
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
    /// True if a long request must be given up: the mount ends, or the caller is being killed. Other signals do not count, although FUSE
    /// reports them too. The kernel's overlayfs is killable here, not interruptible, and programs that get signals all the time (Go) would
    /// see an EINTR that they do not expect.
    /// </summary>
    public static bool HasGivenUp(in FuseRequest request) =>
        request.IsInterrupted && (request.IsSessionEnding || IsBeingKilled(request.Caller.Pid));

    /// <summary>
    /// Checks whether the caller may see trusted.* in a list, for which it needs CAP_SYS_ADMIN. The VFS itself guards reading them.
    /// </summary>
    /// <returns>An error if the caller's capabilities cannot be read. A list without trusted.* could be wrong then.</returns>
    public static Errno MaySeeTrusted(in FuseRequest request, out bool may) =>
        HasCapability(request, CAP_SYS_ADMIN, out may);

    /// <summary>True if the caller may do with a file what its owner may (inode_owner_or_capable).</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="owner">The file's owner as the mount shows it.</param>
    /// <param name="group">Its group.</param>
    public static bool MayActAsOwner(in FuseRequest request, uint owner, uint group) =>
        UidOf(request) == owner || (Holds(request.Caller.Pid, CAP_FOWNER) && IsPrivilegedOver(request.Caller.Pid, owner, group));

    /// <summary>
    /// True if the caller may set and clear chattr's +i and +a (fileattr_set_prepare). Only the first user namespace gives that right.
    /// </summary>
    public static bool MayProtect(in FuseRequest request) =>
        Holds(request.Caller.Pid, CAP_LINUX_IMMUTABLE)
        && UserNamespaceOf(request.Caller.Pid.ToString(CultureInfo.InvariantCulture)) == FirstUserNamespace;

    /// <summary>The caller's fsuid; <see cref="uint.MaxValue"/> if it cannot be found out.</summary>
    public static uint UidOf(in FuseRequest request) =>
        request.Caller.Uid != uint.MaxValue ? request.Caller.Uid : FsId(request.Caller.Pid, "Uid:");

    /// <summary>
    /// True if a file of the group keeps a set-gid that does not execute when the caller changes it (in_group_or_capable).
    /// </summary>
    public static bool MayKeepSetGid(in FuseRequest request, uint gid) =>
        GidOf(request) == gid || HasCapability(request, CAP_FSETID)
        || Text(request.Caller.Pid, "Groups:")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Contains(gid.ToString(CultureInfo.InvariantCulture));

    /// <summary>True if a write by the caller leaves set-uid and set-gid (file_remove_privs).</summary>
    public static bool MayKeepSetIds(in FuseRequest request) => HasCapability(request, CAP_FSETID);

    /// <summary>
    /// True if this process opens files regardless of their modes. A file may become unreadable after it was opened in the merged view.
    /// </summary>
    public static bool MayOpenAnything { get; } = (Field((uint)Environment.ProcessId, "CapEff:") >> CAP_DAC_OVERRIDE & 1) != 0;

    /// <summary>True if this process has CAP_SYS_ADMIN in the first user namespace.</summary>
    public static bool IsSystemAdministrator { get; } =
        (Field((uint)Environment.ProcessId, "CapEff:") >> CAP_SYS_ADMIN & 1) != 0
        && s_userNamespace == FirstUserNamespace;

    private static uint GidOf(in FuseRequest request) =>
        request.Caller.Gid != uint.MaxValue ? request.Caller.Gid : FsId(request.Caller.Pid, "Gid:");

    /// <summary>The last of four ids: real, effective, saved, file system.</summary>
    private static uint FsId(uint pid, string name) =>
        uint.TryParse(Text(pid, name).Split('\t')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : uint.MaxValue;

    /// <summary>True if the caller is known to have the capability.</summary>
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
    /// Any user has all capabilities in an own user namespace. They hold for files whose owner and group have a place there
    /// (privileged_wrt_inode_uidgid).
    /// </summary>
    private static bool IsPrivilegedOver(uint pid, uint owner, uint group) =>
        IsInOurUserNamespace(pid) || (UserNamespace.HasPlace(pid, "uid_map", owner) && UserNamespace.HasPlace(pid, "gid_map", group));

    private static bool IsInOurUserNamespace(uint pid) =>
        s_userNamespace is not null && UserNamespaceOf(pid.ToString(CultureInfo.InvariantCulture)) == s_userNamespace;

    /// <returns>Null if the link cannot be read: the daemon may not, or the process is gone.</returns>
    private static string? UserNamespaceOf(string process)
    {
        Span<byte> target = stackalloc byte[64];
        Errno error = Sys.ReadLinkAt(Fd.WorkingDirectory, Name.From(Proc.PathOf($"{process}/ns/user")), target, out int length);
        return error == Errno.None ? Encoding.ASCII.GetString(target[..length]) : null;
    }

    /// <summary>Any fatal signal puts SIGKILL on every thread (complete_signal).</summary>
    private static bool IsBeingKilled(uint pid) => (Field(pid, "SigPnd:") >> (SIGKILL - 1) & 1) != 0;

    private static ulong Field(uint pid, string name) => Hexadecimal(Text(pid, name));

    private static ulong Hexadecimal(string text) =>
        ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value) ? value : 0;

    private static string Text(uint pid, string name) => Text(pid, name, out string text) == Errno.None ? text : "";

    /// <summary>
    /// The text behind a name in the status; empty if the process is gone, or if the daemon may not look (hidepid=1 of proc(5)).
    /// </summary>
    private static Errno Text(uint pid, string name, out string text)
    {
        text = "";
        Span<byte> status = stackalloc byte[4096];
        Errno error = Read(pid, status, out int length);
        // The error may be gone in a moment.
        if (error is not (Errno.None or Errno.ENOENT or Errno.ESRCH))
            error = Read(pid, status, out length);
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
        var path = Name.From(Proc.PathOf($"{pid}/status"));
        Errno error;
        if ((error = Sys.OpenAt(Fd.WorkingDirectory, path, OpenFlags.ReadOnly, out Fd opened)) != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        return Sys.PRead(file, status, 0, out length);
    }
}
