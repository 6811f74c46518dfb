using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Doctor;

/// <summary>Ranges of ids that belong to an ordinary user: containers without root need them to have more than one user inside.</summary>
internal static class IdRangeFindings
{
    private const string Uids = "/etc/subuid";
    private const string Gids = "/etc/subgid";

    public static IEnumerable<Finding> All()
    {
        if (Sys.EffectiveUid == 0)
        {
            const string none = "root needs none";
            return [Finding.Yes("subuid", Uids, none), Finding.Yes("subgid", Gids, none), Mapper("newuidmap"), Mapper("newgidmap")];
        }
        string user = NameOf(SystemFile.Lines("/etc/passwd"), Sys.EffectiveUid) ?? Sys.GetVariable("USER") ?? IdOf(Sys.EffectiveUid);
        return
        [
            Ranges("subuid", Uids, "--add-subuids", user), Ranges("subgid", Gids, "--add-subgids", user),
            Mapper("newuidmap"), Mapper("newgidmap"),
        ];
    }

    /// <summary>Lines "USER:FIRST:COUNT", the user by name or number (subuid(5)).</summary>
    /// <param name="lines">The lines of the file.</param>
    /// <param name="user">The user's name.</param>
    /// <param name="id">The user's number.</param>
    /// <returns>"100000-165535, ..."; empty if the user has none.</returns>
    public static string RangesOf(IEnumerable<string> lines, string user, uint id)
    {
        var ranges = new List<string>();
        foreach (string line in lines)
        {
            if (line.Split(':') is [var owner, var from, var size] && (owner == user || owner == IdOf(id))
                && uint.TryParse(from, CultureInfo.InvariantCulture, out uint first)
                && uint.TryParse(size, CultureInfo.InvariantCulture, out uint count) && count > 0)
                ranges.Add(string.Create(CultureInfo.InvariantCulture, $"{first}-{(ulong)first + count - 1}"));
        }
        return string.Join(", ", ranges);
    }

    /// <summary>
    /// The name of a user in lines of passwd(5); null if there is none. getpwuid(3) would load libraries (nsswitch.conf(5)), which a static
    /// program cannot.
    /// </summary>
    public static string? NameOf(IEnumerable<string> lines, uint id) =>
        lines.Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == IdOf(id))?[0];

    private static string IdOf(uint id) => id.ToString(CultureInfo.InvariantCulture);

    private static Finding Ranges(string key, string file, string option, string user)
    {
        string ranges = RangesOf(SystemFile.Lines(file), user, Sys.EffectiveUid);
        return Finding.If(ranges.Length > 0, key, file, ranges.Length > 0 ? ranges : $"has no line for {user}",
            $"as root: usermod {option} 100000-165535 {user} (a range that nobody has)");
    }

    private static Finding Mapper(string name)
    {
        string? program = SystemFile.FindProgram(name);
        if (program is null)
            return Finding.No(name, name, "is not in PATH", "install the package uidmap (shadow-utils)");
        bool works = SystemFile.IsSetUidRoot(program, out string obstacle);
        bool hasCapabilities = SystemFile.HasCapabilities(program);
        string detail = works ? $"{program}, set-uid" : hasCapabilities ? $"{program}, with capabilities" : $"{program} {obstacle}";
        return Finding.If(works || hasCapabilities, name, name, detail, $"as root: chmod u+s {program}");
    }
}
