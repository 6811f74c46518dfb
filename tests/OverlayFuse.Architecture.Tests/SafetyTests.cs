using Microsoft.CodeAnalysis.CSharp.Syntax;
using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Architecture.Tests;

/// <summary>Pointers, processes and protocol: where they are allowed, and that none is forgotten.</summary>
internal sealed class SafetyTests
{
    private const string Linux = "src/OverlayFuse.Linux/";

    [Test]
    public void Unsafe_InProjects_IsAllowedInLinuxOnly() =>
        Assert.That(Repository.Files("src", "*.csproj").Concat(Repository.Files("src", "*.props"))
            .Where(path => Repository.Read(path).Contains("AllowUnsafeBlocks", StringComparison.Ordinal)),
            Is.EqualTo(new[] { Linux + "OverlayFuse.Linux.csproj" }));

    /// <summary>The functions of native/ that the program calls are not system calls.</summary>
    [Test]
    public void NativeCalls_InSrc_AreDeclaredInInteropOnly()
    {
        IEnumerable<string> elsewhere =
            from source in Repository.SourcesOf("src")
            where !source.Path.StartsWith(Linux + "Interop/", StringComparison.Ordinal)
                && !source.Path.StartsWith("src/OverlayFuse.Cli/Native/", StringComparison.Ordinal)
            from attribute in source.Nodes<AttributeSyntax>()
            where attribute.Name.ToString() is "DllImport" or "LibraryImport"
            select source.At(attribute);
        Assert.That(elsewhere, Is.Empty);
    }

    /// <summary>
    /// The programs are static files. dlopen(3) in one needs the very glibc that it was linked to, and so does each function of glibc that
    /// asks NSS, such as getpwuid(3) behind Environment.UserName. Sys.Device has a fallback for programs of others.
    /// </summary>
    [Test]
    public void Libraries_OfTheProgram_AreLinkedAndNeverLoaded()
    {
        string[] linked = ["Library", "\"libc\"", "\"libSystem.Native\"", "\"overlayfuse_native\"", "\"overlayfuse_wake\""];
        IEnumerable<string> imports =
            from source in Repository.SourcesOf("src")
            from attribute in source.Nodes<AttributeSyntax>()
            where attribute.Name.ToString() is "DllImport" or "LibraryImport"
            where !linked.Contains(attribute.ArgumentList!.Arguments[0].Expression.ToString())
            select source.At(attribute);
        IEnumerable<string> constants =
            from source in Repository.SourcesOf("src")
            from constant in source.Nodes<VariableDeclaratorSyntax>()
            where constant.Identifier.Text == "Library" && !linked.Contains(constant.Initializer?.Value.ToString())
            select source.At(constant);
        IEnumerable<string> loads =
            from source in Repository.SourcesOf("src")
            where !source.Path.StartsWith("src/OverlayFuse.Testing/", StringComparison.Ordinal)
            from name in source.Nodes<IdentifierNameSyntax>()
            where name.Identifier.Text is "NativeLibrary" or "AssemblyLoadContext" or "UserName" or "UserDomainName" or "GetFolderPath"
                or "Dns" or "TimeZoneInfo"
            select source.At(name);
        Assert.That(imports, Is.Empty);
        Assert.That(constants, Is.Empty);
        Assert.That(loads, Is.All.StartsWith(Linux + "Sys/Sys.Device.cs:"));
    }

    /// <summary>The same for the C of the program.</summary>
    [Test]
    public void Functions_OfTheNativeCode_LoadNoLibrary()
    {
        string[] loaders =
            ["dlopen(", "dlsym(", "getpw", "getgr", "getaddrinfo(", "gethostby", "getserv", "iconv", "setlocale(", "wordexp("];
        IEnumerable<string> found = from path in Repository.Files("native", "*.c")
                                    from loader in loaders
                                    where Repository.Read(path).Contains(loader, StringComparison.Ordinal)
                                    select $"{path}: {loader}";
        Assert.That(found, Is.Empty);
    }

