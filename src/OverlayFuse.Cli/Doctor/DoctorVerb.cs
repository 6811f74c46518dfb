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
        var at = new Option<string>("--at")
        {
            Description = "Where the mountpoint would be (default: a temporary directory)",
            HelpName = "DIR",
        };
        Option<bool> json = JsonOutput.Option();
        const string help = "Tells what this machine allows\nThe exit status is 0 if a mount by you would work.";
        var doctor = new Command(Name, help) { upper, at, json };
        doctor.SetAction(words => Run(Examine(words.GetValue(upper), words.GetValue(at)), words.GetValue(json)));
        return doctor;
    }

    private static int Run(IEnumerable<Finding> examined, bool asJson)
    {
        Finding[] findings = [.. examined];
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

    private static IEnumerable<Finding> Examine(string? upper, string? at)
    {
        MountTrial trial = MountTrial.Run(at);
        NamespaceTrial namespaces = NamespaceTrial.Run();
        Finding place = PlaceFinding.Of(Surroundings.Here(namespaces.WorksAltogether), trial.Offer is not null);
        return
        [
            trial.Finding(namespaces.WorksAltogether, place.Remedy),
            place,
            .. KernelFindings.Of(trial.Offer),
            .. DeviceFindings.All(),
            .. namespaces.Findings(),
            .. IdRangeFindings.All(),
            .. LimitFindings.All(),
            .. UpperTrial.Run(upper ?? UpperTrial.DefaultPlace(), upper is null),
        ];
    }
}
