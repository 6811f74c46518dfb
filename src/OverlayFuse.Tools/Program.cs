using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools;

/// <summary>The second program: the verbs that need big libraries. <c>overlayfuse VERB</c> executes it (native/tools.c).</summary>
internal static class Program
{
    private static int Main(string[] args) => Failure.Report(() => Verbs.Invoke(OwnArguments.Of(args), Console.Out));
}