    /// <summary>
    /// fork(2) in a process with threads is a trap; posix_spawn(3) starts fusermount3, and this program once more to ask a mount. The
    /// library for tests starts the program. The second program has no mounts to serve, and starts others in one place.
    /// </summary>
    [Test]
    public void Processes_OfTheProgram_AreStartedForFusermountAndQuestionsOnly()
    {
        IEnumerable<string> starts =
            from source in Repository.SourcesOf("src")
            where !source.Path.StartsWith("src/OverlayFuse.Testing/", StringComparison.Ordinal)
            from name in source.Nodes<IdentifierNameSyntax>()
            where name.Identifier.Text is "Process" or "ProcessStartInfo" or "fork" or "vfork" or "Spawn" or "SpawnBetween"
            select source.Path;
        Assert.That(starts.Distinct(),
            Is.EquivalentTo(new[]
            {
                "src/OverlayFuse.Fuse/Mounting/FuserMount.cs", "src/OverlayFuse.Cli/Asking/Question.cs",
                "src/OverlayFuse.Tools/Serving/OtherProgram.cs",
            }));
    }

    /// <summary>glibc answers them by modules, which a static program cannot load. GetFolderPath asks for the user's directory.</summary>
    [Test]
    public void Names_OfUsersAndHosts_AreNotAskedOfGlibc()
    {
        IEnumerable<string> questions =
            from source in Repository.SourcesOf("src")
            where !source.Path.StartsWith("src/OverlayFuse.Testing/", StringComparison.Ordinal)
            from member in source.Nodes<MemberAccessExpressionSyntax>()
            where member.ToString() is "Environment.UserName" or "Environment.UserDomainName" or "Environment.GetFolderPath"
                || member.Expression.ToString() is "Dns"
            select source.At(member);
        Assert.That(questions, Is.Empty);
    }

    [TestCaseSource(nameof(Opcodes))]
    public void Opcode_OfTheProtocol_HasACaseInDispatch(string opcode)
    {
        IEnumerable<string> cases =
            from source in Repository.SourcesOf("src/OverlayFuse.Fuse")
            where source.Path.Contains("FuseSession.Dispatch", StringComparison.Ordinal)
            from name in source.Nodes<MemberAccessExpressionSyntax>()
            where name.Expression.ToString() == nameof(Opcode)
            select name.Name.ToString();
        Assert.That(cases, Has.Member(opcode));
    }

    /// <summary>The only switch on opcodes that answers them; others may name a few.</summary>
    [Test]
    public void Dispatch_OfOpcodes_IsInOnePlace()
    {
        IEnumerable<string> large =
            from source in Repository.SourcesOf("src")
            from node in source.Nodes<SwitchExpressionSyntax>()
            where node.Arms.Count(arm => arm.Pattern.ToString().StartsWith("Opcode.", StringComparison.Ordinal)) > Opcodes.Count() / 2
            select source.Path;
        Assert.That(large, Is.EqualTo(new[] { "src/OverlayFuse.Fuse/FuseSession.Dispatch.cs" }));
    }

    /// <summary>Cleaning up and throwing on is fine everywhere.</summary>
    [Test]
    public void Catch_OfEverything_IsInTheWorkersOnly()
    {
        IEnumerable<string> catches =
            from source in Repository.SourcesOf("src")
            from clause in source.Nodes<CatchClauseSyntax>()
            where clause.Filter is null && (clause.Declaration is null || clause.Declaration.Type.ToString() == nameof(Exception))
            where clause.Block.Statements.LastOrDefault() is not ThrowStatementSyntax { Expression: null }
            select source.Path;
        Assert.That(catches.Distinct(), Is.SubsetOf(new[]
        {
            "src/OverlayFuse.Fuse/Workers/FuseWorker.cs", "src/OverlayFuse.Fuse/Ring/RingThread.cs",
        }));
    }

    /// <summary>What comes from a layer, a mount or /proc goes through PlainText: nothing else writes text to standard error.</summary>
    [Test]
    public void StandardError_OfTheProgram_IsWrittenByPlainTextAlone()
    {
        IEnumerable<string> writers = from source in Repository.SourcesOf("src")
                                      where source.Text.Contains("Console.Error", StringComparison.Ordinal)
                                      select source.Path;
        Assert.That(writers, Is.EquivalentTo(new[] { "src/OverlayFuse.Output/PlainText.cs" }));
    }

    private static IEnumerable<string> Opcodes => Enum.GetNames<Opcode>();
}
