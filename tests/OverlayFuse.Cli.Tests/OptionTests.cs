using OverlayFuse.Cli.Words;
using OverlayFuse.Overlay;
using static OverlayFuse.Cli.Tests.Words;

namespace OverlayFuse.Cli.Tests;

/// <summary>Mount options one by one.</summary>
internal sealed class OptionTests
{
    [TestCase(",,lowerdir=/a,,,volatile,")]
    [TestCase("volatile,lowerdir=/a")]
    public void Options_Empty_AreSkipped(string options) =>
        Assert.That(Options(options).Overlay.Volatile, Is.True);

    [Test]
    public void Context_QuotedWithCommas_IsOneOption()
    {
        MountRequest request = Options("lowerdir=/a,context=\"system_u:object_r:container_file_t:s0:c1,c2\",,nodev");
        Assert.That(request.MountWords, Is.EqualTo(new[] { "context=\"system_u:object_r:container_file_t:s0:c1,c2\"", "nodev" }));
    }

    [Test]
    public void Context_WithoutQuotes_GetsThem() =>
        Assert.That(Options("lowerdir=/a,context=u:r:t:s0").MountWords, Is.EqualTo(new[] { "context=\"u:r:t:s0\"" }));

    [Test]
    public void Context_WithoutClosingQuote_IsRefused() =>
        Assert.That(OptionRefusal("lowerdir=/a,context=\"u:r,nodev"), Does.Contain("context=\"u:r,nodev").And.Contain("closing quote"));

    [TestCase("nosuchoption", "nosuchoption: unknown")]
    [TestCase("nosuchoption=5", "nosuchoption=5: unknown")]
    [TestCase("Volatile", "Volatile: unknown")]
    [TestCase("redirect_dir=yes", "redirect_dir=yes")]
    [TestCase("index=1", "index=1")]
    [TestCase("metacopy=maybe", "metacopy=maybe")]
    [TestCase("metacopy=on,redirect_dir=nofollow", "metacopy=on: needs redirect_dir=on")]
    [TestCase("metacopy=on,redirect_dir=follow,upperdir=/u,workdir=/w", "metacopy=on: needs redirect_dir=on")]
    [TestCase("userxattr,metacopy=on", "metacopy=on: cannot stand with userxattr")]
    [TestCase("userxattr,redirect_dir=on", "redirect_dir=on: cannot stand with userxattr")]
    [TestCase("nfs_export=1", "nfs_export=1")]
    [TestCase("nfs_export=on,index=off,upperdir=/u,workdir=/w", "nfs_export=on: needs index=on")]
    [TestCase("nfs_export=on,index=off,redirect_dir=nofollow", "nfs_export=on: needs index=on")]
    [TestCase("nfs_export=on,metacopy=on,upperdir=/u,workdir=/w", "nfs_export=on: cannot stand with metacopy=on")]
    [TestCase("writeback=1,io=passthrough", "writeback=1: cannot stand with io=passthrough")]
    [TestCase("io=stateless,writeback", "writeback=1: cannot stand with io=stateless")]
    [TestCase("writeback=1,direct_io", "writeback=1: cannot stand with direct_io")]
    [TestCase("writeback=1,auto_cache", "writeback=1: cannot stand with auto_cache")]
    [TestCase("writeback=1,timeout=0", "writeback=1: cannot stand with timeout=0")]
    [TestCase("writeback=1,attr_timeout=0", "writeback=1: cannot stand with attr_timeout=0")]
    [TestCase("writeback=2", "writeback=2: neither 0 nor 1")]
    [TestCase("verity=maybe", "verity=maybe")]
    [TestCase("uuid=5", "uuid=5")]
    [TestCase("xino=maybe", "xino=maybe")]
    [TestCase("fsync=2", "fsync=2")]
    [TestCase("datadir+=/d", "lowerdir= and datadir+=/d cannot stand together")]
    [TestCase("squash_to_uid=-1", "squash_to_uid=-1")]
    [TestCase("squash_to_gid=4294967295", "squash_to_gid=4294967295")]
    [TestCase("uidmapping=0:0", "uidmapping=0:0: 2 numbers")]
    [TestCase("uidmapping=0:x:1", "'x' is not a number")]
    [TestCase("gidmapping=0:1000:0", "a range of no ids")]
    [TestCase("gidmapping=1:0:4294967295", "beyond the last id")]
    [TestCase("uidmapping=0:1000:2:1:2000:1", "two ranges overlap")]
    [TestCase("uidmapping=0:1000:2:5:1001:1", "two ranges overlap")]
    [TestCase("xattr_permissions=3", "xattr_permissions=3")]
    [TestCase("noxattrs=2", "noxattrs=2")]
    [TestCase("volatile=1", "volatile=1: takes no value")]
    [TestCase("timeout=soon", "timeout=soon")]
    [TestCase("upperdir=", "upperdir: a value is missing")]
    [TestCase("upperdir=/u", "upperdir=/u: workdir= is missing")]
    public void Option_Wrong_IsRefusedWithItsNameAndValue(string option, string text) =>
        Assert.That(OptionRefusal("lowerdir=/a," + option), Does.Contain(text).And.Contain("; "));

