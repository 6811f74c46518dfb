using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// One name of an inode in the merged view: the directory and the name in it. It never changes; a rename makes a new one. A short name
/// stands in the object itself, which saves an array for each file that the kernel knows.
/// </summary>
/// <param name="parent">The directory.</param>
internal abstract class Place(Inode parent)
{
    public Inode Parent { get; } = parent;

    public abstract Name Name { get; }

    /// <summary>Makes a place of the least size.</summary>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name. The place has a copy.</param>
    public static Place Of(Inode parent, Name name) => name.WithNul.Length switch
    {
        <= 8 => new ShortPlace<Room8>(parent, name),
        <= 16 => new ShortPlace<Room16>(parent, name),
        <= 24 => new ShortPlace<Room24>(parent, name),
        <= 32 => new ShortPlace<Room32>(parent, name),
        _ => new LongPlace(parent, name.ToArray()),
    };

    public bool Is(Inode directory, Name name) => ReferenceEquals(Parent, directory) && name.Equals(Name);

    /// <summary>The name with its NUL fills the room, or is followed by bytes 0.</summary>
    private sealed class ShortPlace<TRoom> : Place
        where TRoom : unmanaged
    {
        private readonly TRoom _room;

        public ShortPlace(Inode parent, Name name)
            : base(parent) => name.WithNul.CopyTo(MemoryMarshal.AsBytes(new Span<TRoom>(ref _room)));

        public override Name Name
        {
            get
            {
                // The constructor put a NUL there.
                _ = Name.TryTake(MemoryMarshal.AsBytes(new ReadOnlySpan<TRoom>(in _room)), out Name name);
                return name;
            }
        }
    }

    private sealed class LongPlace(Inode parent, byte[] name) : Place(parent)
    {
        public override Name Name => new(name);
    }

    [InlineArray(8)]
    private struct Room8
    {
        private byte _first;
    }

    [InlineArray(16)]
    private struct Room16
    {
        private byte _first;
    }

    [InlineArray(24)]
    private struct Room24
    {
        private byte _first;
    }

    [InlineArray(32)]
    private struct Room32
    {
        private byte _first;
    }
}
