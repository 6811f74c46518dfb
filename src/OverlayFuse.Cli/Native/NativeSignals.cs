using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Native;

/// <summary>
/// native/signals.c: signals that one thread takes, made while threads can still be made. The runtime would start a thread for each signal,
/// and end the process where the cgroup has no room for one.
/// </summary>
internal static class NativeSignals
{
    /// <param name="numbers">The numbers of x86-64 and arm64. Signals that the caller ignored, as nohup(1) does, stay ignored.</param>
    /// <param name="take">Called on that thread, for one signal after the other.</param>
    public static void Take(int[] numbers, Action<int> take)
    {
        if (!NativeDaemon.IsPublished || overlayfuse_signals(numbers, numbers.Length) is var pipe && pipe < 0)
            TakeByRuntime(numbers, take);
        else
            new Thread(() => Read(new Fd(pipe), take)) { IsBackground = true, Name = "signals" }.Start();
    }

    private static void Read(Fd pipe, Action<int> take)
    {
        Span<byte> number = stackalloc byte[1];
        while (true)
        {
            Errno error = Sys.ReadDevice(pipe, number, out int count);
            if (error == Errno.None && count > 0)
                take(number[0]);
            else if (error != Errno.EINTR)
                return;
        }
    }

    /// <summary>Without the native part. The registrations live as long as the process.</summary>
    private static void TakeByRuntime(int[] numbers, Action<int> take)
    {
        foreach (int number in numbers)
        {
            _ = GCHandle.Alloc(PosixSignalRegistration.Create((PosixSignal)number, context =>
            {
                context.Cancel = true;
                take(number);
            }));
        }
    }

    [DllImport("overlayfuse_native", ExactSpelling = true)]
    private static extern int overlayfuse_signals(int[] numbers, int count);
}
