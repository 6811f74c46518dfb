using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using BenchmarkDotNet.Attributes;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Benchmarks;

/// <summary>
/// From the bytes of a request to the bytes of its reply, over a file system that does nothing. Each must allocate nothing.
/// </summary>
[BenchmarkCategory(AllocationGate.Category)]
public class ProtocolBenchmarks
{
    private const int Entries = 100;
    private readonly byte[] _reply = new byte[(1 << 20) + 4096];
    private readonly InFlightRequest _inFlight = new InterruptTable().AddWorker();
    private readonly FuseSession _session = new(new Nothing(), Fd.None);

    private readonly byte[] _lookup = Message(Opcode.Lookup, "a-name-of-a-file.txt\0"u8);
    private readonly byte[] _forget = Message(Opcode.Forget, new ForgetIn { NLookup = 1 });
    private readonly byte[] _getAttr = Message(Opcode.GetAttr, new GetAttrIn());
    private readonly byte[] _setAttr = Message(Opcode.SetAttr, new SetAttrIn());
    private readonly byte[] _read = Message(Opcode.Read, new ReadIn { Size = 128 << 10 });
    private readonly byte[] _readDirPlus = Message(Opcode.ReadDirPlus, new ReadIn { Size = 32 << 10 });
    private readonly byte[] _create = Message(Opcode.Create, [.. Bytes(new CreateIn()), .. "new\0"u8]);
    private readonly byte[] _write = Message(Opcode.Write, [.. Bytes(new WriteIn { Size = 4096 }), .. new byte[4096]]);

    [GlobalSetup]
    public void Negotiate()
    {
        byte[] body = new byte[64];
        ReadOnlySpan<uint> fields = [7, 45, 128 << 10, uint.MaxValue, uint.MaxValue];
        MemoryMarshal.AsBytes(fields).CopyTo(body);
        _ = Send(Message(Opcode.Init, body));
        if (BitConverter.ToInt32(_reply, 4) != 0)
            throw new InvalidOperationException("INIT was refused");
    }

    [Benchmark]
    public int Lookup() => Send(_lookup);

    [Benchmark]
    public int Forget() => Send(_forget);

    [Benchmark]
    public int GetAttr() => Send(_getAttr);

    [Benchmark]
    public int SetAttr() => Send(_setAttr);

    [Benchmark]
    public int Create() => Send(_create);

    [Benchmark]
    public int ReadOf128KiB() => Send(_read);

    [Benchmark]
    public int WriteOf4KiB() => Send(_write);

    [Benchmark(Description = "ReadDirPlus of 100 entries")]
    public int ReadDirPlus() => Send(_readDirPlus);

    private int Send(byte[] message) => ((IWorkerHost)_session).Dispatch(message, _reply, _inFlight);

    private static byte[] Bytes<T>(T body) where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in body)).ToArray();

    private static byte[] Message<T>(Opcode opcode, T body) where T : unmanaged => Message(opcode, Bytes(body));

    private static byte[] Message(Opcode opcode, ReadOnlySpan<byte> body)
    {
        InHeader header = new()
        {
            Len = (uint)(Unsafe.SizeOf<InHeader>() + body.Length), Opcode = opcode, Unique = 2,
            NodeId = NodeId.Root
        };
        return [.. Bytes(header), .. body];
    }

    /// <summary>Says yes.</summary>
    private sealed class Nothing : IFuseFileSystem
    {
        private static readonly byte[][] s_names = [.. Enumerable.Range(0, Entries).Select(i => Encoding.UTF8.GetBytes($"entry-{i:D5}"))];

        public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry) => Entry(out entry);

        public Errno GetAttr(in FuseRequest request, in GetAttrIn input, out AttrOut attributes)
        {
            attributes = default;
            return Errno.None;
        }

        public Errno SetAttr(in FuseRequest request, in SetAttrIn input, out AttrOut attributes)
        {
            attributes = default;
            return Errno.None;
        }

        public Errno Create(in FuseRequest request, in CreateIn input, Name name, out EntryOut entry, out OpenOut opened)
        {
            opened = default;
            return Entry(out entry);
        }

        public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
        {
            count = data.Length;
            return Errno.None;
        }

        public Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
        {
            count = data.Length;
            return Errno.None;
        }

        public Errno ReadDirPlus(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
        {
            for (int i = 0; i < Entries; i++)
            {
                EntryOut entry = new() { NodeId = new NodeId((ulong)i + 2), Attr = new Attr { Mode = (uint)FileType.Regular } };
                if (!entries.TryAddPlus(entry, (ulong)i + 2, (ulong)i + 1, FileType.Regular, s_names[i]))
                    break;
            }
            return Errno.None;
        }

        private static Errno Entry(out EntryOut entry)
        {
            entry = new EntryOut { NodeId = new NodeId(2) };
            return Errno.None;
        }
    }
}
