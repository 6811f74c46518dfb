using System.Runtime.InteropServices;

namespace OverlayFuse.Linux;

/// <summary>
/// O_* in the numbers of the running kernel, which depend on the processor. System calls and FUSE requests carry this type; it becomes
/// <see cref="OpenFlags"/> and is made of them without a cast, so no number of one processor is read as that of another.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct KernelOpenFlags : IEquatable<KernelOpenFlags>
{
    private readonly int _bits;

    private KernelOpenFlags(int bits) => _bits = bits;

    /// <summary>The kernel's numbers of flags.</summary>
    /// <param name="flags">The flags.</param>
    public static implicit operator KernelOpenFlags(OpenFlags flags) => FromOpenFlags(flags);

    /// <summary>The flags of the kernel's numbers.</summary>
    /// <param name="flags">The numbers.</param>
    public static implicit operator OpenFlags(KernelOpenFlags flags) => flags.ToOpenFlags();

    /// <summary>True if both have the same bits.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(KernelOpenFlags left, KernelOpenFlags right) => left.Equals(right);

    /// <summary>True if they differ in a bit.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(KernelOpenFlags left, KernelOpenFlags right) => !left.Equals(right);

    /// <summary>The kernel's numbers of flags.</summary>
    /// <param name="flags">The flags.</param>
    public static KernelOpenFlags FromOpenFlags(OpenFlags flags) => new(Machine.OpenFlagsOf((int)flags, Machine.Own));

    /// <summary>The flags of these numbers.</summary>
    public OpenFlags ToOpenFlags() => (OpenFlags)Machine.OpenFlagsOf(_bits, Machine.Own);

    /// <inheritdoc/>
    public bool Equals(KernelOpenFlags other) => _bits == other._bits;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is KernelOpenFlags other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _bits;

    /// <summary>The names of the flags.</summary>
    public override string ToString() => ToOpenFlags().ToString();
}
