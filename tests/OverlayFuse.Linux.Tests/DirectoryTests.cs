using System.Buffers.Binary;
using Mono.Unix.Native;
using OverlayFuse.Linux.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests;

/// <summary>getdents64(2) and the records that it fills; readdir(3) knows what is there.</summary>
internal sealed class DirectoryTests : DiskTest
{
    [TestCase(280)]
    [TestCase(4096)]
    [TestCase(65536)]
    public void GetDents_ManyNamesInSmallAndLargeBuffers_GivesEachOnce(int size)
    {
        for (int i = 0; i < 500; i++)
            Write("name " + i);
        Assert.That(Read(size).Select(entry => (entry.Name, entry.Ino)).Order(), Is.EqualTo(FromReaddir().Order()));
    }

    [Test]
    public void GetDents_NamesOf255ArbitraryBytes_AreWhole()
    {
        byte[][] names = [.. Enumerable.Range(0, 4)
            .Select(k => (byte[])[.. Enumerable.Range(0, 255).Select(i => NameByte(i + 64 * k)), 0])];
        foreach (byte[] name in names)
            Assert.That(Sys.MkNodAt(Root, new Name(name), (uint)FileType.Regular | 0x180, 0), Is.EqualTo(Errno.None));
        Assert.That(Read(280).Select(entry => entry.Name), Is.EquivalentTo(names.Select(name => Values.Name(name[..^1]))));
    }

    [TestCase(FileType.Regular)]
    [TestCase(FileType.Directory)]
    [TestCase(FileType.Fifo)]
    [TestCase(FileType.Socket)]
    [TestCase(FileType.SymLink)]
    [TestCase(FileType.CharacterDevice)]
    [TestCase(FileType.BlockDevice)]
    public void GetDents_EachType_IsTold(FileType type)
    {
        Name name = Name.From("entry");
        Errno made = type switch
        {
            FileType.Directory => Sys.MkDirAt(Root, name, 0x1C0),
            FileType.SymLink => Sys.SymLinkAt(Name.From("target"), Root, name),
            _ => Sys.MkNodAt(Root, name, (uint)type | 0x180, 0x103),
        };
        Assert.That(made, Is.EqualTo(Errno.None));
        Assert.That(Read(4096), Is.EqualTo(new[] { ("entry", Stat("entry").st_ino, type) }));
    }

    [Test]
    public void GetDents_DirectoryRemovedMeanwhile_IsENoEnt()
    {
        Directory.CreateDirectory(At("d"));
        using var opened = new ScopedFd(Open("d", OpenFlags.Directory));
        Directory.Delete(At("d"));
        Assert.That(Sys.GetDents(opened, new byte[280], out _), Is.EqualTo(Errno.ENOENT));
    }

    [Test]
    public void GetDents_NoDirectoryOrNoRoom_IsToldApart()
    {
        Write("file");
        using var file = new ScopedFd(Open("file", OpenFlags.ReadOnly));
        Assert.That(Sys.GetDents(file, new byte[280], out _), Is.EqualTo(Errno.ENOTDIR));
        Assert.That(Sys.GetDents(Root, new byte[16], out _), Is.EqualTo(Errno.EINVAL));
    }

    /// <summary>Names that only begin like "." and ".." are names.</summary>
    [Test]
    public void DirectoryRecords_DotNames_AreLeftOutAndNoOthers()
    {
        byte[] records = [.. Record(1, "."), .. Record(2, "..."), .. Record(3, ".."), .. Record(4, ".x"), .. Record(5, "..x")];
        var walk = new DirectoryRecords(records);
        var seen = new List<(ulong, string, FileType)>();
        while (walk.MoveNext())
            seen.Add((walk.Ino, walk.Name.ToString(), walk.Type));
        Assert.That(seen,
            Is.EqualTo(new[] { (2ul, "...", FileType.Regular), (4ul, ".x", FileType.Regular), (5ul, "..x", FileType.Regular) }));
    }

    private static byte[] Record(ulong ino, string name)
    {
        byte[] record = new byte[(19 + name.Length + 1 + 7) & ~7];
        BinaryPrimitives.WriteUInt64LittleEndian(record, ino);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(16), (ushort)record.Length);
        record[18] = 8; // DT_REG
        System.Text.Encoding.ASCII.GetBytes(name, record.AsSpan(19));
        return record;
    }

    private static byte NameByte(int i) => (byte)(i % 256 is 0 or '/' ? 1 : i % 256);

    private List<(string Name, ulong Ino, FileType Type)> Read(int size)
    {
        using var directory = new ScopedFd(OpenDirectory(Sandbox.Root));
        var entries = new List<(string, ulong, FileType)>();
        byte[] buffer = new byte[size];
        while (true)
        {
            Assert.That(Sys.GetDents(directory, buffer, out int length), Is.EqualTo(Errno.None));
            if (length == 0)
                return entries;
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext())
                entries.Add((Values.Name(records.Name.Bytes.ToArray()), records.Ino, records.Type));
        }
    }

    private IEnumerable<(string, ulong)> FromReaddir() =>
        DirectoryReader.Read(Sandbox.Root).Select((Dirent entry) => (entry.d_name, entry.d_ino));
}
