using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Doctor;

/// <summary>Ranges of ids that belong to an ordinary user: containers without root need them to have more than one user inside.</summary>
internal static class IdRangeFindings
{
    public static IEnumerable<Finding> All()
    {
        string user = NameOf(SystemFile.Lines("/etc/passwd"), Sys.EffectiveUid) ?? Environment.GetEnvironmentVariable("LOGNAME") ?? "";
        if (user.Length == 0) user = Sys.EffectiveUid.ToString(CultureInfo.InvariantCulture);
        return
        [
            Ranges("subuid", "/etc/subuid", "--add-subuids", user), Ranges("subgid", "/etc/subgid", "--add-subgids", user),
            Mapper("newuidmap"), Mapper("newgidmap"),
        ];
    }

    /// <summary>
    /// The name of a user in the lines of /etc/passwd. Environment.UserName asks glibc, whose modules a static program cannot load, and
    /// throws if there is no such file.
    /// </summary>
    public static string? NameOf(IEnumerable<string> lines, uint id)
    {
        string number = id.ToString(CultureInfo.InvariantCulture);
        return lines.Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == number)?[0];
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
            if (line.Split(':') is [var owner, var from, var size] && (owner == user || owner == id.ToString(CultureInfo.InvariantCulture))
                && uint.TryParse(from, CultureInfo.InvariantCulture, out uint first)
                && uint.TryParse(size, CultureInfo.InvariantCulture, out uint count) && count > 0)
                ranges.Add(string.Create(CultureInfo.InvariantCulture, $"{first}-{(ulong)first + count - 1}"));
        }
        return string.Join(", ", ranges);
    }

    private static Finding Ranges(string key, string file, string option, string user)
    {
        if (Sys.EffectiveUid == 0)
            return Finding.Yes(key, file, "root needs none");
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
