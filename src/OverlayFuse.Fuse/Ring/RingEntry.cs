using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Ring;

/// <summary>
/// One entry of a queue: the memory that carries one request at a time from the kernel, and its reply back. Request and reply share the
/// payload, but an operation reads names while it writes its reply. So a short request is copied out of it, and the reply of a long one is
/// copied in. Data of READ and WRITE stay where they are, at the start of a page.
/// </summary>
internal sealed class RingEntry
{
    /// <summary>A request with at most this much payload is copied out: two names, or a name and the target of a link.</summary>
    private const int MostCopied = 2 * 4096;

    private static readonly int s_page = Environment.SystemPageSize;

    /// <summary>Room for the two headers of a request.</summary>
    private static readonly int s_headers = Unsafe.SizeOf<InHeader>() + Unsafe.SizeOf<HeaderBytes>();

    private readonly MappedMemory _memory;
    private readonly int _header;
    private readonly int _payload;
    private readonly int _payloadSize;
    private bool _isPayloadRequest;
    private ulong _unanswered;

    /// <param name="queue">The queue.</param>
    /// <param name="memory">Memory that lives as long as the ring.</param>
    /// <param name="header">Where <see cref="HeaderSize"/> bytes of it begin.</param>
    /// <param name="body">Where <see cref="BodySize"/> bytes of it begin, at the start of a page.</param>
    /// <param name="payloadSize">The most payload in bytes, of whole pages.</param>
    internal RingEntry(int queue, MappedMemory memory, int header, int body, int payloadSize)
    {
        Queue = queue;
        _memory = memory;
        _header = header;
        _payload = body + s_page;
        _payloadSize = payloadSize;
        Span<nint> vectors = MemoryMarshal.Cast<byte, nint>(memory.Span[(header + Unsafe.SizeOf<RingHeader>())..]);
        vectors[0] = memory.AddressOf(header);
        vectors[1] = Unsafe.SizeOf<RingHeader>();
        vectors[2] = memory.AddressOf(_payload);
        vectors[3] = payloadSize;
    }

    /// <summary>A <see cref="RingHeader"/> and two struct iovec.</summary>
    internal static int HeaderSize => Unsafe.SizeOf<RingHeader>() + (4 * Unsafe.SizeOf<nint>());

    /// <summary>A page whose end takes headers, the payload, and room beside it. An entry that is not used touches nothing of it.</summary>
    internal static int BodySize(int payloadSize) => s_page + payloadSize + (MostCopied + s_headers + s_page - 1) / s_page * s_page;

    /// <summary>The queue, which is the number of the processor whose callers it serves.</summary>
    internal int Queue { get; }

    /// <summary>The header and the payload as two struct iovec.</summary>
    internal (nint Address, int Count) Vectors => (_memory.AddressOf(_header + Unsafe.SizeOf<RingHeader>()), 2);

    /// <summary>The number of the request that it carries.</summary>
    internal ulong Unique { get; private set; }

    /// <summary>True if its request reads or writes so much that the time of a wake-up does not count.</summary>
    internal bool MovesMuchData
    {
        get
        {
            const uint much = 64 << 10;
            ref RingHeader header = ref Header;
            return header.PayloadSize >= much || (MemoryMarshal.Read<InHeader>(header.InOut).Opcode == Opcode.Read &&
                MemoryMarshal.Read<ReadIn>(header.Operation).Size >= much);
        }
    }

    private ref RingHeader Header => ref MemoryMarshal.AsRef<RingHeader>(_memory.Span[_header..]);

    private Span<byte> Payload => _memory.Span.Slice(_payload, _payloadSize);

    private Span<byte> Aside => _memory.Span.Slice(_payload + _payloadSize, MostCopied + s_headers);

    /// <summary>Puts a request together, as read(2) of /dev/fuse gives it.</summary>
    /// <param name="reply">The place of its reply, header first.</param>
    /// <returns>The request.</returns>
    internal ReadOnlySpan<byte> Open(out Span<byte> reply)
    {
        ref RingHeader header = ref Header;
        int payload = (int)Math.Min(header.PayloadSize, (uint)_payloadSize);
        InHeader request = MemoryMarshal.Read<InHeader>(header.InOut);
        int headers = Math.Clamp((int)request.Len - payload, Unsafe.SizeOf<InHeader>(), s_headers);
        Unique = header.CommitId;
        _isPayloadRequest = payload > MostCopied;
        Span<byte> message = _isPayloadRequest ? _memory.Span.Slice(_payload - headers, headers + payload) : Aside[..(headers + payload)];
        ((ReadOnlySpan<byte>)header.InOut)[..Unsafe.SizeOf<InHeader>()].CopyTo(message);
        ((ReadOnlySpan<byte>)header.Operation)[..(headers - Unsafe.SizeOf<InHeader>())].CopyTo(message[Unsafe.SizeOf<InHeader>()..]);
        if (!_isPayloadRequest)
            Payload[..payload].CopyTo(message[headers..]);
        reply = _isPayloadRequest ? Aside : _memory.Span.Slice(_payload - ReplyWriter.HeaderSize, ReplyWriter.HeaderSize + _payloadSize);
        Volatile.Write(ref _unanswered, Unique);
        return message;
    }

    /// <summary>Makes the reply ready for the kernel.</summary>
    /// <param name="unique">The number of the request. <see cref="Unique"/> is a later one if another thread answered this one.</param>
    /// <param name="reply">The place that <see cref="Open"/> gave, with the reply in it.</param>
    /// <param name="length">Its length in bytes; 0 if the request gets no reply.</param>
    /// <returns>False if another thread has answered the request by now (<see cref="TryFail"/>).</returns>
    internal bool TryClose(ulong unique, ReadOnlySpan<byte> reply, int length)
    {
        if (!TryTakeAnswer(unique))
            return false;
        if (length == 0)
            WriteHeader(new OutHeader { Len = (uint)ReplyWriter.HeaderSize, Unique = Unique }, 0);
        else
            WriteHeader(MemoryMarshal.Read<OutHeader>(reply), length - ReplyWriter.HeaderSize);
        if (_isPayloadRequest && length > 0)
            reply[ReplyWriter.HeaderSize..length].CopyTo(Payload);
        return true;
    }

    /// <summary>Makes an error the reply, in place of the thread that is busy with the request. Any thread.</summary>
    /// <param name="unique">The number of the request.</param>
    /// <param name="error">The error.</param>
    /// <returns>False if it is answered already.</returns>
    internal bool TryFail(ulong unique, Errno error)
    {
        if (!TryTakeAnswer(unique))
            return false;
        WriteHeader(new OutHeader { Len = (uint)ReplyWriter.HeaderSize, Error = -(int)error, Unique = unique }, 0);
        return true;
    }

    private bool TryTakeAnswer(ulong unique) => Interlocked.CompareExchange(ref _unanswered, 0, unique) == unique;

    private void WriteHeader(in OutHeader reply, int payload)
    {
        ref RingHeader header = ref Header;
        MemoryMarshal.Write(header.InOut, reply);
        header.PayloadSize = (uint)payload;
    }
}
