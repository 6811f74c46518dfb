using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.Completion;

/// <summary>All words that a shell can complete.</summary>
internal sealed class CompletionWords
{
    /// <param name="served">The verbs of the serving program. Those of the second one are there by their names.</param>
    /// <param name="tools">The verbs of the second program.</param>
    /// <param name="options">All mount options.</param>
    public CompletionWords(CommandModel[] served, CommandModel[] tools, MountOption[] options)
    {
        Mount = served.First(verb => verb.Name.Length == 0);
        Verbs = [.. served.Where(verb => verb.Name.Length > 0)
            .Select(verb => tools.FirstOrDefault(tool => tool.Name == verb.Name) ?? verb)];
        Options = [.. options.Where(option => option.IsOffered)];
    }

    /// <summary>The form without a verb, which mounts.</summary>
    public CommandModel Mount { get; }

    /// <summary>The verbs of both programs.</summary>
    public IReadOnlyList<CommandModel> Verbs { get; }

    /// <summary>The mount options that do something.</summary>
    public IReadOnlyList<MountOption> Options { get; }

    /// <summary>The form that mounts, then the verbs.</summary>
    public IEnumerable<CommandModel> All => Verbs.Prepend(Mount);

    /// <summary>The spellings of an option that people write.</summary>
    public static IEnumerable<string> NamesOf(WordModel option) => option.Names.Where(name => name is ['-', not '?', ..]);
}
