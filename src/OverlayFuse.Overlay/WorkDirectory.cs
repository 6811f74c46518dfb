using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// The directory "work" in workdir, where entries are made ready before they are renamed into the upper layer. Emptied at mount and at
/// unmount, as the kernel does (ovl_workdir_create); what a crash leaves is never seen in the merged view.
/// </summary>
internal sealed class WorkDirectory : IDisposable
{
    private readonly Layer _base;
    private long _counter;

    private WorkDirectory(Layer @base, Fd work)
    {
        _base = @base;
        Fd = work;
        Whiteout = new Whiteout(this);
    }

    /// <summary>The directory itself, for *at calls.</summary>
    public Fd Fd { get; }

    public Whiteout Whiteout { get; }

    private static Name WorkName => new("work\0"u8);

    /// <summary>Empties and opens it.</summary>
    /// <exception cref="IOException">What is left there cannot be removed.</exception>
    public static WorkDirectory Open(Layer @base, OverlayXattr xattrs)
    {
        Require(@base, TreeRemover.Remove(@base.Root.Fd, WorkName));
        uint mode = xattrs.IsUser && Sys.EffectiveUid != 0 ? 0x1C0u : 0; // nobody but us; mode 0 needs CAP_DAC_OVERRIDE
        Require(@base, Sys.MkDirAt(@base.Root.Fd, WorkName, mode));
        Require(@base, Sys.OpenAt(@base.Root.Fd, WorkName, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out Fd work));
        return new WorkDirectory(@base, work);
    }

    /// <summary>A name that nothing has yet.</summary>
    public byte[] NextName() =>
        Name.From(string.Create(CultureInfo.InvariantCulture, $"#{Interlocked.Increment(ref _counter):x}")).ToArray();

    /// <summary>Removes what is in it; at the end of the mount.</summary>
    public void Clear() => _ = TreeRemover.RemoveContent(Fd); // the next mount does it again

    public void Dispose() => Sys.Close(Fd);

    private static void Require(Layer @base, Errno error)
    {
        if (error != Errno.None)
            throw new IOException($"workdir={@base.Path}: cannot make its directory 'work' ready: {error}; remove {@base.Path}/work or name another workdir");
    }
}
