using System.Text;

namespace OverlayFuse.Cli.Asking;

/// <summary>The request that the parent writes to a child's standard input.</summary>
internal sealed record Request
{
    /// <summary>The place, with a NUL at the end.</summary>
    public required byte[] Path { get; init; }

    /// <summary>User and group that the child takes before it asks. Null: it keeps its own.</summary>
    public (uint User, uint Group)? Asker { get; init; }

    public required IReadOnlyList<Step> Steps { get; init; }

    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        Write(writer, Path);
        writer.Write(Asker is not null);
        writer.Write(Asker?.User ?? 0);
        writer.Write(Asker?.Group ?? 0);
        writer.Write(Steps.Count);
        foreach (Step step in Steps)
        {
            writer.Write((int)step.Kind);
            writer.Write(step.Detail);
            Write(writer, step.Argument);
        }
        return bytes.ToArray();
    }

    /// <exception cref="EndOfStreamException">The request is incomplete.</exception>
    public static Request Read(Stream input)
    {
        using var reader = new BinaryReader(input, Encoding.UTF8);
        byte[] path = ReadBytes(reader);
        bool hasAsker = reader.ReadBoolean();
        (uint, uint) asker = (reader.ReadUInt32(), reader.ReadUInt32());
        var steps = new Step[reader.ReadInt32()];
        for (int i = 0; i < steps.Length; i++)
            steps[i] = new Step((StepKind)reader.ReadInt32(), reader.ReadUInt32()) { Argument = ReadBytes(reader) };
        return new Request { Path = path, Asker = hasAsker ? asker : null, Steps = steps };
    }

    private static void Write(BinaryWriter writer, byte[] bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static byte[] ReadBytes(BinaryReader reader) => reader.ReadBytes(reader.ReadInt32());
}
