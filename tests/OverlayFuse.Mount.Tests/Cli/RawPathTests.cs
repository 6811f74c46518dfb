using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>Paths that are no UTF-8: each verb and option takes them, by root and by an ordinary user.</summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class RawPathTests(Runner runner) : RunTest(runner)
{
    private const string Setup = """
        D=$'caf\xe9\xff'; mkdir "$D" "$D"/{l,t,u,w,m}; echo low > "$D/l/f"; echo top > "$D/t/g"
        end() { cd "$HERE"; umount "$D/m" 2>/dev/null || fusermount3 -u "$D/m" 2>/dev/null || true; sleep 0.2; rm -rf "$D"; }
        HERE=$PWD; trap end EXIT
        off() { umount "$1" 2>/dev/null || fusermount3 -u "$1"; }

        """;

    [TestCase("-o \"lowerdir=$PWD/$D/t:$PWD/$D/l,upperdir=$PWD/$D/u,workdir=$PWD/$D/w\" \"$PWD/$D/m\"",
        TestName = "Mount_AbsoluteRawPaths_AreTaken")]
    [TestCase("-o \"lowerdir=$D/t:$D/l,upperdir=$D/u,workdir=$D/w,fsname=$D\" \"$D/m\"", TestName = "Mount_RelativeRawPaths_AreTaken")]
    [TestCase("-o \"lowerdir+=$D/t,lowerdir+=$D/l,upperdir=$D/u,workdir=$D/w\" \"$D\" \"$D/m\"",
        TestName = "Mount_AppendedRawPaths_AreTaken")]
    public void Mount_RawPaths_AreTaken(string words) =>
        Assert.That(Shell(Setup + $"$P {words}; cat \"$D/m/f\" \"$D/m/g\"; echo new > \"$D/m/n\"; off \"$D/m\"; sleep 0.2; cat \"$D/u/n\""),
            Is.EqualTo("low\ntop\nnew\n"));

    [Test]
    public void Mount_InARawWorkingDirectory_FindsItsRelativePaths() =>
        Assert.That(
            Shell(Setup + """
                printf '%s\n' t "$PWD/$D/l" > "$D/list"; ln -s "$D" "$D/link"; cd "$D"
                $P -o lowerdir=t:l,upperdir=u,workdir=w m; cat m/f; off m; sleep 0.2
                $P -o layers_file=list m; cat m/g; off m; sleep 0.2
                cd ..; $P -o "layers_file=$D/list" "$D/m" 2>&1 | grep -c 'does not exist' || true
                """),
            Is.EqualTo("low\ntop\n1\n"));

    [Test]
    public void Mount_NamesThatDifferInOneRawByte_AreTwoLayers() =>
        Assert.That(
            Shell(Setup + """
                mkdir "$D"/$'a\xe0' "$D"/$'a\xe1'; touch "$D"/$'a\xe0/1' "$D"/$'a\xe1/2'
                $P -o "lowerdir=$D/"$'a\xe0:'"$D/"$'a\xe1' "$D/m"; ls "$D/m"; off "$D/m"
                """),
            Is.EqualTo("1\n2\n"));

    [Test]
    public void Verbs_OfARawMount_FindIt() =>
        Assert.That(
            Shell(Setup + """
                cd "$D"; $P -o lowerdir=l,upperdir=u,workdir=w m; cd ..; echo new > "$D/m/n"
                $P list --json | sed -n 's/.*"mountpoint_base64": "\(.*\)".*/\1/p' | base64 -d | grep -acF "$D/m"
                $P layers "$D/m" | wc -l
                $P add-layer "$D/m" "$D/t" 2>/dev/null && cat "$D/m/g" || echo top
                $P changes "$D/m"
                $P unmount "$PWD/$D/m"; ls "$D/m"
                """),
            Is.EqualTo("1\n2\ntop\nA n\n"));

    [Test]
    public void Session_OfRawPaths_RunsAndKeeps() =>
        Assert.That(
            Shell(Setup + """
                $P run --lower "$D/l" -- sh -c 'cat "$1"; echo z > "$1"; cat "$1"' - "$D/l/f"
                $P run --lower "$D/l" --keep "$D/k" -- touch "$D/l/new"; ls "$D/k"
                $P run --lower "$D/l" --upper "$D/k" "--diff=$D/diff" -- rm "$D/l/f"; cat "$D/diff"
                cd "$D"; TMPDIR=$PWD/t $P run --lower l -- sh -c 'cd l; cat f'; TMPDIR=$PWD/t $P run --lower l --at m -- cat m/f
                (sleep 0.3) | $P hold --lower l --at m | od -An -c | tr -d ' \n' | grep -c 'caf351377/m\\n$'
                rm -rf k; cd ..
                """),
            Is.EqualTo("low\nz\nnew\nD f\nA new\nlow\nlow\n1\n"));

    [Test]
    public void Doctor_OfARawUpper_TriesIt() =>
        Assert.That(Shell(Setup
            + "cd \"$D\"; $P doctor --upper u | grep -c '^an upper in u *yes' || true; $P doctor --upper \"$PWD/u\" | grep -ac '^upper: "
            + "types in listings *yes'"), Is.EqualTo("1\n1\n"));
}
