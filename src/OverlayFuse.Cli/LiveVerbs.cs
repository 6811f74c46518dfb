using System.CommandLine;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli;

/// <summary>Verbs that ask a live mount: its layers, what its upper changes, a new layer on top of the lower ones, a fresh look at all.</summary>
internal static class LiveVerbs
{
    public const string ListLayers = "layers";
    public const string AddLayer = "add-layer";
    public const string Refresh = "refresh";

    public static IEnumerable<Command> All()
    {
        var mount = new Argument<string>("MOUNTPOINT") { Description = "A live mount" };
        var directory = new Argument<string>("DIR") { Description = "A directory that is in no layer of the mount" };
        var layers = new Command(ListLayers, "Lists the layers of a live mount, topmost first") { mount };
        layers.SetAction(words => With(words.GetRequiredValue(mount), ShowLayers));
        var add = new Command(AddLayer, "Puts a directory on top of the lower layers of a live mount") { mount, directory };
        add.SetAction(words => With(words.GetRequiredValue(mount), root => Add(root, words.GetRequiredValue(mount), words.GetRequiredValue(directory))));
        var refresh = new Command(Refresh, "Shows what was changed in the layers of a live mount behind its back") { mount };
        refresh.SetAction(words => With(words.GetRequiredValue(mount), root =>
            Require(Sys.IoCtl(root, LiveControl.Refresh, default), words.GetRequiredValue(mount), "")));
        return [layers, add, refresh, ChangesVerb.Make()];
    }

    /// <summary>Opens the root of a mount.</summary>
    /// <exception cref="IOException">It is no mount of ours.</exception>
    public static void With(string mount, Action<Fd> use)
    {
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(mount), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened);
        if (error != Errno.None)
            throw new IOException($"{mount}: cannot be opened ({error}); name the mountpoint of a live overlayfuse mount");
        using var root = new ScopedFd(opened);
        use(root);
    }

    /// <summary>Topmost first; as the daemon was given them.</summary>
    /// <exception cref="IOException">The mount has refused.</exception>
    public static IEnumerable<(string Role, string Path)> Layers(Fd root)
    {
        for (int index = 0; ; index++)
        {
            Errno error = LiveControl.List(root, index, out string role, out string path);
            if (error == Errno.ENOENT)
                yield break;
            Require(error, "the mount", "");
            yield return (role, path);
        }
    }

    private static void ShowLayers(Fd root)
    {
        foreach ((string role, string path) in Layers(root))
            Console.Out.WriteLine($"{role} {path}");
    }

    private static void Add(Fd root, string mount, string directory)
    {
        string path = Path.GetFullPath(directory);
        Errno error = Sys.StatxAt(Fd.WorkingDirectory, Name.From(path), out Statx stat);
        if (error != Errno.None || !stat.IsDirectory)
            throw new IOException($"{directory}: {(error == Errno.None ? "is not a directory" : $"cannot be looked at ({error})")}; name an existing directory");
        Require(LiveControl.List(root, 0, out _, out _), mount, directory); // so it is a mount
        if (Sys.FStatx(root, out Statx view) == Errno.None && view.Dev == stat.Dev) // the daemon would wait for itself
            throw new IOException($"{directory}: lies in {mount} itself; name a directory outside of it");
        Require(LiveControl.Add(root, stat, path), mount, directory);
    }

    /// <exception cref="IOException">The mount has refused.</exception>
    public static void Require(Errno error, string mount, string directory)
    {
        if (error != Errno.None)
            throw new IOException(error switch
            {
                Errno.ENOTTY => $"{mount}: is not the root of an overlayfuse mount; see 'findmnt -t fuse.overlayfuse'",
                Errno.EPERM => $"{mount}: belongs to another user; ask as that user or as root",
                Errno.EOPNOTSUPP => $"{mount}: this kernel cannot forget names (FUSE_NOTIFY_INC_EPOCH, 6.16); unmount and mount again",
                Errno.ELOOP => $"{directory}: lies in a layer of {mount}, or holds one; name a directory beside them",
                Errno.E2BIG => $"{mount}: has {OverlayOptions.MostLowers} lower layers, as many as there may be; merge some of them",
                Errno.EBUSY => $"{directory}: in use by another overlay, which may change it, and {mount} was mounted with index=on; unmount that one",
                Errno.EINVAL => $"{mount}: was mounted with nfs_export=on, so its layers stay; unmount it, and mount it with {directory} in lowerdir=",
                Errno.ESTALE => $"{directory}: is another directory where the daemon of {mount} runs; name it by a path that is the same there",
                _ => $"{mount}: {error}{(directory.Length == 0 ? "" : " for " + directory)}; see the daemon's log (-d)",
            });
    }
}
