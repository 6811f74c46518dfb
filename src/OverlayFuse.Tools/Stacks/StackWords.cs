using System.CommandLine;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Seeing;
using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.Stacks;

/// <summary>The words by which verbs take a stack of layers.</summary>
internal sealed class StackWords
{
    private readonly Option<string?> _lower = new("--lower")
    {
        Description = "Layers at rest, as in lowerdir=",
        HelpName = "TOP:...:BOTTOM",
    };

    private readonly Option<string?> _upper = new("--upper") { Description = "The upper of layers at rest", HelpName = "DIR" };

    private readonly Option<string?> _file = new("--stack")
    {
        Description = "A file with the layers, as 'overlayfuse layers' prints them",
        HelpName = "FILE",
    };

    private readonly Option<string?> _options = new("-o")
    {
        Description = "Options for layers at rest: userxattr, metacopy=on, redirect_dir=...",
        HelpName = "OPTION,...",
    };

    /// <summary>Gives a verb these words.</summary>
    public void AddTo(Command verb)
    {
        foreach (Option option in new Option[] { _lower, _upper, _file, _options })
            verb.Options.Add(option);
    }

    /// <summary>True if the user names layers, and no mount.</summary>
    public bool AreGiven(ParseResult words) =>
        words.GetValue(_lower) is not null || words.GetValue(_upper) is not null || words.GetValue(_file) is not null;

    /// <summary>The word that names an entry of the stack.</summary>
    public static Argument<string> PathArgument() => new("PATH")
    {
        Description = "A path below a live mount; for layers at rest a path from their root",
    };

    /// <summary>Finds the stack, and opens its layers.</summary>
    /// <param name="words">The command line.</param>
    /// <param name="path">The argument with the path.</param>
    /// <param name="inside">The path in the view; empty for the root.</param>
    /// <exception cref="UsageException">As <see cref="Find"/>.</exception>
    /// <exception cref="IOException">As <see cref="Find"/>, and if a layer cannot be opened.</exception>
    public StackView Open(ParseResult words, Argument<string> path, out string inside) =>
        Find(words, words.GetRequiredValue(path), out inside).Open();

    /// <summary>Finds the stack.</summary>
    /// <param name="words">The command line.</param>
    /// <param name="path">A path below a mount; with layers at rest a path from their root.</param>
    /// <param name="inside">The path in the view; empty for the root.</param>
    /// <exception cref="UsageException">The words contradict each other, or a file does not name layers.</exception>
    /// <exception cref="IOException">There is no such mount, or it does not tell its layers.</exception>
    public NamedStack Find(ParseResult words, string path, out string inside)
    {
        if (!AreGiven(words))
        {
            if (words.GetValue(_options) is { } alone)
                throw new UsageException($"-o {alone}: is for layers at rest; a live mount has its own options, so leave -o out");
            return MountedStack.Find(path, out inside);
        }
        inside = path.Trim('/');
        if (inside.Split('/').Any(name => name is "." or "..") && inside != ".")
            throw new UsageException($"{path}: '.' and '..' are no names in a layer; write the path from the root of the layers");
        inside = inside == "." ? "" : inside;
        return AtRest(words.GetValue(_lower), words.GetValue(_upper), words.GetValue(_file), words.GetValue(_options));
    }

    private static NamedStack AtRest(string? lower, string? upper, string? file, string? options)
    {
        if (file is not null && (lower ?? upper) is not null)
            throw new UsageException($"--stack {file}: names all layers; leave --lower and --upper out");
        OverlayOptions stack = file is not null ? StackFile.Read(file) : NamedStack.Empty with { UpperDir = upper };
        if (file is null)
            stack = StackOptions.WithLowers(lower ?? throw new UsageException(
                $"--upper {upper}: the lower layers are missing; add --lower TOP:...:BOTTOM"), stack);
        foreach (string option in DaemonWords.Split(options ?? ""))
        {
            stack = option.Split('=')[0] is "userxattr" or "metacopy" or "redirect_dir" ? StackOptions.Apply(option, stack)!
                : throw new UsageException($"-o {option}: does not change how layers are read; use userxattr, metacopy= or redirect_dir=");
        }
        return new NamedStack
        {
            Options = LayerPaths.From(Directory.GetCurrentDirectory(), stack),
            BelievesOverrides = Sys.EffectiveUid != 0,
        };
    }
}
