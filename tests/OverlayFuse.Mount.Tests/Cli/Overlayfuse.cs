using System.Diagnostics;
using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>The published program of this repository, as a user starts it.</summary>
internal static class Overlayfuse
{
    public static string Path { get; } = System.IO.Path.Combine(ProgramUnderTest.Repository, "artifacts", "bin", "overlayfuse");

    /// <summary>The second program, which lies beside the first.</summary>
    public static string Tools { get; } = Path + "-tools";

    public static ToolResult Start(string directory, params string[] arguments) => Tool.Try(Path, arguments, directory);

    /// <summary>Starts it with -f; the caller waits for the mount by <see cref="AwaitMount"/> and for the end by Process.</summary>
    public static Process StartInForeground(string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path, arguments)
        {
            WorkingDirectory = directory, RedirectStandardError = true,
            RedirectStandardOutput = true
        };
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

    /// <summary>The live processes of this program that were given the mountpoint's full path.</summary>
    public static int[] Daemons(string mountpoint) =>
        [.. from directory in Directory.EnumerateDirectories("/proc")
            let name = System.IO.Path.GetFileName(directory)
            where char.IsAsciiDigit(name[0]) && IsDaemonOf(directory, mountpoint)
            select int.Parse(name, CultureInfo.InvariantCulture)];

    public static void AwaitNoDaemon(string mountpoint)
    {
        for (int i = 0; i < 400 && Daemons(mountpoint).Length > 0; i++) Thread.Sleep(25);
        Assert.That(Daemons(mountpoint), Is.Empty, "daemons left");
    }

    /// <summary>A process that ended and waits for its parent has no program any more.</summary>
    private static bool IsDaemonOf(string process, string mountpoint)
    {
        try
        {
            return new FileInfo(process + "/exe").LinkTarget == Path
                && File.ReadAllText(process + "/cmdline").Split('\0').Contains(mountpoint);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it ended meanwhile
        }
    }
}
