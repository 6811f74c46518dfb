using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>A live mount. Its <see cref="Device"/> goes to a <see cref="FuseSession"/>, which closes it.</summary>
public sealed class FuseMount
{
    private const string DescriptorPrefix = "/dev/fd/";

    private readonly MountIdentity? _identity;

    private FuseMount(string mountPoint, Fd device, bool isForeign = false)
    {
        MountPoint = mountPoint;
        Device = device;
        IsForeign = isForeign;
        _identity = isForeign ? null : MountIdentity.At(mountPoint);
    }

    /// <summary>
    /// True for the errors of a mount whose daemon is gone. By io_uring its end cancels first the request that is under way, then the
    /// connection.
    /// </summary>
    /// <param name="error">The answer of a system call that asked the mount.</param>
    public static bool IsWithoutDaemon(Errno error) => error is Errno.ENOTCONN or Errno.ECONNABORTED or Errno.ECANCELED;

    /// <summary>/dev/fuse, mounted.</summary>
    public Fd Device { get; }

    /// <summary>The absolute path without symbolic links; "/dev/fd/N" for a foreign mount.</summary>
    public string MountPoint { get; }

    /// <summary>True if the calling program has opened /dev/fuse and mounted it, and unmounts it too.</summary>
    public bool IsForeign { get; }

    /// <summary>
    /// True if a mountpoint is a descriptor of /dev/fuse that the calling program has mounted: "/dev/fd/N", as with libfuse 3.3.
    /// </summary>
    /// <param name="mountPoint">The mountpoint as the user wrote it.</param>
    public static bool IsDescriptor(string mountPoint) => TryDescriptor(mountPoint, out _);

    /// <summary>
    /// Mounts by mount(2), or through fusermount3 if the caller may not. Any access to the mount waits until a session runs.
    /// </summary>
    /// <param name="options">The mountpoint and the options.</param>
    /// <exception cref="FuseMountException">The text names the thing, the value and the remedy.</exception>
    public static FuseMount Mount(FuseMountOptions options)
    {
        if (TryDescriptor(options.MountPoint, out Fd given))
            return Take(options.MountPoint, given);
        string mountPoint = Resolve(options.MountPoint, out uint type);
        Errno opened = Sys.OpenAt(Fd.WorkingDirectory, Name.From("/dev/fuse"), OpenFlags.ReadWrite | OpenFlags.CloseOnExec, out Fd device);
        if (opened is Errno.ENOENT or Errno.ENODEV or Errno.ENXIO)
            throw new FuseMountException($"/dev/fuse: {opened}: the kernel has no FUSE here; "
                + "load it (modprobe fuse), or give the container the device (--device /dev/fuse)");
        if (opened is not (Errno.None or Errno.EACCES or Errno.EPERM))
            throw new FuseMountException($"/dev/fuse: cannot be opened: {opened}");
        if (opened != Errno.None && !options.UsesHelper)
            throw new FuseMountException($"/dev/fuse: permission denied ({opened}); as root: "
                + "chmod 666 /dev/fuse, or give the container the device (--device /dev/fuse)");
        if (opened != Errno.None)
            return new FuseMount(mountPoint, FuserMount.Mount(options, mountPoint));
        Errno mounted = MountDirectly(options, mountPoint, type, device, out string data);
        if (mounted == Errno.None)
            return new FuseMount(mountPoint, device);
        bool isFuse = IsFuse(device);
        Sys.Close(device);
        if (!isFuse)
            throw new FuseMountException("/dev/fuse: is not the FUSE device; as root: rm /dev/fuse, mknod -m 666 /dev/fuse c 10 229");
        if (mounted == Errno.EPERM && options.UsesHelper)
            return new FuseMount(mountPoint, FuserMount.Mount(options, mountPoint));
        throw new FuseMountException($"{mountPoint}: {Reason(mounted, data)}");
    }

