using System.Buffers.Binary;
using System.Diagnostics;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>
/// Rights that FUSE's kernel side asks for on newer kernels only. Requests come here as an old kernel sends them: with the caller's ids,
/// and without any check before. Callers are real processes, as the rest is read from /proc.
/// </summary>
public sealed class OldKernelTests : OverlayTest
{
    private const uint SetFlags = 0x40086602, NoDump = 0x40, Immutable = 0x10, Append = 0x20, SetGid = 0x400;
    private const uint Owner = 1000, Stranger = 1234;
    private readonly List<Process> _callers = [];

    [TearDown]
    public void EndCallers()
    {
        foreach (Process caller in _callers)
        {
            caller.Kill(entireProcessTree: true);
            caller.WaitForExit();
            caller.Dispose();
        }
        _callers.Clear();
    }

    [Test]
    public void SetFlags_ByAStranger_RefusedAndNotCopiedUp()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("file", "x", 666, Owner));
        overlay.Caller = Start(Stranger);
        Assert.That(Change(overlay, NoDump), Is.EqualTo(Errno.EPERM));
        Assert.That(File.Exists(overlay.Upper("file")), Is.False);
    }

    [Test]
    public void SetFlags_ByTheOwner_AllButProtection()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("file", "x", 644, Owner));
        overlay.Caller = Start(Owner);
        Assert.That(Change(overlay, NoDump), Is.EqualTo(Errno.None));
        Assert.That(Change(overlay, NoDump | Immutable), Is.EqualTo(Errno.EPERM));
        Assert.That(Change(overlay, Append), Is.EqualTo(Errno.EPERM));
    }

    [Test]
    public void SetFlags_ByWhoHasTheCapabilities_Done()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("file", "x", 644, Owner));
        overlay.Caller = Start(Stranger, "--inh-caps=+fowner,+linux_immutable --ambient-caps=+fowner,+linux_immutable");
        Assert.That(Change(overlay, Immutable), Is.EqualTo(Errno.None));
        overlay.Caller = Start(Stranger, "--inh-caps=+fowner --ambient-caps=+fowner");
        Assert.That(Change(overlay, 0), Is.EqualTo(Errno.EPERM), "CAP_FOWNER alone does not take +i away");
        overlay.Caller = Start(0);
        Assert.That(Change(overlay, 0), Is.EqualTo(Errno.None));
    }

    [Test]
    public void SetFlags_ByRootWithoutCapabilities_Refused()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("file", "x", 644, Owner));
        overlay.Caller = Start(0, "--bounding-set=-all --inh-caps=-all");
        Assert.That(Change(overlay, NoDump), Is.EqualTo(Errno.EPERM));
    }

    /// <summary>In a user namespace of its own any process has all capabilities: over what has a place there.</summary>
    [Test]
    public void SetFlags_ByRootOfAnotherUserNamespace_OwnFilesAloneAndNoProtection()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("file", "x", 644, Owner).File("own", "x", 644, Stranger));
        overlay.Caller = Start(Stranger, command: "unshare --user --map-root-user sleep 1000");
        Assert.That(Change(overlay, NoDump), Is.EqualTo(Errno.EPERM));
        Assert.That(Change(overlay, NoDump, "own"), Is.EqualTo(Errno.None));
        Assert.That(Change(overlay, Immutable, "own"), Is.EqualTo(Errno.EPERM));
    }

    [Test]
    public void SetFlags_CallerThatTheKernelDoesNotTell_IsNotAskedHere()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("file", "x", 644, Owner));
        overlay.Caller = Start(Stranger) with { Uid = uint.MaxValue, Gid = uint.MaxValue };
        Assert.That(Change(overlay, NoDump), Is.EqualTo(Errno.None));
    }

    [TestCase(Stranger, 0x1EDu)]
    [TestCase(Owner, 0x5EDu)]
    [TestCase(0u, 0x5EDu)]
    public void SetAccessList_WithoutAWordForSetGid_TakenFromWhoIsNotOfTheGroup(uint caller, uint mode)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("file", "x", 2755, Owner));
        overlay.Caller = Start(caller);
        byte[] acl = Values.Bytes(PosixAcl.Encode("u::rwx,u:7:r-x,g::r-x,m::r-x,o::r-x"));
        Errno error = overlay.FileSystem.SetXattr(overlay.Request(Opcode.SetXattr, "file"), new SetXattrIn { Size = (uint)acl.Length },
            Linux.Name.From(PosixAcl.AccessName), acl);
        Assert.That(error, Is.EqualTo(Errno.None));
        Assert.That(PermissionsOf(overlay.Upper("file")), Is.EqualTo(mode));
    }

    [TestCase(Stranger, false)]
    [TestCase(Owner, true)]
    [TestCase(0u, true)]
    public void Create_SetGidProgramInASetGidDirectory_OnlyForItsGroup(uint caller, bool isKept)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().Dir("shared", 2777, Owner));
        overlay.Caller = Start(caller);
        Assert.That(overlay.Create("shared/program", "x", 0x5ED), Is.EqualTo(Errno.None));
        Assert.That((PermissionsOf(overlay.Upper("shared/program")) & SetGid) != 0, Is.EqualTo(isKept));
    }

    private static uint PermissionsOf(string path)
    {
        Tool.Check(Mono.Unix.Native.Syscall.lstat(path, out Mono.Unix.Native.Stat stat), "lstat " + path);
        return Mono.Unix.Native.NativeConvert.FromFilePermissions(stat.st_mode) & 0xFFF;
    }

    private static Errno Change(OverlayUnderTest overlay, uint flags, string path = "file")
    {
        byte[] data = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(data, flags);
        return overlay.FileSystem.IoCtl(overlay.Request(Opcode.IoCtl, path), new IoCtlIn { Command = SetFlags, InSize = sizeof(uint) },
            data, [], out _);
    }

    /// <summary>A process of a user's, whose group has the same number.</summary>
    private Caller Start(uint uid, string privileges = "", string command = "sleep 1000")
    {
        var process = Process.Start("setpriv", $"--reuid={uid} --regid={uid} --clear-groups {privileges} {command}");
        _callers.Add(process);
        bool runs = SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{process.Id}/comm") == "sleep\n", TimeSpan.FromSeconds(30));
        Assert.That(runs, "the caller did not start");
        return new Caller(uid, uid, (uint)process.Id);
    }
}
