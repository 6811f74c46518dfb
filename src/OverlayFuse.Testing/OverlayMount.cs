using System.Collections.Concurrent;
using System.Text;

namespace OverlayFuse.Testing;

/// <summary>
/// A throw-away overlay for a test: shows one or several directories as one that can be written to; changes go elsewhere, and the
/// directories stay as they are. Another process serves it, so nothing that a test does there waits for the test itself; any number of them
/// live side by
/// side. It goes with <see cref="Dispose"/>, or with this process, however that ends. All members may be used by several threads.
/// </summary>
public sealed class OverlayMount : IDisposable, IAsyncDisposable
{
    /// <summary>One that nobody refers to any more stays until this process ends: its path may still be in use.</summary>
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

    /// <summary>Where the overlay is, an absolute path.</summary>
    public string Path => _view.Path;

    /// <summary>
    /// The directory that changes go to, in the form of overlayfs. All is there once <see cref="Changes"/> was asked, or the overlay is
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
    /// What differs from the lower directories now, in the order of paths. A copy that is like its original is no change.
    /// </summary>
    /// <exception cref="OverlayMountException">The mount does not answer, or a directory cannot be read.</exception>
    public IReadOnlyList<OverlayChange> Changes => OverlayChange.ParseLines(ProgramRun.Output(_program, _options.Timeout, "changes", Path));

    /// <summary>Mounts.</summary>
    /// <param name="lower">The directory that is shown, and never written.</param>
    /// <param name="options">Null: changes are thrown away.</param>
    /// <exception cref="OverlayMountException">The program is missing, or refused; the text names the remedy.</exception>
    public static OverlayMount Create(string lower, OverlayMountOptions? options = null) => Create([lower], options);

    /// <summary>Mounts several directories as one.</summary>
    /// <param name="lowers">Topmost first: it hides what has the same name below.</param>
    /// <param name="options">Null: changes are thrown away.</param>
    /// <exception cref="OverlayMountException">The program is missing, or refused; the text names the remedy.</exception>
    public static OverlayMount Create(IReadOnlyList<string> lowers, OverlayMountOptions? options = null) =>
        new(lowers, options ?? new OverlayMountOptions());

    /// <inheritdoc cref="Create(string, OverlayMountOptions?)"/>
    public static Task<OverlayMount> CreateAsync(string lower, OverlayMountOptions? options = null) => CreateAsync([lower], options);

    /// <inheritdoc cref="Create(IReadOnlyList{string}, OverlayMountOptions?)"/>
    public static Task<OverlayMount> CreateAsync(IReadOnlyList<string> lowers, OverlayMountOptions? options = null) =>
        Task.Run(() => Create(lowers, options));

    /// <summary>Throws all changes away and shows the lower directories afresh, at the same path. What is open there is cut off.</summary>
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
    /// Unmounts, also what is in use, and removes what was made; what is open there is cut off. Done once, however often it is called.
    /// </summary>
    /// <exception cref="OverlayMountException">
    /// Changes are kept, and are not known to be complete. When they are thrown away nothing is said.
    /// </exception>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            _ = s_live.TryRemove(this, out _); // it is there
            using (_view)
                End();
        }
    }

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    private void End()
    {
        try
        {
            _view.End();
        }
        catch (OverlayMountException) when (!KeepsChanges)
        {
            // Nothing is lost, and what the test itself has found shall be seen.
        }
    }

    private bool KeepsChanges => (_options.Upper ?? _options.Keep) is not null;
}
