namespace OverlayFuse.Mount.Tests.Rootless;

/// <summary>
/// The daemon of an ordinary user widens the mode of that user's own directories for a moment, where it could not read or remove them else:
/// no client notices.
/// </summary>
[TestFixture, Category("Rootless")]
internal sealed class OwnModeTests : RootlessTest
{
    /// <summary>
    /// Changes a directory's mode again and again while others look at it; says how many changes were lost, and what the others saw beside
    /// both modes.
    /// </summary>
    private const string ChangeAndWatch = """
        import os, sys
        path, way = sys.argv[1:]
        parent, modes = os.path.dirname(path), (0o000, 0o111)
        os.chmod(path, 0o700)
        own = os.open(path, os.O_RDONLY)
        os.chmod(path, modes[0])
        ends = os.pipe()
        for watcher in range(3):
            if os.fork() == 0:
                others = 0
                while os.getppid() != 1 and not os.path.exists(parent + '/stop'):
                    if watcher == 2:
                        for entry in os.scandir(parent): others += entry.name == 'd' and entry.stat().st_mode & 0o7777 not in modes
                    else:
                        others += os.stat(path).st_mode & 0o7777 not in modes
                os.write(ends[1], b'%d\n' % others)
                os._exit(0)
        lost = 0
        for i in range(1500):
            mode = modes[(i + 1) % 2]
            if way == 'name': os.chmod(path, mode)
            else: os.fchmod(own, mode)
            lost += os.stat(path).st_mode & 0o7777 != mode
        open(parent + '/stop', 'w').close()
        os.close(ends[1])
        for watcher in range(3): os.wait()
        print(lost, sum(map(int, os.fdopen(ends[0]).read().split())))
        """;

    [TestCase("name")]
    [TestCase("descriptor")]
    public void ChangeMode_OfAnUnreadableDirectoryThatOthersLookAt_IsNeitherLostNorSeenWidened(string way)
    {
        File.WriteAllText(Home + "/watch.py", ChangeAndWatch);
        string told = User.Run($"""
            mkdir -p bottom/m/d upper/m/d
            {Program} -o {Options},timeout=0 merged
            timeout -k 1 120 python3 watch.py merged/m/d {way}
            fusermount3 -u merged
            """, Home);
        Assert.That(told, Is.EqualTo("0 0\n"));
    }

    /// <summary>It holds a whiteout, which is removed with it.</summary>
    [TestCase("755")]
    [TestCase("711")]
    public void RemoveDirectory_OneThatIsHeldOpen_KeepsItsMode(string mode)
    {
        string told = User.Run($"""
            mkdir -p bottom/m/d; touch bottom/m/d/file
            {Program} -o {Options},timeout=0 merged
            rm merged/m/d/file
            exec 5< merged/m/d
            chmod {mode} merged/m/d
            rmdir merged/m/d
            stat -L -c %a /dev/fd/5
            exec 5<&-
            fusermount3 -u merged
            """, Home);
        Assert.That(told, Is.EqualTo(mode + "\n"));
    }
}
