using System.Formats.Tar;
using System.Globalization;
using OverlayFuse.Linux;

namespace TarFileSystem;

/// <summary>What the records of a PAX header say beyond the fields of the old header.</summary>
internal static class PaxRecords
{
    /// <summary>As tar(1) names them. star(1) has invented it.</summary>
    private const string XattrPrefix = "SCHILY.xattr.";
    private const int NanosecondDigits = 9;

    /// <summary>DateTimeOffset counts in 100 ns, the record has more digits.</summary>
    internal static TimeSpec TimeOf(TarEntry entry)
    {
        if (Find(entry, "mtime") is { } text && !text.StartsWith('-'))
        {
            string[] parts = text.Split('.');
            string fraction = parts.Length > 1 ? parts[1] : "";
            return new TimeSpec(long.Parse(parts[0], CultureInfo.InvariantCulture),
                long.Parse(fraction.PadRight(NanosecondDigits, '0')[..NanosecondDigits], CultureInfo.InvariantCulture));
        }
        return new TimeSpec(entry.ModificationTime.ToUnixTimeSeconds(), 0);
    }

    internal static Dictionary<string, byte[]> XattrsOf(TarEntry entry) => entry is not PaxTarEntry pax ? [] :
        pax.ExtendedAttributes.Where(record => record.Key.StartsWith(XattrPrefix, StringComparison.Ordinal))
            .ToDictionary(record => record.Key[XattrPrefix.Length..], record => NativeText.ToBytes(record.Value));

    internal static string? Find(TarEntry entry, string key) =>
        entry is PaxTarEntry pax ? pax.ExtendedAttributes.GetValueOrDefault(key) : null;
}
