namespace OverlayFuse.Testing;

/// <summary>How an <see cref="OverlayMount"/> is made. Relative paths are taken against the working directory.</summary>
public sealed record OverlayMountOptions
{
    /// <summary>
    /// An upper directory of an earlier mount: its changes are seen, and new ones go there. Null: changes are thrown away, unless
    /// <see cref="Keep"/> is set.
    /// </summary>
    public string? Upper { get; init; }

    /// <summary>A directory that does not exist yet, or is empty: changes go there, and stay when the mount is gone.</summary>
    public string? Keep { get; init; }

    /// <summary>An existing directory where the overlay is shown; null: one of its own, which only this user and root can enter.</summary>
    public string? At { get; init; }

    /// <summary>Mount options, as <c>overlayfuse options</c> lists them: "redirect_dir=on", "noexec" ...</summary>
    public IReadOnlyList<string> MountOptions { get; init; } = [];

    /// <summary>
    /// Where changes that are thrown away are kept meanwhile, outside of the lower directories; null: TMPDIR, else /var/tmp.
    /// </summary>
    public string? TemporaryDirectory { get; init; }

    /// <summary>How long to wait for the program before it is given up: to mount, and to end.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The program <c>overlayfuse</c>. Null: what the environment variable OVERLAYFUSE names, else the copy that came with this package,
    /// else the first one in PATH.
    /// </summary>
    public string? Program { get; init; }
}
