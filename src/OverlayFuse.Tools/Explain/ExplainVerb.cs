using System.CommandLine;
using OverlayFuse.Overlay.Seeing;
using OverlayFuse.Tools.Stacks;

namespace OverlayFuse.Tools.Explain;

/// <summary><c>overlayfuse explain</c>: which layer gives an entry, why the others do not, and what a change of it does.</summary>
internal static class ExplainVerb
{
    public const string Name = ToolWords.Explain;

    private const string Help =
        "Tells which layer a file is from, and why others are hidden\n" +
        "  overlayfuse explain MOUNTPOINT/etc/hosts\n" +
        "  overlayfuse explain --lower TOP:...:BOTTOM --upper DIR etc/hosts\n" +
        "Mounts are those of overlayfuse, of the kernel's overlayfs and of fuse-overlayfs. Nothing is written.";

    public static Command Make()
    {
        Argument<string> path = StackWords.PathArgument();
        Option<bool> json = JsonOutput.Option();
        var verb = new Command(Name, Help) { path, json };
        var stack = new StackWords();
        stack.AddTo(verb);
        verb.SetAction(words =>
        {
            using StackView view = stack.Open(words, path, out string inside);
            EntryExplanation explanation = view.Explain(inside);
            if (words.GetValue(json))
                Console.Out.WriteLine(JsonOutput.Of([new ExplanationObject(view, explanation)]));
            else
                new ExplanationText(view, Inks.OnOutput).Write(Console.Out, explanation);
        });
        return verb;
    }
}
