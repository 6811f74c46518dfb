using System.Runtime.InteropServices;
using OverlayFuse.BenchPeers;
using Spectre.Console;

Settings settings = Settings.FromEnvironment(args is [var suite] ? Enum.Parse<Suite>(suite, ignoreCase: true) : Suite.Peers);
string built = Path.Combine(Settings.Repository, "artifacts", "bin");
string client = Path.Combine(built, "bench-client");
UnionProgram[] programs = [.. settings.Programs.Select(text => UnionProgram.Parse(text, Path.Combine(built, "overlayfuse")))];

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Runner.Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Runner.Stop);
using Territory territory = new(settings.Mode);
using Workspace workspace = new(settings, territory, client, plain: programs.Any(program => program.IsBare));
try
{
    return new Benchmark(settings, workspace, programs).Run(client);
}
catch (OperationCanceledException)
{
    return 130;
}
catch (InvalidOperationException failure)
{
    Console.Error.WriteLine($"the benchmark has failed: {failure.Message}");
    return 1;
}
