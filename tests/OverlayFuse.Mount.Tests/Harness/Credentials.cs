using System.Runtime.ExceptionServices;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// Runs code with another user's identity. Linux credentials belong to a thread: a thread of its own takes them and ends with them.
/// </summary>
internal static class Credentials
{
    public static T RunAs<T>(uint uid, uint gid, uint[] groups, Func<T> action)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Become(uid, gid, groups);
                result = action();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    public static T RunAs<T>(uint id, Func<T> action) => RunAs(id, id, [], action);

    /// <summary>The raw calls: glibc's wrappers would change every thread of the process.</summary>
    private static void Become(uint uid, uint gid, uint[] groups)
    {
        Tool.Check(Libc.syscall(Libc.SYS_setgroups, groups.Length, groups, 0), "setgroups");
        Tool.Check(Libc.syscall(Libc.SYS_setresgid, gid, gid, gid), "setresgid");
        Tool.Check(Libc.syscall(Libc.SYS_setresuid, uid, uid, uid), "setresuid");
    }
}
