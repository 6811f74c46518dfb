using System.Globalization;

namespace OverlayFuse.Cli.Mounts;

/// <summary>The bytes that a daemon writes to disks, seen from outside (/proc/PID/io).</summary>
/// <param name="process">The daemon; null if it is not known.</param>
internal sealed class DaemonWrites(int? process)
{
    private const string Field = "write_bytes: ";

    private readonly long? _before = Read(process);

    /// <summary>", 12.5 MB written so far". Empty if this user may not know.</summary>
    public override string ToString() => Read(process) - _before is { } written
        ? string.Create(CultureInfo.InvariantCulture, $", {written / 1e6:0.0} MB written so far") : "";

    private static long? Read(int? process)
    {
        string? line = process is null ? null
            : ProcFile.Lines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/io"))
                .FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
        return long.TryParse(line?[Field.Length..], CultureInfo.InvariantCulture, out long bytes) ? bytes : null;
    }
}
