namespace OverlayFuse.Linux;

/// <summary>
/// A file name, path or xattr name as the kernel has it: any bytes, then one NUL. A view of a buffer that another object owns (a request, a
/// stored inode name, a literal), never a copy. It goes to system calls as it is.
/// </summary>
public readonly ref struct Name
{
    private readonly ReadOnlySpan<byte> _withNul;

    /// <summary>Wraps bytes that end with their only NUL.</summary>
    /// <param name="withNul">The bytes, the NUL included.</param>
    public Name(ReadOnlySpan<byte> withNul)
    {
        if (withNul.IndexOf((byte)0) != withNul.Length - 1 || withNul.IsEmpty)
            throw new ArgumentException("a name must end with its only NUL byte", nameof(withNul));
        _withNul = withNul;
    }

    private Name(ReadOnlySpan<byte> withNul, bool _) => _withNul = withNul;

    /// <summary>The empty name: with AT_EMPTY_PATH, the descriptor itself.</summary>
    public static Name Empty => new("\0"u8, true);

    /// <summary>The directory itself.</summary>
    public static Name Dot => new(".\0"u8, true);

    /// <summary>Length in bytes, without the NUL.</summary>
    public int Length => Math.Max(0, _withNul.Length - 1);

    /// <summary>The bytes without the NUL.</summary>
    public ReadOnlySpan<byte> Bytes => _withNul.IsEmpty ? default : _withNul[..^1];

    /// <summary>The bytes with the NUL, for system calls.</summary>
    public ReadOnlySpan<byte> WithNul => _withNul.IsEmpty ? "\0"u8 : _withNul;

    /// <summary>Takes the name at the start of <paramref name="buffer"/>: all up to its first NUL.</summary>
    /// <param name="buffer">Bytes that hold at least one NUL.</param>
    /// <param name="name">The name found.</param>
    /// <returns>False if there is no NUL.</returns>
    public static bool TryTake(ReadOnlySpan<byte> buffer, out Name name)
    {
        int nul = buffer.IndexOf((byte)0);
        name = nul < 0 ? default : new Name(buffer[..(nul + 1)], true);
        return nul >= 0;
    }

    /// <summary>True if the bytes are the same.</summary>
    /// <param name="other">The other name.</param>
    public bool Equals(Name other) => Bytes.SequenceEqual(other.Bytes);

    /// <summary>True if the name starts with these bytes.</summary>
    /// <param name="prefix">The bytes, without a NUL.</param>
    public bool StartsWith(ReadOnlySpan<byte> prefix) => Bytes.StartsWith(prefix);

    /// <summary>A copy that can be stored, its NUL included.</summary>
    public byte[] ToArray() => WithNul.ToArray();

    /// <summary>For traces and error texts; no byte is lost (<see cref="NativeText"/>).</summary>
    public override string ToString() => NativeText.From(Bytes);

    /// <summary>A name from text, for the CLI and for tests.</summary>
    /// <param name="text">The text. It becomes the bytes that <see cref="NativeText"/> made it from, or UTF-8.</param>
    public static Name From(string text) => new(NativeText.ToBytes(text + "\0"));
}
