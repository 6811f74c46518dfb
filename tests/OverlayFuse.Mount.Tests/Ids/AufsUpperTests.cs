using OverlayFuse.Mount.Tests.Apps;

namespace OverlayFuse.Mount.Tests.Ids;

/// <summary>Deletions as files in the upper, as container clients ask for by the environment.</summary>
[TestFixture, Category("Ids")]
internal sealed class AufsUpperTests : IdsTest
{
    private const string Environment = "FUSE_OVERLAYFS_DISABLE_OVL_WHITEOUT=1";

    private const string Layers = """
        mkdir -p lower/directory/below lower/emptied lower/replaced lower/moved upper work merged
        for name in file removed renamed again linked directory/1 directory/2 directory/below/3 emptied/4 replaced/5
        do echo "of the lower: $name" > lower/$name; done
        """;

    private const string Changes = """
        cd merged
        rm removed directory/1
        rm -r replaced emptied directory/below
        mkdir replaced
        echo new > replaced/6
        mv renamed new-name
        rm again
        echo again > again
        ln file link
        rm linked
        ln file linked
        cd ..

        """;

    private const string Show = "(cd merged; find . -mindepth 1 ! -type d -printf '%P|%y|%n\\n' -o -printf '%P|%y\\n' | sort; find . "
        + "-type f | sort | xargs cat)";
    private const string ShowUpper = "(cd upper; find . -mindepth 1 -printf '%P|%y\\n' | sort)";

    /// <summary>fuse-overlayfs gets this right too.</summary>
    [Test]
    public void Upper_AfterRemovals_HoldsTheFilesThatFuseOverlayfsWrites()
    {
        string ours = Mounted(Ours, Home(Layers), Changes + ShowUpper);

        Assert.That(ours, Is.EqualTo(Mounted(Peer, Home(Layers), Changes + ShowUpper)));
        Assert.That(ours, Does.Contain("\n.wh.removed|f\n").And.Contain("directory/.wh.1|f\n").And.Contain("replaced/.wh..wh..opq|f\n"));
        Assert.That(ours, Does.Not.Contain(".wh.again").And.Not.Contain(".wh.linked").And.Not.Contain("|c"));
    }

    [Test]
    public void Merged_AfterRemovals_SameAsWithKernelWhiteoutsNowAndMountedAgain()
    {
        string expected = Again(Ours, "noatime", Changes + Show, Home(Layers));
        string home = Home(Layers);

        Assert.That(Mounted(Ours, home, Changes + Show), Is.EqualTo(expected), "mounted");
        Assert.That(Mounted(Ours, home, Show), Is.EqualTo(expected), "mounted again");
        Assert.That(Mounted(Peer, home, Show), Is.EqualTo(expected), "mounted by fuse-overlayfs");
    }

    /// <summary>As a lower layer, where every client reads such files.</summary>
    [Test]
    public void Upper_UsedAsALowerLayer_SameTree()
    {
        string home = Home(Layers);
        string expected = Mounted(Ours, home, Changes + Show);

        string output = Bash.Run($"mv lower bottom; mv upper middle; mkdir upper; {Ours} -o lowerdir=middle:bottom $PWD/merged; "
            + $"trap 'umount merged' EXIT\n{Show}", home);

        Assert.That(output.Replace("|2\n", "|3\n", StringComparison.Ordinal),
            Is.EqualTo(expected.Replace("|2\n", "|3\n", StringComparison.Ordinal)));
    }

    /// <summary>fuse-overlayfs lets a directory of such a name be made, and forgets it.</summary>
    [Test]
    public void Names_ThatWouldBeMarks_CannotBeMadeNorSeen()
    {
        string output = Mounted(Ours, Home(Layers), """
            cd merged
            ! touch .wh.file 2>/dev/null
            ! mkdir .wh.made 2>/dev/null
            ! ln -s x .wh.link 2>/dev/null
            ! mv file .wh.moved 2>/dev/null
            ! ln file .wh.linked 2>/dev/null
            echo > ../upper/.wh.removed
            ls -A | grep -c '^\.wh' || true
            """);
        Assert.That(output, Is.EqualTo("0\n"));
    }

    /// <summary>A name too long for a mark is still deleted: by a device.</summary>
    [Test]
    public void Remove_NameTooLongForAMark_IsDeletedByADevice()
    {
        string home = Home($"{Layers}\necho x > lower/{new string('n', 255)}");

        Assert.That(Mounted(Ours, home, "rm merged/nnn*; ls merged | grep -c nnn || true; stat -c %F:%t:%T upper/nnn*"),
            Is.EqualTo("0\ncharacter special file:0:0\n"));
    }

