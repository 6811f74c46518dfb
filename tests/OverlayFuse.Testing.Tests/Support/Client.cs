namespace OverlayFuse.Testing.Tests.Support;

/// <summary>
/// This assembly as a program that uses the library: makes an overlay of LOWER, writes "made" there, prints path and changes, and waits for
/// the end of standard input. With "dispose" it disposes it then; else it just ends.
/// </summary>
internal static class Client
{
    private static void Main(string[] args)
    {
        OverlayMount overlay = OverlayMount.Create(args[1]);
        File.WriteAllText(Path.Combine(overlay.Path, "made"), "by the client");
        Console.Out.WriteLine(overlay.Path);
        Console.Out.WriteLine(string.Join(' ', overlay.Changes));
        _ = Console.In.ReadToEnd();
        if (args[0] == "dispose")
            overlay.Dispose();
    }
}
