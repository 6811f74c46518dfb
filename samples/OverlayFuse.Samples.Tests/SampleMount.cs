using System.Diagnostics;

namespace OverlayFuse.Samples.Tests;

/// <summary>A sample program that serves a directory of a sandbox. Dispose ends it and removes all of it.</summary>
internal sealed class SampleMount : IDisposable
{
    private const int Patience = 30_000, Pause = 20;
    private Process? program;

    /// <summary>The sandbox.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("ovf-sample-").FullName;

    public string Mountpoint => Folder + "/mount";

    /// <summary>Starts a program and waits until its mount is there.</summary>
    public void Start(string assembly, params string[] argumentsBefore)
    {
        Directory.CreateDirectory(Mountpoint);
        program = Process.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, assembly), .. argumentsBefore, Mountpoint]);
        for (int waited = 0; !IsMounted && waited < Patience; waited += Pause)
            if (program.WaitForExit(Pause))
                Assert.Fail($"{assembly} ended with {program.ExitCode}");
        Assert.That(IsMounted, $"{assembly} has not mounted {Mountpoint}");
    }

    public bool IsMounted => File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == Mountpoint);

    /// <summary>Sends a signal and waits for the end.</summary>
    public int EndBySignal(string signal)
    {
        Run($"kill -{signal} {program!.Id}");
        Assert.That(program.WaitForExit(Patience), "the program ends");
        return program.ExitCode;
    }

    /// <summary>Runs a script of bash in the sandbox. This process itself never touches the mount.</summary>
    public string Run(string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", "set -e; exec 2>&1; " + script])
        {
            WorkingDirectory = Folder, RedirectStandardOutput = true, Environment = { ["LC_ALL"] = "C" },
        };
        using Process bash = Process.Start(start)!;
        Task<string> output = bash.StandardOutput.ReadToEndAsync();
        if (!bash.WaitForExit(Patience))
            bash.Kill(entireProcessTree: true);
        Assert.That(bash.ExitCode, Is.Zero, output.Result);
        return output.Result;
    }

    public void Dispose()
    {
        using Process unmounting = Process.Start("bash", ["-c", $"! mountpoint -q '{Mountpoint}' || umount -l '{Mountpoint}'"]);
        unmounting.WaitForExit();
        if (program is { HasExited: false } && !program.WaitForExit(Patience))
            program.Kill();
        program?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
