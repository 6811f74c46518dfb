using System.Buffers.Binary;
using Mono.Unix.Native;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Tests.Support;

using IdMap = OverlayFuse.Overlay.Owners.IdMap;


using Errno = OverlayFuse.Linux.Errno;

namespace OverlayFuse.Overlay.Tests;

/// <summary>Maps of ids, in numbers and over real layers.</summary>
public sealed class IdTests : OverlayTest
{
    private static readonly IdRange[] s_map = [new(0, 1000, 1), new(1, 110000, 65536)];

    [TestCase(0u, 1000u)]
    [TestCase(1u, 110000u)]
    [TestCase(65536u, 175535u)]
    public void Map_IdInARange_ThereAndBack(uint disk, uint shown)
    {
        var map = new IdMap(s_map);
        Assert.That((map.TryToShown(disk, out uint there), there), Is.EqualTo((true, shown)));
        Assert.That((map.TryToDisk(shown, out uint back), back), Is.EqualTo((true, disk)));
    }

    [TestCase(65537u)]
    [TestCase(4294967294u)]
    public void Map_IdInNoRange_IsTheOverflowId(uint disk) =>
        Assert.That((new IdMap(s_map).TryToShown(disk, out uint shown), shown), Is.EqualTo((false, 65534u)));

    [TestCase(0u)]
    [TestCase(999u)]
    [TestCase(1001u)]
    [TestCase(109999u)]
    public void Map_ShownIdInNoRange_HasNoneOnDisk(uint shown) =>
        Assert.That((new IdMap(s_map).TryToDisk(shown, out uint disk), disk), Is.EqualTo((false, 65534u)));

    [Test]
    public void Lookup_MappedOwners_AttributesOfEntryAndFileAreTheShownOnes()
    {
        OverlayUnderTest overlay = OpenMapped(new DiskLayer().File("f"));
        Chown(overlay.Lower(0, "f"), 5, 6);

        Assert.That(overlay.TryNode("f", out EntryOut entry), Is.EqualTo(Errno.None));

        Assert.That((entry.Attr.Uid, entry.Attr.Gid), Is.EqualTo((110004u, 110005u)));
        Assert.That((overlay.Stat("f").Uid, overlay.Stat("f").Gid), Is.EqualTo((110004u, 110005u)));
    }

    [Test]
    public void Create_CallerInTheMap_OwnerOnDiskIsTheContainersId()
    {
        OverlayUnderTest overlay = OpenMapped(new DiskLayer());
        overlay.Caller = new Caller(110004, 1000, 1);

        Assert.That(overlay.MkDir("d"), Is.EqualTo(Errno.None));

        Assert.That(OwnerOf(overlay.Upper("d")), Is.EqualTo((5u, 0u)));
        Assert.That((overlay.Stat("d").Uid, overlay.Stat("d").Gid), Is.EqualTo((110004u, 1000u)));
    }

    [Test]
    public void Create_CallerOutsideTheMap_OwnerOnDiskIsTheOverflowId()
    {
        OverlayUnderTest overlay = OpenMapped(new DiskLayer());
        overlay.Caller = new Caller(0, 0, 1);

        Assert.That(overlay.MkDir("d"), Is.EqualTo(Errno.None));

        Assert.That(OwnerOf(overlay.Upper("d")), Is.EqualTo((65534u, 65534u)));
    }

    [Test]
    public void SetAttr_OwnerOutsideTheMap_OverflowAndNothingIsCopiedUp()
    {
        OverlayUnderTest overlay = OpenMapped(new DiskLayer().File("f"));

        Errno error = SetOwner(overlay, "f", 0, 110000);

        Assert.That(error, Is.EqualTo(Errno.EOVERFLOW));
        Assert.That(File.Exists(overlay.Upper("f")), Is.False);
    }

    [Test]
    public void SetAttr_OwnerInTheMap_OwnerOnDiskIsTheContainersId()
    {
        OverlayUnderTest overlay = OpenMapped(new DiskLayer().File("f"));

        Assert.That(SetOwner(overlay, "f", 110000, 1000), Is.EqualTo(Errno.None));

        Assert.That(OwnerOf(overlay.Upper("f")), Is.EqualTo((1u, 0u)));
    }

    /// <summary>user::rw- user:ID:r-- group::r-- group:ID:r-- mask::r-- other::r--</summary>
    [Test]
    public void Acl_IdsInEntries_AreMappedAsOwnersAre()
    {
        byte[] shown = Acl(110004, 110005);
        byte[] stored = Acl(110004, 110005);
        ShownIds ids = ShownIds.Of(WithMap(new OverlayOptions { LowerDirs = [] }));

        Assert.That(AclIds.TryStore(stored, ids));
        Assert.That(stored, Is.EqualTo(Acl(5, 6)));
        AclIds.Show(stored, ids);
        Assert.That(stored, Is.EqualTo(shown));
        Assert.That(AclIds.TryStore(Acl(5, 6), ids), Is.False, "ids outside the map");
    }

    /// <summary>CAP_NET_RAW, permitted and effective: revision 2 on disk is the container's root's, revision 3 on the host.</summary>
    [Test]
    public void Capability_OfTheContainersRoot_IsThatOfTheMappedRoot()
    {
        ShownIds ids = ShownIds.Of(WithMap(new OverlayOptions { LowerDirs = [] }));
        byte[] value = [.. Convert.FromHexString("0100000200200000000000000000000000000000"), 0, 0, 0, 0];
        int length = 20;

        FileCapability.Show(value, ref length, ids);
        Assert.That(Convert.ToHexString(value, 0, length), Is.EqualTo("0100000300200000000000000000000000000000E8030000"));

        Assert.That(FileCapability.TryStore(value, ref length, ids));
        Assert.That(Convert.ToHexString(value, 0, length), Is.EqualTo("0100000200200000000000000000000000000000"));
    }

    private static byte[] Acl(uint user, uint group)
    {
        byte[] acl = Convert.FromHexString("02000000" + "01000600FFFFFFFF" + "0200040000000000" + "04000400FFFFFFFF" + "0800040000000000"
            + "10000400FFFFFFFF" + "20000400FFFFFFFF");
        BinaryPrimitives.WriteUInt32LittleEndian(acl.AsSpan(16), user);
        BinaryPrimitives.WriteUInt32LittleEndian(acl.AsSpan(32), group);
        return acl;
    }

    private OverlayUnderTest OpenMapped(DiskLayer lower) => OpenOver(null, WithMap, lower);

    private static OverlayOptions WithMap(OverlayOptions options) => options with { UidMap = s_map, GidMap = s_map };

    protected override bool ChangesLowers => true;

    private static Errno SetOwner(OverlayUnderTest overlay, string path, uint uid, uint gid) => overlay.FileSystem.SetAttr(
        overlay.Request(Opcode.SetAttr, path), new SetAttrIn { Valid = SetAttrValid.Uid | SetAttrValid.Gid, Uid = uid, Gid = gid }, out _);

    private static (uint, uint) OwnerOf(string path)
    {
        Tool.Check(Syscall.lstat(path, out Stat stat), "lstat " + path);
        return (stat.st_uid, stat.st_gid);
    }

    private static void Chown(string path, uint uid, uint gid) => Tool.Check(Syscall.lchown(path, uid, gid), "lchown " + path);
}
