using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>
/// Every error path is walked: whichever system call fails, the caller gets its error or the operation goes another way, the merged view
/// shows the old state or the new one in full, lower layers stay as they are, nothing stays in the work directory, and the same
/// operation succeeds as soon as the fault is gone.
/// </summary>
[TestFixture]
internal sealed class FaultTests
{
    /// <summary>Of each operation's calls so many are left out in CI; which ones differs from one operation to the next.</summary>
    private const int StepInCi = 4;

    private const int KillStepInCi = 16;

    private Sandbox sandbox = null!;
    private FaultShim shim = null!;
    private int count;

    private static IEnumerable<TestCaseData> SomeCalls =>
        FaultCase.All.Select((tried, index) => new TestCaseData(tried, (index % StepInCi) + 1));

    private static IEnumerable<FaultCase> Changes => FaultCase.All.Except(FaultCase.Reads);

    private static IEnumerable<TestCaseData> SomeKills =>
        Changes.Select((tried, index) => new TestCaseData(tried, (index * 5 % KillStepInCi) + 1));

    [OneTimeSetUp]
    public void MakeSandbox()
    {
        sandbox = Sandbox.InMemory();
        shim = new FaultShim(sandbox.Root);
        _ = Syscall.umask(Mode.Octal(22));
    }

    [OneTimeTearDown]
    public void RemoveSandbox()
    {
        shim.Dispose();
        sandbox.Dispose();
    }

    [TestCaseSource(nameof(SomeCalls)), Category("Faults")]
    public void SomeCallsInTurn_FailOnce_OldStateOrNewAndTheNextTryWorks(object tried, int first) =>
        Sweep(tried, new Fault(first, Errno.EIO), StepInCi);

    [Test, Category("Soak")]
    public void EachCallInTurn_FailsOnce_OldStateOrNewAndTheNextTryWorks(
        [ValueSource(typeof(FaultCase), nameof(FaultCase.All))] object tried,
        [Values(Errno.EIO, Errno.EMFILE, Errno.EACCES)] Errno error) => Sweep(tried, new Fault(1, error));

    /// <summary>From the Nth call on the function fails every time: a disk that is full, or broken, stays so.</summary>
    [Test, Category("Soak")]
    public void EachCallInTurn_FailsFromThenOn_OldStateOrNewAndTheNextTryWorks(
        [ValueSource(typeof(FaultCase), nameof(FaultCase.All))] object tried,
        [Values(Errno.EIO, Errno.ENOSPC, Errno.EDQUOT)] Errno error) => Sweep(tried, new Fault(1, error, Stays: true));

    [TestCaseSource(nameof(SomeKills)), Category("Faults")]
    public void SomeCallsInTurn_DaemonKilledBeforeThem_OldStateOrNew(object tried, int first) => Kill(tried, first, KillStepInCi);

    [TestCaseSource(nameof(Changes)), Category("Soak")]
    public void EachCallInTurn_DaemonKilledBeforeIt_OldStateOrNew(object tried) => Kill(tried, first: 1, step: 1);

    /// <summary>Calls that an older kernel or another file system does not know: there is another way.</summary>
    [TestCase("ioctl", Errno.EOPNOTSUPP)]
    [TestCase("copy_file_range", Errno.EXDEV)]
    [TestCase("copy_file_range", Errno.ENOSYS)]
    [TestCase("fchmodat2", Errno.ENOSYS)]
    [TestCase("fchmodat2", Errno.EPERM)]
    [TestCase("getxattrat", Errno.ENOSYS)]
    [TestCase("getxattrat", Errno.EPERM)]
    [TestCase("setxattrat", Errno.ENOSYS)]
    [TestCase("listxattrat", Errno.ENOSYS)]
    [TestCase("name_to_handle_at", Errno.EOPNOTSUPP)]
    [TestCase("lseek", Errno.EINVAL)]
    [Category("Faults")]
    public void Call_NeverAvailable_EveryCopyUpGoesAnotherWay(string function, Errno error)
    {
        int attempts = 0;
        foreach (FaultCase tried in FaultCase.CopyUps)
        {
            FaultSweep sweep = NewSweep(tried);
            sweep.RunOnce(new Fault(1, error, Stays: true, function));
            Assert.That(sweep.Violations, Is.Empty, string.Join('\n', sweep.Violations));
            Assert.That(sweep.Survived, Is.EqualTo(sweep.Attempts), $"{tried} without {function}");
            attempts += sweep.Attempts;
        }
        Assert.That(attempts, Is.Positive, $"{function} is called by no copy-up");
    }

    private FaultSweep NewSweep(object tried) => new((FaultCase)tried, shim, sandbox.MakeDirectory($"{count++}"));

    private void Kill(object tried, int first, int step)
    {
        var sweep = new KillSweep((FaultCase)tried, shim, sandbox.MakeDirectory($"{count++}"));
        sweep.Run(first, step);
        TestContext.Out.WriteLine($"{tried}: killed {sweep.Killed} times");
        Assert.That(sweep.Violations, Is.Empty, string.Join('\n', sweep.Violations));
    }

    private void Sweep(object tried, Fault fault, int step = 1)
    {
        FaultSweep sweep = NewSweep(tried);
        sweep.Run(fault, step);
        TestContext.Out.WriteLine($"{tried}: {sweep.Attempts} calls failed in turn, {sweep.Survived} times it succeeded all the same");
        Assert.That(sweep.Violations, Is.Empty, string.Join('\n', sweep.Violations));
    }
}
