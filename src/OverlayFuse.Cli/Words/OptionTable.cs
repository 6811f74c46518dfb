using OverlayFuse.Overlay;
using static OverlayFuse.Cli.Words.OptionAction;

namespace OverlayFuse.Cli.Words;

/// <summary>
/// Every mount option that the program knows: those of the kernel's overlayfs, fuse-overlayfs, libfuse, mount(8), and container clients.
/// docs/options.md prints this table. An option that is not in it is refused.
/// </summary>
internal static partial class OptionTable
{
    private static readonly string[] Booleans = ["0", "1"];

    public static IReadOnlyList<OptionRule> Rules { get; } =
        [.. Layers(), .. Semantics(), .. FuseOverlayfs(), .. MountWords(), .. Libfuse(), .. LibfuseWithoutEffect(), .. MountTools()];

    private static Dictionary<string, OptionRule> ByName { get; } = Rules.ToDictionary(rule => rule.Name);

    /// <summary>The names to which a misspelt one is compared.</summary>
    private static IEnumerable<string> Offered => Rules.Where(rule => rule.Action is Taken or Mount).Select(rule => rule.Name);

    /// <exception cref="UsageException">The option is unknown.</exception>
    public static OptionRule Find(RawOption option)
    {
        if (ByName.TryGetValue(option.Name, out OptionRule? rule))
            return rule;
        if (option.Name.StartsWith("x-", StringComparison.Ordinal))
            return Accept("x-*", "[TEXT]", "notes for mount(8) and systemd");
        throw new UsageException(
            $"option {option}: unknown{Nearest.Hint(option.Name, Offered)}; "
            + "see 'overlayfuse options' for those that there are, or leave it out");
    }

    /// <summary>The rule of a word that goes on to the mount itself; null for any other option.</summary>
    public static OptionRule? FindMountWord(RawOption option) =>
        ByName.TryGetValue(option.Name, out OptionRule? rule) && rule.Action == Mount ? rule : null;

    /// <summary>An option of the overlay.</summary>
    private static OptionRule Take(string name, string value, string text, Func<OverlayOptions, string, OverlayOptions> apply) =>
        new(name, value, Taken, text) { Apply = (s, v) => s.Request = s.Request with { Overlay = apply(s.Request.Overlay, v) } };

    /// <summary>An option of the mount around it.</summary>
    private static OptionRule TakeMount(string name, string value, string text, Func<MountRequest, string, MountRequest> apply) =>
        new(name, value, Taken, text) { Apply = (s, v) => s.Request = apply(s.Request, v) };

    /// <summary>An option that names layers.</summary>
    private static OptionRule TakeLayers(string name, string value, string text, Action<LayerWords, string> apply) =>
        new(name, value, Taken, text) { Apply = (s, v) => apply(s.Layers, v) };

    private static OptionRule Accept(string name, string value, string why) => new(name, value, Accepted, why);

    private static OptionRule AcceptValues(string name, string[] values, string why) =>
        new(name, $"[{string.Join('|', values)}]", Accepted, why) { AcceptedValues = values };

    private static OptionRule Refuse(string name, string value, string remedy) => new(name, value, Refused, remedy);

    private static OptionRule Word(string name, string subject, string text, Func<OverlayOptions, OverlayOptions>? apply = null) =>
        new(name, "", Mount, text)
        {
            Apply = (s, _) =>
            {
                s.MountWords[subject] = name;
                s.Request = apply is null ? s.Request : s.Request with { Overlay = apply(s.Request.Overlay) };
            },
        };

    private static OptionRule LabelWord(string name) =>
        new(name, "\"LABEL\"", Mount, "SELinux label for all files; left out where SELinux is off")
        {
            Apply = (s, value) => s.MountWords[name] = $"{name}=\"{value}\"",
        };
}
