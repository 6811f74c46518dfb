using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

/// <summary>
/// An io_uring(7) that carries commands of a driver (IORING_OP_URING_CMD, entries of 128 bytes). Only the thread that makes it may use it,
/// besides <see cref="Fd"/>: the kernel runs its work in that thread alone, when it is in a system call. IORING_SETUP_DEFER_TASKRUN is left
/// out: with it, Linux 6.18 does not run the work of a thread that is killed, and callers of FUSE wait for ever. The memory is this
/// process's own (IORING_SETUP_NO_MMAP), so that nothing but the descriptor keeps the ring alive. Linux 6.5.
/// </summary>
public sealed unsafe class IoRing : IDisposable
{
    private const int SYS_io_uring_setup = 425;
    private const int SYS_io_uring_enter = 426;
    private const byte IORING_OP_URING_CMD = 46;
    private const uint IORING_ENTER_GETEVENTS = 1;
    private const uint IORING_SETUP_CQSIZE = 1 << 3;
    private const uint IORING_SETUP_COOP_TASKRUN = 1 << 8;
    private const uint IORING_SETUP_SQE128 = 1 << 10;
    private const uint IORING_SETUP_SINGLE_ISSUER = 1 << 12;
    private const uint IORING_SETUP_NO_MMAP = 1 << 14;
    private const uint SetupFlags =
        IORING_SETUP_CQSIZE | IORING_SETUP_SQE128 | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_NO_MMAP;

    private const int MostArgument = 80;

    /// <summary>Room for the heads, the tails and the array of a ring, beside its completions.</summary>
    private const int RingHeader = 1024;

    private readonly MappedMemory _commands;
    private readonly MappedMemory _ring;
    private Libc.IoRingParams _offsets;
    private uint _tail;
    private uint _queued;

    private IoRing(Fd fd, MappedMemory commands, MappedMemory ring, in Libc.IoRingParams offsets)
    {
        Fd = fd;
        _commands = commands;
        _ring = ring;
        _offsets = offsets;
    }

    /// <summary>True if the kernel lets this process make rings: seccomp and kernel.io_uring_disabled can forbid it.</summary>
    public static bool IsAllowed
    {
        get
        {
            Libc.IoRingParams none = default;
            // A ring without entries: who may make rings hears EINVAL.
            return Libc.syscall(SYS_io_uring_setup, 0, (nint)(&none), 0, 0, 0, 0) >= 0 || Sys.LastError() == Errno.EINVAL;
        }
    }

    /// <summary>The descriptor of the ring. Closing it, from any thread, cancels the commands that wait.</summary>
    public Fd Fd { get; }

    /// <summary>io_uring_setup(2).</summary>
    /// <param name="commands">The commands that can be queued at a time, at most 64.</param>
    /// <param name="completions">The completions that fit, at most 4096.</param>
    /// <param name="ring">The ring; null on failure.</param>
    public static Errno Create(int commands, int completions, out IoRing? ring)
    {
        ring = null;
        Errno error;
        if ((error = MappedMemory.Map(commands * sizeof(Libc.IoRingSqe), out MappedMemory? sqes)) != Errno.None)
            return error;
        if ((error = MappedMemory.Map(RingHeader + (completions * sizeof(Libc.IoRingCqe)), out MappedMemory? rings)) != Errno.None)
        {
            sqes!.Dispose();
            return error;
        }
        var setup = new Libc.IoRingParams
        {
            Flags = SetupFlags,
            CqEntries = (uint)completions,
            SqUserAddress = sqes!.AddressOf(0),
            CqUserAddress = rings!.AddressOf(0),
        };
        int fd = (int)Libc.syscall(SYS_io_uring_setup, commands, (nint)(&setup), 0, 0, 0, 0);
        if (fd < 0)
        {
            error = Sys.LastError();
            sqes.Dispose();
            rings.Dispose();
            return error;
        }
        ring = new IoRing(new Fd(fd), sqes, rings, setup);
        return Errno.None;
    }

    /// <summary>Queues a command. <see cref="Enter"/> hands it over.</summary>
    /// <param name="file">The file whose driver gets it.</param>
    /// <param name="operation">What it is to do.</param>
    /// <param name="userData">Comes back with its completion.</param>
    /// <param name="vectors">The address and the number of its struct iovec.</param>
    /// <param name="argument">At most 80 bytes, which the driver reads.</param>
    /// <returns>False if there is no room: call <see cref="Enter"/> first.</returns>
    public bool TryQueue(Fd file, uint operation, ulong userData, (nint Address, int Count) vectors, ReadOnlySpan<byte> argument)
    {
        if (_queued == _offsets.SqEntries)
            return false;
        uint index = _tail & (_offsets.SqEntries - 1);
        ref Libc.IoRingSqe sqe = ref ((Libc.IoRingSqe*)_commands.AddressOf(0))[index];
        sqe = new Libc.IoRingSqe
        {
            Opcode = IORING_OP_URING_CMD,
            Fd = file.Number,
            CommandOp = operation,
            Address = vectors.Address,
            Length = (uint)vectors.Count,
            UserData = userData,
        };
        fixed (byte* command = sqe.Command)
            argument.CopyTo(new Span<byte>(command, MostArgument));
        *(uint*)_ring.AddressOf((int)(_offsets.SqArray + (index * sizeof(uint)))) = index;
        Volatile.Write(ref Word(_offsets.SqTail), ++_tail);
        _queued++;
        return true;
    }

    /// <summary>io_uring_enter(2): hands over what is queued, and waits.</summary>
    /// <param name="completions">Returns once this many have come; 0: does not wait.</param>
    /// <returns>EINTR if a signal came first, EBUSY if completions must be taken first. Then call it again.</returns>
    public Errno Enter(int completions)
    {
        while (true)
        {
            long submitted = Libc.syscall(SYS_io_uring_enter, Fd.Number, (nint)_queued, completions, (nint)IORING_ENTER_GETEVENTS, 0, 0);
            if (submitted >= 0)
            {
                _queued -= (uint)submitted;
                return Errno.None;
            }
            Errno error = Sys.LastError();
            if (error != Errno.EAGAIN)
                return error;
            // The system has no memory at the moment.
            Thread.Sleep(1);
        }
    }

    /// <summary>Takes the next completion.</summary>
    /// <param name="userData">That of its command.</param>
    /// <param name="error">The answer of the driver.</param>
    /// <returns>False if there is none.</returns>
    public bool TryTake(out ulong userData, out Errno error)
    {
        uint head = Word(_offsets.CqHead);
        bool has = head != Volatile.Read(ref Word(_offsets.CqTail));
        userData = 0;
        error = Errno.None;
        if (!has)
            return false;
        uint index = head & (_offsets.CqEntries - 1);
        Libc.IoRingCqe* completion = (Libc.IoRingCqe*)_ring.AddressOf((int)_offsets.CqCqes) + index;
        userData = completion->UserData;
        error = completion->Result < 0 ? (Errno)(-completion->Result) : Errno.None;
        Volatile.Write(ref Word(_offsets.CqHead), head + 1);
        return true;
    }

    /// <summary>Closes the ring: the kernel cancels what waits.</summary>
    public void Dispose()
    {
        Sys.Close(Fd);
        _commands.Dispose();
        _ring.Dispose();
    }

    private ref uint Word(uint offset) => ref *(uint*)_ring.AddressOf((int)offset);
}
