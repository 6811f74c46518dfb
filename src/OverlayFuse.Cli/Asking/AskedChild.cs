using System.Buffers.Binary;
using OverlayFuse.Cli.Native;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Asking;

/// <summary>
/// The child of a <see cref="Question"/>; not for users. It takes the request from standard input, and writes a reply for each step to
/// standard output. native/ask.c has closed every other descriptor.
/// </summary>
internal sealed class AskedChild : IDisposable
{
    public const string Word = VerbWords.Ask;

    /// <summary>Milliseconds between two signs of life.</summary>
    private const int Heartbeat = 1000;

    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly byte[] _path;
    private Fd _root = Fd.None;

    private AskedChild(byte[] path) => _path = path;

    public static int Run()
    {
        using Stream input = Console.OpenStandardInput();
        Request request = Request.Read(input);
        if (request.Asker is { } asker)
            // If it fails, the mount refuses.
            _ = Sys.AssumeUser(asker.User, asker.Group);
        if (request.Path[0] == (byte)'/')
            // A child that is left behind keeps no disk busy.
            Environment.CurrentDirectory = "/";
        using var child = new AskedChild(request.Path);
        foreach (Step step in request.Steps)
        {
            if (child.Take(step) != Errno.None)
                break;
        }
        return 0;
    }

    /// <summary>Closes the directory before the pipe: a parent that reads to the end of the pipe can unmount at once.</summary>
    public void Dispose()
    {
        if (_root.IsOpen)
            Sys.Close(_root);
        _output.Dispose();
    }

    private Errno Take(Step step)
    {
        try
        {
            byte[] data = step.Argument;
            Errno error = step.Kind switch
            {
                StepKind.Open => Open(out data),
                StepKind.RealPath => FindRealPath(out data),
                StepKind.IoCtl => Sys.IoCtl(_root, step.Detail, data),
                StepKind.Layers => ListLayers((int)step.Detail),
                StepKind.Look => Look(step.Argument, out _),
                StepKind.AddLayer => AddLayer(step.Argument),
                StepKind.Sync => Sync(),
                StepKind.Unmount => Sys.Unmount(new Name(_path), detach: step.Detail != 0),
                StepKind.Remount => Remount(step.Detail),
                StepKind.Changes => ListChanges(asJson: step.Detail != 0),
                _ => Errno.EINVAL,
            };
            return Say(step.Kind, error, data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MountRefusedException)
        {
            return Say(StepKind.Failed, Errno.EIO, Name.From(e.Message).Bytes);
        }
    }

    private Errno Say(StepKind kind, Errno error, ReadOnlySpan<byte> data)
    {
        Span<byte> header = stackalloc byte[Question.HeaderSize];
        BinaryPrimitives.WriteInt32LittleEndian(header, (int)kind);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], (int)error);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], data.Length);
        _output.Write([.. header, .. data]);
        return error;
    }

    private Errno Open(out byte[] device)
    {
        device = new byte[8];
        Errno error;
        if ((error = Sys.OpenAt(Fd.WorkingDirectory, new Name(_path), OpenFlags.ReadOnly | OpenFlags.Directory, out _root)) != Errno.None)
            return error;
        error = Sys.FStatx(_root, out Statx stat);
        BinaryPrimitives.WriteUInt32LittleEndian(device, stat.DevMajor);
        BinaryPrimitives.WriteUInt32LittleEndian(device.AsSpan(4), stat.DevMinor);
        return error;
    }

    /// <summary>Opens by O_PATH: that does not ask the mount's daemon, which may be gone.</summary>
    private Errno FindRealPath(out byte[] path)
    {
        path = [];
        Errno error;
        if ((error = Sys.OpenAt(Fd.WorkingDirectory, new Name(_path), OpenFlags.Path | OpenFlags.Directory, out Fd opened)) != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        error = TextFile.PathOf(directory, out string text);
        path = NativeText.ToBytes(text);
        return error;
    }

    private Errno ListLayers(int most)
    {
        Errno error;
        for (int index = 0; index < most; index++)
        {
            byte[] layer = LiveControl.WriteIndex(index);
            if ((error = Sys.IoCtl(_root, LiveControl.ListLayer, layer)) != Errno.None)
                return error;
            _ = Say(StepKind.Layers, error, layer);
        }
        return Errno.E2BIG;
    }

    private Errno Sync()
    {
        // An error belongs to the programs that have written.
        _ = Sys.SyncFs(_root);
        return Errno.None;
    }

    private Errno Remount(uint flags)
    {
        const uint remount = 1 << 5; // MS_REMOUNT
        Name none = Name.From("none");
        return Sys.Mount(none, new Name(_path), none, remount | flags, Name.Empty);
    }

    /// <returns>EDEADLK for a directory of the view itself: such a layer would make the daemon wait for itself.</returns>
    private Errno Look(byte[] path, out Statx stat)
    {
        Errno error;
        if ((error = Sys.StatxAt(Fd.WorkingDirectory, new Name(path), out stat)) != Errno.None)
            return error;
        if (!stat.IsDirectory)
            return Errno.ENOTDIR;
        bool isInside = Sys.FStatx(_root, out Statx view) == Errno.None && view.Dev == stat.Dev;
        bool isView = isInside && Sys.IoCtl(_root, LiveControl.ListLayer, LiveControl.WriteIndex(0)) == Errno.None;
        return isView ? Errno.EDEADLK : Errno.None;
    }

    private Errno AddLayer(byte[] path)
    {
        Errno error;
        if ((error = Look(path, out Statx stat)) != Errno.None)
            return error;
        return LiveControl.WriteDirectory(stat, path) is { } argument
            ? Sys.IoCtl(_root, LiveControl.AddLayer, argument)
            : Errno.ENAMETOOLONG;
    }

    private Errno ListChanges(bool asJson)
    {
        long said = Environment.TickCount64;
        IChangeWriter changes = asJson ? new ChangeObjects(Write) : new ChangeLines(Write);
        LiveChanges.Find(_root, changes.Add, GoesOn);
        changes.End();
        return Errno.None;

        void Write(ReadOnlySpan<byte> text) => _ = Say(StepKind.Changes, Errno.None, text);

        void GoesOn()
        {
            if (Environment.TickCount64 - said < Heartbeat)
                return;
            said = Environment.TickCount64;
            _ = Say(StepKind.Changes, Errno.None, []);
        }
    }
}
