using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>Gives each test its own sandbox and takes it away again, also after a failure.</summary>
internal abstract class AppTest
{
    protected Sandbox Sandbox { get; private set; } = null!;

    [SetUp]
    public void MakeSandbox() => Sandbox = Sandbox.OnDisk();

    [TearDown]
    public void RemoveSandbox() => Sandbox.Dispose();
}
