namespace OverlayFuse.Linux.Tests;

/// <summary>Names as bytes with their NUL.</summary>
internal sealed class NameTests
{
    [TestCase(new byte[] { })]
    [TestCase(new byte[] { 1, 2 })]
    [TestCase(new byte[] { 0, 0 })]
    [TestCase(new byte[] { 1, 0, 2, 0 })]
    [TestCase(new byte[] { 1, 0, 2 })]
    public void Constructor_NotEndedByTheOnlyNul_Throws(byte[] bytes) =>
        Assert.That(() => new Name(bytes).Length, Throws.ArgumentException);

    [Test]
    public void Constructor_AnyOtherBytes_KeepsThem()
    {
        byte[] bytes = [.. Enumerable.Range(1, 255).Select(i => (byte)i), 0];
        Assert.That(new Name(bytes).Length, Is.EqualTo(255));
        Assert.That(new Name(bytes).Bytes.SequenceEqual(bytes.AsSpan(0, 255)));
        Assert.That(new Name(bytes).WithNul.SequenceEqual(bytes));
        Assert.That(new Name(bytes).ToArray(), Is.EqualTo(bytes));
    }

    [Test]
    public void TryTake_SeveralNames_TakesUpToTheFirstNul()
    {
        ReadOnlySpan<byte> buffer = "one\0two\0"u8;
        Assert.That(Name.TryTake(buffer, out Name name));
        Assert.That((name.ToString(), name.Length), Is.EqualTo(("one", 3)));
        Assert.That(Name.TryTake(buffer[4..], out name));
        Assert.That(name.ToString(), Is.EqualTo("two"));
    }

    [TestCase(new byte[] { }, false)]
    [TestCase(new byte[] { 65, 66 }, false)]
    [TestCase(new byte[] { 0 }, true)]
    [TestCase(new byte[] { 0, 65 }, true)]
    public void TryTake_NothingOrAnEmptyName_IsTheEmptyName(byte[] buffer, bool taken)
    {
        Assert.That(Name.TryTake(buffer, out Name name), Is.EqualTo(taken));
        Assert.That((name.Length, name.Bytes.Length, name.WithNul.Length), Is.EqualTo((0, 0, 1)));
    }

    /// <summary>A name that nobody set is safe to pass to a system call.</summary>
    [Test]
    public void Default_Name_IsTheEmptyOne()
    {
        Name name = default;
        Assert.That((name.Length, name.WithNul.Length, name.WithNul[0], name.Equals(Name.Empty)), Is.EqualTo((0, 1, (byte)0, true)));
        Assert.That(name.ToArray(), Is.EqualTo(new byte[] { 0 }));
        Assert.That(Sys.StatxAt(Fd.WorkingDirectory, name, out Statx stat), Is.EqualTo(Errno.None));
        Assert.That(stat.IsDirectory);
    }

    [TestCase("a", "a", true)]
    [TestCase("a", "ab", false)]
    [TestCase("a", "A", false)]
    [TestCase("", "", true)]
    [TestCase("é", "e\u0301", false)]
    public void Equals_ByBytes_KnowsNoCaseAndNoUnicode(string one, string other, bool equal) =>
        Assert.That(Name.From(one).Equals(Name.From(other)), Is.EqualTo(equal));

    [TestCase(".wh.x", ".wh.", true)]
    [TestCase(".wh.", ".wh.", true)]
    [TestCase(".wh", ".wh.", false)]
    [TestCase("x", "", true)]
    public void StartsWith_Prefix_ComparesBytes(string name, string prefix, bool starts) =>
        Assert.That(Name.From(name).StartsWith(System.Text.Encoding.ASCII.GetBytes(prefix)), Is.EqualTo(starts));

    [Test]
    public void ToString_NotUtf8_KeepsTheByte()
    {
        byte[] bytes = [0x61, 0xFF, 0x62, 0];
        Assert.That(new Name(bytes).ToString(), Is.EqualTo("a\uDCFFb"));
    }

    [Test]
    public void From_TextWithANul_Throws() => Assert.That(() => Name.From("a\0b").Length, Throws.ArgumentException);
}
