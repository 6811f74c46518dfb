using System.Text;
using OverlayFuse.Linux;

namespace OverlayFuse.Output;

/// <summary>
/// Standard output and standard error as plain files. The runtime's own streams send a terminal the commands for its keypad before they
/// write to it.
/// </summary>
internal static class StandardStreams
{
    private static readonly Fd s_output = new(1);
    private static readonly Fd s_error = new(2);

    /// <summary>Standard output for bytes.</summary>
    public static Stream OpenOutput() => new OutputStream(s_output, "standard output");

    /// <summary>Makes the writers of Console write to them. A daemon whose log is on a full disk goes on.</summary>
    public static void BecomeTheConsole()
    {
        Console.SetOut(Writer(OpenOutput()));
        Console.SetError(Writer(new OutputStream(s_error, name: null)));
    }

    private static StreamWriter Writer(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
