using System.Diagnostics;

namespace OverlayFuse.Benchmarks;

/// <summary>A file system with reflinks (xfs) in a file, for as long as the program runs; made when somebody asks for it.</summary>
internal sealed class LoopDisk : IDisposable
{
    private const string Size = "8G";
    private Scratch? _scratch;

    public static LoopDisk Shared { get; } = new();

    /// <summary>Only root can mount it.</summary>
    public static bool IsPossible => Environment.UserName == "root" && File.Exists("/usr/sbin/mkfs.xfs");

    /// <summary>Where it is mounted.</summary>
    public string Root
    {
        get
        {
            if (_scratch is null)
                Mount();
            return Path.Combine(_scratch!.Root, "disk");
        }
    }

    public void Dispose()
    {
        if (_scratch is null)
            return;
        Run("umount", Path.Combine(_scratch.Root, "disk"));
        _scratch.Dispose();
        _scratch = null;
    }

    private void Mount()
    {
        Scratch scratch = new();
        try
        {
            string image = Path.Combine(scratch.Root, "image");
            Run("truncate", "-s", Size, image);
            Run("/usr/sbin/mkfs.xfs", "-q", "-m", "reflink=1", image);
            Run("mount", "-o", "loop", image, scratch.MakeDirectory("disk"));
            _scratch = scratch;
        }
        finally
        {
            if (_scratch is null)
                scratch.Dispose();
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new IOException($"{program} {string.Join(' ', arguments)}: exit status {process.ExitCode}");
    }
}
