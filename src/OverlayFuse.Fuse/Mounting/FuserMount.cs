using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>
/// fusermount3, the set-uid helper that mounts for ordinary users. It gets its options as arguments and sends the mounted /dev/fuse back
/// over the socket that _FUSE_COMMFD names.
/// </summary>
internal static class FuserMount
{
    private static readonly string[] Programs = ["fusermount3", "fusermount"];

    internal static Fd Mount(FuseMountOptions options, string mountPoint)
    {
        Errno error;
        if ((error = Sys.StreamSocketPair(out Fd oursNumber, out Fd theirsNumber)) != Errno.None)
            throw new FuseMountException($"{mountPoint}: no socket to talk to fusermount3: {error}");
        using var ours = new ScopedFd(oursNumber);
        int exitStatus;
        string complaint;
        using (var theirs = new ScopedFd(theirsNumber))
            exitStatus = Run(["-o", OptionsFor(options), "--", mountPoint], theirs, out complaint);
        if (exitStatus == 0 && Sys.ReceiveDescriptor(ours, out Fd device) == Errno.None)
            return device;
        throw new FuseMountException($"{mountPoint}: fusermount3 refuses to mount (exit status {exitStatus}): "
            + $"{complaint}{Remedy(complaint, FusermountProfile.Forbids(mountPoint))}");
    }

    /// <returns>EBUSY if it is in use: fusermount3 tells that by the text of strerror(3), in the C locale.</returns>
    internal static Errno Unmount(string mountPoint, bool detach)
    {
        int exitStatus = Run(["-u", .. detach ? new[] { "-z" } : [], "--", mountPoint], Fd.None, out string complaint);
        if (exitStatus == 0)
            return Errno.None;
        return complaint.EndsWith("Device or resource busy", StringComparison.Ordinal) ? Errno.EBUSY : throw new FuseMountException(
            $"{mountPoint}: fusermount3 cannot unmount it (exit status {exitStatus}): {complaint}");
    }

    internal static string OptionsFor(FuseMountOptions options)
    {
        var all = new List<string>
        {
            options.Flags.HasFlag(FuseMountFlags.ReadOnly) ? "ro" : "rw",
            "fsname=" + Escape(options.Source),
            "subtype=" + Escape(options.Subtype),
        };
        foreach (FuseMountFlags flag in Enum.GetValues<FuseMountFlags>())
        {
            if (options.Flags.HasFlag(flag) && NameOf(flag) is { } name)
                all.Add(name);
        }
        if (FuseMount.CommonOptions(options) is { Length: > 0 } common)
            all.Add(common);
        return string.Join(',', all);
    }

    /// <summary>Escapes a value: fusermount3 removes a backslash before any character, and splits at commas.</summary>
    private static string Escape(string value) =>
        value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace(",", @"\,", StringComparison.Ordinal);

    /// <summary>The word for a flag. Flags that fusermount3 does not know keep the kernel's default.</summary>
    private static string? NameOf(FuseMountFlags flag) => flag switch
    {
        FuseMountFlags.NoSuid => "nosuid",
        FuseMountFlags.NoDev => "nodev",
        FuseMountFlags.NoExec => "noexec",
        FuseMountFlags.Sync => "sync",
        FuseMountFlags.DirSync => "dirsync",
        FuseMountFlags.NoAtime => "noatime",
        _ => null,
    };

    private static int Run(string[] arguments, Fd socket, out string complaint)
    {
        Errno error;
        if ((error = Sys.Pipe(out Fd readNumber, out Fd writeNumber)) != Errno.None)
            throw new FuseMountException($"fusermount3: no pipe for its messages: {error}");
        using var read = new ScopedFd(readNumber);
        error = Errno.ENOENT;
        int process = 0;
        using (var write = new ScopedFd(writeNumber))
        {
            string variable = "_FUSE_COMMFD=" + socket.Number.ToString(CultureInfo.InvariantCulture);
            for (int i = 0; i < Programs.Length && error == Errno.ENOENT; i++)
                error = Sys.Spawn([Programs[i], .. arguments], variable, socket, write, out process);
        }
        if (error != Errno.None)
            throw new FuseMountException($"fusermount3: cannot be started ({error}); "
                + "install the package fuse3, or mount as root (in a container: --cap-add SYS_ADMIN)");
        complaint = ReadAll(read);
        error = Sys.WaitForExit(process, out int exitStatus);
        return error == Errno.None ? exitStatus : throw new FuseMountException($"fusermount3: its exit status is lost: {error}");
    }

    private static string ReadAll(Fd pipe)
    {
        // An error ends the text early.
        _ = TextFile.ReadToEnd(pipe, out List<byte> text);
        return NativeText.From(text.ToArray()).Trim();
    }

    /// <param name="complaint">The words of fusermount3.</param>
    /// <param name="isForbiddenPlace">True if an AppArmor profile forbids mounts there.</param>
    internal static string Remedy(string complaint, bool isForbiddenPlace)
    {
        if (isForbiddenPlace && complaint.EndsWith("Permission denied", StringComparison.Ordinal))
            return $" (the AppArmor profile {FusermountProfile.Path} allows no mount here); choose a mountpoint below your home, "
                + $"/tmp, /mnt or /media, or add a rule to {FusermountProfile.LocalPath}";
        if (complaint.Contains("user_allow_other", StringComparison.Ordinal))
            return " (put the line user_allow_other into /etc/fuse.conf, or leave allow_other out)";
        return complaint.EndsWith("Operation not permitted", StringComparison.Ordinal)
            ? " (it must be set-uid root and started without no_new_privs, and no seccomp filter may forbid mount(2); "
                + "a container: --cap-add SYS_ADMIN)" : "";
    }
}
