namespace OverlayFuse.Tools.BugReport;

/// <summary>The names of the people and of the machine, which a report must not hold.</summary>
internal static class Persons
{
    /// <summary>Accounts of people begin here; those of the system are below, and the same everywhere.</summary>
    private const uint FirstPerson = 1000;

    private const uint Nobody = 65534;

    /// <summary>Tells a redaction all of them.</summary>
    public static void AddTo(Redaction redaction)
    {
        AddHome(redaction, Environment.GetEnvironmentVariable("HOME"));
        AddPlace(redaction, Environment.CurrentDirectory, "HERE");
        AddPlace(redaction, Environment.GetEnvironmentVariable("TMPDIR"), "TMPDIR");
        foreach (string[] account in Accounts())
            AddAccount(redaction, account);
        foreach (string variable in new[] { "USER", "LOGNAME", "SUDO_USER" })
            AddUser(redaction, Environment.GetEnvironmentVariable(variable));
        string machine = Environment.MachineName;
        redaction.AddWord(machine, "HOST");
        redaction.AddWord(machine.Split('.')[0], "HOST");
    }

    /// <summary>NAME, password, user, group, full name, home, shell.</summary>
    private static IEnumerable<string[]> Accounts() =>
        File.Exists("/etc/passwd") ? File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 5) : [];

    private static void AddAccount(Redaction redaction, string[] account)
    {
        if (!uint.TryParse(account[2], out uint user) || user is < FirstPerson or Nobody)
            return;
        AddUser(redaction, account[0]);
        AddHome(redaction, account[5]);
        foreach (string name in account[4].Split(',', ' '))
            AddUser(redaction, name);
    }

    private static void AddUser(Redaction redaction, string? name)
    {
        if (name is { Length: > 0 } and not "root")
            redaction.AddWord(name, "USER");
    }

    /// <summary>doctor names the directories that it tries.</summary>
    private static void AddPlace(Redaction redaction, string? path, string placeholder)
    {
        if (path is ['/', ..] and not ("/tmp" or "/var/tmp"))
            redaction.AddPath(path, placeholder);
    }

    private static void AddHome(Redaction redaction, string? home)
    {
        if (home is ['/', _, ..] and not "/root")
            redaction.AddPath(home, "HOME");
    }
}
