using OverlayFuse.Cli.Doctor;

namespace OverlayFuse.Cli.Tests;

/// <summary>What doctor says of kernels that came before a feature; DoctorTests ask the running one.</summary>
internal sealed class KernelFindingsTests
{
    [TestCase("5.10.200", "")]
    [TestCase("5.12", "layer-clones")]
    [TestCase("6.0.5", "layer-clones kernel-checks zero-range")]
    [TestCase("6.1.0", "layer-clones kernel-checks zero-range tmpfile")]
    [TestCase("6.16", "layer-clones kernel-checks zero-range tmpfile add-layer")]
    public void ByVersion_OfAKernel_AllowsWhatItHas(string kernel, string allowed) =>
        Assert.That(
            KernelFindings.ByVersion(Version.Parse(kernel)).Where(finding => finding.Status == Verdict.Yes).Select(finding => finding.Key),
            Is.EqualTo(allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [TestCase("5.10", Verdict.Yes, "Linux 5.10-a")]
    [TestCase("7.3", Verdict.Yes, "Linux 7.3-a")]
    [TestCase("5.9.16", Verdict.No, "Linux 5.9.16-a: the program was tried on no kernel before 5.10")]
    public void Tried_OfAKernel_IsYesFromTheOldestThatWasTried(string kernel, Verdict status, string detail)
    {
        Finding finding = KernelFindings.Tried(Version.Parse(kernel), kernel + "-a");
        Assert.That((finding.Status, finding.Detail, finding.Needed), Is.EqualTo((status, detail, false)));
    }

    [Test]
    public void ByVersion_OfAnOldKernel_NamesWhatIsLostAndTheVersionThatHasIt()
    {
        Finding[] findings = [.. KernelFindings.ByVersion(new Version(5, 10, 3))];
        Assert.That(findings.Select(finding => finding.Remedy),
            Is.EqualTo(new[] { "Linux 5.12", "Linux 5.13", "Linux 5.14", "Linux 6.1", "Linux 6.16" }));
        Assert.That(findings.Select(finding => finding.Detail), Is.All.StartsWith("this is Linux 5.10: "));
        Assert.That(findings.Select(finding => finding.Needed), Is.All.False);
    }
}
