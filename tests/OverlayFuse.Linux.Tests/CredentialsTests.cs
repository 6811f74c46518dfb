using System.Globalization;
using OverlayFuse.Linux.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests;

/// <summary>Whose files a thread makes. A thread of its own for each test: it ends with what it took.</summary>
internal sealed class CredentialsTests : DiskTest
{
    [Test]
    public void SetFsIds_InOneThread_OwnsItsFilesOnly()
    {
        using var first = new Barrier(2);
        var thread = new Thread(() =>
        {
            Assert.That(Sys.SetFsIds(1234, 5678), Is.EqualTo(Errno.None));
            Make("of the thread");
            first.SignalAndWait();
            first.SignalAndWait();
        });
        OpenToEverybody();
        thread.Start();
        first.SignalAndWait();
        Make("of the others");
        first.SignalAndWait();
        thread.Join();
        Assert.That((Stat("of the thread").st_uid, Stat("of the thread").st_gid), Is.EqualTo((1234u, 5678u)));
        Assert.That((Stat("of the others").st_uid, Stat("of the others").st_gid), Is.EqualTo((0u, 0u)));
    }

    /// <summary>Without it a changed fsuid drops the file capabilities: the daemon's rights would be the caller's.</summary>
    [TestCase(true, Errno.None)]
    [TestCase(false, Errno.EACCES)]
    public void KeepCapabilitiesOverFsUid_ThenSetFsIds_KeepsTheRights(bool keep, Errno expected)
    {
        Directory.CreateDirectory(At("closed"));
        Assert.That(Sys.FChModAt(Root, Name.From("closed"), 0x1C0), Is.EqualTo(Errno.None));
        Errno[] results = InThread(() =>
        [
            keep ? Sys.KeepCapabilitiesOverFsUid() : Errno.None,
            Sys.SetFsIds(1234, 5678),
            Sys.MkDirAt(Root, Name.From("closed/d"), 0x1C0),
            Sys.SetFsIds(0, 0),
        ]);
        Assert.That(results, Is.EqualTo(new[] { Errno.None, Errno.None, expected, Errno.None }));
        if (expected == Errno.None)
            Assert.That(Stat("closed/d").st_uid, Is.EqualTo(1234u));
    }

    [Test]
    public void SetFsIds_ByAnOrdinaryUser_IsEPerm() =>
        Assert.That(Credentials.RunAs(1234, () => (Sys.SetFsIds(1234, 1234), Sys.SetFsIds(0, 1234))),
            Is.EqualTo((Errno.None, Errno.EPERM)));

    [Test]
    public void KeepCapabilitiesOverFsUid_WithoutSetPCap_IsEPerm() =>
        Assert.That(Credentials.RunAs(1234, Sys.KeepCapabilitiesOverFsUid), Is.EqualTo(Errno.EPERM));

    [Test]
    public void SetFsIds_BackAndForth_IsTakenEachTime()
    {
        Errno[] results = InThread(() =>
        [
            .. new (uint, uint)[] { (1, 2), (0, 0), (uint.MaxValue - 1, 7), (0, 0),
                (3, 3) }.Select(ids => Sys.SetFsIds(ids.Item1, ids.Item2)),
        ]);
        Assert.That(results, Is.All.EqualTo(Errno.None));
    }

    [Test]
    public void EffectiveIds_OfTheProcess_AreThoseOfProc()
    {
        string[] status = File.ReadAllLines("/proc/self/status");
        Assert.That((Sys.EffectiveUid, Sys.EffectiveGid, Sys.ProcessId), Is.EqualTo((Id("Uid:", 2), Id("Gid:", 2), (int)Id("Pid:", 1))));

        uint Id(string field, int column) =>
            uint.Parse(status.Single(line => line.StartsWith(field, StringComparison.Ordinal)).Split('\t')[column],
                CultureInfo.InvariantCulture);
    }

    [Test]
    public void OpenFilesLimit_BeforeAndAfterRaising_IsThatOfProc()
    {
        Assert.That(Sys.OpenFilesLimit, Is.EqualTo(Limit(3)));
        Assert.That(Sys.RaiseOpenFilesLimit(), Is.EqualTo(Errno.None));
        Assert.That((Sys.OpenFilesLimit, Limit(3)), Is.EqualTo((Limit(4), Limit(4))));

        static ulong Limit(int word) => ulong.Parse(
            File.ReadLines("/proc/self/limits").Single(line => line.StartsWith("Max open files", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[word], CultureInfo.InvariantCulture);
    }

    [Test]
    public void UMask_Set_AnswersTheOneBefore()
    {
        uint before = Sys.UMask(0x3F);
        Assert.That(Sys.UMask(before), Is.EqualTo(0x3F));
    }

    private void OpenToEverybody() => Assert.That(Sys.FChModAt(Root, Name.Empty, 0x1FF), Is.EqualTo(Errno.None));

    private void Make(string name) => Sys.Close(Open(name, OpenFlags.Create | OpenFlags.WriteOnly));

    private static Errno[] InThread(Func<Errno[]> calls)
    {
        Errno[] results = [];
        var thread = new Thread(() => results = calls());
        thread.Start();
        thread.Join();
        return results;
    }
}
