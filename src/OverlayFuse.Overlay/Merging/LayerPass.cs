using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// The walk of one name through the layers (ovl_lookup): the upper, then each lower layer that the parent merges, until something hides
/// the layers below. A redirect on a file makes the walk go on below under another name, or by a path from the root of the stack. A
/// mount and the verb <c>changes</c> walk with this; the target says where the layers' directories are, and keeps the result. One
/// thread owns it for one lookup.
/// </summary>
internal ref partial struct LayerPass<TTarget>
    where TTarget : ILookupTarget, allows ref struct
{
    private readonly LayerReader _reader;
    private readonly Name _name;
    private byte[]? _redirect;
    private ushort _layer;

    /// <summary>Nothing is looked for in the layers below.</summary>
    private bool _stop;

    /// <summary>Nothing can be below the layer, so that marks about the layers below are not read (ovl_lookup_data.last).</summary>
    private bool _isLast;

    /// <summary>The layer is the last one that the directory has a part in.</summary>
    private bool _isBottom;

    /// <summary>A directory was found.</summary>
    private bool _isDirectory;

    /// <summary>The file found last is a metacopy: its data are still to be found.</summary>
    private bool _isMetacopy;

    /// <summary>The redirect read last is a path.</summary>
    private bool _isAbsolute;

    public TTarget Target;

    /// <param name="reader">Reads the layers.</param>
    /// <param name="name">The name.</param>
    /// <param name="target">The parent, and the result.</param>
    public LayerPass(LayerReader reader, Name name, TTarget target)
    {
        _reader = reader;
        _name = name;
        Target = target;
    }

    /// <summary>The error of the lookup comes from a rule of overlays. False if a layer could not be read.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>The name or path in the layers below those that were asked; null for the name that is looked for.</summary>
    public readonly byte[]? Location => _redirect;

    /// <summary>Looks for the name. No error if no layer has it.</summary>
    /// <param name="from">0, or the topmost slot that has the name: slot 1 is the first lower layer of the parent.</param>
    /// <returns>EPERM for a redirect or metacopy that the options forbid to follow, EIO for a metacopy without data.</returns>
    public Errno Run(int from)
    {
        Errno error;
        if (Target.HasUpper && from == 0 && (error = LookInUpper()) != Errno.None)
            return error;
        if (!_stop && (error = LookInLowers(Math.Max(0, from - 1))) != Errno.None)
            return error;
        return FindData();
    }

    /// <summary>Looks into lower layers only.</summary>
    /// <param name="from">0, or the topmost lower part of the parent that has the name.</param>
    public Errno LookInLowers(int from)
    {
        if (_reader.IsMark(layer: 0, _name))
            return Errno.None;
        if (!LeaveForRoot())
            Target.EnterLowers();
        // A listing has found the name in the layer where the walk begins.
        for (int index = from > 0 ? from : Next(0); index < Target.Count; index = Next(index + 1))
        {
            if (!MayFollow)
                return Refuse(Errno.EPERM);
            _layer = Target.LayerOf(index);
            _isBottom = index == Target.Count - 1;
            _isLast = IsLast();
            Target.Enter(_layer, _redirect);
            Errno error;
            if ((error = Target.BorrowLower(index, out BorrowedFd directory)) != Errno.None)
                return error;
            using (directory)
            {
                if ((error = LookInLayer(directory, ref Target.LowerMarks(index))) != Errno.None)
                    return error;
            }
            if (LeaveForRoot())
                index = Target.IndexOf(_layer);
        }
        return Errno.None;
    }

    /// <summary>
    /// Following a redirect or a metacopy is like following a symbolic link without asking for permission. The options must allow it
    /// (ovl_check_follow_redirect).
    /// </summary>
    private readonly bool MayFollow =>
        (!_isMetacopy || _reader.Metacopy.IsOn) && (_redirect is null || _reader.Redirect.IsFollowed);

    private bool IsLast() =>
        !_reader.ReadsRedirects ? _isBottom : (_isDirectory || !_reader.HasDataLayers) && _layer == Target.Lowest;

    private int Next(int index) => _stop ? Target.Count : Target.Next(index, isOwnName: _redirect is null);

    /// <summary>A path is looked for in all layers below, not only in those that the parent merges.</summary>
    private bool LeaveForRoot() => _redirect is [(byte)'/', ..] && Target.LeaveForRoot();

    /// <summary>Finds the data of a metacopy: in the last lower file found, or in a data-only layer.</summary>
    private Errno FindData()
    {
        bool isInDataLayer = _isMetacopy && _isAbsolute && Target.HasFoundLower && _reader.HasDataLayers;
        if (isInDataLayer)
            return Target.TakeDataLayer(DataLayers.WithoutDots(_redirect!));
        if (!MayFollow)
            return Refuse(Errno.EPERM);
        if (!Target.IsMetacopy)
            return Errno.None;
        if (_isMetacopy || !Target.HasFoundLower)
            return Refuse(Errno.EIO);
        Target.TakeLowerData();
        return _reader.Metacopy.IsOn ? Errno.None : Refuse(Errno.EPERM);
    }

    /// <summary>Nothing below is looked for.</summary>
    private Errno Stop(ushort layer, LayerStop reason)
    {
        _stop = true;
        Target.Stop(layer, reason);
        return Errno.None;
    }

    private Errno Refuse(Errno error)
    {
        IsRefused = true;
        return error;
    }

    private Errno RefuseFile(Errno error, bool isRule, scoped LayerEntry file, in Statx stat)
    {
        if (!isRule)
            return error;
        Target.Refuse(file, stat);
        return Refuse(error);
    }
}
