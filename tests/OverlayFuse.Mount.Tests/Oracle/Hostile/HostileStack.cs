using System.Text;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Hostile;

/// <summary>Layers with forged and broken marks, how they are mounted, and what is then tried on them.</summary>
internal sealed record HostileStack(int Seed, Layer? Upper, IReadOnlyList<Layer> Lowers, IReadOnlyList<Layer> Data, string Options,
    IReadOnlyList<HostileChange> Changes)
{
    /// <summary>
    /// Names are looked up before their directory is listed: what a lookup teaches about a layer is then known to the listing.
    /// </summary>
    public bool LooksBeforeListing => Seed % 2 == 0;

    public bool Has(string option) => Options.Contains(option, StringComparison.Ordinal);

    public override string ToString()
    {
        var text = new StringBuilder($"seed {Seed}, options \"{Options}\"\n");
        if (Upper is not null) Append(text, "upper", Upper);
        for (int i = 0; i < Lowers.Count; i++) Append(text, "lower" + i, Lowers[i]);
        for (int i = 0; i < Data.Count; i++) Append(text, "data" + i, Data[i]);
        return text.Append("changes: ").AppendJoin("; ", Changes).AppendLine().ToString();
    }

    private static void Append(StringBuilder text, string name, Layer layer)
    {
        text.AppendLine(name + ":");
        foreach (LayerEntry entry in layer.Entries) text.AppendLine("  " + entry);
    }
}
