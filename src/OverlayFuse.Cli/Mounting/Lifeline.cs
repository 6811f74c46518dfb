using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounting;

/// <summary>A pipe whose other end is held by the process that wants the mount. The kernel closes it however that process ends.</summary>
/// <param name="pipe">The end to read from. Nothing is ever written to it.</param>
internal sealed class Lifeline(Fd pipe)
{
    /// <summary>Calls <paramref name="stop"/> once, on another thread.</summary>
    public void OnEnd(Action stop) => new Thread(() =>
    {
        Span<byte> nothing = stackalloc byte[1];
        while (Sys.ReadDevice(pipe, nothing, out int count) == Errno.EINTR || count > 0)
        {
        }
        stop();
    })
    { IsBackground = true, Name = "lifeline" }.Start();
}
