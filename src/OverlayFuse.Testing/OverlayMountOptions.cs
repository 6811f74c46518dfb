namespace OverlayFuse.Testing;

/// <summary>The settings of an <see cref="OverlayMount"/>. Relative paths start at the working directory.</summary>
public sealed record OverlayMountOptions
{
    /// <summary>
    /// An upper directory of an earlier mount. Its changes are shown, and new ones go there. Null: changes are discarded, unless
    /// <see cref="Keep"/> is set.
    /// </summary>
    public string? Upper { get; init; }

    /// <summary>A directory that does not exist yet, or is empty. Changes go there, and stay when the mount is gone.</summary>
    public string? Keep { get; init; }

    /// <summary>An existing directory as the mountpoint. Null: a new one, which only this user and root can enter.</summary>
    public string? At { get; init; }

    /// <summary>Mount options, as <c>overlayfuse options</c> lists them: "redirect_dir=on", "noexec" ...</summary>
    public IReadOnlyList<string> MountOptions { get; init; } = [];

    /// <summary>The place of changes that are discarded later, outside of the lower directories. Null: TMPDIR, else /var/tmp.</summary>
    public string? TemporaryDirectory { get; init; }

    /// <summary>The longest wait for the program: to mount, and to end.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The program <c>overlayfuse</c>. Null: the one that the environment variable OVERLAYFUSE names, else the copy in this package, else
    /// the first one in PATH.
    /// </summary>
    public string? Program { get; init; }
}
