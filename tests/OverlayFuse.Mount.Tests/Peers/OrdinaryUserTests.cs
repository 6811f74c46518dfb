using OverlayFuse.Mount.Tests.Rootless;

namespace OverlayFuse.Mount.Tests.Peers;

/// <summary>What an ordinary user could not replace, though the files are its own.</summary>
[TestFixture, Category("Peers")]
internal sealed class OrdinaryUserTests : RootlessTest
{
    /// <summary>
    /// Of each mode, whether in the lower layer or made through the mount. Seen: fuse-overlayfs 1.10 refuses "mkdir -m 555".
    /// </summary>
    [Test]
    public void EditAndReplace_OfReadOnlyFilesAndDirectories_Works()
    {
        User.Run("mkdir -p lower/closed/sub upper work merged\nprintf 'old\\n' | "
            + "tee lower/{edited,replaced,touched,closed/f,closed/sub/f} >/dev/null\nchmod 444 lower/*ed 2>/dev/null\nchmod 555 "
            + "lower/closed lower/closed/sub", Home);
        User.Run($"{Program} -o lowerdir=lower,upperdir=upper,workdir=work,userxattr merged", Home);
        try
        {
            string seen = User.Run("""
                cd merged
                sed -i s/old/new/ edited
                echo new > t; mv -f t replaced
                touch -d 2003-03-03 touched
                mkdir -m 555 made; mkdir -m 0 none
                (umask 0777; : > unreadable)
                cp -a closed copied
                stat -c '%n %a' edited touched closed closed/sub made none unreadable copied copied/sub
                cat edited replaced copied/sub/f
                chmod -R u+w closed; rm -rf closed; test ! -e closed
                """, Home);

            Assert.That(seen, Is.EqualTo("""
                edited 444
                touched 444
                closed 555
                closed/sub 555
                made 555
                none 0
                unreadable 0
                copied 555
                copied/sub 555
                new
                new
                old

                """));
        }
        finally
        {
            User.Try("fusermount3 -u merged", Home);
        }
    }
}
