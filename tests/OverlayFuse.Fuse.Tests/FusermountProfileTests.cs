using OverlayFuse.Fuse.Mounting;

namespace OverlayFuse.Fuse.Tests;

/// <summary>The AppArmor profile of fusermount3, in the shape that Ubuntu 25.04 and 26.04 have it.</summary>
internal sealed class FusermountProfileTests
{
    private const string How = "mount fstype=@{fuse_types} options=(nosuid,nodev) options in (ro,rw,noatime) ->";

    private const string Profile = $$"""
        abi <abi/4.0>,
        @{fuse_types} = {fuse,fuse.*,fuseblk,fusectl}
        profile fusermount3 /usr/bin/fusermount3 {
          # mount fstype=fuse -> /comment/**/,
          {{How}} @{HOME}/**/,
          {{How}} /mnt/{,**/},
          {{How}} /tmp/**/,
          {{How}} "@{run}/user/@{uid}/**/",
          umount /srv/**/,
          include if exists <local/fusermount3>
        }
        """;

    [TestCase("/home/ada/view", true)]
    [TestCase("/home/ada/deep/view/", true)]
    [TestCase("/home/ada", false)]
    [TestCase("/root/view", true)]
    [TestCase("/mnt", true)]
    [TestCase("/mnt/a/b", true)]
    [TestCase("/tmp/x", true)]
    [TestCase("/tmp", false)]
    [TestCase("/run/user/1000/x", true)]
    [TestCase("/srv/x", false)]
    [TestCase("/comment/x", false)]
    [TestCase("/builds/group/project", false)]
    [TestCase("/tmpx/y", false)]
    public void Allows_APlace_FollowsTheMountRules(string mountPoint, bool allowed) =>
        Assert.That(FusermountProfile.Allows(Profile, mountPoint), Is.EqualTo(allowed));

    [TestCase("  mount fstype=fuse* -> /builds/**/,", true)]
    [TestCase("  mount,", true)]
    [TestCase("  umount /builds/**/,", false)]
    public void Allows_WithALocalRule_FollowsThatToo(string rule, bool allowed) =>
        Assert.That(FusermountProfile.Allows(Profile + "\n" + rule, "/builds/group"), Is.EqualTo(allowed));

    [Test]
    public void Remedy_OfADenialInAForbiddenPlace_NamesTheProfileAndTheDropIn() =>
        Assert.That(FuserMount.Remedy("fusermount3: mount failed: Permission denied", isForbiddenPlace: true),
            Does.Contain("/etc/apparmor.d/fusermount3").And.Contain("/etc/apparmor.d/local/fusermount3"));

    [TestCase("fusermount3: mount failed: Permission denied", false)]
    [TestCase("fusermount3: option allow_other only allowed if 'user_allow_other' is set in /etc/fuse.conf", true)]
    public void Remedy_OfAnotherRefusal_DoesNotNameIt(string complaint, bool isForbiddenPlace) =>
        Assert.That(FuserMount.Remedy(complaint, isForbiddenPlace), Does.Not.Contain("AppArmor"));
}