    [TestCase("", null, false)]
    [TestCase(",redirect_dir=off", RedirectMode.Follow, false)]
    [TestCase(",redirect_dir=follow", RedirectMode.Follow, false)]
    [TestCase(",redirect_dir=nofollow", RedirectMode.NoFollow, false)]
    [TestCase(",redirect_dir=on", RedirectMode.On, false)]
    [TestCase(",metacopy=on", RedirectMode.On, true)]
    [TestCase(",metacopy=on,redirect_dir=follow", RedirectMode.Follow, true)]
    [TestCase(",userxattr", null, false)]
    [TestCase(",userxattr,redirect_dir=nofollow", RedirectMode.NoFollow, false)]
    public void RedirectAndMetacopy_AnyOfThem_AreAsInTheKernel(string options, RedirectMode? redirect, bool metacopy)
    {
        OverlayOptions parsed = Options("lowerdir=/a:/b" + options).Overlay;
        Assert.That((parsed.Redirect, parsed.Metacopy), Is.EqualTo((redirect, metacopy)));
    }

    [TestCase("lowerdir=/a:/b::/c::/d", "/a|/b", "/c|/d")]
    [TestCase("lowerdir=/a::/c\\:d", "/a", "/c:d")]
    [TestCase("lowerdir+=/a,datadir+=/c,datadir+=/d:e", "/a", "/c|/d:e")]
    public void DataLayers_BehindDoubleColons_AreApart(string options, string lowers, string data)
    {
        OverlayOptions parsed = Options(options).Overlay;
        Assert.That((string.Join('|', parsed.LowerDirs), string.Join('|', parsed.DataDirs)), Is.EqualTo((lowers, data)));
    }

    [TestCase("lowerdir=/a::/c:/d", "a single colon after '/c'")]
    [TestCase("lowerdir=::/c", "layer 1 is empty")]
    [TestCase("lowerdir=/a::", "layer 2 is empty")]
    [TestCase("lowerdir=/a:::/b", "layer 2 is empty")]
    public void DataLayers_InAWrongPlace_AreRefused(string options, string text) => Assert.That(OptionRefusal(options), Does.Contain(text));

    [TestCase("redirect_dir=off")]
    [TestCase("redirect_dir=nofollow")]
    [TestCase("index=off")]
    [TestCase("metacopy=off")]
    [TestCase("nfs_export=off")]
    [TestCase("xino=auto")]
    [TestCase("uuid=null")]
    [TestCase("private")]
    [TestCase("uid=1000")]
    [TestCase("gid=1000")]
    [TestCase("allow_other")]
    [TestCase("uidmapping=0:0:4294967295")]
    [TestCase("gidmapping=0:0:1:1:1:65535")]
    [TestCase("xattr_permissions=0")]
    [TestCase("threaded=1")]
    [TestCase("timeout=1000000000.0")]
    [TestCase("x-systemd.automount")]
    [TestCase("x-gvfs-hide=1")]
    [TestCase("_netdev")]
    [TestCase("fsync=1")]
    public void Option_ThatSaysWhatWeDo_IsAccepted(string option) =>
        Assert.That(() => Options("lowerdir=/a," + option), Throws.Nothing);

    [TestCase("dev,suid,rw", "dev suid rw")]
    [TestCase("nodev,dev", "dev")]
    [TestCase("suid,nosuid", "nosuid")]
    [TestCase("exec,noexec,exec", "exec")]
    [TestCase("noatime,relatime", "relatime")]
    public void MountWords_OnOneSubject_LastWins(string options, string expected) =>
        Assert.That(string.Join(' ', Options("lowerdir=/a," + options).MountWords), Is.EqualTo(expected));

    [TestCase("lowerdir=/a", true)]
    [TestCase("lowerdir=/a,upperdir=/u,workdir=/w", false)]
    [TestCase("lowerdir=/a,upperdir=/u,workdir=/w,ro", true)]
    [TestCase("lowerdir=/a,upperdir=/u,workdir=/w,ro,rw", false)]
    [TestCase("lowerdir=/a,workdir=/w,rw", true)]
    public void ReadOnly_ByUpperAndWords_IsDecided(string options, bool readOnly) =>
        Assert.That(Options(options).Overlay.ReadOnly, Is.EqualTo(readOnly));

    [Test]
    public void Timeout_InSeconds_IsTheCacheTimeout() =>
        Assert.That(Options("lowerdir=/a,timeout=5").Overlay.CacheTimeout, Is.EqualTo(TimeSpan.FromSeconds(5)));

    [Test]
    public void Rules_AllOfThem_HaveATextThatSaysWhatHappens() => Assert.Multiple(() =>
    {
        Assert.That(OptionTable.Rules.Select(rule => rule.Name), Is.Unique);
        Assert.That(OptionTable.Rules.Where(rule => rule.Text.Length == 0), Is.Empty);
    });

    /// <summary>What container clients write, word for word (contract C.1 to C.3).</summary>
    [TestCase("-o|lowerdir=l/ABC:l/DEF,upperdir=/s/diff,workdir=/s/work,,volatile,"
        + "context=\"system_u:object_r:container_file_t:s0:c1,c2\"|/s/merged")]
    [TestCase("-o|lowerdir=/s/diff:l/DEF,nodev|/s/merged")]
    [TestCase("-o|lowerdir=/src,upperdir=/o/upper,workdir=/o/work,private|/o/merge")]
    [TestCase("overlay|/target|-o|workdir=/w,upperdir=/u,lowerdir=/a:/b,dev,suid")]
    [TestCase("overlay|/target|-o|lowerdir=/a:/b,dev,suid")]
    [TestCase("-f|-o|lowerdir=/a,upperdir=/u,workdir=/w,exec,uid=1000,gid=1000,allow_other|/mnt")]
    [TestCase("-o|lowerdir=l/A,upperdir=B/diff,workdir=B/work|merged")]
    public void Client_AsItCalls_IsUnderstood(string words) =>
        Assert.That(() => Read(words.Split('|')), Throws.Nothing);
}
