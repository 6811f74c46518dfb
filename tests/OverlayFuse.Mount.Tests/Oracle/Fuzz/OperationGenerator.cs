using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>Draws operations, each kind by its weight.</summary>
internal sealed class OperationGenerator
{
    private static readonly int[] Modes = [755, 644, 600, 777, 4755, 2711, 6777, 1777, 444, 0];

    /// <summary>
    /// Not (-1, -1): when a writer has the file open, FUSE cannot tell it from the clearing of set-uid before fallocate(2).
    /// </summary>
    private static readonly (int User, int Group)[] NewOwners = [(0, -1), (0, 0), (1, 1000), (1000, -1), (1000, 1001), (-1, 0), (-1, 1000),
        (-1, 1001)];

    private static readonly O[] Accesses = [O.RDONLY, O.RDONLY, O.WRONLY, O.RDWR, O.RDWR];
    private static readonly O[] Extras = [0, 0, 0, O.CREAT, O.CREAT, O.CREAT | O.EXCL, O.TRUNC, O.APPEND, O.CREAT | O.TRUNC, O.NOFOLLOW,
        O.DIRECTORY];
    private static readonly RenameFlags[] Renames =
        [RenameFlags.None, RenameFlags.None, RenameFlags.None, RenameFlags.NoReplace, RenameFlags.Exchange, RenameFlags.Whiteout];
    private static readonly FallocFlags[] Allocations =
        [FallocFlags.None, FallocFlags.KeepSize, FallocFlags.PunchHole | FallocFlags.KeepSize, FallocFlags.ZeroRange,
            FallocFlags.CollapseRange];
    private static readonly string[] XattrNames = ["user.a", "user.b", "trusted.c", "trusted.overlay.opaque", "trusted.overlay.impure",
        "user.overlay.opaque", "security.capability", PosixAcl.AccessName];
    private const int OrdinaryXattrs = 7;
    private static readonly string[] XattrValues = ["", "v", "longer value", "0x0100000200200000000000000000000000000000", "y"];

    private const int ControlWeight = 15;

    private readonly Random random;
    private readonly List<Func<Operation>> kinds = [];

    public OperationGenerator(Random random)
    {
        this.random = random;
        AddNames();
        AddAttributes();
        AddDescriptors();
    }

    /// <summary>Nobody else does anything.</summary>
    public bool OnlyRoot { get; init; }

    /// <summary>
    /// Who opened a file writes it: with io=stateless nobody knows who has a file open, and when another writes a file with set-uid it
    /// looks like an attempt to clear that bit without a right to.
    /// </summary>
    public bool OpenersWrite { get; init; }

    /// <summary>
    /// No access lists are set: of a file that is still on EROFS, the kernel refuses that before the copy-up (ovl_set_acl).
    /// </summary>
    public bool NoAcls { get; init; }

    public Operation Next() => random.Next(kinds.Count + ControlWeight) < kinds.Count ? Plain() : Controlled();

    private Operation Plain() => kinds[random.Next(kinds.Count)]();

    private void AddNames()
    {
        Add(5, () => new Mkdir(Path(), Pick(Modes)));
        Add(4, () => new Rmdir(Path()));
        Add(7, () => new Unlink(Path()));
        Add(9, () => new Rename(Path(), Path(), Pick(Renames)));
        Add(4, () => new Link(Path(), Path()));
        Add(2, () => new Symlink(Path(), Path()));
        Add(1, () => new Mknod(Path(), Pick(['p', 's', 'f', 'c']), Pick(Modes)));
        Add(1, () => new Mknod(Path(), 'c', 666, 1, 3));
        Add(5, () => new Create(Path(), Names.Content(random), Pick(Modes)));
        Add(1, () => new Readlink(Path()));
        Add(4, () => new ReadDir(random.Next(4) == 0 ? "" : Path()));
        Add(1, () => new OpenDir(Slot(), Path()));
        Add(1, () => new RereadDir(Slot()));
        Add(1, () => new SeekEverywhere(Path()));
    }

