using System.Collections.Concurrent;
using System.Text;

namespace OverlayFuse.Testing;

/// <summary>
/// A throw-away overlay for a test. It shows one or several directories as one writable directory. Changes go elsewhere, and the
/// directories stay as they are. Another process serves it, so the test never waits for itself. Any number of overlays can exist at a time.
/// An overlay ends with <see cref="Dispose"/>, or with this process, however that ends. All members may be used by several threads.
/// </summary>
public sealed class OverlayMount : IDisposable, IAsyncDisposable
{
    /// <summary>Overlays without a reference stay until this process ends: their paths may still be in use.</summary>
    private static readonly ConcurrentDictionary<OverlayMount, bool> s_live = new();

    private readonly Lock _lock = new();
    private readonly string _program;
    private readonly OverlayMountOptions _options;
    private readonly HeldView _view;
    private bool _disposed;

    private OverlayMount(IReadOnlyList<string> lowers, OverlayMountOptions options)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("overlays need Linux: FUSE is its kernel's");
        _options = options;
        _program = ProgramLocator.Find(options.Program);
        _view = new HeldView(_program, lowers, options);
        s_live[this] = true;
    }

    /// <summary>The absolute path of the overlay.</summary>
    public string Path => _view.Path;

    /// <summary>
    /// The directory that changes go to, in the form of overlayfs. It is complete once <see cref="Changes"/> was read, or the overlay is
    /// disposed.
    /// </summary>
    /// <exception cref="OverlayMountException">The mount does not answer.</exception>
    public string Upper
    {
        get
        {
            const string role = "upper ";
            string layers = Encoding.UTF8.GetString(ProgramRun.Output(_program, _options.Timeout, "layers", Path));
            return layers.Split('\n').First(line => line.StartsWith(role, StringComparison.Ordinal))[role.Length..];
        }
    }

    /// <summary>
    /// The differences from the lower directories now, in the order of paths. A copy that equals its original is no change.
    /// </summary>
    /// <exception cref="OverlayMountException">The mount does not answer, or a directory cannot be read.</exception>
    public IReadOnlyList<OverlayChange> Changes => OverlayChange.ParseLines(ProgramRun.Output(_program, _options.Timeout, "changes", Path));

    /// <summary>Mounts.</summary>
    /// <param name="lower">The directory to show. It is never written.</param>
    /// <param name="options">Null: changes are discarded.</param>
    /// <exception cref="OverlayMountException">The program is missing, or refused; the text names the remedy.</exception>
    public static OverlayMount Create(string lower, OverlayMountOptions? options = null) => Create([lower], options);

    /// <summary>Mounts several directories as one.</summary>
    /// <param name="lowers">The directories, the topmost first. A name in one hides the same name in those below.</param>
    /// <param name="options">Null: changes are discarded.</param>
    /// <exception cref="OverlayMountException">The program is missing, or refused; the text names the remedy.</exception>
    public static OverlayMount Create(IReadOnlyList<string> lowers, OverlayMountOptions? options = null) =>
        new(lowers, options ?? new OverlayMountOptions());

    /// <inheritdoc cref="Create(string, OverlayMountOptions?)"/>
    public static Task<OverlayMount> CreateAsync(string lower, OverlayMountOptions? options = null) => CreateAsync([lower], options);

    /// <inheritdoc cref="Create(IReadOnlyList{string}, OverlayMountOptions?)"/>
    public static Task<OverlayMount> CreateAsync(IReadOnlyList<string> lowers, OverlayMountOptions? options = null) =>
        Task.Run(() => Create(lowers, options));

    /// <summary>Discards all changes and shows the lower directories afresh, at the same path. Open files there are cut off.</summary>
    /// <exception cref="InvalidOperationException">
    /// Changes are kept: <see cref="OverlayMountOptions.Upper"/> or <see cref="OverlayMountOptions.Keep"/>.
    /// </exception>
    /// <exception cref="OverlayMountException">The mount is gone.</exception>
    public void Reset()
    {
        if (KeepsChanges)
            throw new InvalidOperationException($"{nameof(Reset)} throws changes away, and {nameof(OverlayMountOptions.Upper)} "
                + $"and {nameof(OverlayMountOptions.Keep)} keep them; make a new {nameof(OverlayMount)}");
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _view.Renew();
        }
    }

    /// <summary>
    /// Unmounts, even while the overlay is in use, and removes the temporary directories. Open files there are cut off. Only the first call
    /// does it.
    /// </summary>
    /// <exception cref="OverlayMountException">
    /// Changes are kept, and are not known to be complete. If they are discarded, there is no exception.
    /// </exception>
    public void Dispose() => End(null);

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    /// <summary>Disposes, but the changes become a directory: those of a test that has failed, for example.</summary>
    /// <param name="directory">
    /// A directory that does not exist yet, or is empty, on the file system of <see cref="OverlayMountOptions.TemporaryDirectory"/>.
    /// </param>
    /// <exception cref="OverlayMountException">
    /// The changes are not known to be complete, are in another place, which the text names, or are kept already by an option.
    /// </exception>
    public void DisposeKeeping(string directory) => End(System.IO.Path.GetFullPath(directory));

    private void End(string? keep)
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            // Nothing else removes it.
            _ = s_live.TryRemove(this, out _);
            using (_view)
                EndView(keep);
        }
    }

    private void EndView(string? keep)
    {
        try
        {
            _view.End(keep);
        }
        catch (OverlayMountException) when (keep is null && !KeepsChanges)
        {
            // Nothing is lost, and the test must show its own failure.
        }
    }

    private bool KeepsChanges => (_options.Upper ?? _options.Keep) is not null;
}
