using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Native;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli.Mounts;

/// <summary><c>overlayfuse list</c>: the live mounts of this user (for root: of all users) in this mount namespace.</summary>
internal static class ListVerb
{
    public const string Name = VerbWords.List;

    /// <summary>Each question takes a process while it lasts.</summary>
    private const int AskedAtOnce = 64;

    public static Command Make()
    {
        var layers = new Option<bool>("--long", "-l")
        {
            Description = "Also list the layers, and options that are not followed as written",
        };
        Option<bool> json = JsonOutput.Option();
        var list = new Command(Name, "Lists your live mounts; for root, those of all users") { layers, json };
        list.SetAction(words =>
        {
            MountReport[] mounts = [.. LiveMount.Find(OwnMounts.Read(), Sys.EffectiveUid).Chunk(AskedAtOnce).SelectMany(Ask)];
            if (words.GetValue(json))
                Console.Out.WriteLine(JsonOutput.Of(mounts));
            else
                Print(Console.Out, mounts, words.GetValue(layers));
        });
        return list;
    }

    /// <summary>Asks several at once, so those that do not answer are waited for once.</summary>
    private static MountReport[] Ask(MountEntry[] mounts)
    {
        long end = Environment.TickCount64 + (long)Question.Patience.TotalMilliseconds;
        MountQuestion[] questions = [.. mounts.Select(mount => new MountQuestion(mount))];
        MountReport[] reports = [.. questions.Zip(mounts, (question, mount) =>
            MountReport.Of(mount, question.Await(TimeSpan.FromMilliseconds(end - Environment.TickCount64))))];
        foreach (MountQuestion question in questions)
            question.Dispose();
        return reports;
    }

    /// <summary>
    /// Writes a line of headers and one for each mount. With --long, lines for its layers and notes follow it. Without a mount nothing is
    /// written.
    /// </summary>
    public static void Print(TextWriter output, IReadOnlyList<MountReport> mounts, bool withLayers)
    {
        if (mounts.Count == 0)
            return;
        var table = new TextTable("MOUNTPOINT", "STATE", "LAYERS", "MODE", "PID", "UPTIME", "MEMORY", "COPY-UPS", "INODES");
        foreach (MountReport mount in mounts)
            table.Add(mount.ToCells());
        using var text = new StringWriter();
        table.Write(text, int.MaxValue);
        string[] lines = text.ToString().Split('\n');
        output.WriteLine(lines[0]);
        for (int i = 0; i < mounts.Count; i++)
        {
            output.WriteLine(lines[i + 1]);
            foreach ((string role, string path) in withLayers ? mounts[i].Layers : [])
                output.WriteLine(PlainText.Escape($"  {role,-5} {path}"));
            foreach (string note in withLayers ? mounts[i].Notes : [])
                output.WriteLine(PlainText.Escape($"  note  {note}"));
        }
    }
}
