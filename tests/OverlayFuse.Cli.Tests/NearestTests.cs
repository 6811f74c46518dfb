namespace OverlayFuse.Cli.Tests;

/// <summary>Misspelt words: the message names the nearest one.</summary>
internal sealed class NearestTests
{
    [TestCase("docter", "doctor")]
    [TestCase("umount", "unmount")]
    [TestCase("chagnes", "changes")]
    [TestCase("refres", "refresh")]
    [TestCase("unm", "unmount")]
    [TestCase("mount", null)]
    [TestCase("zebra", null)]
    [TestCase("li", null)]
    public void Nearest_OfAVerb_IsTheOneThatIsMeant(string word, string? meant) =>
        Assert.That(Nearest.Of(word, OverlayFuse.Cli.Verbs.Names), Is.EqualTo(meant));

    [TestCase("", "abc", 3)]
    [TestCase("abc", "abc", 0)]
    [TestCase("acb", "abc", 1)]
    [TestCase("abd", "abc", 1)]
    [TestCase("ab", "abc", 1)]
    public void Slips_OfTwoWords_AreCounted(string from, string to, int slips) => Assert.That(Nearest.Slips(from, to), Is.EqualTo(slips));

    [TestCase("docter: no such verb (did you mean doctor?)", "docter")]
    [TestCase("umount: no such verb (did you mean unmount?)", "umount", "--lazy", "m")]
    [TestCase("bugreprot: no such verb (did you mean bugreport?)", "bugreprot")]
    [TestCase("verison: no such verb (did you mean version?)", "verison")]
    public void RefuseMisspelt_AVerbThatIsMisspelt_NamesTheNearest(string text, params string[] words) =>
        Assert.That(() => OverlayFuse.Cli.Verbs.RefuseMisspelt(words), Throws.TypeOf<UsageException>().With.Message.StartsWith(text));

    /// <summary>The first word of a mount is its source, whatever it is called.</summary>
    [TestCase("docter", "-o", "lowerdir=a:b", "m")]
    [TestCase("umount", "m", "-fo", "lowerdir=a:b")]
    [TestCase("merged")]
    [TestCase("-f", "docter")]
    public void RefuseMisspelt_AMountOrAnotherWord_IsSilent(params string[] words) =>
        Assert.That(() => OverlayFuse.Cli.Verbs.RefuseMisspelt(words), Throws.Nothing);

    [TestCase("xyzzy")]
    [TestCase("/nowhere/xyzzy")]
    public void RefuseUnknown_OneWordThatIsNotThere_NamesTheRemedy(string word) =>
        Assert.That(() => OverlayFuse.Cli.Verbs.RefuseUnknown([word]), Throws.TypeOf<UsageException>().With.Message.EqualTo(
            $"{word}: no such verb and no such directory, and for a mount lowerdir= is missing; see overlayfuse --help"));

    /// <summary>The parser of mounts tells these what is wrong, or nothing is.</summary>
    [TestCase("/")]
    [TestCase("")]
    [TestCase("xyzzy", "-o", "lowerdir=a:b")]
    [TestCase("source", "xyzzy")]
    [TestCase("-f")]
    public void RefuseUnknown_OtherWords_IsSilent(params string[] words) =>
        Assert.That(() => OverlayFuse.Cli.Verbs.RefuseUnknown(words), Throws.Nothing);

    [TestCase("--help", "help")]
    [TestCase("--version", "version")]
    [TestCase("help|-o|lowerdir=a:b", "help", "-o", "lowerdir=a:b")]
    [TestCase("-o|lowerdir=a:b|help", "-o", "lowerdir=a:b", "help")]
    [TestCase("usage", "usage")]
    public void WithDashes_OfWords_ChangesHelpAndVersionAlone(string result, params string[] words) =>
        Assert.That(string.Join('|', OverlayFuse.Cli.Verbs.WithDashes(words)), Is.EqualTo(result));

    /// <summary>fuse-overlayfs takes such a word for a mountpoint.</summary>
    [Test]
    public void WithDashes_OfADirectoryCalledHelp_LeavesIt()
    {
        Directory.CreateDirectory("help");
        try
        {
            Assert.That(OverlayFuse.Cli.Verbs.WithDashes(["help"]), Is.EqualTo(new[] { "help" }));
        }
        finally
        {
            Directory.Delete("help");
        }
    }

    [TestCase("list: --jsn: unknown (did you mean --json?); see overlayfuse list --help", "list", "--jsn")]
    [TestCase("list: word: unknown; see overlayfuse list --help", "list", "word")]
    [TestCase("unmount: --timeut: unknown (did you mean --timeout?); see overlayfuse unmount --help", "unmount", "--timeut", "3", "m")]
    [TestCase("unmount: --timeout: a value is missing; write --timeout SECONDS", "unmount", "m", "--timeout")]
    [TestCase("unmount: --timeout: 3s: cannot be read; write --timeout SECONDS", "unmount", "m", "--timeout", "3s")]
    [TestCase("layers: MOUNTPOINT is missing; write overlayfuse layers MOUNTPOINT", "layers")]
    [TestCase("changes: MOUNTPOINT is an empty word; write overlayfuse changes MOUNTPOINT", "changes", "")]
    [TestCase("doctor: --upper: the value is an empty word; write --upper DIR", "doctor", "--upper", "")]
    [TestCase("doctor: --at: a value is missing; write --at DIR", "doctor", "--at=")]
    [TestCase("run: --keep: the value is an empty word; write --keep DIR", "run", "--lower", "/etc", "--keep", "")]
    [TestCase("run: --diff: the value is an empty word; write --diff FILE", "run", "--lower", "/etc", "--diff=")]
    [TestCase("hold: --lower: the value is an empty word; write --lower DIR", "hold", "--lower", "/etc", "--lower", "")]
    [TestCase("add-layer: DIR is missing; write overlayfuse add-layer MOUNTPOINT DIR", "add-layer", "m")]
    public void Verb_WithAWrongWord_TellsWhatToWrite(string text, params string[] words) =>
        Assert.That(() => OverlayFuse.Cli.Verbs.Invoke(words, TextWriter.Null), Throws.TypeOf<UsageException>().With.Message.EqualTo(text));

    [TestCase("option lowerdri=a: unknown (did you mean lowerdir?); see 'overlayfuse options'", "-o", "lowerdri=a", "m")]
    [TestCase("option metacoppy=on: unknown (did you mean metacopy?)", "-o", "lowerdir=a:b,metacoppy=on", "m")]
    [TestCase("--foregroun: unknown option (did you mean --foreground?)", "--foregroun")]
    public void MountOption_ThatIsMisspelt_NamesTheNearest(string text, params string[] words) =>
        Assert.That(Words.Refusal(words), Does.StartWith(text));
}
