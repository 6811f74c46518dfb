using System.Buffers.Binary;
using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>Messages as bytes, independent of the wire structs: rows of hexadecimal bytes, after a bar the names of the fields.</summary>
internal static class Golden
{
    internal const uint Unique = 0x0A0B0C0D;

    /// <summary>Eight bytes a row: <c>01 00 00 00 00 00 00 00 | nodeid</c>.</summary>
    internal static byte[] Bytes(string rows)
    {
        var bytes = new List<byte>();
        foreach (string row in rows.Split('\n'))
        {
            foreach (string text in row.Split('|')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                bytes.Add(byte.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }
        return [.. bytes];
    }

    /// <summary>A whole request: node 2, caller 1000/100/4321.</summary>
    internal static byte[] Request(uint opcode, byte[] body, int extensionUnits = 0)
    {
        byte[] message = new byte[40 + body.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), opcode);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), Unique);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(16), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(24), 1000);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(28), 100);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(32), 4321);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(36), (ushort)extensionUnits);
        body.CopyTo(message, 40);
        return message;
    }

    internal static byte[] Request(uint opcode, string rows, int extensionUnits = 0) => Request(opcode, Bytes(rows), extensionUnits);

    /// <summary>A whole reply.</summary>
    internal static byte[] Reply(Errno error, string rows = "")
    {
        byte[] body = Bytes(rows);
        byte[] message = new byte[16 + body.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)message.Length);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), -(int)error);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), Unique);
        body.CopyTo(message, 16);
        return message;
    }

    /// <summary>Bytes as rows of eight, for a message that says where two differ.</summary>
    internal static string Dump(ReadOnlySpan<byte> bytes)
    {
        var rows = new List<string>();
        for (int i = 0; i < bytes.Length; i += 8)
            rows.Add(string.Join(' ',
                bytes[i..Math.Min(bytes.Length, i + 8)].ToArray().Select(value => value.ToString("x2", CultureInfo.InvariantCulture))));
        return string.Join('\n', rows);
    }
}
