using OverlayFuse.Cli.Words;

namespace OverlayFuse.Cli.Tests;

/// <summary>Short ways to read a command line.</summary>
internal static class Words
{
    public static MountRequest Read(params string[] args) => MountRequestParser.Parse(CommandLine.Parse(args));

    public static MountRequest Options(string options) => Read("-o", options, "/mnt");

    public static string Refusal(params string[] args) => Assert.Throws<UsageException>(() => Read(args))!.Message;

    public static string OptionRefusal(string options) => Refusal("-o", options, "/mnt");

    public static string Layers(int count) => string.Join(':', Enumerable.Range(1, count).Select(i => $"/l{i}"));
}
