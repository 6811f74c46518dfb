using System.Text;
using OverlayFuse.Linux;

namespace OverlayFuse.Output;

/// <summary>
/// Standard output and standard error as plain files. The runtime's own streams send a terminal the commands for its keypad before they
/// write to it.
/// </summary>
internal static class StandardStreams
{
    /// <summary>The descriptor of standard output.</summary>
    public static Fd Output => new(1);

    /// <summary>The descriptor of standard error.</summary>
    public static Fd Error => new(2);

    /// <summary>Standard output for bytes.</summary>
    public static Stream OpenOutput() => new OutputStream(Output, "standard output");

    /// <summary>Makes the writers of Console write to them. A daemon whose log is on a full disk goes on.</summary>
    public static void BecomeTheConsole()
    {
        Console.SetOut(Writer(OpenOutput()));
        Console.SetError(Writer(new OutputStream(Error, name: null)));
    }

    private static StreamWriter Writer(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
