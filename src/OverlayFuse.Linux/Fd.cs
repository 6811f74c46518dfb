namespace OverlayFuse.Linux;

/// <summary>The number of a file descriptor, borrowed: the owner of the <see cref="ScopedFd"/> or <see cref="SafeFd"/> closes it.</summary>
/// <param name="Number">The number; negative if there is no descriptor.</param>
public readonly record struct Fd(int Number)
{
    /// <summary>AT_FDCWD: names are relative to the working directory.</summary>
    public static Fd WorkingDirectory => new(-100);

    /// <summary>No descriptor.</summary>
    public static Fd None => new(-1);

    /// <summary>True if there is a descriptor.</summary>
    public bool IsOpen => Number >= 0;
}
