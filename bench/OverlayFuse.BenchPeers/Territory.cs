using System.Diagnostics;
using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>
/// The mount namespace in which everything is mounted and done, so that nobody else sees it; rootless it is in a user namespace of an
/// ordinary user. Kept by a process that ends with ours.
/// </summary>
internal sealed class Territory : IDisposable
{
    /// <summary>Nobody has this id; it owns the layers of a rootless run.</summary>
    private const string OrdinaryUser = "54321";

    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
        | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly Process _keeper;
    private readonly string[] _enter;
    private readonly UnixFileMode? _deviceMode;

    public Territory(Mode mode)
    {
        bool dropsRoot = mode == Mode.Rootless && Environment.UserName == "root";
        if (dropsRoot)
            _deviceMode = OpenDevice();
        string[] user = dropsRoot ? ["setpriv", $"--reuid={OrdinaryUser}", $"--regid={OrdinaryUser}", "--clear-groups"] : [];
        string namespaces = mode == Mode.Rootless ? "-Urm" : "-m";
        _keeper = Command.Start([.. user, "unshare", namespaces, "--propagation", "private", "sh", "-c", "echo ready; exec cat"]);
        if (_keeper.StandardOutput.ReadLine() != "ready")
            throw new InvalidOperationException($"no namespaces to work in: {_keeper.StandardError.ReadToEnd()}");
        string id = _keeper.Id.ToString(CultureInfo.InvariantCulture);
        _enter = mode == Mode.Rootless ? ["nsenter", "-t", id, "-U", "-m", "-S", "0", "-G", "0"] : ["nsenter", "-t", id, "-m"];
        Owner = dropsRoot ? OrdinaryUser : null;
    }

    /// <summary>Who must own the work directory; null: we do already.</summary>
    public string? Owner { get; }

    /// <summary>Runs a command there, in a directory.</summary>
    public Finished Run(string directory, IEnumerable<string> words, TimeSpan patience) =>
        Command.Run([.. _enter, "env", "-C", directory, .. words], patience);

    public void Dispose()
    {
        _keeper.StandardInput.Close();
        _keeper.WaitForExit();
        _keeper.Dispose();
        if (_deviceMode is { } mode)
            File.SetUnixFileMode("/dev/fuse", mode);
    }

    private static UnixFileMode? OpenDevice()
    {
        UnixFileMode mode = File.GetUnixFileMode("/dev/fuse");
        if (mode == Everybody)
            return null;
        File.SetUnixFileMode("/dev/fuse", Everybody);
        return mode;
    }
}
