namespace OverlayFuse.Overlay.Changes;

/// <summary>The path of the file that is being compared. It may be longer than PATH_MAX.</summary>
internal sealed class ViewPath
{
    private byte[] _bytes = new byte[4096];

    /// <summary>The length, without a slash at the end. Setting it goes back up.</summary>
    public int Length { get; set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>Goes down by a name.</summary>
    /// <param name="name">With a NUL.</param>
    public void Append(ReadOnlySpan<byte> name)
    {
        int most = Length + 1 + name.Length;
        if (most > _bytes.Length)
            Array.Resize(ref _bytes, 2 * most);
        if (Length > 0)
            _bytes[Length++] = (byte)'/';
        name[..^1].CopyTo(_bytes.AsSpan(Length));
        Length += name.Length - 1;
    }
}
