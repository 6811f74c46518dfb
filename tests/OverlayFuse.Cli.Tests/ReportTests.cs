using System.Text.Json;
using OverlayFuse.Cli.Doctor;
using OverlayFuse.Cli.Mounts;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Tests;

/// <summary>What doctor and list print: for people, and the keys that programs rely on.</summary>
internal sealed class ReportTests
{
    private static readonly Finding Allowed = Finding.Yes("a", "this", "tried");
    private static readonly Finding Missing = Finding.No("b", "that", "is not \"there\"", "get it");
    private static readonly Finding Open = Finding.Unknown("c", "other", "who knows");

    [Test]
    public void Json_OfFindings_HasTheSameKeysInEach()
    {
        string json = JsonOutput.Of([Allowed, Missing with { Needed = true }, Open]);
        JsonElement[] found = [.. JsonDocument.Parse(json).RootElement.EnumerateArray()];
        Assert.That(found.Select(Keys), Is.All.EqualTo(new[] { "key", "what", "status", "detail", "remedy", "needed" }));
        Assert.That(found.Select(finding => finding.GetRawText().Replace("\n", "").Replace("  ", "")), Is.EqualTo(new[]
        {
            """{"key": "a","what": "this","status": "yes","detail": "tried","remedy": null,"needed": false}""",
            """{"key": "b","what": "that","status": "no","detail": "is not \"there\"","remedy": "get it","needed": true}""",
            """{"key": "c","what": "other","status": "unknown","detail": "who knows","remedy": null,"needed": false}""",
        }));
    }

    [Test]
    public void Json_OfNothing_IsAnEmptyArray() =>
        Assert.That((JsonOutput.Of(Array.Empty<Finding>()), JsonOutput.Of(Array.Empty<MountReport>())), Is.EqualTo(("[]", "[]")));

    [Test]
    public void Json_OfMounts_HasTheSameKeysWhatEverIsKnown()
    {
        var statistics = new LiveStatistics { Layers = 2, Uptime = 1999, CopyUps = 7, UserXattr = 1, Io = IoMode.Open };
        MountReport[] mounts = [Report(null), Report(statistics)];
        JsonElement[] found = [.. JsonDocument.Parse(JsonOutput.Of(mounts)).RootElement.EnumerateArray()];
        Assert.That(found.Select(Keys), Is.All.EqualTo(new[]
            {
                "mountpoint", "state", "user", "read_only", "io", "io_uring", "userxattr", "pid", "uptime_seconds", "resident_bytes",
                "copy_ups", "inodes", "layer_count", "layers", "notes", "events",
            }));
        IEnumerable<JsonProperty> unknown = found[0].EnumerateObject().Where(pair => pair.Value.ValueKind == JsonValueKind.Null);
        Assert.That(unknown.Select(pair => pair.Name), Is.EqualTo(new[]
            { "io", "io_uring", "userxattr", "pid", "uptime_seconds", "resident_bytes", "copy_ups", "inodes", "layer_count" }));
        Assert.That(found[1].GetProperty("uptime_seconds").GetInt32(), Is.EqualTo(1));
        Assert.That(found[1].GetProperty("userxattr").GetBoolean(), Is.True);
        Assert.That(found[1].GetProperty("mountpoint").GetString(), Is.EqualTo("/mé <>&\\"));
    }

    [Test]
    public void ExitStatus_OfFindings_IsThatOfTheNeededOnes()
    {
        Assert.That(DoctorVerb.ExitStatus([Allowed with { Needed = true }, Missing, Open with { Needed = true }]), Is.Zero);
        Assert.That(DoctorVerb.ExitStatus([Allowed, Missing with { Needed = true }]), Is.EqualTo(1));
    }

    [Test]
    public void Refused_TextOfAnException_IsReasonAndRemedy()
    {
        Finding refused = Finding.Refused("k", "w", new IOException("/a: is odd; make it even; or not"));
        Assert.That((refused.Detail, refused.Remedy), Is.EqualTo(("/a: is odd", "make it even; or not")));
        Assert.That(Finding.Refused("k", "w", new IOException("/a: is odd")).Remedy, Is.Null);
    }

    [TestCase(0, "0s")]
    [TestCase(59, "59s")]
    [TestCase(60, "1m00s")]
    [TestCase(3599, "59m59s")]
    [TestCase(3600 * 23 + 60 * 5, "23h05m")]
    [TestCase(3600 * 24 * 40 + 3600, "40d01h")]
    public void Duration_OfAnyLength_HasTheTwoLargestUnits(int seconds, string text) =>
        Assert.That(MountReport.Duration(TimeSpan.FromSeconds(seconds)), Is.EqualTo(text));

    [TestCase("me:100000:65536", "100000-165535")]
    [TestCase("1234:5:1", "5-5")]
    [TestCase("me:1:0", "")]
    [TestCase("you:1:10", "")]
    [TestCase("me:1", "")]
    [TestCase("me:x:10", "")]
    [TestCase("me:4294967295:4294967295", "4294967295-8589934589")]
    public void RangesOf_OneLine_AreThoseOfTheUser(string line, string ranges) =>
        Assert.That(IdRangeFindings.RangesOf([line], "me", 1234), Is.EqualTo(ranges));

    [TestCase("root:x:0:0::/:/bin/sh me:x:1234:5::/:/bin/sh also:x:1234:5::/:/bin/sh", "me")]
    [TestCase("other:x:12340:1234::/:/bin/sh", null)]
    [TestCase("me:x x", null)]
    public void NameOf_LinesOfPasswd_IsTheFirstWithTheId(string lines, string? name) =>
        Assert.That(IdRangeFindings.NameOf(lines.Split(' '), 1234), Is.EqualTo(name));

    [Test]
    public void RangesOf_SeveralLines_AreAll() =>
        Assert.That(IdRangeFindings.RangesOf(["me:1:2", "other:7:7", "1234:10:10"], "me", 1234), Is.EqualTo("1-2, 10-19"));

    /// <summary>A bound mount has a line of its own, of the same device.</summary>
    [Test]
    public void Find_AmongMounts_ListsTheUsersOwnOnceEach()
    {
        MountTable mounts = MountTable.Parse(
        [
            "20 1 0:1 / / rw - ext4 /dev/a rw",
            "30 20 0:50 / /m rw - fuse.overlayfuse overlayfuse rw,user_id=0,group_id=0",
            "31 20 0:50 / /bound rw - fuse.overlayfuse overlayfuse rw,user_id=0,group_id=0",
            "32 20 0:51 / /other rw - fuse.fuse-overlayfs x rw,user_id=1000,group_id=0",
            "33 20 0:52 / /his\\040own ro - fuse.overlayfuse overlayfuse rw,user_id=1000,group_id=0",
        ]);
        Assert.That(LiveMount.Find(mounts, 0).Select(mount => mount.MountPoint), Is.EqualTo(new[] { "/m", "/his own" }));
        Assert.That(LiveMount.Find(mounts, 1000).Select(mount => mount.MountPoint), Is.EqualTo(new[] { "/his own" }));
        Assert.That(LiveMount.Find(mounts, 1), Is.Empty);
    }

    private static MountReport Report(LiveStatistics? statistics) => MountReport.Of(
        MountTable.Parse(["30 20 0:50 / /mé\\040<>&\\134 rw - fuse.overlayfuse overlayfuse rw,user_id=7,group_id=0"]).Entries[0],
        new MountAnswer(statistics is null ? MountState.Dead : MountState.Live, statistics, [("lower", "/a")]));

    private static string[] Keys(JsonElement found) => [.. found.EnumerateObject().Select(pair => pair.Name)];
}
