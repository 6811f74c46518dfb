using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounts;

/// <summary>One mount, as `overlayfuse list` prints it; null is what is not known.</summary>
internal sealed record MountReport
{
    public required string MountPoint { get; init; }

    /// <summary>"live", "dead" (the daemon is gone), "silent" (it does not answer) or "unknown" (it cannot be asked).</summary>
    public required string State { get; init; }

    /// <summary>User id of who mounted it.</summary>
    public uint? User { get; init; }

    public bool IsReadOnly { get; init; }

    /// <summary>"stateless", "open" or "passthrough".</summary>
    public string? Io { get; init; }

    /// <summary>Whether marks are user.overlay.*.</summary>
    public bool? UserXattr { get; init; }

    /// <summary>Of the daemon; null, too, when it counts in another process namespace.</summary>
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

    /// <summary>"rw,io=stateless,userxattr".</summary>
    public string Mode => (IsReadOnly ? "ro" : "rw") + (Io is null ? "" : ",io=" + Io) + (UserXattr == true ? ",userxattr" : "");

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
            ProcessId = answer.ProcessId,
            Uptime = TimeSpan.FromMilliseconds(told.Uptime),
            ResidentBytes = told.ResidentBytes,
            CopyUps = told.CopyUps,
            Inodes = told.KnownInodes,
            LayerCount = told.Layers,
        };
    }

    /// <summary>The cells of a line for people: what is not known is a dash.</summary>
    public string[] ToCells() =>
    [
        MountPoint, State, Text(LayerCount), Mode, Text(ProcessId), Uptime is { } time ? Duration(time) : "-",
        ResidentBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB") : "-", Text(CopyUps), Text(Inodes),
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