    private void AddAttributes()
    {
        Add(6, () => new Lstat(Path()));
        Add(3, () => new Chmod(Path(), Pick(Modes)));
        Add(3, () => NewOwner((user, group) => new Lchown(Path(), user, group)));
        Add(2, () => new Truncate(Path(), random.Next(20_000)));
        Add(2, () => new Utimens(Path(), random.Next(1_000_000), random.Next(1_000_000), random.Next(1_000_000_000)));
        Add(1, () => new Touch(Path()));
        Add(3, () => new SetXattr(Path(), XattrName(), Pick(XattrValues), random.Next(3)));
        Add(1, () => new GetXattr(Path(), XattrName()));
        Add(2, () => new ListXattr(Path()));
        Add(1, () => new RemoveXattr(Path(), XattrName()));
        Add(2, () => NoAcls ? new Lstat(Path()) : new SetAcl(Path(), Names.Acl(random), random.Next(2) == 0));
        Add(3, () => new ReadFile(Path()));
        Add(1, () => new Access(Path(), Pick(["r", "w", "x", "rw"])));
    }

    private void AddDescriptors()
    {
        Add(10, () => new OpenFile(Slot(), Path(), Pick(Accesses) | Pick(Extras), Pick(Modes)));
        Add(1, () => new Open(Slot(), Path(), O.TMPFILE | O.RDWR, Pick(Modes)));
        Add(2, () => new LinkDescriptor(Slot(), Path()));
        Add(2, () => new Close(Slot()));
        Add(1, () => new Reopen(Slot(), Slot(), Pick(Accesses)));
        Add(4, () => new Read(Slot(), random.Next(3) * 4000, random.Next(9000)));
        Add(5, () => new Write(Slot(), random.Next(3) * 4000, Names.Content(random)));
        Add(2, () => new WriteNext(Slot(), Names.Content(random)));
        Add(2, () => new Ftruncate(Slot(), random.Next(20_000)));
        Add(4, () => new Fstat(Slot()));
        Add(2, () => new Fchmod(Slot(), Pick(Modes)));
        Add(2, () => NewOwner((user, group) => new Fchown(Slot(), user, group)));
        Add(1, () => new Futimens(Slot(), random.Next(1_000_000), random.Next(1_000_000), 5));
        Add(1, () => new FsetXattr(Slot(), XattrName(), Pick(XattrValues)));
        Add(1, () => new FgetXattr(Slot(), XattrName()));
        Add(1, () => new FlistXattr(Slot()));
        Add(2, () => new Fallocate(Slot(), Pick(Allocations), random.Next(3) * 4096, random.Next(1, 10_000)));
        Add(1, () => new Seek(Slot(), random.Next(9000), random.Next(3, 5)));
        Add(1, () => new Fsync(Slot(), random.Next(2) == 0));
        Add(1, () => new CopyRange(Slot(), random.Next(5), Slot(), random.Next(5), random.Next(1, 9000)));
        Add(1, () => new MapRead(Slot(), random.Next(1, 100)));
        Add(2, () => new MapWrite(Slot(), Names.Content(random) + "m", random.Next(3) > 0));
    }

    private Operation Controlled() => random.Next(ControlWeight) switch
    {
        < 9 => Another(new As(User(), Plain())),
        < 11 => Another(new AsMember(User(), User(), User(), Plain())),
        < 13 => new WithUmask(Pick([0, 77, 27]), random.Next(3) == 0 ? Another(new As(User(), Plain())) : Plain()),
        13 => new Remount(),
        _ => new SwitchSides(),
    };

    /// <summary>
    /// Another user's operation, unless it must be root's. (Moving data with fallocate(2) the kernel refuses after it cleared set-uid, FUSE
    /// before.)
    /// </summary>
    private Operation Another(Operation operation)
    {
        bool writes = operation.Core is Write or WriteNext or Ftruncate or Fallocate or MapWrite or CopyRange,
            moves = operation.Core is Fallocate { Flags: FallocFlags.CollapseRange };
        return OnlyRoot || moves || (OpenersWrite && writes) ? operation.Core : operation;
    }

    private void Add(int weight, Func<Operation> kind) => kinds.AddRange(Enumerable.Repeat(kind, weight));

    private string Path() => Names.Path(random);

    private Operation NewOwner(Func<int, int, Operation> make)
    {
        (int user, int group) = Pick(NewOwners);
        return make(user, group);
    }

    private uint User() => 1000u + (uint)random.Next(2);

    private string Slot() => Names.Slot(random);

    private string XattrName() => XattrNames[random.Next(NoAcls ? OrdinaryXattrs : XattrNames.Length)];

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];
}
