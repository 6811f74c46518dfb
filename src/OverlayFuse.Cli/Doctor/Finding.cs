using System.Text.Json;
using OverlayFuse.Cli.Output;

namespace OverlayFuse.Cli.Doctor;

/// <summary>Whether something is allowed here.</summary>
internal enum Verdict
{
    /// <summary>It is.</summary>
    Yes,

    /// <summary>It is not.</summary>
    No,

    /// <summary>It could not be found out.</summary>
    Unknown,
}

/// <summary>One line of `overlayfuse doctor`.</summary>
/// <param name="Key">What was looked at, for programs: "dev-fuse". Never changed.</param>
/// <param name="What">The same for people.</param>
/// <param name="Status">What was found.</param>
/// <param name="Detail">What it is based on.</param>
/// <param name="Remedy">What makes it a yes; null when it is one, or nothing does.</param>
internal sealed record Finding(string Key, string What, Verdict Status, string Detail, string? Remedy) : IJsonObject
{
    /// <summary>Whether no mount works without it: the exit status is 1 when one of these is a no.</summary>
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

    /// <summary>A no from the text of an exception: "thing: reason; remedy".</summary>
    public static Finding Refused(string key, string what, Exception refusal)
    {
        string[] parts = refusal.Message.Split("; ", 2);
        return new(key, what, Verdict.No, parts[0], parts.Length > 1 ? parts[1] : null);
    }

    /// <summary>A yes, or a no with its reason and remedy.</summary>
    public static Finding If(bool allowed, string key, string what, string detail, string remedy) =>
        allowed ? Yes(key, what, detail) : No(key, what, detail, remedy);
}
