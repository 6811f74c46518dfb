using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>
/// What an operation costs in managed memory: nothing on the hot path, a stated bound where an object is made that lives on.
/// </summary>
public sealed class AllocationTests : OverlayTest
{
    private const int Rounds = 200;

    /// <summary>An Inode with its Place and its name.</summary>
    private const long BytesOfAnInode = 256;

    /// <summary>Its size does not matter to the count; shared so that the operations themselves pass nothing of their own making.</summary>
    private static readonly byte[] s_buffer = new byte[1 << 16];

#pragma warning disable NUnit1032 // OverlayTest ends it
    private OverlayUnderTest _overlay = null!;
#pragma warning restore NUnit1032
    private NodeId _directory;
    private NodeId _lower;
    private NodeId _upper;
    private NodeId _opened;

    private static ReadOnlySpan<byte> UserXattr => "user.x\0"u8;

    [SetUp]
    public void MakeOverlay()
    {
        _overlay = OpenUpper(
            new DiskLayer().File("d/upper", "upper").Xattr("d/upper", "user.x", "value").Whiteout("d/whiteout"),
            new DiskLayer().File("d/lower", "lower").Xattr("d/lower", "user.x", "value").File("d/whiteout"),
            new DiskLayer().File("d/bottom").Dir("d/sub"));
        _directory = _overlay.Node("d");
        _lower = _overlay.Node("d/lower");
        _upper = _overlay.Node("d/upper");
        _opened = _overlay.Node("d/bottom");
        _ = (_overlay.Node("d/sub"), _overlay.Open(_opened, OpenFlags.ReadOnly, out _), _overlay.Open(_upper, OpenFlags.ReadWrite, out _));
        Assert.That(_overlay.ReadDir(_directory, 0, 4096, false, out _), Is.EqualTo(Errno.None));
    }

    [TearDown]
    public void CloseHandles()
    {
        _overlay.Release(_opened);
        _overlay.Release(_upper);
    }

    [TestCase("lower")]
    [TestCase("upper")]
    [TestCase("bottom")]
    [TestCase("sub")]
    [TestCase("whiteout")]
    [TestCase("absent")]
    public void Lookup_KnownOrAbsentName_AllocatesNothing(string name)
    {
        byte[] bytes = Linux.Name.From(name).ToArray();
        Assert.That(PerCall(() =>
        {
            Errno error = _overlay.FileSystem.Lookup(_overlay.Request(Opcode.Lookup, _directory), new Name(bytes), out EntryOut entry);
            if (entry.NodeId != NodeId.None)
                _overlay.FileSystem.Forget(entry.NodeId, 1);
            return error;
        }), Is.Zero);
    }

    [Test]
    public void GetAttr_LowerUpperDirectoryAndOpen_AllocatesNothing() => Assert.Multiple(() =>
    {
        foreach (NodeId node in new[] { _lower, _upper, _directory, _opened, NodeId.Root })
            Assert.That(PerCall(() => _overlay.FileSystem.GetAttr(_overlay.Request(Opcode.GetAttr, node), default, out _)), Is.Zero);
    });

    /// <summary>The second of several opens; the first makes the descriptor that all share.</summary>
    [Test]
    public void OpenAndRelease_FileThatIsOpen_AllocatesNothing() =>
        Assert.That(PerCall(() => OpenAndRelease(_opened)), Is.Zero);

    /// <summary>The object for the descriptor (32 bytes) and the one for the file (48): both live until RELEASE.</summary>
    [Test]
    public void OpenAndRelease_FirstOpen_AllocatesItsDescriptorOnly() =>
        Assert.That(PerCall(() => OpenAndRelease(_lower)), Is.LessThanOrEqualTo(80));

    [Test]
    public void Read_OpenFile_AllocatesNothing() => Assert.That(PerCall(() =>
        _overlay.FileSystem.Read(_overlay.Request(Opcode.Read, _opened), new ReadIn { Size = 4096 }, s_buffer.AsSpan(0, 4096), out _)),
        Is.Zero);

    [Test]
    public void Write_UpperFile_AllocatesNothing() => Assert.That(PerCall(() =>
        _overlay.FileSystem.Write(_overlay.Request(Opcode.Write, _upper), new WriteIn { Size = 4096 }, s_buffer.AsSpan(0, 4096), out _)),
        Is.Zero);

