using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Output;

/// <summary>The colour of a word: a parameter of the terminal's escape sequence SGR.</summary>
internal enum Ink
{
    /// <summary>As the terminal writes.</summary>
    None = 0,

    /// <summary>A no, an error, a deletion.</summary>
    Red = 31,

    /// <summary>A yes, an addition.</summary>
    Green = 32,

    /// <summary>Something in between.</summary>
    Yellow = 33,
}

/// <summary>
/// Colours, for a terminal only. A pipe or a file never gets them, and neither does a terminal without them (TERM=dumb), or a user who does
/// not want them (NO_COLOR is set and not empty).
/// </summary>
internal static class Inks
{
    /// <summary>True if standard output shows colours.</summary>
    public static bool OnOutput => !Console.IsOutputRedirected && AreWanted;

    /// <summary>True if standard error shows colours.</summary>
    public static bool OnErrors => !Console.IsErrorRedirected && AreWanted;

    /// <summary>True for a terminal that can erase a line.</summary>
    public static bool IsTerminal => Sys.GetVariable("TERM") is { Length: > 0 } and not "dumb";

    /// <summary>The width of the terminal in characters. Some terminals do not know it, and say 0.</summary>
    public static int Width => WidthOf(StandardStreams.Output) ?? WidthOf(StandardStreams.Error) ?? 80;

    private static bool AreWanted => IsTerminal && string.IsNullOrEmpty(Sys.GetVariable("NO_COLOR"));

    /// <summary>The second number of struct winsize: ioctl_tty(2). Console.WindowWidth would send the terminal commands.</summary>
    private static int? WidthOf(Fd terminal)
    {
        const uint TIOCGWINSZ = 0x5413;
        Span<ushort> size = stackalloc ushort[4];
        return Sys.IoCtl(terminal, TIOCGWINSZ, MemoryMarshal.AsBytes(size)) == Errno.None && size[1] > 1 ? size[1] : null;
    }

    /// <summary>The text in a colour. It holds nothing that a terminal would take for a command.</summary>
    public static string Paint(this Ink ink, string text) => ink == Ink.None ? text : $"\e[{(int)ink}m{text}\e[0m";
}
