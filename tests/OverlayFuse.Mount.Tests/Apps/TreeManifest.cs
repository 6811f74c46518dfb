namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>
/// A directory tree as sorted text lines, made by find and sha256sum, so that two trees are compared line by line.
/// </summary>
internal static class TreeManifest
{
    /// <summary>
    /// What programs see: type, mode, owner, size, link count, modification time (not of directories, whose order of filling differs),
    /// target and content of every entry but those below <paramref name="except"/> (paths relative to the root).
    /// </summary>
    public static string[] OfContent(string root, params string[] except)
    {
        string prune = except.Length == 0 ? "" : $"\\( {string.Join(" -o ", except.Select(path => $"-path '{path}'"))} \\) -prune -o";
        return Lines($$"""
            find . {{prune}} -type d -printf '%P|%y|%m|%U:%G\n' -o ! -type d -printf '%P|%y|%m|%U:%G|%s|%n|%T@|%l\n'
            find . {{prune}} -type f -print0 | xargs -0 -r sha256sum -b --
            """, root);
    }

    /// <summary>What changes when anything is written below: also inode numbers and change times. Access times stay out.</summary>
    public static string[] OfEveryTrace(string root) => Lines("find . -printf '%P|%i|%y|%m|%U:%G|%s|%n|%T@|%C@|%l\n'", root);

    /// <summary>Fails unless both are the same, naming the first lines that stand on one side only.</summary>
    public static void AssertSame(string[] actual, string[] expected, string what)
    {
        if (actual.SequenceEqual(expected)) return;
        string extra = string.Join('\n', actual.Except(expected).Take(20));
        string missing = string.Join('\n', expected.Except(actual).Take(20));
        Assert.Fail($"{what}: trees differ.\nonly in the tree under test:\n{extra}\nonly in the expected one:\n{missing}");
    }

    private static string[] Lines(string script, string root) =>
        Bash.Run($"export LC_ALL=C\n{{ {script}\n}} | sort", root).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
