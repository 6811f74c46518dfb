using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OverlayFuse.Linux.Tests.Support;

/// <summary>gcc for one processor: this machine's own, or a cross compiler with the C headers of the other processor.</summary>
internal sealed class Compiler
{
    private readonly Architecture _target;

    private Compiler(Architecture target) => _target = target;

    /// <summary>The processors that the programs are built for.</summary>
    public static IReadOnlyList<Architecture> Targets { get; } = [Architecture.X64, Architecture.Arm64];

    private bool IsNative => _target == RuntimeInformation.ProcessArchitecture;

    private string Triplet => _target == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

    private string Program => IsNative ? "gcc" : Triplet + "-gcc";

    /// <summary>Skips the running test if the compiler is missing.</summary>
    public static Compiler For(Architecture target)
    {
        var compiler = new Compiler(target);
        bool isThere = Environment.GetEnvironmentVariable("PATH")!.Split(':')
            .Any(directory => File.Exists(Path.Combine(directory, compiler.Program)));
        if (!isThere)
            Assert.Ignore($"{compiler.Program} is missing: apt-get install {compiler.Packages}");
        return compiler;
    }

    private string Packages => IsNative
        ? "gcc libc6-dev"
        : $"gcc-{Triplet.Replace('_', '-')} libc6-dev-{(_target == Architecture.Arm64 ? "arm64" : "amd64")}-cross";

    /// <summary>Checks the syntax of a C file that includes abi_layout.h, without a sound where it is right.</summary>
    public (int ExitCode, string Output) CheckLayout(string file, string layout)
    {
        string directory = Directory.CreateTempSubdirectory("ovf-abi-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "abi_layout.h"), layout);
            return Run("-fsyntax-only", "-Wall", "-Werror", "-Wno-sign-compare", "-I", directory, file);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    public (int ExitCode, string Output) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process gcc = Process.Start(start)!;
        Task<string> errors = gcc.StandardError.ReadToEndAsync();
        string output = gcc.StandardOutput.ReadToEnd();
        gcc.WaitForExit();
        return (gcc.ExitCode, output + errors.Result);
    }
}
