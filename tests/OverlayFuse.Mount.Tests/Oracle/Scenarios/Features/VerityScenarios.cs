using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>verity=: digests in metacopies, on a kernel without fs-verity, where no file can have the one that a mark names.</summary>
internal sealed class VerityScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const string Mark = "trusted.overlay.metacopy",
        Sha256 = "0x00240001000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
    private static readonly string[] Modes = ["off", "on", "require"], Unreadable = ["none", "digest", "short", "header"];

    private static readonly Layer Top = new Layer().Sparse("none", 7).Xattr("none", Mark, "").Sparse("digest", 7)
        .Xattr("digest", Mark, Sha256)
        .Sparse("short", 7).Xattr("short", Mark, "0x000400").Sparse("header", 7).Xattr("header", Mark, "0x00040000");

    private static readonly Layer Bottom = new Layer().File("none", "content").File("digest", "content").File("short", "content")
        .File("header", "content").File("plain", "plain");

    [Test]
    public void Read_Metacopies_WithAndWithoutADigest([ValueSource(nameof(Modes))] string verity) => Compare(verity,
        new ReadDir(""), new Lstat("digest"), new ReadFile("none"), new ReadFile("digest"), new ReadFile("short"), new ReadFile("header"),
        new ReadFile("plain"),
        new Remount(), new ReadFile("digest"), new ReadFile("none"));

    [Test]
    public void Chmod_OfAny_LeavesWhatTheKernelLeaves([ValueSource(nameof(Modes))] string verity)
    {
        Comparison result = Compare(verity, new Chmod("plain", 600), new ReadFile("plain"), new Chmod("none", 600), new Lstat("none"),
            new ReadFile("none"), new Chmod("digest", 600), new ReadFile("digest"));
        Assert.That(result.Upper["plain"].Xattr(Mark), verity == "require" ? Is.Null : Is.Not.Null);
    }

    [Test]
    public void Write_ToAny_IsAnsweredAsByTheKernel([ValueSource(nameof(Modes))] string verity) => Compare(verity,
        new OpenFile("1", "digest", O.RDWR), new OpenFile("2", "none", O.RDWR), new OpenFile("3", "plain", O.RDWR),
        new Truncate("digest", 3), new Truncate("none", 0), new ReadFile("none"), new ReadFile("plain"));

    /// <summary>What cannot be read is removed in the end, so that the trees can be compared.</summary>
    private Comparison Compare(string verity, params Operation[] operations) => Compare(new Scenario(
        new Layer(), [Top, Bottom], [.. operations, .. Unreadable.Select(name => new Unlink(name))],
        "metacopy=on,redirect_dir=on,verity=" + verity));
}
