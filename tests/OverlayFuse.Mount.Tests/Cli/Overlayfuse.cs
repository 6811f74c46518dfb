using System.Diagnostics;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>The published program of this repository, as a user starts it.</summary>
internal static class Overlayfuse
{
    public static string Path { get; } = System.IO.Path.Combine(ProgramUnderTest.Repository, "artifacts", "bin", "overlayfuse");

    public static ToolResult Start(string directory, params string[] arguments) => Tool.Try(Path, arguments, directory);

    /// <summary>Starts it with -f; the caller waits for the mount by <see cref="AwaitMount"/> and for the end by Process.</summary>
    public static Process StartInForeground(string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path, arguments) { WorkingDirectory = directory, RedirectStandardError = true, RedirectStandardOutput = true };
        return Process.Start(start)!;
    }

    /// <summary>Polls as apptainer does.</summary>
    public static void AwaitMount(string mountpoint)
    {
        for (int i = 0; i < 400 && !MountTable.IsMountpoint(mountpoint); i++) Thread.Sleep(25);
        Assert.That(MountTable.IsMountpoint(mountpoint), $"{mountpoint} is mounted");
    }

    public static void AwaitUnmount(string mountpoint)
    {
        for (int i = 0; i < 400 && MountTable.IsMountpoint(mountpoint); i++) Thread.Sleep(25);
        Assert.That(MountTable.IsMountpoint(mountpoint), Is.False, $"{mountpoint} is unmounted");
    }

    /// <summary>The daemons whose command lines name the mountpoint; those that ended and wait for their parent do not count.</summary>
    public static int[] Daemons(string mountpoint) =>
        [.. Tool.Try("pgrep", ["-f", "--", $"{Path} .*{mountpoint}$"]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(int.Parse).Where(IsAlive)];

    public static void AwaitNoDaemon(string mountpoint)
    {
        for (int i = 0; i < 400 && Daemons(mountpoint).Length > 0; i++) Thread.Sleep(25);
        Assert.That(Daemons(mountpoint), Is.Empty, "daemons left");
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
