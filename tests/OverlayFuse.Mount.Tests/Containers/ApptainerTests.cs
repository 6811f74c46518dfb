using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Containers;

/// <summary>
/// The calls of Apptainer without Apptainer (Debian has none): in a user namespace, with CAP_SYS_ADMIN as an ambient capability, it starts
/// `fuse-overlayfs -f -o OPTIONS MOUNTPOINT`, waits for the mount in mountinfo, shows all that the program prints as messages, unmounts by
/// umount2(2), and expects the program to end.
/// </summary>
[TestFixture, Category("Containers")]
internal sealed class ApptainerTests : AppTest
{
    [TestCase("--map-root-user")]
    [TestCase("--map-current-user")]
    public void Overlay_OfAnOrdinaryUser_MountsQuietlyAndEndsWithTheMount(string user)
    {
        string directory = MakeLayers();
        string output = AsUser(user, directory, """
            fuse-overlayfs -f -o lowerdir=$PWD/session:$PWD/image,upperdir=$PWD/upper,workdir=$PWD/work $PWD/view >printed 2>&1 &
            for _ in $(seq 400); do grep -q " $PWD/view " /proc/self/mountinfo && break; sleep 0.025; done
            touch view/usr/bin/.tmp && rm view/usr/bin/.tmp
            cat view/etc/release view/session.txt
            echo new >view/etc/release
            python3 -c 'import ctypes, os, sys; sys.exit(-ctypes.CDLL(None).umount2(os.fsencode(os.path.abspath("view")), 0))'
            wait $!
            echo "status $?"
            cat printed upper/etc/release
            """);
        Assert.That(output, Is.EqualTo("image\nsession\nstatus 0\nnew\n"));
    }

    /// <summary>Without a writable overlay.</summary>
    [Test]
    public void Overlay_WithoutUpper_IsReadOnly()
    {
        string output = AsUser("--map-current-user", MakeLayers(), """
            fuse-overlayfs -f -o lowerdir=$PWD/session:$PWD/image $PWD/view >printed 2>&1 &
            for _ in $(seq 400); do grep -q " $PWD/view " /proc/self/mountinfo && break; sleep 0.025; done
            cat view/etc/release
            (touch view/x) 2>&1 | grep -o 'Read-only file system'
            python3 -c 'import ctypes, os, sys; sys.exit(-ctypes.CDLL(None).umount2(os.fsencode(os.path.abspath("view")), 0))'
            wait $!
            cat printed
            """);
        Assert.That(output, Is.EqualTo("image\nRead-only file system\n"));
    }

    private string MakeLayers()
    {
        string directory = Sandbox.MakeDirectory("apptainer");
        Bash.Run($"""
            mkdir -p image/etc image/usr/bin session upper work view bin
            echo image >image/etc/release; echo session >session/session.txt
            install -m 755 {ProgramUnderTest.Path} bin/fuse-overlayfs
            chmod 755 {Sandbox.Root}; chown -R 54321:54321 .
            """, directory);
        return directory;
    }

    private static string AsUser(string user, string directory, string script)
    {
        File.WriteAllText(Path.Combine(directory, "script"), script);
        return Bash.Run("chmod 666 /dev/fuse; export PATH=$PWD/bin:$PATH; setpriv --reuid=54321 --regid=54321 --clear-groups "
            + $"unshare --user {user} --keep-caps --mount bash -u script", directory);
    }
}
