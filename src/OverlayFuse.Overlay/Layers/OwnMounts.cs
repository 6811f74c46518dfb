using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>The mounts of the namespace of this process, for callers that cannot go on without them.</summary>
public static class OwnMounts
{
    /// <summary>Reads /proc/self/mountinfo.</summary>
    /// <exception cref="MountRefusedException">There is no /proc.</exception>
    public static MountTable Read()
    {
        Errno error = MountTable.Read(out MountTable mounts);
        return error == Errno.None ? mounts : throw new MountRefusedException(
            $"/proc/self/mountinfo: cannot be read ({error}); mount /proc where this program runs: mount -t proc proc /proc");
    }
}
