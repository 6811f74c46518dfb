using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// The part of a lookup that differs between a mount and the verb <c>changes</c>: the directories of the parent, and the result.
/// <see cref="LayerPass{TTarget}"/> calls it. A struct as target costs no virtual calls.
/// </summary>
internal interface ILookupTarget
{
    /// <summary>The upper has the parent.</summary>
    bool HasUpper { get; }

    /// <summary>Some lower layer has the parent.</summary>
    bool HasLowers { get; }

    /// <summary>The knowledge about marks of AUFS in the parent's upper part.</summary>
    ref Known UpperMarks { get; }

    /// <summary>The number of lower parts of the directory that the lookup is in.</summary>
    int Count { get; }

    /// <summary>The number of the lowest layer of the stack.</summary>
    ushort Lowest { get; }

    Errno BorrowUpper(out BorrowedFd directory);

    /// <summary>Begins with the lower parts of the parent.</summary>
    void EnterLowers();

    /// <summary>Goes on with the lower parts of the root, if the lookup is not in the root yet.</summary>
    /// <returns>False if the lookup is in the root already.</returns>
    bool LeaveForRoot();

    /// <summary>The next lower part, from one on, that may have the name.</summary>
    /// <param name="index">The first part that counts.</param>
    /// <param name="isOwnName">The lookup follows no redirect.</param>
    int Next(int index, bool isOwnName);

    /// <summary>The number of a lower part's layer.</summary>
    ushort LayerOf(int index);

    /// <summary>The lower part in a layer.</summary>
    int IndexOf(ushort layer);

    Errno BorrowLower(int index, out BorrowedFd directory);

    /// <summary>The knowledge about marks of AUFS in a lower part.</summary>
    ref Known LowerMarks(int index);

    /// <summary>
    /// Learns about marks of AUFS in the directory that the lookup is in, if the target can do that for all its layers at once.
    /// </summary>
    void LearnMarks();

    /// <summary>The lookup goes on in a lower layer.</summary>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="location">The name or path there, by a redirect; null for the name that is looked for.</param>
    void Enter(ushort layer, byte[]? location);

    /// <summary>An entry hides the layers below it. A path from the root that a redirect names is looked for nevertheless.</summary>
    void Stop(ushort layer, LayerStop reason);

    /// <summary>Something was found.</summary>
    bool HasFound { get; }

    /// <summary>Something was found in a lower layer.</summary>
    bool HasFoundLower { get; }

    /// <summary>The data of the topmost file lie below it.</summary>
    bool IsMetacopy { get; set; }

    Errno TakeUpper(scoped LayerEntry file, in Statx stat);

    /// <summary>Takes a directory of a lower layer.</summary>
    /// <param name="file">The directory.</param>
    /// <param name="stat">Its attributes.</param>
    /// <param name="merges">False if it is not the one that the upper was copied from, and has no part in the view.</param>
    Errno TakeDirectory(scoped LayerEntry file, in Statx stat, out bool merges);

    /// <summary>Takes a file of a lower layer that is no directory.</summary>
    Errno TakeFile(scoped LayerEntry file, in Statx stat, bool isMetacopy);

    /// <summary>The file must not be entered, or has a broken mark. The lookup ends with an error.</summary>
    void Refuse(scoped LayerEntry file, in Statx stat);

    /// <summary>The file found last has a redirect to another name or path.</summary>
    void TakeRedirect(byte[] redirect);

    /// <summary>A directory of the layer may hold whiteouts that are files with an xattr.</summary>
    void NoteXattrWhiteouts(ushort layer);

    /// <summary>The data of the file are in a data-only layer.</summary>
    Errno TakeDataLayer(byte[] path);

    /// <summary>The data of the file are in the lower file that was found last.</summary>
    void TakeLowerData();
}
