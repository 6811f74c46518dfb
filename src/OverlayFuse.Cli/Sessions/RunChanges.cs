using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Changes;

namespace OverlayFuse.Cli.Sessions;

/// <summary>The list that <c>overlayfuse run --diff</c> writes after the command has ended.</summary>
internal static class RunChanges
{
    /// <summary>Writes the list.</summary>
    /// <param name="request">Names the layers and the file for the list.</param>
    /// <param name="scratch">The session's own directory.</param>
    /// <exception cref="IOException">A layer cannot be read, or the list cannot be written.</exception>
    public static void List(RunRequest request, string scratch)
    {
        OverlayOptions layers = request.ToMount(scratch, shared: false).Overlay;
        // Marks count as they did for the daemon.
        bool isOrdinary = Sys.EffectiveUid != 0 && !request.MapsRoot;
        using Stream output = request.ChangesFile is { } file ? Create(file) : StandardStreams.OpenOutput();
        ByteSink lines = request.ChangesFile is null && Inks.OnOutput ? ChangeLines.Painted(output.Write) : output.Write;
        IChangeWriter changes = request.ListsChangesAsJson ? new ChangeObjects(output.Write) : new ChangeLines(lines);
        ViewChanges.Find(layers, isOrdinary || layers.XattrPermissions == XattrPermissions.User, changes.Add);
        changes.End();
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    private static OutputStream Create(string file)
    {
        const uint readAndWrite = 0x1B6; // 0666
        Errno error = Sys.OpenAt(
            Fd.WorkingDirectory, Name.From(file), OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Truncate, out Fd opened, readAndWrite);
        return error == Errno.None ? new OutputStream(opened, $"--diff={file}", closes: true)
            : throw new IOException($"--diff={file}: cannot be written ({error}); name a file in a directory that you may write to");
    }
}
