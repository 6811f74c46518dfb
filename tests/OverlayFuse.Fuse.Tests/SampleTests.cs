using OverlayFuse.Fuse.Tests.Support;

namespace OverlayFuse.Fuse.Tests;

/// <summary>The program of the README: compiled with these tests, run as root and as an ordinary user.</summary>
internal sealed class SampleTests
{
    [Test]
    public void Readme_Sample_IsTheProgramThatIsTested()
    {
        string repository = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(repository, "OverlayFuse.sln")))
            repository = Path.GetDirectoryName(repository)!;
        string readme = File.ReadAllText(Path.Combine(repository, "src/OverlayFuse.Fuse/README.md"));
        string program = File.ReadAllText(Path.Combine(repository, "tests/OverlayFuse.Fuse.Tests/Sample/Program.cs"));
        Assert.That(readme, Does.Contain("```csharp\n" + program + "```"));
    }

    [TestCase("", TestName = "Sample_AsRoot_ServesItsFile")]
    [TestCase("setpriv --reuid=65534 --regid=65534 --clear-groups ", TestName = "Sample_AsAnOrdinaryUser_ServesItsFileThroughFusermount")]
    public void Sample_Run_ServesItsFile(string asUser)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "HelloFileSystem.dll");
        string script = $"""
            set -e; d=$(mktemp -d /tmp/ovf-hello-XXXXXX); chown 65534 $d; mode=$(stat -c %a /dev/fuse); chmod 666 /dev/fuse
            {asUser}env HOME=/tmp DOTNET_CLI_HOME=/tmp dotnet '{program}' $d & p=$!
            trap 'chmod $mode /dev/fuse; fusermount3 -u -z $d 2>/dev/null || true
                kill $p 2>/dev/null || true; wait $p || true; rmdir $d' EXIT
            for i in $(seq 200); do grep -q " $d fuse.hello" /proc/mounts && break; kill -0 $p; sleep 0.05; done
            {asUser}ls -l $d | tail -1 | cut -c1-10; {asUser}cat $d/hello; {asUser}cat $d/other 2>&1 || true
            {asUser}fusermount3 -u $d; wait $p; echo exit $?
            """;
        (int _, string output) = Shell.Run(script, "/");
        Assert.That(output, Does.StartWith("-r--r--r--\nHello, world!\ncat: ").And.EndWith("exit 0"));
    }
}
