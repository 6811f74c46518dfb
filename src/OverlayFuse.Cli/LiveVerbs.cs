using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Mounts;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Live;

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
        layers.SetAction(words => ShowLayers(words.GetRequiredValue(mount)));
        var add = new Command(AddLayer, "Puts a directory on top of the lower layers of a live mount") { mount, directory };
        add.SetAction(words => Add(words.GetRequiredValue(mount), words.GetRequiredValue(directory)));
        var refresh = new Command(Refresh, "Shows what was changed in the layers of a live mount behind its back") { mount };
        refresh.SetAction(words => Require(
            new LiveMountCall(words.GetRequiredValue(mount)).Ask(new Step(StepKind.IoCtl, LiveControl.Refresh)).Error, words.GetRequiredValue(mount), ""));
        return [layers, add, refresh, ChangesVerb.Make()];
    }

    private static void ShowLayers(string mount)
    {
        var layers = new List<Reply>();
        Errno error = new LiveMountCall(mount) { Sink = layers.Add }.Ask(new Step(StepKind.Layers, MountQuestion.MostLayers)).Error;
        if (error != Errno.ENOENT) // behind the last
            Require(error, mount, "");
        foreach (Reply layer in layers.SkipLast(1))
        {
            (string role, string path) = LiveControl.ReadLayer(layer.Data);
            Console.Out.WriteLine(PlainText.Escape($"{role} {path}"));
        }
    }

    private static void Add(string mount, string directory)
    {
        byte[] path = Name.From(FullPath.Of(directory)).ToArray();
        Reply last = new LiveMountCall(mount).Ask(new Step(StepKind.Look) { Argument = path }, new Step(StepKind.AddLayer) { Argument = path });
        if (last.Kind == StepKind.Look)
            throw new IOException(last.Error switch
            {
                Errno.EDEADLK => $"{directory}: lies in {mount} itself; name a directory outside of it",
                Errno.ENOTDIR => $"{directory}: is not a directory; name an existing directory",
                _ => $"{directory}: cannot be looked at ({last.Error}); name an existing directory",
            });
        Require(last.Error, mount, directory);
    }

    /// <exception cref="IOException">The mount has refused.</exception>
    public static void Require(Errno error, string mount, string directory)
    {
        if (error != Errno.None)
            throw new IOException(error switch
            {
                Errno.ENAMETOOLONG => $"{directory}: its path is too long (4,079 bytes at most); name it by a shorter one",
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
