using System.Text;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>Layers (the upper's first content may be empty; lowers topmost first) and what is done to their overlay.</summary>
internal sealed record Scenario(Layer Upper, IReadOnlyList<Layer> Lowers, IReadOnlyList<Operation> Operations, string Options = "")
{
    /// <summary>
    /// By default an upper with content is shown to the kernel's overlayfs once before the run, which gives its directories their origins: it is then
    /// an upper of an earlier mount. A foreign upper (unpacked, copied) is taken as it is.
    /// </summary>
    public bool ForeignUpper { get; init; }

    /// <summary>Data-only layers, below the lower ones.</summary>
    public IReadOnlyList<Layer> Data { get; init; } = [];

    /// <summary>The uppers may differ as long as both sides show the same; nor are they handed over.</summary>
    public bool OnlyMerged { get; init; }

    /// <summary>Option io= of our side.</summary>
    public string Io { get; init; } = "open";

    /// <summary>The uppers may differ by copies that nothing was written to, and so the numbers of links of directories.</summary>
    public bool IsLoose => OnlyMerged || Io == "stateless";

    /// <summary>As C#, for a bug report or a new test.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append($"Upper = {CSharpText.Of(Upper)},\n");
        foreach (Layer lower in Lowers) text.Append($"Lower = {CSharpText.Of(lower)},\n");
        foreach (Layer data in Data) text.Append($"Data = {CSharpText.Of(data)},\n");
        if (Options.Length > 0) text.Append($"Options = \"{Options}\",\n");
        foreach (Operation operation in Operations) text.Append($"{operation},\n");
        return text.ToString();
    }
}
