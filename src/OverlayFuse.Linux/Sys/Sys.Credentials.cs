using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static partial class Sys
{
    private const int PR_GET_SECUREBITS = 27;
    private const int PR_SET_SECUREBITS = 28;
    private const nuint SECBIT_NO_SETUID_FIXUP = 1 << 2;

    /// <summary>geteuid(2).</summary>
    public static uint EffectiveUid => Libc.geteuid();

    /// <summary>getegid(2).</summary>
    public static uint EffectiveGid => Libc.getegid();

    /// <summary>getpid(2), as the process sees itself.</summary>
    public static int ProcessId => Libc.getpid();

    /// <summary>umask(2) of the whole process.</summary>
    public static uint UMask(uint mask) => Libc.umask(mask);

    /// <summary>
    /// Lets this thread change its fsuid and keep its capabilities (capabilities(7), "Effect of user ID changes"). So a new file belongs to
    /// the caller from the first moment, while the rights stay those of the mounter, as with override_creds in overlayfs.
    /// </summary>
    /// <returns>EPERM without CAP_SETPCAP: then the daemon can serve only its own user.</returns>
    public static Errno KeepCapabilitiesOverFsUid()
    {
        int bits = Libc.prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
        return bits < 0 ? LastError() : Result(Libc.prctl(PR_SET_SECUREBITS, (nuint)bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
    }

    /// <summary>setfsuid(2) and setfsgid(2) of this thread.</summary>
    /// <returns>EPERM if the kernel did not take them.</returns>
    public static Errno SetFsIds(uint uid, uint gid)
    {
        // The call returns the old id. The new one is read below.
        _ = Libc.setfsgid(gid);
        _ = Libc.setfsuid(uid);
        bool taken = (uint)Libc.setfsuid(uint.MaxValue) == uid && (uint)Libc.setfsgid(uint.MaxValue) == gid;
        return taken ? Errno.None : Errno.EPERM;
    }

    private const int RLIMIT_NOFILE = 7;

    /// <summary>The number of descriptors that the process may have open now (RLIMIT_NOFILE).</summary>
    public static unsafe ulong OpenFilesLimit
    {
        get
        {
            ulong* limits = stackalloc ulong[2];
            return Libc.getrlimit(RLIMIT_NOFILE, limits) == 0 ? limits[0] : 1024;
        }
    }

    /// <summary>Raises RLIMIT_NOFILE to its hard limit.</summary>
    public static unsafe Errno RaiseOpenFilesLimit()
    {
        ulong* limits = stackalloc ulong[2];
        if (Libc.getrlimit(RLIMIT_NOFILE, limits) != 0)
            return LastError();
        limits[0] = limits[1];
        return Result(Libc.setrlimit(RLIMIT_NOFILE, limits));
    }
}
