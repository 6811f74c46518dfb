using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// The form of deletions and opaque directories in the upper layer: the kernel's (<see cref="KernelUpper"/>) or that of AUFS
/// (<see cref="AufsUpper"/>). The caller of a change holds the lock of the directory's names. No call holds a lock of its own.
/// </summary>
/// <remarks>
/// The parameter <c>marks</c> says whether the upper directory holds mark files, as far as that is known. A form without mark files ignores
/// it.
/// </remarks>
internal interface IUpperForm
{
    /// <summary>True if files in the upper can be marks. The merged view does not show them.</summary>
    bool HasMarkFiles { get; }

    /// <summary>True for a name that no file may get: answer EINVAL.</summary>
    bool IsReserved(Name name);

    /// <summary>Checks whether a mark deletes a name that the upper directory does not hold.</summary>
    Errno Hides(Fd upper, ref Known marks, Name name, out bool hides);

    /// <summary>Checks whether an upper directory hides the layers below it.</summary>
    Errno IsOpaque(Fd upper, ref Known marks, Name name, out bool opaque);

    /// <summary>Makes a directory in the upper, or in work, opaque.</summary>
    Errno MarkOpaque(Fd parent, Name name);

    /// <summary>Deletes a name in one step. The file below is seen at no time.</summary>
    Errno Cover(Fd upper, ref Known marks, Name name, UpperEntry entry);

    /// <summary>Removes the mark of a name that a file has got.</summary>
    Errno Appeared(Fd upper, ref Known marks, Name name);

    /// <summary>rename(2) within the upper. It leaves a deletion under the old name if a lower layer has that name.</summary>
    Errno Rename(in UpperRename rename, ref Known oldMarks, ref Known newMarks);
}

/// <summary>The entry that the upper directory holds under a name that is deleted.</summary>
internal enum UpperEntry
{
    /// <summary>None: only lower layers have the name.</summary>
    None,

    /// <summary>Not a directory.</summary>
    File,

    /// <summary>A directory that holds nothing but marks.</summary>
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
