using System.Text.Json;

namespace OverlayFuse.Cli.Doctor;

/// <summary>The answer to the question if something is allowed here.</summary>
internal enum Verdict
{
    /// <summary>It is.</summary>
    Yes,

    /// <summary>It is not.</summary>
    No,

    /// <summary>Nobody could find out.</summary>
    Unknown,
}

/// <summary>One line of <c>overlayfuse doctor</c>.</summary>
/// <param name="Key">The subject, for programs: "dev-fuse". It never changes.</param>
/// <param name="What">The subject, for people.</param>
/// <param name="Status">The answer.</param>
/// <param name="Detail">The reason for it.</param>
/// <param name="Remedy">Makes it a yes. Null if it is a yes, or if there is no remedy.</param>
internal sealed record Finding(string Key, string What, Verdict Status, string Detail, string? Remedy) : IJsonObject
{
    /// <summary>True if no mount works without it. The exit status is 1 if one of these is a no.</summary>
    public bool Needed { get; init; }

    /// <summary>"yes", "no" or "unknown".</summary>
    public string StatusWord => Status switch
    {
        Verdict.Yes => "yes",
        Verdict.No => "no",
        _ => "unknown",
    };

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString("key", Key);
        json.WriteString("what", What);
        json.WriteString("status", StatusWord);
        json.WriteString("detail", Detail);
        json.WriteString("remedy", Remedy);
        json.WriteBoolean("needed", Needed);
    }

    public static Finding Yes(string key, string what, string detail) => new(key, what, Verdict.Yes, detail, null);

    public static Finding No(string key, string what, string detail, string remedy) => new(key, what, Verdict.No, detail, remedy);

    public static Finding Unknown(string key, string what, string detail) => new(key, what, Verdict.Unknown, detail, null);

    /// <summary>Makes a no from the text of an exception: "thing: reason; remedy".</summary>
    public static Finding Refused(string key, string what, Exception refusal)
    {
        string[] parts = refusal.Message.Split("; ", 2);
        return new(key, what, Verdict.No, parts[0], parts.Length > 1 ? parts[1] : null);
    }

    /// <summary>Makes a yes, or a no with its remedy.</summary>
    public static Finding If(bool allowed, string key, string what, string detail, string remedy) =>
        allowed ? Yes(key, what, detail) : No(key, what, detail, remedy);
}
