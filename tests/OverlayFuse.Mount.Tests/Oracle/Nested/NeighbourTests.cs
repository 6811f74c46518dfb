using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>Our mounts beside mounts of the kernel's overlayfs.</summary>
[TestFixture]
internal sealed class NeighbourTests
{
    /// <summary>/proc/mounts shows upperdir=u for a relative path: that alone must not claim every directory of that name.</summary>
    [Test]
    public void Mount_BesideKernelOverlayOfRelativePathsOfTheSameNames_IsNotRefused()
    {
        using Sandbox sandbox = Sandbox.InMemory();
        foreach (string name in new[] { "theirs", "ours" })
        {
            foreach (string layer in new[] { "l", "u", "w", "m" }) sandbox.MakeDirectory(name, layer);
            File.WriteAllText(sandbox.PathOf(name, "l", "whose"), name);
        }
        Tool.Run("sh", "-c", $"cd {sandbox.PathOf("theirs")} && mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m");
        var options = new OverlayOptions([sandbox.PathOf("ours", "l")], sandbox.PathOf("ours", "u"), sandbox.PathOf("ours", "w"));
        using OverlayMount mount = ProgramUnderTest.Mount(options, sandbox.PathOf("ours", "m"));
        Assert.That(File.ReadAllText(sandbox.PathOf("ours", "m", "whose")), Is.EqualTo("ours"));
        Assert.That(File.ReadAllText(sandbox.PathOf("theirs", "m", "whose")), Is.EqualTo("theirs"));
    }
}
