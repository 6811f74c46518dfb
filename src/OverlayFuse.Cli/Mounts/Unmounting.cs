using System.Globalization;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli.Mounts;

/// <summary>
/// Unmounts one mount and waits for the end of its daemon: umount(2) does not wait for it, and a large file may still be on its way into the upper.
/// </summary>
internal sealed record Unmounting
{
    /// <summary>After so long it is asked who else may hold the mount.</summary>
    private static readonly TimeSpan s_usual = TimeSpan.FromSeconds(2);

    /// <summary>Also when it is in use.</summary>
    public required bool IsLazy { get; init; }

    /// <summary>How long the daemon may take to answer, and to finish.</summary>
    public required TimeSpan Timeout { get; init; }

    private TimeSpan Patience => Timeout > Question.Patience ? Timeout : Question.Patience;

    /// <summary>Returns when the upper is complete on disk; lazily, when somebody uses the mount, at once.</summary>
    /// <param name="mountPoint">As the user named it.</param>
    /// <exception cref="IOException">It is no mount of ours, is busy, or its daemon has not ended; the text says what to do.</exception>
    /// <exception cref="FuseMountException">This user may not.</exception>
    public void Run(string mountPoint)
    {
        MountEntry mount = Find(mountPoint);
        MountAnswer answer = Ask(mountPoint, mount);
        Fd process = Fd.None;
        if (answer.ProcessId is { } id)
            _ = Sys.OpenProcess(id, out process); // if not, there is nothing to wait for
        using var daemon = new ScopedFd(process);
        MountHolder[] users = IsLazy ? [.. MountHolder.Find(mount.MountPoint).Where(user => !user.IsAsker)] : [];
        Detach(mountPoint, mount);
        if (users.Length > 0)
            PlainText.Complain($"{mountPoint}: detached, still used by {MountHolder.ToText(users)}; its upper is complete when process {ProcessText(answer)} has ended");
        else if (answer.State != MountState.Dead)
            AwaitEnd(mountPoint, mount, answer, daemon);
    }

    /// <exception cref="IOException">The daemon is silent; what asks it keeps the mount busy.</exception>
    private MountAnswer Ask(string mountPoint, MountEntry mount)
    {
        using var question = new MountQuestion(mount);
        MountAnswer answer = question.Await(Question.Patience);
        if (IsLazy || answer.State != MountState.Silent)
            return answer;
        PlainText.Complain($"{mountPoint}: its daemon does not answer; waiting for it");
        answer = question.Await(Timeout - Question.Patience);
        return answer.State != MountState.Silent ? answer : throw new IOException(string.Create(CultureInfo.InvariantCulture,
            $"{mountPoint}: its daemon has not answered in {Patience.TotalSeconds:0} s; if it is stopped (T in ps -C overlayfuse), kill -CONT it, or let it go: overlayfuse unmount --lazy {mountPoint}"));
    }

    /// <exception cref="IOException">There is none.</exception>
    private MountEntry Find(string mountPoint)
    {
        string path = LiveMount.RealPath(mountPoint, Patience);
        MountEntry? top = OwnMounts.Read().OnTopAt(path);
        return top is not null && LiveMount.IsOurs(top) ? top : throw new IOException(
            $"{mountPoint}: no overlayfuse mount is there; see 'overlayfuse list'");
    }

    private void Detach(string mountPoint, MountEntry mount)
    {
        Errno error = Detach(mount);
        if (error == Errno.EPERM)
            error = FuseMount.Unmount(mount.MountPoint, IsLazy); // by fusermount3
        if (error == Errno.EBUSY)
            throw new IOException($"{mountPoint}: is in use by {Users(mount)}; end what uses it, or let it go when it is no longer used: overlayfuse unmount --lazy {mountPoint}");
        if (error == Errno.ETIMEDOUT)
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{mountPoint}: has not been unmounted in {Patience.TotalSeconds:0} s: the kernel waits for its daemon to take what was written; end the daemon, or see 'overlayfuse list'"));
        if (error != Errno.None)
            throw new IOException($"{mountPoint}: cannot be unmounted ({error}); see 'overlayfuse list'");
    }

    /// <summary>In a child: the kernel writes out what the mount has been given before it lets go.</summary>
    private Errno Detach(MountEntry mount)
    {
        using Question question = Question.Begin(mount.MountPoint, new Step(StepKind.Unmount, IsLazy ? 1U : 0));
        if (!question.Await(IsLazy ? Question.Patience : Patience))
            return IsThere(mount) ? Errno.ETIMEDOUT : Errno.None; // its name is free, and the kernel waits for the daemon
        return question.Replies is [var reply] ? reply.Error : Errno.EIO;
    }

    private static bool IsThere(MountEntry mount) => OwnMounts.Read().Find(mount.Id) is { } there && there.Device == mount.Device;

    private static string Users(MountEntry mount)
    {
        string[] inside = [.. OwnMounts.Read().Entries.Select(entry => entry.MountPoint).Where(point => point.StartsWith(mount.MountPoint + "/", StringComparison.Ordinal))];
        if (inside.Length > 0)
            return $"mounts in it ({string.Join(", ", inside)})";
        IReadOnlyList<MountHolder> users = MountHolder.Find(mount.MountPoint);
        return users.Count > 0 ? MountHolder.ToText(users) : "something that you cannot see (another user's process, a loop device or swap; ask as root)";
    }

    private void AwaitEnd(string mountPoint, MountEntry mount, MountAnswer answer, Fd daemon)
    {
        if (OwnMounts.Read().OfDevice(mount.Device) is { } other)
            throw new IOException($"{mountPoint}: unmounted, but it is mounted at {other.MountPoint}, too; its upper is complete when that is unmounted");
        if (!daemon.IsOpen)
        {
            if (answer.ProcessId is null)
                throw new IOException($"{mountPoint}: unmounted, but its daemon could not be asked who it is; its upper is complete when that has ended (ps -C overlayfuse)");
            return;
        }
        if (HasEnded(daemon, Timeout < s_usual ? Timeout : s_usual))
            return;
        string elsewhere = MountHolder.OtherNamespaces(mount.Device);
        if (elsewhere.Length > 0)
            throw new IOException($"{mountPoint}: unmounted here, but it is still mounted in the mount namespace of {elsewhere}; its upper is complete when process {ProcessText(answer)} has ended");
        if (Timeout <= s_usual || !HasEnded(daemon, Timeout - s_usual))
            throw new IOException(string.Create(CultureInfo.InvariantCulture,
                $"{mountPoint}: unmounted, but its daemon still writes after {Timeout.TotalSeconds:0} s; its upper is complete when process {ProcessText(answer)} has ended (--timeout waits longer)"));
    }

    private static bool HasEnded(Fd daemon, TimeSpan patience) =>
        Sys.AwaitReadable(daemon, (int)Math.Min(patience.TotalMilliseconds, int.MaxValue)) == Errno.None;

    private static string ProcessText(MountAnswer answer) => answer.ProcessId?.ToString(CultureInfo.InvariantCulture) ?? "overlayfuse";
}
