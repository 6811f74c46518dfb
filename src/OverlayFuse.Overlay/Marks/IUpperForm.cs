using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// How deletions and opaque directories stand in the upper layer: in the kernel's form (<see cref="KernelUpper"/>) or in that of AUFS
/// (<see cref="AufsUpper"/>). Changes of a directory are made under the lock of its names. No call holds a lock of its own.
/// </summary>
/// <remarks>The parameter <c>marks</c> is what is known of mark files in the upper directory; a form that has none does not look at it.</remarks>
internal interface IUpperForm
{
    /// <summary>True if files in the upper can be marks, which are not shown.</summary>
    bool HasMarkFiles { get; }

    /// <summary>True for a name that no caller may give: answer EINVAL.</summary>
    bool IsReserved(Name name);

    /// <summary>Whether a name that the upper directory does not hold is deleted there by a mark beside it.</summary>
    Errno Hides(Fd upper, ref Known marks, Name name, out bool hides);

    /// <summary>Whether an upper directory hides everything below it.</summary>
    Errno IsOpaque(Fd upper, ref Known marks, Name name, out bool opaque);

    /// <summary>Makes a directory in the upper, or in work, opaque.</summary>
    Errno MarkOpaque(Fd parent, Name name);

    /// <summary>Deletes a name in one step, so that at no time the file below is seen.</summary>
    Errno Cover(Fd upper, ref Known marks, Name name, UpperEntry entry);

    /// <summary>Takes the mark of a name away: a file has come under it.</summary>
    Errno Appeared(Fd upper, ref Known marks, Name name);

    /// <summary>rename(2) within the upper, and whatever must stand under the old name afterwards.</summary>
    Errno Rename(in UpperRename rename, ref Known oldMarks, ref Known newMarks);
}

/// <summary>What the upper directory holds under a name that is deleted.</summary>
internal enum UpperEntry
{
    /// <summary>Nothing: only lower layers have the name.</summary>
    None,

    /// <summary>A file that is no directory.</summary>
    File,

    /// <summary>A directory, empty but for marks.</summary>
    Directory,
}

/// <summary>A rename within the upper layer.</summary>
/// <param name="oldUpper">The upper directory that holds the file.</param>
/// <param name="oldName">Its name there.</param>
/// <param name="newUpper">The upper directory that it goes to.</param>
/// <param name="newName">Its name there.</param>
internal readonly ref struct UpperRename(Fd oldUpper, Name oldName, Fd newUpper, Name newName)
{
    public Fd OldUpper { get; } = oldUpper;

    public Name OldName { get; } = oldName;

    public Fd NewUpper { get; } = newUpper;

    public Name NewName { get; } = newName;

    /// <summary>A lower layer has the old name, which must stay hidden.</summary>
    public bool Covers { get; init; }

    /// <summary>A whiteout stands under the new name.</summary>
    public bool OverWhiteout { get; init; }

    /// <summary>The file is a directory.</summary>
    public bool IsDirectory { get; init; }
}
