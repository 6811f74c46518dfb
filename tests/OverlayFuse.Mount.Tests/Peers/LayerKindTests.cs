using System.Collections.Concurrent;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Peers;

/// <summary>Lower layers on file systems that know less, and many at work in one of them.</summary>
[TestFixture, Category("Peers")]
internal sealed class LayerKindTests : PeersTest
{
    private const int Workers = 20, Rounds = 60;

    /// <summary>ramfs keeps neither extended attributes nor ACLs.</summary>
    [Test]
    public void SetFacl_WithALowerLayerThatKnowsNoAcl_Works()
    {
        Bash.Run("mount -t ramfs none .", Lower);
        Bash.Run("echo x > f\nmkdir d", Lower);
        Mount("");

        See("setfacl -m u:7:rwx f d\nsetfacl -d -m g:8:r d\nsetfattr -n user.colour -v blue f\n: > d/new\ncp -a f g");

        Assert.That(See("getfacl -cn f g d/new | grep -E '^(user:7|group:8)'\ngetfattr --only-values -n user.colour g"),
            Is.EqualTo("user:7:rwx\nuser:7:rwx\ngroup:8:r--\nblue"));
    }

    [TestCase("overlayfuse")]
    [TestCase("fuse-overlayfs")]
    public void Remove_OfDirectoriesInALowerLayerOnFuse_Works(string program)
    {
        if (program != "overlayfuse" && !Tool.Exists(program)) Assert.Ignore(program + " is not installed");
        string under = Sandbox.MakeDirectory("under");
        Bash.Run("mkdir -p d/e\necho x > d/e/f\necho x > g", under);
        var options = new OverlayOptions([under], Sandbox.MakeDirectory("under-upper"), Sandbox.MakeDirectory("under-work"));
        using FuseOverlay lower = FuseOverlay.Mount(program == "overlayfuse" ? ProgramUnderTest.Path : program, options, Lower);
        try
        {
            Mount("");
            See("echo more >> g\nmv g h\nrm -r d\nmkdir d");
            Remount();
            Assert.That(See("ls -A . d | tr '\\n' ' '\ncat h"), Is.EqualTo(".: d h  d: x\nmore"));
        }
        finally
        {
            Unmount();
        }
    }

    /// <summary>As many builds side by side do: one's new file must be there when it asks for its attributes.</summary>
    [Test]
    public void GetXattr_OfFilesJustMadeByManyAtOnce_NeverSaysTheyAreMissing()
    {
        Mount("mkdir -p a/b/c\nfor i in {1..200}; do echo x > a/b/c/lower$i; done");
        var surprises = new ConcurrentBag<string>();

        Parallel.For(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, worker =>
        {
            for (int round = 0; round < Rounds; round++) MakeAskRename($"{Merged}/a/b/c/{worker}-{round}", surprises);
        });

        Assert.That(surprises, Is.Empty);
    }

    private static void MakeAskRename(string path, ConcurrentBag<string> surprises)
    {
        File.WriteAllText(path, "x");
        Ask(path, surprises);
        if (Stdlib.rename(path, path + ".to") != 0) surprises.Add($"rename {path}: {Stdlib.GetLastError()}");
        Ask(path + ".to", surprises);
        if (Syscall.unlink(path + ".to") != 0) surprises.Add($"unlink {path}: {Stdlib.GetLastError()}");
    }

    private static void Ask(string path, ConcurrentBag<string> surprises)
    {
        if (Syscall.lgetxattr(path, "user.none", new byte[8], 8) >= 0) surprises.Add(path + " has the attribute");
        else if (Stdlib.GetLastError() is not Errno.ENODATA and var error) surprises.Add($"lgetxattr {path}: {error}");
    }
}
