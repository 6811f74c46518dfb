using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>File data: space, holes, direct I/O, copies, mappings, locks.</summary>
internal sealed class DataScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const int SeekData = 3, SeekHole = 4;

    private static Layer Blocks() =>
        new Layer().HoleThenData("f", 64 << 10, 0).HoleThenData("g", 16 << 10, 0).Sparse("holes", 256 << 10, 0, 128 << 10)
            .File("odd", "not a block");

    [TestCase(FallocFlags.None)]
    [TestCase(FallocFlags.KeepSize)]
    [TestCase(FallocFlags.PunchHole | FallocFlags.KeepSize)]
    [TestCase(FallocFlags.PunchHole)]
    [TestCase(FallocFlags.ZeroRange)]
    [TestCase(FallocFlags.ZeroRange | FallocFlags.KeepSize)]
    [TestCase((FallocFlags)0x40)]
    [TestCase((FallocFlags)0x80)]
    public void Fallocate_AnyMode_AnswersAsTheKernel(object flags)
    {
        Operation At(string slot, long offset, long length) => new Fallocate(slot, (FallocFlags)flags, offset, length);
        Compare(Blocks(), new Open("1", "f", O.RDWR), At("1", 8192, 8192), new Fstat("1"), new ReadFile("f"), At("1", 60 << 10, 20 << 10),
            new Fstat("1"), At("1", 100, 200), new ReadFile("f"), At("1", 0, 0), At("1", -1, 5), At("1", long.MaxValue - 4096, 8192),
            new Open("2", "g", O.RDONLY), At("2", 0, 4096), new Open("3", "g", O.WRONLY | O.APPEND), At("3", 4096, 4096), new ReadFile("g"),
            new Seek("1", 0, SeekHole), new Seek("1", 0, SeekData));
    }

    [TestCase(FallocFlags.CollapseRange)]
    [TestCase(FallocFlags.InsertRange)]
    public void Fallocate_MovingData_IsRefusedAndChangesNothing(object flags) => Compare(
        Blocks(), new Open("1", "f", O.RDWR), new Fallocate("1", (FallocFlags)flags, 1, 8192), new Utimens("f", 1, 2),
        new Open("2", "g", O.RDONLY), new Fallocate("2", (FallocFlags)flags, 0, 4096), new ReadFile("f"), new Fstat("1"));

    [Test]
    public void Seek_DataAndHoles_AreFoundInLowerAndUpper() => Compare(
        Blocks(),
        [new Open("1", "holes", O.RDONLY), .. Seeks("1"), new Open("2", "odd", O.RDWR), new Write("2", 100_000, "far"), .. Seeks("2"),
            new Seek("2", 200_000, SeekData), new Seek("2", 200_000, SeekHole), new Seek("2", -1, SeekData), new Seek("2", 0, 9)]);

    [Test]
    public void Write_FarBehindTheEnd_MakesAHole()
    {
        Comparison result = Compare(Blocks(), new Open("1", "odd", O.RDWR), new Write("1", 6L << 30, "end"), new Fstat("1"),
            new Read("1", 5L << 30, 100), new Read("1", (6L << 30) - 2, 10), new Truncate("odd", 7L << 30), new Fstat("1"),
            new Seek("1", 1 << 20, SeekData));
        Assert.That(result.Upper["odd"]["size"], Is.EqualTo($"{7L << 30}"));
    }

    [Test]
    public void DirectIo_Aligned_ReadsAndWritesWhatOthersSee() => Compare(
        Blocks(), new Open("1", "f", O.RDONLY | O.DIRECT), new ReadBlocks("1", 4096, 3), new Open("2", "f", O.RDWR | O.DIRECT),
        new WriteBlocks("2", 4096, 2, 'z'), new ReadBlocks("1", 0, 4), new ReadFile("f"), new Open("3", "f", O.RDWR),
        new Write("3", 4096, "buffered"),
        new ReadBlocks("2", 4096, 1), new WriteBlocks("2", 64 << 10, 1, 'e'), new Fstat("2"), new ReadBlocks("2", 64 << 10, 2),
        new ReadBlocks("2", 1 << 20, 1), new Create("new"), new Open("4", "new", O.RDWR | O.DIRECT), new WriteBlocks("4", 0, 4, 'n'),
        new ReadFile("new"));

    [Test]
    public void CopyRange_BetweenLowerUpperAndSelf_CopiesAsTheKernel() => Compare(
        Blocks(), new Open("low", "f", O.RDONLY), new Open("1", "g", O.RDWR), new Create("new"), new Open("2", "new", O.RDWR),
        new CopyRange("low", 0, "2", 0, 20_000), new CopyRange("low", 60 << 10, "2", 20_000, 20_000), new ReadFile("new"),
        new CopyRange("1", 4096, "1", 0, 4096),
        new CopyRange("1", 0, "1", 100, 200), new CopyRange("1", 0, "low", 0, 10), new CopyRange("2", 1 << 20, "1", 0, 10),
        new CopyRange("low", 0, "1", 1 << 20, 10), new ReadFile("g"), new Fstat("1"), new Open("a", "g", O.WRONLY | O.APPEND),
        new CopyRange("low", 0, "a", 0, 10),
        new Open("d", "", O.RDONLY), new CopyRange("d", 0, "1", 0, 10), new CopyRange("low", 0, "1", 0, 0));

    [Test]
    public void Append_AfterTruncateAndByMany_GoesToTheEnd() => Compare(
        Blocks(), new Open("1", "odd", O.RDWR | O.APPEND), new WriteNext("1", "A"), new Open("2", "odd", O.WRONLY), new WriteNext("2", "B"),
        new WriteNext("1", "C"), new Ftruncate("1", 3), new WriteNext("1", "D"), new Write("1", 0, "E"), new ReadFile("odd"),
        new Fstat("1"));

    [Test]
    public void Map_PrivateOverCopyUp_KeepsWhatWasWrittenToItself() => Compare(
        Blocks(), new Open("1", "odd", O.RDWR), new Map("p", "1", 11, Shared: false, Writable: true), new MappedContent("p"),
        new MappedWrite("p", "mine"), new MappedContent("p"), new ReadFile("odd"), new Write("1", 0, "file"), new MappedContent("p"),
        new ReadFile("odd"));

    [Test]
    public void Map_SharedOfUpperFile_IsTheFile() => Compare(
        Blocks(), new Open("1", "odd", O.RDWR), new Map("s", "1", 11, Shared: true, Writable: true), new Open("2", "odd", O.RDONLY),
        new Map("r", "2", 11, Shared: true), new MappedWrite("s", "mapped"), new Read("2", 0, 20), new MappedContent("r"),
        new Write("1", 2, "XY"), new MappedContent("s"),
        new Unlink("odd"), new MappedWrite("s", "after"), new Read("1", 0, 20), new Close("1"), new Close("2"), new MappedContent("r"));

    [Test]
    public void Map_AsTheDescriptorForbids_IsRefused() => Compare(
        Blocks(), new Open("r", "odd", O.RDONLY), new Map("1", "r", 11, Shared: true, Writable: true),
        new Map("2", "r", 11, Shared: false, Writable: true), new Open("w", "odd", O.WRONLY), new Map("3", "w", 11, Shared: true),
        new Open("d", "", O.RDONLY), new Map("4", "d", 11, Shared: true));

    [Test]
    public void Sync_AnyDescriptor_AnswersAsTheKernel() => Compare(
        Blocks().Dir("d").Fifo("p"), new Open("low", "f", O.RDONLY), new Fsync("low"), new Fsync("low", true), new Syncfs("low"),
        new Open("up", "g", O.RDWR), new Write("up", 0, "x"), new Fsync("up"), new Fsync("up", true), new Syncfs("up"),
        new Open("dir", "d", O.RDONLY),
        new Fsync("dir"), new Fsync("dir", true), new Open("p", "p", O.RDWR), new Fsync("p"), new Open("path", "f", O.PATH),
        new Fsync("path"), new Unlink("g"), new Fsync("up"));

    [Test]
    public void Flock_ByTwoDescriptors_ExcludesAsTheKernel() => Compare(
        Blocks(), new Open("1", "odd", O.RDONLY), new Open("2", "odd", O.RDONLY),
        new Flock("1", LockFlags.Exclusive | LockFlags.NonBlocking), new Flock("2", LockFlags.Shared | LockFlags.NonBlocking),
        new Flock("1", LockFlags.Shared | LockFlags.NonBlocking),
        new Flock("2", LockFlags.Shared | LockFlags.NonBlocking), new Flock("1", LockFlags.Exclusive | LockFlags.NonBlocking),
        new Close("2"), new Flock("1", LockFlags.Exclusive | LockFlags.NonBlocking), new Chmod("odd", 600), new Open("3", "odd", O.RDWR),
        new Flock("3", LockFlags.Exclusive | LockFlags.NonBlocking), new Flock("1", LockFlags.Unlock),
        new Flock("3", LockFlags.Exclusive | LockFlags.NonBlocking));

    [Test]
    public void RangeLock_ByTwoDescriptors_ExcludesAsTheKernel() => Compare(
        Blocks(), new Open("1", "odd", O.RDWR), new Open("2", "odd", O.RDWR), new Open("r", "odd", O.RDONLY), new RangeLock("1", 1, 0, 5),
        new RangeLock("2", 1, 3, 5), new RangeLock("2", 1, 5, 5), new RangeLock("r", 0, 0, 0), new RangeLock("r", 1, 100, 1),
        new RangeLock("1", 2, 0, 0),
        new RangeLock("2", 1, 0, 0), new RangeLock("1", 0, 0, 1), new Unlink("odd"), new Close("2"), new RangeLock("1", 0, 0, 1),
        new RangeLock("r", 0, 0, 1), new RangeLock("1", 1, 0, 1));

    [Test]
    public void StatFs_AnywhereInTheMount_IsTheUppers() =>
        Compare(Blocks().Dir("d"), new StatFs(""), new StatFs("f"), new StatFs("d"), new StatFs("none"));

    private static IEnumerable<Operation> Seeks(string slot) =>
        new long[] { 0, 1, 4096, 100_000, 128 << 10, 200_000, 256 << 10,
            300_000 }.SelectMany(offset => new Operation[] { new Seek(slot, offset, SeekData), new Seek(slot, offset, SeekHole) });
}
