using System.Reflection;
using System.Text.RegularExpressions;
using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Words;

namespace OverlayFuse.Architecture.Tests;

/// <summary>native/shared.def: what C and C# both name is written there and nowhere else.</summary>
internal sealed partial class SharedWordsTests
{
    private static IEnumerable<string> Verbs => Constants(typeof(VerbWords)).Cast<string>();

    private static IEnumerable<char> Letters => Enumerable.Range('!', '~' - '!' + 1).Select(c => (char)c).Where(c => c != '-');

    /// <summary>The C goes by the list before the runtime is there; the program knows each of these words, and no other.</summary>
    [Test]
    public void Verbs_OfTheList_AreThoseOfTheProgram() =>
        Assert.That(Verbs, Is.EquivalentTo(Cli.Verbs.Names.Concat([VerbWords.Ask, VerbWords.Model])));

    [Test]
    public void Tools_OfTheList_AreShownInTheHelpOfTheProgram() =>
        Assert.That(Constants(typeof(ToolWords)), Is.EquivalentTo(Cli.Verbs.ToolNames));

    [Test]
    public void LongWords_OfTheList_KeepTheProgramInTheForeground() =>
        Assert.That(Constants(typeof(LongWords)).Cast<string>().Select(word => StaysInForeground(word)), Is.All.True);

    /// <summary>The C forks by these letters before the C# reads them.</summary>
    [Test]
    public void Letters_OfTheList_AreThoseThatStayInTheForeground() =>
        Assert.That(Letters.Where(letter => StaysInForeground($"-{letter}")), Is.EquivalentTo(Cli.Native.Letters.Foreground));

    [Test]
    public void Letters_WithValue_TakeTheNextWord() =>
        Assert.That(Letters.Where(letter => IsKnown($"-{letter}", "x") && CommandLine.Parse([$"-{letter}", "x"]).Positionals.Count == 0),
            Is.EquivalentTo(Cli.Native.Letters.WithValue));

    [Test]
    public void Options_OfTheList_AreOptionsOfTheProgram() =>
        Assert.That(Constants(typeof(OptionWords)), Is.SubsetOf(OptionTable.Rules.Select(rule => rule.Name)));

    /// <summary>Words that the C compares with are those of the list.</summary>
    [Test]
    public void NativeCode_BesidesTheList_SpellsNoVerb()
    {
        IEnumerable<string> spelled =
            from file in Repository.Files("native", "*.*")
            from match in ComparedText().Matches(Repository.Read(file))
            where Verbs.Contains(match.Groups[1].Value)
            select $"{file}: {match.Value}";
        Assert.That(spelled, Is.Empty);
    }

    /// <summary>Two places that must be kept alike are one place that is missing.</summary>
    [Test]
    public void Sources_OfTheProgram_HaveNothingToKeepInStep()
    {
        IEnumerable<string> files = Repository.SourcesOf("src").Select(source => source.Path).Concat(Repository.Files("native", "*.*"));
        Assert.That(files.Where(file => Repository.Read(file).Contains("in step with", StringComparison.OrdinalIgnoreCase)), Is.Empty);
    }

    private static bool StaysInForeground(string word) =>
        IsKnown(word) && CommandLine.Parse([word]) is ({ Help: true } or { Version: true } or { Foreground: true } or { Debug: true });

    private static bool IsKnown(params string[] words)
    {
        try
        {
            _ = CommandLine.Parse(words);
            return true;
        }
        catch (UsageException)
        {
            return false;
        }
    }

    private static IEnumerable<object?> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.GetRawConstantValue());

    [GeneratedRegex("strn?cmp\\([^\"\n]*\"([^\"\n]*)\"")]
    private static partial Regex ComparedText();
}
