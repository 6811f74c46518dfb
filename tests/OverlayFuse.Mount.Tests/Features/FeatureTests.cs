namespace OverlayFuse.Mount.Tests.Features;

/// <summary>
/// Runs the rows of FEATURES.md. What the kernel's overlayfs answers shows that a row asks for the rule; ours must answer the same, and
/// both what the table says. With OVERLAYFUSE_FEATURES=write (`make features`) the peers run too, their answers are recorded, and the table
/// is written anew.
/// </summary>
[TestFixture]
[Category("Features")]
internal sealed class FeatureTests
{
    private static readonly bool Writing = Environment.GetEnvironmentVariable("OVERLAYFUSE_FEATURES") == "write";
    private readonly Dictionary<(string Row, string Column), Verdict> verdicts = [];

    private static IReadOnlyList<Feature> Rows => FeatureList.All;

    private static IEnumerable<TestCaseData> PeerRuns =>
        from peer in Writing ? OverlayProgram.Peers : []
        from row in Rows
        select new TestCaseData(row, peer);

    [TestCaseSource(nameof(Rows))]
    public void Rule_OnTheKernel_IsAsTheRowSays(Feature row)
    {
        Verdict verdict = Run(row, OverlayProgram.Kernel);
        if (verdict.Answer != row.OnKernel && !FeatureTable.IsOfThisKernel)
            Assert.Ignore($"this kernel says {verdict.Text}; FEATURES.md is of another one");
        Assert.That(verdict.Answer, Is.EqualTo(row.OnKernel).Or.EqualTo(Answer.NotApplicable), Explain(verdict));
    }

    [TestCaseSource(nameof(Rows))]
    public void Rule_OnOurs_IsKept(Feature row)
    {
        Verdict verdict = Run(row, OverlayProgram.Ours);
        Assert.That(verdict.Answer, Is.EqualTo(Gaps.ExpectedOf(row)), Explain(verdict));
    }

    [TestCaseSource(nameof(PeerRuns))]
    public void Rule_OnAPeer_IsRecorded(Feature row, OverlayProgram peer) => Assert.That(Run(row, peer).Text, Is.Not.Empty);

    [Test]
    public void Table_InTheRepository_HasTheseRowsAndNoOther()
    {
        if (Writing) Assert.Ignore("the table is written anew when this run ends");
        Assert.That(FeatureTable.Read().Select(row => row.Text), Is.EqualTo(Rows.Select(row => row.Text)));
    }

    [Test]
    public void Rows_OfTheTable_HaveTextsOfTheirOwn() => Assert.That(Rows.Select(row => row.Text), Is.Unique);

    [Test]
    public void Gaps_OfOurs_AreRowsOfTheTable() => Assert.That(Gaps.All.Keys, Is.SubsetOf(Rows.Select(row => row.Name)));

    [OneTimeTearDown]
    public void WriteTable()
    {
        if (!Writing || verdicts.Count < Rows.Count * OverlayProgram.All.Count) return;
        FeatureTable.Write(verdicts);
    }

    private Verdict Run(Feature row, OverlayProgram program)
    {
        Verdict verdict = row.RunOn(program);
        verdicts[(row.Name, program.Column)] = verdict;
        TestContext.Out.WriteLine($"{program.Column}: {verdict.Text}\n{string.Join('\n', verdict.Failures)}");
        bool isStated = !Writing && (program == OverlayProgram.Ours || FeatureTable.IsOfThisKernel);
        if (isStated && FeatureTable.Read().FirstOrDefault(line => line.Text == row.Text) is { } written)
            Assert.That(written[program.Column], Is.EqualTo(verdict.Text),
                "what FEATURES.md says; `make features` writes it anew\n" + string.Join('\n', verdict.Failures));
        return verdict;
    }

    private static string Explain(Verdict verdict) => string.Join('\n', verdict.Failures);
}
