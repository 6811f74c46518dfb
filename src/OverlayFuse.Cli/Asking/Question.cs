using System.Buffers.Binary;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Asking;

/// <summary>
/// Asks about a place that may never answer, by a child: this program once more (<see cref="AskedChild"/>). A FUSE request that the server
/// has read cannot be interrupted, not even by SIGKILL, and a process does not end before its threads do. So the process that may have to
/// wait is one that can be left behind. It holds none of our descriptors but its end of a pipe. Not for several threads.
/// </summary>
internal sealed class Question : IDisposable
{
    /// <summary>A mount that works answers in milliseconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The patience of a verb that ends with an error if there is no answer: a machine under load needs more time.</summary>
    public static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(10);

    /// <summary>The patience if the mount may have something to do first.</summary>
    public static readonly TimeSpan LongPatience = TimeSpan.FromSeconds(60);

    internal const int HeaderSize = 12;
    private const string Program = "/proc/self/exe";

    private readonly List<Reply> _replies = [];
    private readonly Fd _answers;
    private readonly int _process;
    private byte[] _received = new byte[64 << 10];
    private int _length;

    private Question(Fd answers, int process)
    {
        _answers = answers;
        _process = process;
    }

    /// <summary>The replies that have come so far, without those that were taken.</summary>
    public IReadOnlyList<Reply> Replies => _replies;

    /// <summary>The child sends nothing more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>True if a directory can be opened, or is refused, in time: a path may lead through a mount that never answers.</summary>
    public static bool Answers(string path)
    {
        using Question question = Begin(path, new Step(StepKind.Open));
        return question.Await(Patience);
    }

    /// <summary>Asks about a path as the user that we are.</summary>
    public static Question Begin(string path, params Step[] steps) =>
        Begin(new Request { Path = Name.From(path).ToArray(), Steps = steps });

    /// <exception cref="IOException">No child can be started.</exception>
    public static Question Begin(Request request)
    {
        Require(Sys.Pipe(out Fd input, out Fd requests));
        using var inputEnd = new ScopedFd(input);
        using var requestsEnd = new ScopedFd(requests);
        Require(Sys.Pipe(out Fd answers, out Fd output));
        using var answersEnd = new ScopedFd(answers);
        using var outputEnd = new ScopedFd(output);
        Require(Sys.SpawnBetween([Program, AskedChild.Word], input, output, out int process));
        // A request fits into a pipe, so this does not wait.
        Require(Sys.WriteDevice(requests, request.ToBytes()));
        return new Question(answersEnd.Release(), process);
    }

    /// <summary>Waits for the last reply.</summary>
    /// <param name="patience">How long at most, from now on.</param>
    /// <param name="replies">This many replies are enough.</param>
    /// <returns>False if they have not come by then.</returns>
    public bool Await(TimeSpan patience, int replies = int.MaxValue)
    {
        long end = Environment.TickCount64 + (long)Math.Clamp(patience.TotalMilliseconds, 0, int.MaxValue);
        while (!HasEnded && _replies.Count < replies)
        {
            int left = (int)Math.Max(0, end - Environment.TickCount64);
            if (Sys.AwaitReadable(_answers, left) != Errno.None)
                return false;
            Take();
        }
        return true;
    }

    /// <summary>The replies that have come so far. They are forgotten here.</summary>
    public Reply[] TakeReplies()
    {
        Reply[] taken = [.. _replies];
        _replies.Clear();
        return taken;
    }

    /// <summary>Leaves behind a child that has not ended. It ends when its request does.</summary>
    public void Dispose()
    {
        Sys.Close(_answers);
        Sys.Abandon(_process, kill: !HasEnded);
    }

    private void Take()
    {
        if (_length == _received.Length)
            Array.Resize(ref _received, 2 * _length);
        Errno error = Sys.ReadDevice(_answers, _received.AsSpan(_length), out int count);
        if (error == Errno.EINTR)
            return;
        HasEnded = error != Errno.None || count == 0;
        _length += count;
        int taken = 0;
        while (TakeReply(_received.AsSpan(taken, _length - taken), out int size))
            taken += size;
        _received.AsSpan(taken, _length - taken).CopyTo(_received);
        _length -= taken;
    }

    private bool TakeReply(ReadOnlySpan<byte> bytes, out int size)
    {
        size = bytes.Length < HeaderSize ? int.MaxValue : HeaderSize + BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (bytes.Length < size)
            return false;
        var kind = (StepKind)BinaryPrimitives.ReadInt32LittleEndian(bytes);
        _replies.Add(new Reply(kind, (Errno)BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), bytes[HeaderSize..size].ToArray()));
        return true;
    }

    private static void Require(Errno error)
    {
        if (error != Errno.None)
            throw new IOException(
                $"{Program}: cannot be started once more to ask the mount ({error}); "
                + "raise the limit of processes or open files, and mount /proc");
    }
}
