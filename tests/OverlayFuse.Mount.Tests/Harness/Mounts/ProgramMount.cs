using System.Diagnostics;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>Any file system that a .NET program beside the tests serves: it gets the mountpoint, and ends when that is unmounted.</summary>
internal sealed class ProgramMount : OverlayMount
{
    private const int Patience = 30_000, Pause = 10;
    private readonly Process program;

    private ProgramMount(string name, Process program, string mountpoint) : base(mountpoint)
    {
        Name = name;
        this.program = program;
    }

    public override string Name { get; }

    /// <summary>Starts a program and waits until its mount is there.</summary>
    /// <param name="assembly">Its file name, in the folder of the tests.</param>
    /// <param name="mountpoint">A directory, which is made.</param>
    public static ProgramMount Mount(string assembly, string mountpoint)
    {
        MakeMountpoint(mountpoint);
        Process program = Process.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, assembly), mountpoint]);
        var mount = new ProgramMount(assembly, program, mountpoint);
        for (int waited = 0; !MountTable.IsMountpoint(mountpoint); waited += Pause)
        {
            if (program.WaitForExit(Pause))
                throw new InvalidOperationException($"{assembly} ended with {program.ExitCode} and has not mounted {mountpoint}");
            if (waited < Patience) continue;
            mount.Dispose();
            throw new TimeoutException($"{assembly}: {mountpoint} is not mounted after {Patience} ms");
        }
        return mount;
    }

    protected override void AwaitEnd()
    {
        using (program)
        {
            if (program.WaitForExit(Patience)) return;
            program.Kill();
            throw new TimeoutException($"{Name}: still ran {Patience} ms after {Mountpoint} was unmounted");
        }
    }
}
