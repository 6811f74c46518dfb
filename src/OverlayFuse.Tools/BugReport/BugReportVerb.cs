using System.CommandLine;
using System.Text;
using Microsoft.Win32.SafeHandles;
using OverlayFuse.Linux;
using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.BugReport;

/// <summary><c>overlayfuse bugreport</c>: one file to attach to an issue.</summary>
internal static class BugReportVerb
{
    public const string Name = ToolWords.BugReport;

    private const string DefaultFile = "overlayfuse-bugreport.txt";

    private const string Help =
        "Collects what an issue about a mount needs into one file\n" +
        "The file holds no names of users, of the machine or of files: placeholders stand for them.\n" +
        "A mount that does not answer is reported as such.";

    public static Command Make()
    {
        var mount = new Argument<string?>("MOUNTPOINT")
        {
            Description = "A live or dead mount (default: all of yours)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var file = new Option<string>("--output", "-o")
        {
            Description = "The new file, or - for standard output",
            HelpName = "FILE",
            DefaultValueFactory = _ => DefaultFile,
        };
        var verb = new Command(Name, Help) { mount, file };
        verb.SetAction(words => Write(words.GetValue(mount), words.GetRequiredValue(file)));
        return verb;
    }

    /// <exception cref="IOException">There is no such mount, or the file cannot be written.</exception>
    private static void Write(string? mountPoint, string file)
    {
        var redaction = new Redaction();
        Persons.AddTo(redaction);
        string report;
        using (var progress = new ProgressLine())
            report = redaction.Apply(Report(mountPoint, redaction, progress));
        if (file == "-")
        {
            Console.Out.Write(PlainText.EscapeLines(report));
            return;
        }
        Save(file, PlainText.EscapeLines(report));
        Console.Out.WriteLine(PlainText.Escape($"{file}: look through it, then attach it to the issue"));
    }

    private static string Report(string? mountPoint, Redaction redaction, ProgressLine progress)
    {
        var report = new StringBuilder("overlayfuse bug report\nNames of users, of the machine and of files are placeholders.\n");
        void Add(string title, IEnumerable<string> lines)
        {
            progress.Show(() => "collects " + title);
            _ = report.Append('\n').Append("== ").Append(title).Append('\n').AppendJoin('\n', lines).Append('\n');
        }

        ServedMount[] mounts = MountSections.Find(mountPoint);
        for (int i = 0; i < mounts.Length; i++)
            MountSections.AddPaths(redaction, mounts[i], i + 1);
        Add("versions", SystemSections.Versions());
        Add("doctor", SystemSections.Doctor());
        for (int i = 0; i < mounts.Length; i++)
            Add($"mount {i + 1}", MountSections.Lines(mounts[i]));
        return report.ToString();
    }

    private static void Save(string file, string report)
    {
        const uint ownerOnly = 0x180; // 0600
        const OpenFlags anew = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive;
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Linux.Name.From(file), anew, out Fd opened, ownerOnly);
        if (error == Errno.EEXIST)
            throw new IOException($"{file}: is there already; remove it, or name another file by -o FILE");
        if (error != Errno.None)
            throw new IOException($"{file}: cannot be written ({error}); name another file by -o FILE");
        using var written = new FileStream(new SafeFileHandle(opened.Number, ownsHandle: true), FileAccess.Write);
        written.Write(Encoding.UTF8.GetBytes(report));
    }
}
