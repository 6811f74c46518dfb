using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>Gives each test its own sandbox and takes it away again, also after a failure.</summary>
internal abstract class AppTest
{
    protected Sandbox Sandbox { get; private set; } = null!;

    [SetUp]
    public void MakeSandbox() => Sandbox = Sandbox.OnDisk();

    /// <summary>
    /// Hundreds of thousands of files take longer to remove than the sandbox waits: all but mounts and their images goes before.
    /// </summary>
    [TearDown]
    public void RemoveSandbox()
    {
        Bash.Try("find . -xdev -mindepth 1 ! -name '*.img' -delete", Sandbox.Root, timeoutSeconds: 1800);
        Sandbox.Dispose();
    }

    /// <summary>Mounts a tmpfs in the sandbox, which takes it away.</summary>
    protected string MakeTmpfs(string options)
    {
        string disk = Sandbox.MakeDirectory("disk");
        Bash.Run($"mount -t tmpfs -o {options} ovf-disk {disk}");
        return disk;
    }
}
