namespace OverlayFuse.Samples.Tests;

/// <summary>samples/MemoryFileSystem, as far as the tests in tests/OverlayFuse.Mount.Tests/Posix do not reach.</summary>
internal sealed class MemoryFileSystemTests
{
    private SampleMount mount = null!;

    [SetUp]
    public void MountMemory()
    {
        mount = new SampleMount();
        mount.Start("MemoryFileSystem.dll");
    }

    [TearDown]
    public void Unmount() => mount.Dispose();

    [Test]
    public void Rename_OfAnyKind_EqualsTheDisk()
    {
        const string script = """
            (mkdir a a/x b b/y c; echo 1 >f; echo 2 >g; ln f h; mv a/x b; mv -T c b/y; mv g h; ln -s f l; mv l a
            python3 - <<'END'
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            def rename2(old, new, flags):
                print(old, new, flags, libc.renameat2(-100, old.encode(), -100, new.encode(), flags), os.strerror(ctypes.get_errno()))
            rename2('f', 'h', 1); rename2('f', 'new', 1); rename2('a', 'b/x', 2); rename2('new', 'h', 2); rename2('new', 'gone', 2)
            for call in (lambda: os.rmdir('b'), lambda: os.rename('b', 'a'), lambda: os.rename('b', 'b/x/in'), lambda: os.rmdir('h')):
                try: call(); print('done')
                except OSError as e: print(e.strerror)
            END
            cat h new; find . -printf '%p %y %m %n %l\n' | sort)
            """;
        string inMemory = mount.Run("umask 22; chmod 755 mount; cd mount; " + script);
        Assert.That(inMemory, Is.EqualTo(mount.Run("umask 22; mkdir disk; cd disk; " + script)));
    }

    [Test]
    public void Make_NodesAndGroups_EqualsTheDisk()
    {
        const string script = """
            mkfifo -m 640 p; mknod n c 7 300; mkdir s; chgrp 12 s; chmod 2775 s; mkdir s/d; echo >s/f; umask 77; echo >u; mkdir v
            setfattr -n user.a -v 1 u; setfattr -n user.b u; getfattr -d u; setfattr -x user.a u; getfattr -d u; ! setfattr -x user.a u
            find . -printf '%p %y %m %U %G %n %s %l\n' | sed '/ d /s/ [0-9]* $//' | sort; stat -c '%t %T' n
            """;
        string inMemory = mount.Run("umask 22; chmod 755 mount; cd mount; " + script);
        Assert.That(inMemory, Is.EqualTo(mount.Run("umask 22; mkdir disk; cd disk; " + script)));
    }

    [Test]
    public void Write_MoreThanTheCapacity_FailsAndGivesAllBackAtUnlink()
    {
        mount.Run("cd mount; truncate -s 4T f; ! head -c 1100M /dev/zero >f; stat -f -c %f . | grep -x 0; exec 3<f; rm f");
        Assert.That(mount.Run("stat -f -c '%f %b' mount"), Is.EqualTo("262144 262144\n"));
    }

    [TestCase("TERM")]
    [TestCase("INT")]
    [TestCase("HUP")]
    public void Signal_WhileNothingIsOpen_UnmountsAndExitsWithZero(string signal)
    {
        mount.Run("echo text >mount/f");
        Assert.That((mount.EndBySignal(signal), mount.IsMounted), Is.EqualTo((0, false)));
    }
}
