using System.Text;
using Microsoft.Win32.SafeHandles;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli;

/// <summary>The list that <c>overlayfuse run --diff</c> writes when the command has ended, and <c>changes</c> of a live mount.</summary>
internal static class RunChanges
{
    /// <summary>Writes a line for each path: A, M or D, a space, the path. Control characters and backslashes in it are written as \ooo (octal).</summary>
    /// <param name="request">Which layers, and where the list goes.</param>
    /// <param name="scratch">The session's own directory.</param>
    /// <exception cref="IOException">A layer cannot be read, or the list cannot be written.</exception>
    public static void List(RunRequest request, string scratch)
    {
        OverlayOptions layers = request.ToMount(scratch, shared: false).Overlay;
        bool isOrdinary = Sys.EffectiveUid != 0 && !request.MapsRoot; // as the daemon was
        IReadOnlyList<ViewChange> changes = ViewChanges.List(layers, isOrdinary || layers.XattrPermissions == XattrPermissions.User);
        using Stream output = request.ChangesFile is { } file ? Create(file) : Console.OpenStandardOutput();
        Write(changes, output);
    }

    /// <summary>As <see cref="List"/>.</summary>
    public static void Write(IReadOnlyList<ViewChange> changes, Stream output)
    {
        using var buffered = new BufferedStream(output);
        foreach (ViewChange change in changes)
            buffered.Write(ToLine(change));
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    private static FileStream Create(string file)
    {
        const uint readAndWrite = 0x1B6; // 0666
        Errno error = Sys.OpenAt(
            Fd.WorkingDirectory, Name.From(file), OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Truncate, out Fd opened, readAndWrite);
        return error == Errno.None ? new FileStream(new SafeFileHandle(opened.Number, ownsHandle: true), FileAccess.Write)
            : throw new IOException($"--diff={file}: cannot be written ({error}); name a file in a directory that you may write to");
    }

    internal static byte[] ToLine(ViewChange change)
    {
        var line = new List<byte> { (byte)change.Kind, (byte)' ' };
        foreach (byte c in change.Path)
        {
            bool isPlain = c is >= 0x20 and not 0x7F and not (byte)'\\';
            line.AddRange(isPlain ? [c] : Encoding.ASCII.GetBytes("\\" + Convert.ToString(c, 8).PadLeft(3, '0')));
        }
        line.Add((byte)'\n');
        return [.. line];
    }
}
