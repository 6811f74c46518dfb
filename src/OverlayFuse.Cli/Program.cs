namespace OverlayFuse.Cli;

internal static class Program
{
    private static int Main(string[] args)
    {
        if (args.Contains("fail")) { Console.Error.WriteLine("refused"); return 1; }
        Console.Error.WriteLine($"before {Environment.ProcessId}");
        bool ok = NativeDaemon.AnnounceLive();
        Console.Error.WriteLine($"after {ok}");
        Thread.Sleep(500);
        return 0;
    }
}
