using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>A request costs no managed memory, from read(2) to write(2).</summary>
internal sealed class AllocationTests
{
    private static readonly byte[] Read4096 = Golden.Bytes("00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 10 00 00 00 00 00 00 00 00 "
        + "00 00 00 00 00 00 00 00 00 00 00 00 00 00");

    private static IEnumerable<TestCaseData> Requests()
    {
        yield return new TestCaseData(1u, Golden.Bytes("61 62 63 00")).SetName("Lookup_Served_AllocatesNothing");
        yield return new TestCaseData(2u, new byte[8]).SetName("Forget_Served_AllocatesNothing");
        yield return new TestCaseData(3u, new byte[16]).SetName("GetAttr_Served_AllocatesNothing");
        yield return new TestCaseData(14u, new byte[8]).SetName("Open_Served_AllocatesNothing");
        yield return new TestCaseData(15u, Read4096).SetName("Read_Served_AllocatesNothing");
        yield return new TestCaseData(16u, new byte[40]).SetName("Write_Served_AllocatesNothing");
        yield return new TestCaseData(22u, Golden.Bytes("40 00 00 00 00 00 00 00 61 00")).SetName("GetXattr_Served_AllocatesNothing");
        yield return new TestCaseData(28u, Read4096).SetName("ReadDir_Served_AllocatesNothing");
        yield return new TestCaseData(35u, Golden.Bytes("00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 61 00"))
            .SetName("Create_Served_AllocatesNothing");
        yield return new TestCaseData(36u, new byte[8]).SetName("Interrupt_Served_AllocatesNothing");
        yield return new TestCaseData(44u, Read4096).SetName("ReadDirPlus_Served_AllocatesNothing");
        yield return new TestCaseData(60u, new byte[8]).SetName("Unknown_Served_AllocatesNothing");
    }

    [TestCaseSource(nameof(Requests))]
    public void Request_Served_AllocatesNothing(uint opcode, byte[] body)
    {
        var fileSystem = new Measuring();
        using var kernel = new FakeKernel(fileSystem, new FuseSessionOptions { Workers = 1, MaxWorkers = 1 });
        bool answered = opcode is not (2 or 36);
        for (ulong unique = 2; unique < 100; unique += 2)
        {
            kernel.Send(unique, opcode, body);
            if (answered)
                kernel.Receive();
            MarkOn(kernel, unique + 1000);
        }
        long[] perRound = fileSystem.Deltas();
        Assert.That(perRound, Has.Length.GreaterThan(40));
        // What a request allocates, every round does; the runtime compiles a method anew, on whatever thread, once or twice.
        Assert.That(perRound[20..].Count(bytes => bytes != 0), Is.LessThanOrEqualTo(2),
            $"rounds that allocated, from one mark to the next, both in the worker's thread: {string.Join(' ', perRound)}");
    }

    /// <summary>ACCESS is where the file system notes what its thread has allocated so far.</summary>
    private static void MarkOn(FakeKernel kernel, ulong unique)
    {
        kernel.Send(unique, 34, new byte[8]);
        Assert.That(kernel.Receive().Error, Is.EqualTo(Errno.None));
    }

    private sealed class Measuring : IFuseFileSystem
    {
        private readonly long[] _marks = new long[200];
        private int _count;

        internal long[] Deltas() => [.. Enumerable.Range(1, _count - 1).Select(i => _marks[i] - _marks[i - 1])];

        public Errno Access(in FuseRequest request, in AccessIn input)
        {
            _marks[_count++] = GC.GetAllocatedBytesForCurrentThread();
            return Errno.None;
        }

        public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
        {
            entry = RecordingFileSystem.SomeEntry;
            return request.IsInterrupted || request.SupplementaryGroup is not null ? Errno.EIO : Errno.None;
        }

        public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
        {
            attributes = new AttrOut { Attr = RecordingFileSystem.SomeAttr };
            return Errno.None;
        }

        public Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
        {
            opened = default;
            return Errno.None;
        }

        public Errno Create(in FuseRequest request, in CreateIn input, Name name, out EntryOut entry, out OpenOut opened)
        {
            opened = default;
            return Lookup(request, name, out entry);
        }

        public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
        {
            data.Fill(7);
            count = data.Length;
            return Errno.None;
        }

        public Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
        {
            count = data.Length;
            return Errno.None;
        }

        public Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length)
        {
            length = value.Length;
            return Errno.None;
        }

        public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
        {
            while (entries.TryAdd(1, 2, FileType.Regular, "name"u8))
                continue;
            return Errno.None;
        }

        public Errno ReadDirPlus(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
        {
            while (entries.TryAddPlus(RecordingFileSystem.SomeEntry, 1, 2, FileType.Regular, "name"u8))
                continue;
            return Errno.None;
        }
    }
}
