using System.Diagnostics;

namespace Inventory.Tests;

/// <summary>The tree that all tests here work on, and that none of them may change: it is beside the compiled tests.</summary>
internal static class Fixture
{
    public static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, "fixture");

    /// <summary>Runs a program as a user would, in a directory of his.</summary>
    /// <returns>Its exit status.</returns>
    public static int Run(string workingDirectory, string program, params string[] words)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, words) { WorkingDirectory = workingDirectory })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
