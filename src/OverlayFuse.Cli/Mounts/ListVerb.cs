using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli.Mounts;

/// <summary>`overlayfuse list`: the live mounts of this user (root: of all) in this mount namespace.</summary>
internal static class ListVerb
{
    public const string Name = "list";

    /// <summary>Each takes a process for the time.</summary>
    private const int AskedAtOnce = 64;

    public static Command Make()
    {
        var layers = new Option<bool>("--long", "-l") { Description = "List the layers, too" };
        var json = new Option<bool>("--json") { Description = "Print an array of objects, for programs" };
        var list = new Command(Name, "Lists your live mounts (root: everybody's) and what their daemons tell of themselves") { layers, json };
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

    /// <summary>Asks several at once: however many do not answer, the others are waited for once.</summary>
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

    /// <summary>A line of headers and one for each mount; with layers, their lines below it. Nothing when there is no mount.</summary>
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
        }
    }
}
