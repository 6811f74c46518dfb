using System.Globalization;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Cli.Mounts;

/// <summary>
/// Unmounts one mount and waits for the end of its daemon. umount(2) does not wait for it, and a large file may still be on its way into
/// the upper.
/// </summary>
internal sealed record Unmounting
{
    /// <summary>After this time other places that may hold the mount are looked for.</summary>
    private static readonly TimeSpan s_usual = TimeSpan.FromSeconds(2);

    /// <summary>Unmounts also if the mount is in use.</summary>
    public required bool IsLazy { get; init; }

    /// <summary>Time limit for the daemon to answer and to finish.</summary>
    public required TimeSpan Timeout { get; init; }

    private TimeSpan Patience => Timeout > Question.Patience ? Timeout : Question.Patience;

    /// <summary>Returns when the upper is complete on disk. A lazy call returns at once if the mount is in use.</summary>
    /// <param name="mountPoint">As the user named it.</param>
    /// <exception cref="IOException">It is no mount of ours, is busy, or its daemon has not ended. The text says what to do.</exception>
    /// <exception cref="FuseMountException">This user may not unmount it.</exception>
    public void Run(string mountPoint)
    {
        MountEntry mount = Find(mountPoint);
        MountAnswer answer = Ask(mountPoint, mount);
        Fd process = Fd.None;
        if (answer.ProcessId is { } id)
            // A daemon that has ended needs no wait.
            _ = Sys.OpenProcess(id, out process);
        using var daemon = new ScopedFd(process);
        MountHolder[] users = IsLazy ? [.. MountHolder.Find(mount.MountPoint).Where(user => !user.IsAsker)] : [];
        Detach(mountPoint, mount);
        if (users.Length > 0)
            PlainText.Complain($"{mountPoint}: detached, still used by {MountHolder.ToText(users)}; {CompleteAfter(answer)}");
        else if (answer.State != MountState.Dead)
            AwaitEnd(mountPoint, mount, answer, daemon);
    }

    /// <exception cref="IOException">The daemon is silent. The child that asks it keeps the mount busy.</exception>
    private MountAnswer Ask(string mountPoint, MountEntry mount)
    {
        using var question = new MountQuestion(mount);
        MountAnswer answer = question.Await(Question.Patience);
        if (IsLazy || answer.State != MountState.Silent)
            return answer;
        PlainText.Complain($"{mountPoint}: its daemon does not answer; waiting for it");
        answer = question.Await(Timeout - Question.Patience);
        return answer.State != MountState.Silent ? answer : throw new IOException(string.Create(CultureInfo.InvariantCulture,
            $"{mountPoint}: its daemon has not answered in {Patience.TotalSeconds:0} s; "
            + $"if it is stopped (T in ps -C overlayfuse), kill -CONT it, or let it go: overlayfuse unmount --lazy {mountPoint}"));
    }

    /// <exception cref="IOException">There is no mount.</exception>
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
            // An ordinary user needs fusermount3.
            error = FuseMount.Unmount(mount.MountPoint, IsLazy);
        if (error == Errno.EBUSY)
            throw new IOException(
                $"{mountPoint}: is in use by {Users(mount)}; "
                + $"end what uses it, or let it go when it is no longer used: overlayfuse unmount --lazy {mountPoint}");
        if (error == Errno.ETIMEDOUT)
            throw new IOException(string.Create(CultureInfo.InvariantCulture,
                $"{mountPoint}: has not been unmounted in {Patience.TotalSeconds:0} s: the kernel waits for its daemon to take "
                + $"what was written; end the daemon, or see 'overlayfuse list'"));
        if (error != Errno.None)
            throw new IOException($"{mountPoint}: cannot be unmounted ({error}); see 'overlayfuse list'");
    }

    /// <summary>Unmounts in a child: the kernel first writes out what the mount has been given.</summary>
    private Errno Detach(MountEntry mount)
    {
        using Question question = Question.Begin(mount.MountPoint, new Step(StepKind.Unmount, IsLazy ? 1U : 0));
        // If the mount is no longer there, its name is free, and the kernel waits for the daemon.
        using var progress = new ProgressLine();
        if (!progress.Await(time => question.Await(time), IsLazy ? Question.Patience : Patience,
                () => $"{mount.MountPoint}: the kernel hands over the data that were written"))
            return IsThere(mount) ? Errno.ETIMEDOUT : Errno.None;
        return question.Replies is [var reply] ? reply.Error : Errno.EIO;
    }

    private static bool IsThere(MountEntry mount) => OwnMounts.Read().Find(mount.Id) is { } there && there.Device == mount.Device;

    private static string Users(MountEntry mount)
    {
        IEnumerable<string> mounts = OwnMounts.Read().Entries.Select(entry => entry.MountPoint);
        string[] inside = [.. mounts.Where(point => point.StartsWith(mount.MountPoint + "/", StringComparison.Ordinal))];
        if (inside.Length > 0)
            return $"mounts in it ({string.Join(", ", inside)})";
        IReadOnlyList<MountHolder> users = MountHolder.Find(mount.MountPoint);
        return users.Count > 0
            ? MountHolder.ToText(users)
            : "something that you cannot see (another user's process, a loop device or swap; ask as root)";
    }

    private void AwaitEnd(string mountPoint, MountEntry mount, MountAnswer answer, Fd daemon)
    {
        if (OwnMounts.Read().OfDevice(mount.Device) is { } other)
            throw new IOException(
                $"{mountPoint}: unmounted, but it is mounted at {other.MountPoint}, too; its upper is complete when that is unmounted");
        if (!daemon.IsOpen)
        {
            if (answer.ProcessId is null)
                throw new IOException(
                    $"{mountPoint}: unmounted, but its daemon could not be asked who it is; "
                    + "its upper is complete when that has ended (ps -C overlayfuse)");
            return;
        }
        using var progress = new ProgressLine();
        var written = new DaemonWrites(answer.ProcessId);
        if (progress.Await(time => HasEnded(daemon, time), Timeout < s_usual ? Timeout : s_usual, Text))
            return;
        string elsewhere = MountHolder.OtherNamespaces(mount.Device);
        if (elsewhere.Length > 0)
            throw new IOException(
                $"{mountPoint}: unmounted here, but it is still mounted in the mount namespace of {elsewhere}; {CompleteAfter(answer)}");
        if (Timeout <= s_usual || !progress.Await(time => HasEnded(daemon, time), Timeout - s_usual, Text))
            throw new IOException(string.Create(CultureInfo.InvariantCulture,
                $"{mountPoint}: unmounted, but its daemon still writes after {Timeout.TotalSeconds:0} s; "
                + $"{CompleteAfter(answer)} (--timeout waits longer)"));

        string Text() => $"{mountPoint}: the daemon completes the upper{written}";
    }

    private static bool HasEnded(Fd daemon, TimeSpan patience) =>
        Sys.AwaitReadable(daemon, (int)Math.Min(patience.TotalMilliseconds, int.MaxValue)) == Errno.None;

    private static string CompleteAfter(MountAnswer answer) =>
        $"its upper is complete when process {answer.ProcessId?.ToString(CultureInfo.InvariantCulture) ?? "overlayfuse"} has ended";
}
