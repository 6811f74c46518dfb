using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounting;

/// <summary>A pipe of which another process holds the other end for as long as it wants the mount; the kernel closes it however that process ends.</summary>
/// <param name="pipe">The end to read from; nothing ever comes.</param>
internal sealed class Lifeline(Fd pipe)
{
    /// <summary>Called once, on another thread.</summary>
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
