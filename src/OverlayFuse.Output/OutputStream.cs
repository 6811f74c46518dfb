using OverlayFuse.Linux;

namespace OverlayFuse.Output;

/// <summary>A descriptor for writing, whose errors name the thing and the remedy. Nothing is held back.</summary>
/// <param name="fd">Gets the bytes.</param>
/// <param name="name">Tells the user what it is. Null: errors are dropped, because nobody can be told.</param>
/// <param name="closes">True if the descriptor ends with the stream.</param>
internal sealed class OutputStream(Fd fd, string? name, bool closes = false) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <exception cref="IOException">The bytes cannot be written; the message says where, and why.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            Errno error = Sys.Write(fd, buffer, out int count);
            buffer = buffer[count..];
            if (error == Errno.EAGAIN)
                error = Sys.AwaitWritable(fd);
            // The reader of a pipe has seen enough.
            if (error == Errno.EPIPE || (error != Errno.None && name is null))
                return;
            if (error != Errno.None)
                throw new IOException($"{name}: cannot be written ({error}); make room there, or choose another file");
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (closes)
            Sys.Close(fd);
        base.Dispose(disposing);
    }
}
