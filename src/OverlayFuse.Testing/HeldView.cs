using System.Diagnostics;

namespace OverlayFuse.Testing;

/// <summary>
/// <c>overlayfuse hold</c>: the process that holds a mount as long as its standard input is open. The kernel closes that when this process
/// ends, in any way. Its owner uses it from one thread at a time.
/// </summary>
internal sealed class HeldView : IDisposable
{
    private readonly Process _process;
    private readonly TimeSpan _timeout;

    /// <summary>Mounts.</summary>
    /// <param name="program">The program.</param>
    /// <param name="lowers">The lower directories, the topmost first.</param>
    /// <param name="options">All other settings.</param>
    /// <exception cref="OverlayMountException">The program refused, or was too slow.</exception>
    public HeldView(string program, IReadOnlyList<string> lowers, OverlayMountOptions options)
    {
        _timeout = options.Timeout;
        var start = new ProcessStartInfo(program, Words(lowers, options))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (options.TemporaryDirectory is { } directory)
            start.Environment["TMPDIR"] = System.IO.Path.GetFullPath(directory);
        _process = ProgramRun.Start(start);
        try
        {
            Path = ReadPath();
        }
        catch (OverlayMountException)
        {
            _process.Dispose();
            throw;
        }
    }

    /// <summary>The path of the mount.</summary>
    public string Path { get; }

    /// <summary>Discards the changes. The mount keeps its path.</summary>
    /// <exception cref="OverlayMountException">The program has ended, or was too slow.</exception>
    public void Renew()
    {
        try
        {
            _process.StandardInput.Write('\n');
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // The program has ended, and its last words say why.
        }
        _ = ReadPath();
    }

    /// <summary>Unmounts, even while the mount is in use.</summary>
    /// <param name="keep">The absolute path that the changes get. Null: they are thrown away, unless an option keeps them.</param>
    /// <exception cref="OverlayMountException">The program complained, or was too slow.</exception>
    public void End(string? keep)
    {
        try
        {
            // A child of this process may have inherited the pipe: its end alone may come late.
            _process.StandardInput.Write(keep is null ? "end\n" : $"keep {keep}\n");
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
        if (ProgramRun.AwaitEnd(_process, _timeout) != 0)
            throw new OverlayMountException(ProgramRun.LastWords(_process, _timeout));
    }

    public void Dispose() => _process.Dispose();

    private static List<string> Words(IReadOnlyList<string> lowers, OverlayMountOptions options)
    {
        var words = new List<string> { "hold" };
        void Add(string word, string? path)
        {
            if (path is not null)
                words.AddRange([word, path]);
        }
        foreach (string lower in lowers)
            Add("--lower", lower);
        Add("--upper", options.Upper);
        Add("--keep", options.Keep);
        Add("--at", options.At);
        foreach (string option in options.MountOptions)
            Add("-o", option);
        return words;
    }

    /// <exception cref="OverlayMountException">None came.</exception>
    private string ReadPath()
    {
        if (ProgramRun.Within(_process, _timeout, _process.StandardOutput.ReadLine) is { Length: > 0 } path)
            return path;
        // The message of the program is more useful than its exit status.
        _ = ProgramRun.AwaitEnd(_process, _timeout);
        throw new OverlayMountException(ProgramRun.LastWords(_process, _timeout));
    }
}