    /// <summary>Names of up to 251 bytes are deleted by a mark, longer ones by a device. The view is the same.</summary>
    [TestCase(251)]
    [TestCase(252)]
    [TestCase(253)]
    [TestCase(254)]
    [TestCase(255)]
    public void Names_AboutAsLongAsAMarkAllows_SameTreeAsOnTheKernelsOverlayNowAndMountedAgain(int length)
    {
        string layers = LongNames(length) + """
            mkdir -p lower upper work merged
            for letter in a c h r t u x y z; do echo "of the lower: $letter" > lower/$(name $letter); done
            for letter in d e; do mkdir lower/$(name $letter); echo below > lower/$(name $letter)/below; done
            mkdir lower/$(name k)
            """;
        string changes = LongNames(length) + """
            cd merged
            rm $(name a)
            rm -r $(name d)
            rmdir $(name k)
            mv -T $(name r) away
            mv -T $(name t) kept; mv -T kept $(name t)
            rm $(name u); echo new > plain; mv -T plain $(name u)
            mv -T $(name x) $(name y)
            rm $(name c); echo again > $(name c)
            rm -r $(name e); mkdir $(name e); ls $(name e)
            rm $(name h); ln away $(name h)
            mkdir made; rm $(name z); mv -T made $(name z)
            ! ls $(name a) $(name d) $(name k) $(name r) $(name x) 2>/dev/null
            cd ..

            """;
        string onKernel = Home(layers);
        string expected = Bash.Run($"mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged\ntrap 'cd {onKernel}; "
            + $"umount merged' EXIT\n{changes}{Show}", onKernel);
        string home = Home(layers);

        Assert.That(Mounted(Ours, home, changes + Show), Is.EqualTo(expected), "mounted");
        Assert.That(Mounted(Ours, home, Show), Is.EqualTo(expected), "mounted again");
        Assert.That(Again(Ours, "noatime", changes + Show, Home(layers)), Is.EqualTo(expected), "with kernel whiteouts");
    }

    /// <summary>
    /// An upper on the kernel's overlayfs takes no devices, and a long name no mark: its file can be neither deleted nor renamed.
    /// </summary>
    [TestCase("rm $(name a)")]
    [TestCase("mv -T $(name a) new")]
    [TestCase("mv -T $(name a) other")]
    public void Change_OfALongNameWithoutAnyWhiteout_IsRefusedAndChangesNothing(string change)
    {
        string home = Home(LongNames(255) + """
            mkdir -p lower below above scratch disk merged
            echo "of the lower" > lower/$(name a)
            echo other > lower/other
            """);
        string output = Bash.Run(LongNames(255) + $$"""
            mount -t overlay overlay -o lowerdir=below,upperdir=above,workdir=scratch disk
            trap 'cd {{home}}; umount merged; umount -l disk' EXIT
            mkdir disk/upper disk/work
            {{Ours}} -o lowerdir=lower,upperdir=disk/upper,workdir=disk/work,noatime merged >&2
            cd merged
            {{change}} 2>&1 | sed 's/.*: //' || true
            ls | wc -l; cat $(name a) other; ls ../disk/upper
            """, home);

        Assert.That(output, Does.Match("^Operation not permitted\n2\nof the lower\nother\n"));
        Assert.That(output, Does.Not.Contain("new"));
    }

    [Test]
    public void RemoveAndMake_ManyTimesBesideReaders_NoNameComesBack()
    {
        string home = Home($"{Layers}\nfor i in $(seq 200); do echo old > lower/directory/n$i; done");

        Mounted(Ours, home, """
            for n in 1 2; do (while [ ! -e stop ]; do ls merged/directory merged >/dev/null
                grep -l old merged/directory/n* >/dev/null 2>&1 || true; done) & done
            for i in $(seq 200); do
                rm merged/directory/n$i
                test ! -e merged/directory/n$i
                [ $((i % 2)) = 0 ] || { echo new > merged/directory/n$i; grep -q new merged/directory/n$i; rm merged/directory/n$i
                    test ! -e merged/directory/n$i; }
            done
            touch stop
            wait
            ! ls merged/directory | grep n
            """);
    }

    /// <summary>Shell function that makes a name of this length from a letter.</summary>
    private static string LongNames(int length) => $$"""
        name() { printf "$1%0{{length - 1}}d" 0; }

        """;

    private static string Mounted(string program, string home, string script) => Again(program, "noatime", script, home, Environment);
}
