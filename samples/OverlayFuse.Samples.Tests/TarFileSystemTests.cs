namespace OverlayFuse.Samples.Tests;

/// <summary>samples/TarFileSystem shows what tar(1) extracts.</summary>
internal sealed class TarFileSystemTests
{
    /// <summary>Files of many kinds. Names of over 100 and 256 bytes need more than the old header.</summary>
    private const string MakeTree = """
        mkdir -p tree/d/e tree/empty 'tree/with space'; cd tree
        echo text >d/file; head -c 1000000 /dev/urandom >d/e/random; : >none
        ln d/file d/e/hard; ln -s ../d/file link; ln -s nowhere/$(printf 'x%.0s' $(seq 180)) dangling
        long=$(printf 'n%.0s' $(seq 130)); mkdir -p $long/$long; echo long >$long/$long/$long; ln $long/$long/$long $long/hard
        echo grüße >'with space/größe'; mkfifo fifo; mknod null c 1 3; mknod wide b 259 70000
        echo s >setuid; chown 1000:1001 setuid d; chmod 4751 setuid; chmod 1777 empty; chmod 000 none
        setfattr -n user.note -v 'a note' d/file; setfattr -n user.note -v 'of a directory' d/e
        truncate -s 9M sparse; printf 'one' | dd of=sparse bs=1 seek=70000 conv=notrunc status=none
        printf 'two' | dd of=sparse bs=1 seek=6000000 conv=notrunc status=none; truncate -s 2M hole
        touch -h -d '2001-02-03 04:05:06.123456789' link; touch -d '1999-01-02 03:04:05.000000007' d/file empty d
        """;

    /// <summary>
    /// All that find(1), sha256sum(1) and getfattr(1) tell of a tree. The sizes and links of directories are the file system's.
    /// </summary>
    private const string Walk = """
        walk() { ( cd "$1"; find . ! -type d -printf '%p %y %m %U %G %n %s %T@ %l\n' , -type d -printf '%p %y %m %U %G %T@\n' | sort
            find . -type b -o -type c | sort | xargs stat -c '%n %t %T'
            find . -type f -print0 | sort -z | xargs -0 sha256sum; getfattr -R -h -d -e hex -m 'user\.' . ) }
        """;

    private SampleMount mount = null!;

    [SetUp]
    public void MakeSandbox() => mount = new SampleMount();

    [TearDown]
    public void RemoveSandbox() => mount.Dispose();

    [TestCase("--format=gnu")]
    [TestCase("--format=pax --xattrs")]
    [TestCase("--format=pax --xattrs --sparse")]
    public void Mount_ArchiveOfTar_ShowsWhatTarExtracts(string options)
    {
        mount.Run($"({MakeTree}\n); tar -C tree {options} -cf archive.tar .; mkdir extracted; tar -C extracted --xattrs -xpf archive.tar");
        mount.Start("TarFileSystem.dll", mount.Folder + "/archive.tar");
        string shown = mount.Run(Walk + "\nwalk mount"), extracted = mount.Run(Walk + "\nwalk extracted");
        Assert.That(extracted, Does.Contain("./sparse f").And.Contain("./wide 103 11170"));
        Assert.That(shown.Split('\n'), Is.EqualTo(extracted.Split('\n')));
        bool hasXattrs = options.Contains("xattrs", StringComparison.Ordinal);
        Assert.That(extracted.Contains("user.note", StringComparison.Ordinal), Is.EqualTo(hasXattrs));
    }

    [Test]
    public void Read_AtAnyPlace_GivesTheBytesOfTheFile()
    {
        mount.Run($"({MakeTree}\n); tar -C tree --format=pax --sparse -cf archive.tar d sparse");
        mount.Start("TarFileSystem.dll", mount.Folder + "/archive.tar");
        const string part = "part() { for at in 0 69999 999990 5999999 9437180; do "
            + "dd if=$1 bs=1 skip=$at count=20 status=none | od -An -tx1; done; }; ";
        foreach (string name in new[] { "sparse", "d/e/random" })
            Assert.That(mount.Run(part + "part mount/" + name), Is.EqualTo(mount.Run(part + "part tree/" + name)));
    }

    [Test]
    public void Mount_EntryTwice_ShowsTheLastOne()
    {
        mount.Run("mkdir t; echo one >t/f; ln t/f t/g; tar -C t -cf archive.tar f g; rm t/f; echo second >t/f; tar -C t -rf archive.tar f");
        mount.Start("TarFileSystem.dll", mount.Folder + "/archive.tar");
        Assert.That(mount.Run("cat mount/f mount/g; stat -c %h mount/f mount/g"), Is.EqualTo("second\none\n1\n1\n"));
    }

    [Test]
    public void Mount_NameThatLeadsOut_IsLeftOut()
    {
        mount.Run("mkdir t; echo in >t/f; tar -C t -cPf archive.tar --transform 's,^f,../out,' f; tar -C t -rf archive.tar f; "
            + "tar -C t -rPf archive.tar --transform 's,^f,d/../../out,' f");
        mount.Start("TarFileSystem.dll", mount.Folder + "/archive.tar");
        Assert.That(mount.Run("find mount -mindepth 1; ls"), Is.EqualTo("mount/f\narchive.tar\nmount\nt\n"));
    }

    [Test]
    public void Write_IntoTheMount_IsRefused()
    {
        mount.Run("mkdir t; echo in >t/f; tar -C t -cf archive.tar f");
        mount.Start("TarFileSystem.dll", mount.Folder + "/archive.tar");
        Assert.That(mount.Run("! touch mount/new; ! rm mount/f; cat mount/f"),
            Does.Contain("Read-only file system").And.EndWith("in\n"));
    }

    [TestCase("gzip -c archive >archive.tar")]
    [TestCase("truncate -s 1M sparse; echo end >>sparse; tar --format=gnu --sparse -cf archive.tar sparse")]
    public void Start_ArchiveThatCannotBeShown_EndsAndSaysWhy(string make)
    {
        mount.Run($"echo text >text; tar -cf archive text; {make}");
        string output = mount.Run($"mkdir m; ! dotnet '{AppContext.BaseDirectory}/TarFileSystem.dll' archive.tar m");
        Assert.That(output, Does.Contain("TarFileSystem: archive.tar: ").And.Not.Contain("   at "));
    }
}
