using System.CommandLine;
using OverlayFuse.Cli.Native;

namespace OverlayFuse.Cli.Doctor;

/// <summary><c>overlayfuse doctor</c>: tries what this machine allows this user, and tells what helps where it does not.</summary>
internal static class DoctorVerb
{
    public const string Name = VerbWords.Doctor;

    public static Command Make()
    {
        var upper = new Option<string>("--upper")
        {
            Description = "Where the upper would be (default: the working directory, or a temporary one)",
            HelpName = "DIR",
        };
        Option<bool> json = JsonOutput.Option();
        const string help = "Tells what this machine allows\nThe exit status is 0 if a mount by you would work.";
        var doctor = new Command(Name, help) { upper, json };
        doctor.SetAction(words => Run(words.GetValue(upper), words.GetValue(json)));
        return doctor;
    }

    private static int Run(string? upper, bool asJson)
    {
        Finding[] findings = [.. Examine(upper)];
        if (asJson)
            Console.Out.WriteLine(JsonOutput.Of(findings));
        else
            Print(Console.Out, findings, TextTable.OutputWidth, Inks.OnOutput);
        return ExitStatus(findings);
    }

    /// <summary>0 if all that a mount needs is there, else 1.</summary>
    public static int ExitStatus(IEnumerable<Finding> findings) =>
        findings.Any(finding => finding is { Needed: true, Status: Verdict.No }) ? 1 : 0;

    /// <param name="output">Gets the table.</param>
    /// <param name="findings">The lines.</param>
    /// <param name="width">How long a line may be, in characters.</param>
    /// <param name="hasColours">The output shows colours.</param>
    public static void Print(TextWriter output, IEnumerable<Finding> findings, int width, bool hasColours = false)
    {
        var table = new TextTable("WHAT", "ALLOWED", "DETAIL", "REMEDY") { InkOf = hasColours ? InkOf : null };
        foreach (Finding finding in findings)
            table.Add(finding.What, finding.StatusWord, finding.Detail, finding.Remedy ?? "");
        table.Write(output, width);
    }

    /// <summary>The colour of an answer; the other columns have none.</summary>
    private static Ink InkOf(int column, string cell) => column != 1 ? Ink.None : cell switch
    {
        "yes" => Ink.Green,
        "no" => Ink.Red,
        "unknown" => Ink.Yellow,
        _ => Ink.None,
    };

    private static IEnumerable<Finding> Examine(string? upper)
    {
        MountTrial trial = MountTrial.Run();
        NamespaceTrial namespaces = NamespaceTrial.Run();
        return
        [
            trial.Finding(namespaces.WorksAltogether),
            .. KernelFindings.Of(trial.Offer),
            .. DeviceFindings.All(),
            .. namespaces.Findings(),
            .. IdRangeFindings.All(),
            .. LimitFindings.All(),
            .. UpperTrial.Run(upper ?? UpperTrial.DefaultPlace(), upper is null),
        ];
    }
}
