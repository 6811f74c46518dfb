using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>chattr(1)'s flags (FS_IOC_GETFLAGS, FS_IOC_SETFLAGS).</summary>
internal sealed class FlagScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const long Append = 0x20, Immutable = 0x10, NoDump = 0x40, NoAtime = 0x80, NoCow = 0x800000;

    [TestCase(Append)]
    [TestCase(Immutable)]
    [TestCase(NoDump)]
    [TestCase(NoAtime)]
    [TestCase(NoCow)]
    public void SetFlags_OnLowerFile_AnswersAndActsAsInTheKernel(long flag)
    {
        Operation[] Around(string path, params Operation[] operations) =>
        [
            new Open("1", path, O.RDONLY), new GetFlags("1"), new As(1000, new SetFlags("1", flag)), new SetFlags("1", flag),
            new GetFlags("1"), new Chmod(path, 700), .. operations,
            new SetFlags("1", 0), new GetFlags("1"), new Chmod(path, 711), new Close("1"),
        ];
        Compare(new Layer().File("f", "x").File("d/in", "y"), [
            .. Around("f", new Rename("f", "f2"), new Rename("f2", "f"), new Open("2", "f", O.RDWR),
                new Open("3", "f", O.WRONLY | O.APPEND), new WriteNext("3", "more"), new Unlink("f"), new Create("f", "again")),
            .. Around("d", new Create("d/new"), new Unlink("d/new"), new Rename("d/new", "d/newer"))]);
    }
}
