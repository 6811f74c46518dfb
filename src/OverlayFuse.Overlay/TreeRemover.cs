using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>Removes trees in the work directory: what crashed copy-ups left, and directories that were exchanged out of the upper.</summary>
internal static class TreeRemover
{
    /// <summary>Removes an entry and all below it; nothing there is fine.</summary>
    public static Errno Remove(Fd directory, Name name)
    {
        Errno error = Sys.UnlinkAt(directory, name);
        if (error is Errno.None or Errno.ENOENT)
            return Errno.None;
        if (error is not (Errno.EISDIR or Errno.EPERM))
            return error;
        if (Sys.OpenAt(directory, name, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out Fd opened) is not Errno.None and var failed)
            return failed == Errno.ENOENT ? Errno.None : failed;
        using (var content = new ScopedFd(opened))
            error = RemoveContent(content);
        return error == Errno.None ? Sys.RmDirAt(directory, name) : error;
    }

    /// <summary>Removes all that a directory holds, but for one name.</summary>
    public static Errno RemoveContent(Fd directory, Name kept = default)
    {
        if (Sys.EffectiveUid != 0) // who has the directory open sees its mode: it stays for a mounter with CAP_DAC_OVERRIDE
            _ = Sys.FChModAt(directory, Name.Empty, 0x1C0); // an owner without it could not list it; if it fails, listing tells
        if (Sys.OpenAt(directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened) is not Errno.None and var error)
            return error;
        using var listed = new ScopedFd(opened);
        byte[] buffer = new byte[8 * 1024];
        while (true)
        {
            if (Sys.GetDents(listed, buffer, out int length) is not Errno.None and var failed)
                return failed;
            if (length == 0)
                return Errno.None;
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext())
            {
                if (!records.Name.Equals(kept) && Remove(directory, records.Name) is not Errno.None and var stuck)
                    return stuck;
            }
        }
    }
}
