using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Life;

/// <summary>
/// What a change of something else does to attributes is seen at once: a look at the file and its directory tells what it tells after the
/// next mount.
/// </summary>
internal sealed class SideEffectTests : AppTest
{
    private static readonly string[] Modes = ["io=stateless", "io=open", "io=passthrough"];

    private static readonly string[] Changes =
    [
        "chattr +A f", "setfattr -n user.x -v 1 f", "setfacl -m u:5:rwx f", "chmod 640 f", "chown 5:5 f", "touch -d 2001-01-01 f", "ln f g",
        "mv f g",
        "ln f g; stat g >/dev/null; sleep 0.02; rm g", ": >>f", ">f", "truncate -s 5 f", "echo more >>f", "fallocate -l 100000 f",
        "fallocate -p -l 4096 f",
        "python3 -c \"import os; os.copy_file_range(os.open('f', 0), os.open('g', 66), 5000, 0, 0)\"", "exec 3>>f",
        "chmod 6777 f; stat f >/dev/null; sleep 0.02; setpriv --reuid 9 --regid 9 --clear-groups bash -c 'echo more >>f'",
        "chmod 6777 f; stat f >/dev/null; sleep 0.02; setpriv --reuid 9 --regid 9 --clear-groups fallocate -l 100000 f",
        "setfattr -n user.x -v 1 f; stat f >/dev/null; sleep 0.02; setfattr -x user.x f", "mkdir g", "ln -s f g",
    ];

    [Test]
    public void Stat_AfterAChange_IsWhatTheNextMountShows([ValueSource(nameof(Modes))] string mode,
        [ValueSource(nameof(Changes))] string change)
    {
        string answer = Bash.Run($$"""
            mkdir -p lower/d upper work merged; seq 10000 >lower/d/f
            look() { (cd merged; ls -A d; stat -c '%n %a %h %u:%g %s %b %y %z' d d/*); }
            mount() { {{ProgramUnderTest.Path}} -o lowerdir=lower,upperdir=upper,workdir=work,{{mode}} merged; }
            trap 'umount -l merged 2>/dev/null || true' EXIT
            mount
            look >/dev/null; sleep 0.02
            (cd merged/d; {{change}})
            look >seen; look >again
            {{ProgramUnderTest.Path}} unmount merged
            mount
            look >after
            diff seen after; diff again after
            """, Sandbox.Root);
        Assert.That(answer, Is.Empty);
    }
}
