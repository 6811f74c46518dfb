using OverlayFuse.Cli.Mounting;
using OverlayFuse.Overlay;
using static OverlayFuse.Cli.Tests.Words;

namespace OverlayFuse.Cli.Tests;

/// <summary>Options that another option, or the way of the mount, turns on or off.</summary>
internal sealed class OptionNotesTests
{
    private const string Writable = ",upperdir=/u,workdir=/w";

    [TestCase("copyup=incremental,io=passthrough" + Writable, IoMode.Passthrough, "copyup=incremental: off, because io=passthrough")]
    [TestCase("copyup=incremental,xattr_permissions=2" + Writable, IoMode.Stateless,
        "copyup=incremental: off, because xattr_permissions=2")]
    [TestCase("copyup=incremental,nfs_export=on,index=on" + Writable, IoMode.Stateless, "copyup=incremental: off, because nfs_export=on")]
    [TestCase("copyup=incremental,io=open" + Writable, IoMode.Open, "copyup=incremental: for changes of attributes alone, because io=open")]
    [TestCase("copyup=incremental", IoMode.Stateless, "copyup=incremental: off, because the mount is read-only")]
    [TestCase("io=stateless,timeout=0", IoMode.Open, "io=stateless: open, because timeout=0")]
    [TestCase("auto_cache", IoMode.Open, "io=auto: open, because auto_cache")]
    [TestCase("direct_io", IoMode.Open, "io=auto: open, because direct_io")]
    [TestCase("verity=on", IoMode.Open, "io=auto: open, because verity")]
    [TestCase("writeback=1" + Writable, IoMode.Open, "io=auto: open, because writeback=1")]
    [TestCase("io=stateless", IoMode.Open, "io=stateless: open, because this kernel sends every open")]
    [TestCase("writeback=1", IoMode.Stateless, "writeback=1: off, because the mount is read-only")]
    [TestCase("index=on", IoMode.Stateless, "index=on: off, because the mount is read-only")]
    [TestCase("fsync=strict,volatile" + Writable, IoMode.Stateless, "fsync=strict: off, because volatile")]
    public void Notes_OfAMount_NameTheOptionAndItsReason(string options, IoMode io, string note) =>
        Assert.That(Notes(options, io), Is.EqualTo(new[] { note }));

    [TestCase("copyup=incremental" + Writable, IoMode.Stateless)]
    [TestCase("io=passthrough" + Writable, IoMode.Passthrough)]
    [TestCase("io=open,auto_cache", IoMode.Open)]
    [TestCase("io=auto", IoMode.Open)]
    [TestCase("index=on,fsync=strict" + Writable, IoMode.Stateless)]
    public void Notes_OfWhatIsFollowed_AreNone(string options, IoMode io) =>
        Assert.That(Notes(options, io), Is.Empty);

    /// <summary>Owners are then kept in xattrs, which a copy gets when it is whole.</summary>
    [Test]
    public void Notes_OfAnOrdinaryUser_SayThatCopiesAreWhole() =>
        Assert.That(Notes("copyup=incremental" + Writable, IoMode.Stateless, isOrdinary: true),
            Is.EqualTo(new[] { "copyup=incremental: off, because the mounting user is not root" }));

    [TestCase("nfs_export=on" + Writable, "index: on, because nfs_export=on")]
    [TestCase("nfs_export=on,index=on,verity=on" + Writable, "nfs_export=on: off, because verity")]
    [TestCase("metacopy=on" + Writable, "redirect_dir: on, because metacopy=on")]
    [TestCase("nfs_export=on,index=on" + Writable, "")]
    [TestCase("metacopy=on,redirect_dir=on" + Writable, "")]
    public void Request_WithOptionsThatImplyOthers_NotesThem(string options, string notes) =>
        Assert.That(string.Join('\n', Options("lowerdir=/a," + options).Notes), Is.EqualTo(notes));

    [TestCase("writeback=1", 16, "-s: up to 16 threads, because writeback=1")]
    [TestCase("io=open", 1, "")]
    public void SingleThread_WithWriteBack_NotesTheOthers(string options, int threads, string note)
    {
        var request = Read("-s", "-o", "lowerdir=/a," + options + Writable, "/mnt");
        Assert.That((request.MostThreads, string.Join('\n', request.Notes)), Is.EqualTo((threads, note)));
    }

    private static IEnumerable<string> Notes(string options, IoMode io, bool isOrdinary = false) =>
        new OptionNotes(Options("lowerdir=/a," + options).Overlay, io, isOrdinary).All();
}
