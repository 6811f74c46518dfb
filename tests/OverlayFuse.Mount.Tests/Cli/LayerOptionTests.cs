using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>Lists of layers, as they reach the merged view.</summary>
internal sealed class LayerOptionTests
{
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("c:d", @"lowerdir=c\:d:b")]
    [TestCase("c,d", @"lowerdir=c\,d:b")]
    [TestCase(@"c\d", @"lowerdir=c\\d:b")]
    [TestCase(@"c\", @"lowerdir=c\\:b")]
    [TestCase("c d\"e'f", "lowerdir=c d\"e'f:b")]
    [TestCase("c:d", "lowerdir+=c:d,lowerdir+=b")]
    [TestCase(@"c\:d", @"lowerdir+=c\:d,lowerdir+=b")]
    [TestCase("日本", "lowerdir=日本:b")]
    public void LowerDir_OfAnyName_IsFound(string name, string options)
    {
        File.WriteAllText(Path.Combine(sandbox.MakeDirectory(name), "file"), "of the odd one");
        sandbox.Mount("-o", options, sandbox.MountPoint);
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "file")), Is.EqualTo("of the odd one"));
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "below")), Is.EqualTo("of b"));
    }

    [TestCase(1, "")]
    [TestCase(128, "")]
    [TestCase(500, ",max_layers=500")]
    public void LowerDirs_UpToTheLimit_AreAllSeenInTheirOrder(int count, string options)
    {
        MakeLayers(count);
        sandbox.Mount("-o", $"lowerdir={string.Join(':', Enumerable.Range(0, count).Select(Layer))}{options}", sandbox.MountPoint);
        AssertAllSeen(count);
    }

    [Test]
    public void LowerDirs_OneTooMany_AreRefusedWithCountLimitAndOption()
    {
        MakeLayers(129);
        ToolResult result = sandbox.Start("-o", $"lowerdir={string.Join(':', Enumerable.Range(0, 129).Select(Layer))}", sandbox.MountPoint);
        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain("129 lower layers").And.Contain("limit is 128").And.Contain("max_layers=129"));
        Assert.That(MountTable.IsMountpoint(sandbox.MountPoint), Is.False);
    }

    [Test]
    public void LowerDirs_InAnOptionOf90KiB_AreAllSeen()
    {
        string deep = "deep/" + string.Join('/', Enumerable.Repeat(new string('x', 200), 5));
        sandbox.MakeDirectory(deep);
        MakeLayers(100, deep + "/");
        string options = $"lowerdir={string.Join(':', Enumerable.Range(0, 100).Select(i => $"{deep}/{Layer(i)}"))}";
        Assert.That(options, Has.Length.GreaterThan(90 << 10));
        sandbox.Mount("-o", options, sandbox.MountPoint);
        AssertAllSeen(100);
    }

    [Test]
    public void LayersFile_OfManyLayers_IsRead()
    {
        MakeLayers(300);
        File.WriteAllLines(sandbox.PathOf("list"), Enumerable.Range(0, 300).Select(Layer));
        sandbox.Mount("-o", "layers_file=list,max_layers=300", sandbox.MountPoint);
        AssertAllSeen(300);
    }

    [Test]
    public void LowerDirPlus_ManyTimesOverSeveralO_AppendsInOrder()
    {
        MakeLayers(3);
        sandbox.Mount("-o", "lowerdir+=L0", "-olowerdir+=L1,ro", sandbox.MountPoint, "-o", "lowerdir+=L2");
        AssertAllSeen(3);
    }

    [Test]
    public void LowerDir_AtTheMountPoint_IsUsedAsItWasBefore()
    {
        File.WriteAllText(sandbox.PathOf("m", "under"), "the mountpoint's");
        sandbox.Mount("-o", "lowerdir=m:b", sandbox.MountPoint);
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "under")), Is.EqualTo("the mountpoint's"));
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "below")), Is.EqualTo("of b"));
    }

    [Test]
    public void LowerDir_ThatHoldsTheMountPoint_ShowsTheDirectoryBelow()
    {
        File.WriteAllText(Path.Combine(sandbox.MakeDirectory("b", "at"), "under"), "not the mount");
        ToolResult result = sandbox.Start("-o", "lowerdir=b", "b/at");
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        Assert.That(File.ReadAllText(sandbox.PathOf("b", "at", "at", "under")), Is.EqualTo("not the mount"));
        Assert.That(File.ReadAllText(sandbox.PathOf("b", "at", "below")), Is.EqualTo("of b"));
    }

    /// <summary>A random one of version 4, as the kernel's.</summary>
    [Test]
    public void Uuid_WithoutDevUrandom_IsWritten()
    {
        sandbox.Shell($"""
            mkdir u2 w2
            unshare -m --propagation private sh -ec '
            mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/fuse c 10 229
            for n in "" 2; do "{Overlayfuse.Path}" -o uuid=on,lowerdir=a:b,upperdir=u$n,workdir=w$n m; "{Overlayfuse.Path}" unmount m; done'
            """);
        string[] uuids = [.. new[] { "u",
            "u2" }.Select(upper => Convert.ToHexString(Xattrs.Get(sandbox.PathOf(upper), "trusted.overlay.uuid")!))];
        Assert.That(uuids, Is.Unique.And.All.Match("^.{12}4...[89AB].{15}$"));
    }

    private static string Layer(int number) => $"L{number}";

    private void MakeLayers(int count, string below = "")
    {
        for (int i = 0; i < count; i++)
        {
            string layer = sandbox.MakeDirectory(below + Layer(i));
            File.WriteAllText(Path.Combine(layer, "top"), $"{i}");
            File.WriteAllText(Path.Combine(layer, $"only{i}"), $"{i}");
        }
    }

    private void AssertAllSeen(int count)
    {
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "top")), Is.EqualTo("0"));
        Assert.That(Directory.GetFiles(sandbox.MountPoint), Has.Length.EqualTo(count + 1));
        Assert.That(Enumerable.Range(0, count).Select(i => File.ReadAllText(sandbox.PathOf("m", $"only{i}"))),
            Is.EqualTo(Enumerable.Range(0, count).Select(i => $"{i}")));
    }
}
