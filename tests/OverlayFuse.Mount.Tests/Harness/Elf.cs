using System.Buffers.Binary;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>The headers of a program for the loader: a file of ELF with 64 bits, little-endian (elf(5)).</summary>
internal sealed class Elf
{
    public const ushort X64 = 62, Arm64 = 183;

    /// <summary>PT_*.</summary>
    private const uint Load = 1, Dynamic = 2, Interpreter = 3;

    /// <summary>DT_NEEDED.</summary>
    private const ulong Needed = 1;

    private readonly byte[] _bytes;
    private readonly IReadOnlyList<(uint Type, long Offset, long Size, long Align)> _segments;

    public Elf(string path)
    {
        _bytes = File.ReadAllBytes(path);
        Assert.That(_bytes[..6], Is.EqualTo(new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1 }), path);
        _segments = [.. Enumerable.Range(0, Half(56)).Select(index => Segment((long)Word(32) + index * Half(54)))];
    }

    /// <summary>e_machine.</summary>
    public ushort Machine => Half(18);

    /// <summary>True if the kernel starts another program to load this one (PT_INTERP).</summary>
    public bool HasInterpreter => _segments.Any(segment => segment.Type == Interpreter);

    /// <summary>The number of libraries that the program names (DT_NEEDED).</summary>
    public int Libraries => _segments.Where(segment => segment.Type == Dynamic)
        .Sum(segment => Enumerable.Range(0, (int)(segment.Size / 16)).Count(entry => Word(segment.Offset + entry * 16) == Needed));

    /// <summary>The largest pages that the program can be mapped with: the least alignment of its segments.</summary>
    public long LargestPage => _segments.Where(segment => segment.Type == Load).Min(segment => segment.Align);

    private (uint Type, long Offset, long Size, long Align) Segment(long at) =>
        (BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan((int)at)), (long)Word(at + 8), (long)Word(at + 32), (long)Word(at + 48));

    private ushort Half(long at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan((int)at));

    private ulong Word(long at) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan((int)at));
}