    [TestCase("lower")]
    [TestCase("upper")]
    public void GetXattr_ThereOrNot_AllocatesNothing(string file)
    {
        NodeId node = file == "lower" ? _lower : _upper;
        Assert.That(PerCall(() => _overlay.FileSystem.GetXattr(_overlay.Request(Opcode.GetXattr, node), new Name(UserXattr), s_buffer,
            out _)), Is.Zero);
        Assert.That(PerCall(() => _overlay.FileSystem.GetXattr(_overlay.Request(Opcode.GetXattr, node), new Name("user.none\0"u8), s_buffer,
            out _), Errno.ENODATA), Is.Zero);
    }

    [Test]
    public void ListXattr_Names_AllocatesNothing() => Assert.That(PerCall(() =>
        _overlay.FileSystem.ListXattr(_overlay.Request(Opcode.ListXattr, _lower), s_buffer, out _)), Is.Zero);

    [TestCase(false)]
    [TestCase(true)]
    public void ReadDir_FromAListing_AllocatesNothing(bool plus) => Assert.That(PerCall(() =>
    {
        var writer = new DirentWriter(s_buffer, plus);
        FuseRequest request = _overlay.Request(plus ? Opcode.ReadDirPlus : Opcode.ReadDir, _directory);
        var input = new ReadIn { Offset = 2, Size = (uint)s_buffer.Length };
        Errno error = plus ? _overlay.FileSystem.ReadDirPlus(request, input, ref writer)
            : _overlay.FileSystem.ReadDir(request, input, ref writer);
        if (plus)
            ForgetListed(s_buffer.AsSpan(0, writer.Length));
        return error;
    }), Is.Zero);

    /// <summary>Reading from the start makes the listing anew: its buffers, not an object for each name.</summary>
    [Test]
    public void ReadDir_FromTheStart_AllocatesItsBuffersOnly() => Assert.That(PerCall(() =>
    {
        var writer = new DirentWriter(s_buffer, false);
        return _overlay.FileSystem.ReadDir(_overlay.Request(Opcode.ReadDir, _directory), new ReadIn { Size = 4096 },
            ref writer);
    }), Is.LessThanOrEqualTo(2048));

    [Test]
    public void OpenDir_Directory_AllocatesNothing() => Assert.That(PerCall(() =>
        _overlay.FileSystem.OpenDir(_overlay.Request(Opcode.OpenDir, _directory), default, out _)), Is.Zero);

    [Test]
    public void LookupAndForget_NewInode_AllocatesTheInodeOnly()
    {
        _overlay.Forget(_lower);
        Assert.That(PerCall(() =>
        {
            Errno error = _overlay.FileSystem.Lookup(_overlay.Request(Opcode.Lookup, _directory), new Name("lower\0"u8),
                out EntryOut entry);
            _overlay.FileSystem.Forget(entry.NodeId, 1);
            return error;
        }), Is.LessThanOrEqualTo(BytesOfAnInode + 128), "with the list of what FORGET frees");
    }

    private Errno OpenAndRelease(NodeId node)
    {
        Errno error = _overlay.Open(node, OpenFlags.ReadOnly, out HandleId handle);
        return error == Errno.None ? _overlay.Release(node, handle) : error;
    }

    /// <summary>The references that a READDIRPLUS took.</summary>
    private void ForgetListed(ReadOnlySpan<byte> entries)
    {
        while (!entries.IsEmpty)
        {
            EntryOut entry = MemoryMarshal.Read<EntryOut>(entries);
            int nameLength = (int)MemoryMarshal.Read<Dirent>(entries[Unsafe.SizeOf<EntryOut>()..]).NameLen;
            int size = Unsafe.SizeOf<EntryOut>() + Unsafe.SizeOf<Dirent>() + nameLength;
            _overlay.FileSystem.Forget(entry.NodeId, 1);
            entries = entries[((size + 7) & ~7)..];
        }
    }

    /// <summary>Bytes of one call, after some to warm up; each must answer as expected.</summary>
    private static long PerCall(Func<Errno> call, Errno expected = Errno.None)
    {
        int wrong = 0;
        for (int i = 0; i < Rounds; i++)
            wrong += call() == expected ? 0 : 1;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
            wrong += call() == expected ? 0 : 1;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(wrong, Is.Zero, "answers other than " + expected);
        return (allocated + Rounds - 1) / Rounds;
    }
}
