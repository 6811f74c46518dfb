using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Passthrough;

/// <summary>Draws steps, does each on both sides, notes what differs.</summary>
internal sealed class InterleavingSteps(Random random, InterleavingSide expected, InterleavingSide actual,
    Func<long, int, byte[]> lowerBytes, O[] ways)
{
    private readonly O[] opened = new O[InterleavingSide.Slots];
    private readonly bool[] isOfLower = new bool[InterleavingSide.Slots];
    private bool isCopiedUp;

    public required int End { get; init; }

    public required int Hole { get; init; }

    public List<string> Log { get; } = [];

    public List<string> Differences { get; } = [];

    public bool HadLeftBehind { get; private set; }

    public void Next()
    {
        int slot = random.Next(InterleavingSide.Slots);
        int kind = random.Next(13);
        if (kind < 3 || !expected.IsOpen(slot)) Open(slot, ways[random.Next(ways.Length)]);
        else if (kind == 3) Both($"close {slot}", side => { side.Close(slot); return ""; });
        else if (kind < 7) Read(slot);
        else if (kind < 11) Write(slot, kind);
        else Change(slot, random.Next(5));
        if (Enumerable.Range(0, InterleavingSide.Slots).Any(i => isCopiedUp && isOfLower[i] && expected.IsOpen(i))) HadLeftBehind = true;
        Both("stat", side => side.Stat());
    }

    private void Open(int slot, O flags)
    {
        isCopiedUp |= Writes(flags);
        (opened[slot], isOfLower[slot]) = (flags, !isCopiedUp);
        Both($"open {slot} {flags}", side => side.Open(slot, flags));
    }

    private void Read(int slot)
    {
        (long offset, int length) = (Place(), random.Next(1, 3000));
        bool mapped = random.Next(3) == 0 && offset + length <= Math.Min(expected.Size(), Hole + End) && (opened[slot] & O.WRONLY) == 0;
        string Done(InterleavingSide side) => mapped ? side.ReadMapped(slot, offset, length) : side.Read(slot, offset, length);
        string want = isOfLower[slot] ? InterleavingSide.Data(lowerBytes(offset, length)) : Done(expected);
        Compare($"read {slot} at {offset} {length}{(mapped ? " mapped" : "")}", want, Done(actual));
    }

    private void Write(int slot, int kind)
    {
        byte[] data = new byte[random.Next(1, 3000)];
        random.NextBytes(data);
        long offset = Place();
        if (kind == 7) Both($"append {slot} {data.Length}", side => side.Append(slot, data));
        else Both($"write {slot} at {offset} {data.Length}", side => side.Write(slot, offset, data));
    }

    private void Change(int slot, int kind)
    {
        long size = Place();
        int mode = random.Next(2) == 0 ? 644 : 600;
        isCopiedUp |= kind is 1 or 2 or 3;
        Both($"change {kind} {slot} {size} {mode}", side => kind switch
        {
            0 => side.TruncateOpen(slot, size) + side.Stat(slot),
            1 => side.Truncate(size),
            2 => side.ChangeMode(slot, mode) + side.Stat(slot),
            3 => side.RenameAround(),
            _ => side.Sync(slot) + side.Stat(slot),
        });
    }

    private static bool Writes(O flags) => (flags & (O.RDWR | O.WRONLY | O.TRUNC)) != 0;

    /// <summary>Near the data, before and behind the hole.</summary>
    private long Place() => random.Next(End) + (random.Next(2) == 0 ? Hole : 0);

    private void Both(string what, Func<InterleavingSide, string> step) => Compare(what, step(expected), step(actual));

    private void Compare(string what, string want, string got)
    {
        Log.Add($"{what}: {Short(want)}");
        if (want != got) Differences.Add($"{what}: expected {Short(want)}, was {Short(got)}");
        if (want != got) Log.Add($"  was {Short(got)}");
    }

    private static string Short(string text) => text.Length <= 60 ? text : $"{text[..60]}... ({text.Length / 2} bytes)";
}
