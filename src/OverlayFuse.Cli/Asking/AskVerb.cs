using System.Buffers.Binary;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Asking;

/// <summary>
/// The child of a <see cref="Question"/>: takes the request from standard input and writes a reply for each step to standard output. native/ask.c has
/// closed every other descriptor. Not for users.
/// </summary>
internal sealed class AskVerb : IDisposable
{
    /// <summary>Keep in step with native/ask.c and native/command_line.c.</summary>
    public const string Name = "--ask";

    /// <summary>Milliseconds from one sign of life to the next.</summary>
    private const int Heartbeat = 1000;

    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly byte[] _path;
    private Fd _root = Fd.None;

    private AskVerb(byte[] path) => _path = path;

    public static int Run()
    {
        using Stream input = Console.OpenStandardInput();
        Request request = Request.Read(input);
        if (request.Asker is { } asker)
            _ = Sys.AssumeUser(asker.User, asker.Group); // if not, the mount refuses
        if (request.Path[0] == (byte)'/')
            Environment.CurrentDirectory = "/"; // left behind, it keeps no disk busy
        using var verb = new AskVerb(request.Path);
        foreach (Step step in request.Steps)
        {
            if (verb.Take(step) != Errno.None)
                break;
        }
        return 0;
    }

    /// <summary>Closed before the pipe is: who reads to its end can unmount.</summary>
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
                StepKind.Changes => ListChanges(),
                _ => Errno.EINVAL,
            };
            return Say(step.Kind, error, data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MountRefusedException)
        {
            return Say(StepKind.Failed, Errno.EIO, Linux.Name.From(e.Message).Bytes);
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
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, new Name(_path), OpenFlags.ReadOnly | OpenFlags.Directory, out _root);
        if (error != Errno.None)
            return error;
        error = Sys.FStatx(_root, out Statx stat);
        BinaryPrimitives.WriteUInt32LittleEndian(device, stat.DevMajor);
        BinaryPrimitives.WriteUInt32LittleEndian(device.AsSpan(4), stat.DevMinor);
        return error;
    }

    /// <summary>O_PATH does not ask the mount's daemon, which may be gone.</summary>
    private Errno FindRealPath(out byte[] path)
    {
        path = [];
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, new Name(_path), OpenFlags.Path | OpenFlags.Directory, out Fd opened);
        if (error != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        error = TextFile.PathOf(directory, out string text);
        path = NativeText.ToBytes(text);
        return error;
    }

    private Errno ListLayers(int most)
    {
        for (int index = 0; index < most; index++)
        {
            byte[] layer = LiveControl.WriteIndex(index);
            Errno error = Sys.IoCtl(_root, LiveControl.ListLayer, layer);
            if (error != Errno.None)
                return error;
            _ = Say(StepKind.Layers, error, layer);
        }
        return Errno.E2BIG;
    }

    private Errno Sync()
    {
        _ = Sys.SyncFs(_root); // an error is the writers' own
        return Errno.None;
    }

    private Errno Remount(uint flags)
    {
        const uint remount = 1 << 5; // MS_REMOUNT
        Name none = Linux.Name.From("none");
        return Sys.Mount(none, new Name(_path), none, remount | flags, Linux.Name.Empty);
    }

    /// <returns>EDEADLK for a directory of the view itself: as its layer it would make the daemon wait for itself.</returns>
    private Errno Look(byte[] path, out Statx stat)
    {
        Errno error = Sys.StatxAt(Fd.WorkingDirectory, new Name(path), out stat);
        if (error != Errno.None)
            return error;
        if (!stat.IsDirectory)
            return Errno.ENOTDIR;
        bool isInside = Sys.FStatx(_root, out Statx view) == Errno.None && view.Dev == stat.Dev;
        bool isView = isInside && Sys.IoCtl(_root, LiveControl.ListLayer, LiveControl.WriteIndex(0)) == Errno.None;
        return isView ? Errno.EDEADLK : Errno.None;
    }

    private Errno AddLayer(byte[] path)
    {
        Errno error = Look(path, out Statx stat);
        if (error != Errno.None)
            return error;
        return LiveControl.WriteDirectory(stat, path) is { } argument ? Sys.IoCtl(_root, LiveControl.AddLayer, argument) : Errno.ENAMETOOLONG;
    }

    private Errno ListChanges()
    {
        long said = Environment.TickCount64;
        using var lines = new ChangeLines(text => _ = Say(StepKind.Changes, Errno.None, text));
        LiveChanges.Find(_root, lines.Add, GoesOn);
        return Errno.None;

        void GoesOn()
        {
            if (Environment.TickCount64 - said < Heartbeat)
                return;
            said = Environment.TickCount64;
            _ = Say(StepKind.Changes, Errno.None, []);
        }
    }
}
