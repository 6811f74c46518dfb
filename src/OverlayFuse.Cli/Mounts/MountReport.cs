using System.Globalization;
using System.Text.Json;
using OverlayFuse.Cli.Words;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounts;

/// <summary>One mount, as <c>overlayfuse list</c> prints it. A value that is not known is null.</summary>
internal sealed record MountReport : IJsonObject
{
    public required string MountPoint { get; init; }

    /// <summary>"live", "dead" (the daemon is gone), "silent" (it does not answer) or "unknown" (it cannot be asked).</summary>
    public required string State { get; init; }

    /// <summary>The user that mounted it.</summary>
    public uint? User { get; init; }

    public bool IsReadOnly { get; init; }

    /// <summary>"stateless", "open" or "passthrough".</summary>
    public string? Io { get; init; }

    /// <summary>True if overlay marks are user.overlay.*.</summary>
    public bool? UserXattr { get; init; }

    /// <summary>The daemon's process id. Null also if it counts in another process namespace.</summary>
    public int? ProcessId { get; init; }

    public TimeSpan? Uptime { get; init; }

    /// <summary>Resident memory of the daemon.</summary>
    public long? ResidentBytes { get; init; }

    /// <summary>Files and directories that were copied up since the mount.</summary>
    public long? CopyUps { get; init; }

    /// <summary>Inodes that the daemon knows.</summary>
    public long? Inodes { get; init; }

    public int? LayerCount { get; init; }

    /// <summary>Topmost first.</summary>
    public IReadOnlyList<(string Role, string Path)> Layers { get; init; } = [];

    /// <summary>
    /// Options that the mount does not follow as they were written, a line each: "copyup=incremental: off, because io=passthrough".
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The last messages of the daemon, a line each.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>True if io_uring carries the requests.</summary>
    public bool? UsesRing { get; init; }

    /// <summary>"rw,io=stateless,io_uring,userxattr".</summary>
    public string Mode => (IsReadOnly ? "ro" : "rw") + (Io is null ? "" : ",io=" + Io) + (UsesRing == true ? ",io_uring" : "") +
        (UserXattr == true ? ",userxattr" : "");

    public static MountReport Of(MountEntry entry, MountAnswer answer)
    {
        var report = new MountReport
        {
            MountPoint = entry.MountPoint,
            State = Word(answer.State),
            User = LiveMount.Owner(entry),
            IsReadOnly = entry.IsReadOnly,
            Layers = answer.Layers,
        };
        return answer.Statistics is not { } told ? report : report with
        {
            Io = OptionValue.Word(told.Io),
            UserXattr = told.UserXattr != 0,
            UsesRing = told.UsesRing != 0,
            ProcessId = answer.ProcessId,
            Uptime = TimeSpan.FromMilliseconds(told.Uptime),
            ResidentBytes = told.ResidentBytes,
            CopyUps = told.CopyUps,
            Inodes = told.KnownInodes,
            LayerCount = told.Layers,
            Notes = answer.Notes,
            Events = answer.Events,
        };
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        JsonOutput.WritePath(json, "mountpoint", MountPoint);
        json.WriteString("state", State);
        JsonOutput.WriteNumber(json, "user", User);
        json.WriteBoolean("read_only", IsReadOnly);
        json.WriteString("io", Io);
        JsonOutput.WriteBoolean(json, "io_uring", UsesRing);
        JsonOutput.WriteBoolean(json, "userxattr", UserXattr);
        JsonOutput.WriteNumber(json, "pid", ProcessId);
        JsonOutput.WriteNumber(json, "uptime_seconds", Uptime is { } uptime ? (long)uptime.TotalSeconds : null);
        JsonOutput.WriteNumber(json, "resident_bytes", ResidentBytes);
        JsonOutput.WriteNumber(json, "copy_ups", CopyUps);
        JsonOutput.WriteNumber(json, "inodes", Inodes);
        JsonOutput.WriteNumber(json, "layer_count", LayerCount);
        json.WriteStartArray("layers");
        foreach ((string role, string path) in Layers)
        {
            json.WriteStartObject();
            new MountLayer(role, path).WriteTo(json);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Write(json, "notes", Notes);
        Write(json, "events", Events);
    }

    private static void Write(Utf8JsonWriter json, string key, IReadOnlyList<string> lines)
    {
        json.WriteStartArray(key);
        foreach (string line in lines)
            json.WriteStringValue(line);
        json.WriteEndArray();
    }

    /// <summary>The cells of a line for people. A dash stands for a value that is not known.</summary>
    public string[] ToCells() =>
    [
        MountPoint, State, Text(LayerCount), Mode, Text(ProcessId), Uptime is { } time ? Duration(time) : "-",
        ResidentBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB") : "-",
        Text(CopyUps), Text(Inodes),
    ];

    /// <summary>The two largest units: "3d04h", "2h05m", "7m09s", "12s".</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => $"{time.Days}d{time.Hours:00}h",
        { TotalHours: >= 1 } => $"{time.Hours}h{time.Minutes:00}m",
        { TotalMinutes: >= 1 } => $"{time.Minutes}m{time.Seconds:00}s",
        _ => $"{time.Seconds}s",
    };

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Word(MountState state) => state switch
    {
        MountState.Live => "live",
        MountState.Dead => "dead",
        MountState.Silent => "silent",
        _ => "unknown",
    };
}
