using System.CommandLine;
using System.Globalization;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Live;

/// <summary>A request of a verb to one live mount that the user has named. It ends in time, whatever the mount does.</summary>
/// <param name="mount">Its mountpoint.</param>
internal sealed class LiveMountCall(string mount)
{
    /// <summary>Replies that come before those to the steps: the mount was opened, and has told what it is.</summary>
    private const int Introduction = 2;

    /// <summary>Time limit for the replies to the steps.</summary>
    public TimeSpan Patience { get; init; } = Question.LongPatience;

    /// <summary>Each reply starts that time anew.</summary>
    public bool IsRenewed { get; init; }

    /// <summary>Takes each reply to the steps.</summary>
    public Action<Reply> Sink { get; init; } = static _ => { };

    /// <summary>The word of a verb that names the mount.</summary>
    public static Argument<string> Argument() => new("MOUNTPOINT") { Description = "A live mount" };

    /// <summary>Asks, and waits for all replies.</summary>
    /// <returns>The last one.</returns>
    /// <exception cref="IOException">It is no live mount of ours, or it has not answered in time.</exception>
    public Reply Ask(params Step[] steps)
    {
        using Question question = Question.Begin(mount, [new Step(StepKind.Open), Step.Statistics, .. steps]);
        if (!question.Await(Question.FirstPatience, replies: Introduction))
            throw Silent(Question.FirstPatience);
        IReadOnlyList<Reply> introduction = question.TakeReplies();
        if (introduction is [{ Kind: StepKind.Open, Error: not Errno.None } refused])
            throw new IOException($"{mount}: cannot be opened ({refused.Error}); name the mountpoint of a live overlayfuse mount");
        if (introduction.Count < Introduction)
            throw new IOException($"{mount}: could not be asked; use the published program (make publish)");
        LiveRefusal.Require(introduction[1].Error, mount);
        return TakeAll(question, introduction.Skip(Introduction));
    }

    private Reply TakeAll(Question question, IEnumerable<Reply> first)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        using var progress = new ProgressLine();
        var last = new Reply(StepKind.Failed, Errno.EIO, []);
        for (IEnumerable<Reply> replies = first; ; replies = question.TakeReplies())
        {
            foreach (Reply reply in replies)
            {
                last = reply;
                if (reply.Kind != StepKind.Failed)
                    Sink(reply);
            }
            if (question.HasEnded)
                return last.Kind == StepKind.Failed ? throw new IOException($"{mount}: {NativeText.From(last.Data)}") : last;
            TimeSpan left = IsRenewed ? Patience : TimeSpan.FromMilliseconds(end - Environment.TickCount64);
            if (!progress.Await(time => question.Await(time, replies: 1), left, () => $"{mount}: waits for its daemon"))
                throw Silent(Patience);
        }
    }

    private IOException Silent(TimeSpan patience) => new(string.Create(CultureInfo.InvariantCulture,
        $"{mount}: its daemon, or a layer, has not answered in {patience.TotalSeconds:0} s; "
        + $"if the daemon is stopped (T in ps -C overlayfuse), kill -CONT it, or let it go: overlayfuse unmount --lazy {mount}"));
}
