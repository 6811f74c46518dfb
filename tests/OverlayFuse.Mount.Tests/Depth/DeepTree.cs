using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Depth;

/// <summary>
/// Trees deeper than any path is long, on memory, and a daemon that may have so few descriptors that it can keep none of most levels.
/// </summary>
internal sealed class DeepTree : IDisposable
{
    public const int Descriptors = 256;

    /// <summary>Goes down by chdir(2), level by level; "make" makes them, and a file at the end.</summary>
    private const string Python = """
        import os, sys
        def down(base, levels, make=False):
            os.chdir(base)
            for _ in range(levels):
                if make: os.mkdir('d')
                os.chdir('d')
            if make: open('leaf', 'w').write('leaf')
        def push(top):  # other directories take the place of the ancestors' descriptors; the kernel forgets what it can
            for i in range(300):
                os.makedirs(f'{top}/push/{i}', exist_ok=True)
                os.listdir(f'{top}/push/{i}')
            open('/proc/sys/vm/drop_caches', 'w').write('2')
        """;

    private readonly Sandbox sandbox = Sandbox.InMemory();
    private FuseOverlay? mount;

    public DeepTree()
    {
        File.WriteAllText(sandbox.PathOf("deep.py"), Python);
        foreach (string name in new[] { "lower/top", "upper", "work", "kupper", "kwork", "merged" })
            _ = sandbox.MakeDirectory(name.Split('/'));
    }

    public string Lower => sandbox.PathOf("lower");

    public string Upper => sandbox.PathOf("upper");

    public string Work => sandbox.PathOf("work");

    public string Merged => sandbox.PathOf("merged");

    public string PathOf(string name) => sandbox.PathOf(name);

    /// <summary>Mounts with options of ours; words before the "|" go to env(1), words behind it to the program.</summary>
    public void Mount(string options = "", string environment = "", string flags = "", bool isWritable = true,
        int descriptors = Descriptors)
    {
        string starter = sandbox.PathOf("starter");
        File.WriteAllText(starter,
            $"#!/bin/bash\nulimit -n {descriptors}\nexec env {environment} {ProgramUnderTest.Path} {flags} \"$@\"\n");
        Bash.Run("chmod 755 " + starter);
        var layers = new OverlayOptions([Lower], isWritable ? Upper : null, isWritable ? Work : null, options);
        mount = FuseOverlay.Mount(starter, layers, Merged);
        mount.AbortAfter(TimeSpan.FromMinutes(10));
    }

    /// <summary>Runs Python with down(base, levels, make) and push(top), in the sandbox.</summary>
    public string Run(string script) =>
        Bash.Run($"python3 - <<'END'\nfrom deep import *\n{script}\nEND", sandbox.Root, timeoutSeconds: 600);

    public string Shell(string script) => Bash.Run(script, sandbox.Root, timeoutSeconds: 600);

    /// <summary>Ends the mount in order: the daemon is still there, and leaves nothing in work.</summary>
    public void Unmount()
    {
        Assert.That(mount!.Daemons, Has.Count.EqualTo(1), "daemons");
        mount.Unmount();
        mount = null;
        Assert.That(Bash.Run("ls -A work/work", sandbox.Root), Is.Empty, "entries in the work directory");
    }

    public void Dispose()
    {
        mount?.Dispose();
        sandbox.Dispose();
    }
}
