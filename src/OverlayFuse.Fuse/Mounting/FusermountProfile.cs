using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>
/// The AppArmor profile of fusermount3, which Ubuntu 24.10 and later have: the directories below which fusermount3 may mount. The kernel
/// answers EACCES for every other mountpoint, before it looks at owner and mode.
/// </summary>
public static class FusermountProfile
{
    /// <summary>The profile of the distribution.</summary>
    public const string Path = "/etc/apparmor.d/fusermount3";

    /// <summary>The administrator's additions, which the profile includes.</summary>
    public const string LocalPath = "/etc/apparmor.d/local/fusermount3";

    /// <summary>The variables of AppArmor's tunables that the rules use.</summary>
    private static readonly (string Variable, string[] Values)[] s_tunables =
    [
        ("@{HOME}", ["/home/*", "/root"]),
        ("@{run}", ["/run", "/var/run"]),
        ("@{uid}", ["*"]),
    ];

    /// <summary>True if there is a profile, and none of its rules matches.</summary>
    /// <param name="mountPoint">The mountpoint, an absolute path.</param>
    public static bool Forbids(string mountPoint)
    {
        if (TextFile.Read(Path, out string profile) != Errno.None)
            return false;
        // Without additions of the administrator the text is empty.
        _ = TextFile.Read(LocalPath, out string local);
        return !Allows(profile + "\n" + local, mountPoint);
    }

    /// <summary>True if a rule of the text allows a FUSE mount there.</summary>
    /// <param name="profile">The text of the profile, with what it includes.</param>
    /// <param name="mountPoint">The mountpoint, an absolute path.</param>
    public static bool Allows(string profile, string mountPoint) =>
        Targets(profile).Any(target => Matches(target, mountPoint.TrimEnd('/') + "/"));

    /// <summary>The texts behind the arrows of mount rules. A rule without an arrow allows every place.</summary>
    private static IEnumerable<string> Targets(string profile)
    {
        foreach (string line in profile.Split('\n'))
        {
            string rule = line.Trim().TrimEnd(',');
            if (rule != "mount" && !rule.StartsWith("mount ", StringComparison.Ordinal))
                continue;
            int arrow = rule.IndexOf("->", StringComparison.Ordinal);
            foreach (string target in Expand(arrow < 0 ? "/**" : rule[(arrow + 2)..].Trim().Trim('"')))
                yield return target;
        }
    }

    /// <summary>Puts in the values of variables, and each word of a list {a,b}.</summary>
    private static IEnumerable<string> Expand(string pattern)
    {
        foreach ((string variable, string[] values) in s_tunables)
        {
            if (pattern.Contains(variable, StringComparison.Ordinal))
                return values.SelectMany(value => Expand(pattern.Replace(variable, value, StringComparison.Ordinal)));
        }
        int open = pattern.IndexOf('{', StringComparison.Ordinal), close = pattern.IndexOf('}', StringComparison.Ordinal);
        return open < 0 || close < open
            ? [pattern]
            : pattern[(open + 1)..close].Split(',').SelectMany(word => Expand(pattern[..open] + word + pattern[(close + 1)..]));
    }

    /// <summary>AppArmor's patterns: * is any text without a slash, ** any text; both are at least one character before a slash.</summary>
    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        if (pattern.IsEmpty || pattern[0] != '*')
        {
            return pattern.IsEmpty ? path.IsEmpty
                : !path.IsEmpty && pattern[0] == path[0] && Matches(pattern[1..], path[1..]);
        }
        bool crossesSlashes = pattern.Length > 1 && pattern[1] == '*';
        ReadOnlySpan<char> rest = pattern[(crossesSlashes ? 2 : 1)..];
        for (int length = 1; length <= path.Length && (crossesSlashes || path[length - 1] != '/'); length++)
        {
            if (Matches(rest, path[length..]))
                return true;
        }
        return false;
    }
}
