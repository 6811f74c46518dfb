using OverlayFuse.BenchPeers;
using Spectre.Console;

Settings settings = Settings.FromEnvironment();
string built = Path.Combine(settings.Repository, "artifacts", "bin");
string client = Path.Combine(built, "bench-client");
UnionProgram[] programs = [.. settings.Programs.Select(text => UnionProgram.Parse(text, Path.Combine(built, "overlayfuse")))];
Row[] rows = [.. new PeerTable(settings.Quick).Rows.Where(row => settings.Only.IsMatch(row.Name))];

using Territory territory = new(settings.Mode);
using Workspace workspace = new(settings, territory, client);
IAnsiConsole console = TextReport.Console(System.Console.Out, colours: !System.Console.IsOutputRedirected);
if (settings.Counts)
{
    console.Write(new CountRunner(settings, workspace, programs).Run(rows));
    return;
}
Machine machine = Machine.Describe(workspace, programs, NullFileSystem.RoundTrip(client));
Runner runner = new(settings, workspace, programs);
Figure[] figures = [.. rows.SelectMany(runner.Run)];
TextReport.Print(console, machine, figures, programs);
Reports.Save(settings, machine, figures, programs);
