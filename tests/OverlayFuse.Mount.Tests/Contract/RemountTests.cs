using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>mount -o remount: the words of mount(8) take effect, options of overlayfs are ignored; the same on both sides.</summary>
internal sealed class RemountTests
{
    /// <summary>What the mount says of itself, and what can be done in it, after each remount of "$@".</summary>
    private const string Look = """
        look() {
            grep -o "$1 [a-z.]* [^ ]*" /proc/mounts | cut -d" " -f3 | tr , "\n" \
                | grep -xE "ro|rw|nodev|nosuid|noexec|noatime|nodiratime|relatime|sync|dirsync|lazytime" | tr "\n" " "
            echo new 2>/dev/null >"$1/file" && echo written || echo not written
            cat "$1/null" 2>/dev/null && echo device opened || echo device not opened
            "$1/run" 2>/dev/null && echo run || echo not run
        }
        remounts() {
            at=$1; shift
            for words do
                mount -o "remount,$words" "$at" 2>/dev/null && echo "remount,$words" || echo "remount,$words refused"
                look "$at"
            done
        }
        """;

    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = new CliSandbox();
        sandbox.Shell("mkdir k ku kw; mknod a/null c 1 3; printf '#!/bin/sh\\n' >a/run; chmod 755 a/run");
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("ro", "rw", "ro")]
    [TestCase("noatime,nodev", "dev", "relatime")]
    [TestCase("nosuid,noexec,nodiratime", "exec,diratime", "suid")]
    [TestCase("sync,dirsync", "async", "lazytime", "nolazytime")]
    [TestCase("metacopy=on", "index=on,redirect_dir=nofollow", "userxattr", "volatile")]
    [TestCase("lowerdir=/none", "upperdir=/none,workdir=/none,ro", "lowerdir=/none,rw")]
    [TestCase("nosuch=1", "ro,nosuch")]
    public void Remount_OfAWritableMount_ActsAsOnTheKernels(params string[] words) =>
        AssertSame("lowerdir=a:b,upperdir=ku,workdir=kw", CliSandbox.Writable, words);

    [TestCase("rw")]
    [TestCase("noatime", "ro,nodev", "rw")]
    public void Remount_OfAMountWithoutAnUpper_StaysReadOnly(params string[] words) => AssertSame("lowerdir=a:b", "lowerdir=a:b", words);

    [TestCase("rw", "ro")]
    [TestCase("noatime", "rw,relatime")]
    public void Remount_OfAMountThatBeganReadOnly_CanBeWrittenThen(params string[] words) =>
        AssertSame("lowerdir=a:b,upperdir=ku,workdir=kw,ro", CliSandbox.Writable + ",ro", words);

    /// <summary>Without mount(8): what is not named stays.</summary>
    [TestCase("remount,nodev", "rw,nodev,relatime")]
    [TestCase("remount,ro,noatime,metacopy=on", "ro,noatime")]
    public void Remount_ByTheProgramItself_ChangesWhatIsNamed(string words, string shown)
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        ToolResult result = sandbox.Start("-o", words, "m");
        Assert.That((result.ExitCode, result.Error, result.Output), Is.EqualTo((0, "", "")));
        Assert.That(File.ReadLines("/proc/mounts"), Has.Some.Contains($" {sandbox.MountPoint} fuse.overlayfuse {shown},"));
        Assert.That(Overlayfuse.Daemons(sandbox.MountPoint), Has.Length.EqualTo(1));
    }

    [Test]
    public void Remount_WhereNothingIsMounted_IsRefused()
    {
        ToolResult result = sandbox.Start("-o", "remount,ro", sandbox.MountPoint);
        Assert.That((result.ExitCode, result.Error),
            Is.EqualTo((1,
                $"overlayfuse: {sandbox.MountPoint}: no overlayfuse mount is there (EINVAL); see 'findmnt -t fuse.overlayfuse'\n")));
    }

    private void AssertSame(string kernelOptions, string options, string[] words)
    {
        string body = string.Join(' ', words.Select(word => $"'{word}'"));
        string script = $"""
            cd '{sandbox.Root}'
            mkdir bin; ln -s '{Overlayfuse.Path}' bin/overlayfuse
            mount -t overlay o -o "lowerdir=$PWD/bin:/usr/local/bin" /usr/local/bin
            export PATH=/usr/local/bin:$PATH
            {Look}
            mount -t overlay o -o {kernelOptions} k
            remounts "$PWD/k" {body} >kernel
            umount k
            overlayfuse -o {options} m
            trap 'umount m' EXIT
            remounts "$PWD/m" {body} >ours
            """;
        File.WriteAllText(sandbox.PathOf("script"), script);
        Tool.Run("unshare", "-m", "sh", "-e", sandbox.PathOf("script"));
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        string kernel = File.ReadAllText(sandbox.PathOf("kernel"));
        Assert.That(kernel, Is.Not.Empty);
        Assert.That(File.ReadAllText(sandbox.PathOf("ours")), Is.EqualTo(kernel));
    }
}