    /// <summary>
    /// Lets the kernel read further ahead than its default of 128 KiB, by the backing device of the mount in sysfs. There is no other way,
    /// and only root can write there. Call it after INIT, which lowers the value.
    /// </summary>
    /// <param name="bytes">The most bytes in one step of reading ahead; whole KiB count.</param>
    /// <returns>False if the caller may not change it; then the mount keeps its value.</returns>
    public bool AllowReadahead(uint bytes)
    {
        if (_identity is null)
            return false;
        string device = _identity.Device;
        try
        {
            File.WriteAllText($"/sys/class/bdi/{device}/read_ahead_kb", (bytes / 1024).ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>
    /// Detaches the mount. Its name is free at once. Open files stay usable while the session runs, and the session ends with the last of
    /// them. Does nothing if the mount is gone already or another mount covers it.
    /// </summary>
    /// <exception cref="FuseMountException">The mount is still there.</exception>
    public void Unmount()
    {
        if (_identity is null || _identity != MountIdentity.At(MountPoint))
            return;
        Errno error = Unmount(MountPoint, detach: true);
        // EINVAL and ENOENT: another process has unmounted it first.
        if (error is not (Errno.None or Errno.EINVAL or Errno.ENOENT))
            throw new FuseMountException($"{MountPoint}: cannot be unmounted: {error}");
    }

    /// <summary>The st_dev of the mount as "major:minor"; null if the mountpoint could not be looked at.</summary>
    public string? DeviceNumber => _identity?.Device;

    /// <summary>Unmounts the FUSE mount of any user by umount2(2), or through fusermount3 if the caller may not.</summary>
    /// <param name="mountPoint">The absolute path without symbolic links.</param>
    /// <param name="detach">
    /// True: detaches the mount also while it is in use. Its name is free at once, the rest goes with its last user.
    /// </param>
    /// <returns>EBUSY if it is in use and <paramref name="detach"/> is false; EINVAL if no mount is there.</returns>
    /// <exception cref="FuseMountException">fusermount3 refused; the text gives its reason.</exception>
    public static Errno Unmount(string mountPoint, bool detach)
    {
        Errno error = Sys.Unmount(Name.From(mountPoint), detach);
        return error == Errno.EPERM ? FuserMount.Unmount(mountPoint, detach) : error;
    }

    private static bool TryDescriptor(string mountPoint, out Fd device)
    {
        device = Fd.None;
        if (!mountPoint.StartsWith(DescriptorPrefix, StringComparison.Ordinal)
            || !int.TryParse(mountPoint.AsSpan(DescriptorPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return false;
        device = new Fd(number);
        return IsFuse(device);
    }

    /// <summary>A device that is mounted nowhere cannot be cloned. A caller that may not open /dev/fuse cannot test that.</summary>
    private static FuseMount Take(string name, Fd device)
    {
        Errno closed = Sys.OpenAt(Fd.WorkingDirectory, Name.From("/dev/fuse"), OpenFlags.ReadWrite, out Fd other);
        using var probe = new ScopedFd(other);
        Fd clone = Fd.None;
        Errno error = closed == Errno.None ? Sys.CloneFuseDevice(device, out clone) : Errno.None;
        using var owner = new ScopedFd(clone);
        if (error is Errno.EINVAL or Errno.ENODEV or Errno.EPERM)
            throw new FuseMountException(
                $"{name}: /dev/fuse is open there, but not mounted ({error}); mount it before this program starts");
        return new FuseMount(name, device, isForeign: true);
    }

    private static bool IsFuse(Fd device) =>
        Sys.FStatx(device, out Statx stat) == Errno.None && stat.Type == FileType.CharacterDevice
            && stat is { RdevMajor: 10, RdevMinor: 229 };

    private static string Reason(Errno error, string data) => error switch
    {
        Errno.EINVAL => $"the kernel refuses the mount options \"{data}\" (EINVAL)",
        Errno.EPERM => "the kernel refuses FUSE in a user namespace (EPERM): "
            + "a seccomp filter or security policy forbids mount(2), or it is older than 4.18",
        Errno.EACCES => "cannot be mounted: EACCES: a security module (AppArmor, SELinux) forbids mount(2); "
            + "of a container: --security-opt apparmor=unconfined",
        Errno.ENOSYS => "cannot be mounted: ENOSYS: a seccomp filter forbids mount(2); of a container: --cap-add SYS_ADMIN",
        _ => $"cannot be mounted: {error}",
    };

    private static Errno MountDirectly(FuseMountOptions options, string mountPoint, uint type, Fd device, out string data)
    {
        data = string.Create(CultureInfo.InvariantCulture,
            $"fd={device.Number},rootmode={Convert.ToString(type, 8)},user_id={Sys.EffectiveUid},group_id={Sys.EffectiveGid}");
        if (CommonOptions(options) is { Length: > 0 } common)
            data += "," + common;
        return Sys.Mount(Name.From(options.Source), Name.From(mountPoint), Name.From("fuse." + options.Subtype), (uint)options.Flags,
            Name.From(data));
    }

    /// <summary>The options that have the same form for the kernel and for fusermount3.</summary>
    internal static string CommonOptions(FuseMountOptions options)
    {
        var all = new List<string>();
        if (options.DefaultPermissions)
            all.Add("default_permissions");
        if (options.AllowOther)
            all.Add("allow_other");
        if (options.MaxRead > 0)
            all.Add(string.Create(CultureInfo.InvariantCulture, $"max_read={options.MaxRead}"));
        if (options.ExtraOptions.Length > 0)
            all.Add(options.ExtraOptions);
        return string.Join(',', all);
    }

    private static string Resolve(string mountPoint, out uint type)
    {
        type = 0;
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(mountPoint), OpenFlags.Path | OpenFlags.Directory | OpenFlags.CloseOnExec,
            out Fd opened);
        using var directory = new ScopedFd(opened);
        Statx root = default;
        // Opening by O_PATH alone does not ask the file system.
        if (error == Errno.None)
            error = Sys.FStatx(opened, out root);
        if (error is Errno.ENOTCONN or Errno.ECONNABORTED)
            throw new FuseMountException($"{mountPoint}: a FUSE mount whose program is gone is in the way; "
                + $"remove it (fusermount3 -u {mountPoint}, or umount as root)");
        if (error != Errno.None)
            throw new FuseMountException($"{mountPoint}: the mountpoint must be an existing directory: {error}");
        if ((error = TextFile.PathOf(opened, out string path)) != Errno.None)
            throw new FuseMountException($"/proc: cannot be read ({error}); mount it");
        type = (uint)root.Type;
        return path;
    }
}
