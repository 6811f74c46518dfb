using OverlayFuse.Overlay;
using static OverlayFuse.Cli.Words.OptionAction;

namespace OverlayFuse.Cli.Words;

/// <summary>
/// Every mount option that we know, and what we do with it: the kernel's overlayfs, fuse-overlayfs, libfuse, mount(8), and what
/// container clients send. README.md prints this table; what is not in it is refused.
/// </summary>
internal static class OptionTable
{
    private static readonly string[] Booleans = ["0", "1"];

    public static IReadOnlyList<OptionRule> Rules { get; } =
        [.. Layers(), .. Semantics(), .. FuseOverlayfs(), .. MountWords(), .. Libfuse(), .. MountTools()];

    private static Dictionary<string, OptionRule> ByName { get; } = Rules.ToDictionary(rule => rule.Name);

    /// <exception cref="UsageException">Nobody knows the option.</exception>
    public static OptionRule Find(RawOption option)
    {
        if (ByName.TryGetValue(option.Name, out OptionRule? rule))
            return rule;
        if (option.Name.StartsWith("x-", StringComparison.Ordinal))
            return Accept("x-*", "[TEXT]", "notes for mount(8) and systemd");
        throw new UsageException($"option {option}: unknown; see 'overlayfuse options' for those that there are, or leave it out");
    }

    /// <summary>The rule of a word that goes on to the mount itself; null for any other option.</summary>
    public static OptionRule? FindMountWord(RawOption option) =>
        ByName.TryGetValue(option.Name, out OptionRule? rule) && rule.Action == Mount ? rule : null;

    private static IEnumerable<OptionRule> Layers() =>
    [
        Take("lowerdir", "TOP:...:BOTTOM[::DATA]", "lower layers, topmost first, then data-only ones; \\: \\, \\\\ stand for : , \\", (s, v) => s.SetLowerDir(v)),
        Take("lowerdir+", "DIR", "appends one lower layer below those before it; nothing is unescaped", (s, v) => s.AppendLayers("lowerdir+=" + v, [v])),
        Take("layers_file", "FILE", "appends the lower layers that FILE lists, one a line, topmost first; nothing is unescaped",
            (s, v) => s.AppendLayers("layers_file=" + v, LayerList.Read(v))),
        Take("upperdir", "DIR", "the layer that is written to; without it the mount is read-only", (s, v) => s.UpperDir = LayerList.Unescape(v)),
        Take("workdir", "DIR", "an empty directory on the upper's file system, beside the upper", (s, v) => s.WorkDir = LayerList.Unescape(v)),
        Take("max_layers", "N", $"how many lower layers are allowed (default {MountSettings.DefaultMaxLayers}, at most {OverlayOptions.MostLowers})",
            (s, v) => s.MaxLayers = OptionValue.Number("max_layers", v, 1, OverlayOptions.MostLowers)),
        Take("datadir+", "DIR", "appends a data-only layer: it shows nothing but the data of metacopy files above it", (s, v) => s.AppendData(v)),
    ];

    private static IEnumerable<OptionRule> Semantics() =>
    [
        Take("userxattr", "", "overlay marks are user.overlay.* instead of trusted.overlay.*", (s, _) => s.UserXattr = true),
        Take("volatile", "", "never syncs the upper to disk; a crash loses it", (s, _) => s.Volatile = true),
        Take("fsync", "auto|strict|volatile|0", "auto: a copied-up file that is there after a crash has its data; strict: each is synced by fsync(2) before it appears; volatile: as the option volatile; 0: nothing is synced, fsync(2) returns at once", OptionValue.Fsync),
        Take("redirect_dir", "on|follow|nofollow|off", "on: directories of lower layers can be renamed; follow (as off): only those that were are found", OptionValue.Redirect),
        Take("index", "on|off", "on: hard links of a lower file stay one file over copy-up", (s, v) => s.Index = OptionValue.OnOff("index", v)),
        Take("metacopy", "on|off", "on: chmod, chown and the like copy no data; needs redirect_dir=on, which it implies", (s, v) => s.Metacopy = OptionValue.OnOff("metacopy", v)),
        Take("nfs_export", "on|off", "on: file handles outlive the kernel's memory of a file (not the mount), and what is copied up is indexed; turns index on", (s, v) => s.NfsExport = OptionValue.OnOff("nfs_export", v)),
        Take("verity", "on|off|require", "on: metacopies name the fs-verity digest of their data, and data with another one are not read; require: each must name one", OptionValue.Verity),
        Take("uuid", "auto|on|off|null", "whether the upper gets a UUID on disk, as the kernel's overlayfs gives it; the mount itself shows FUSE's", OptionValue.Uuid),
        Take("xino", "off|auto|on", "on: new directories are cut off from what may come below them in lower layers; inode numbers are unique and stable in any case", OptionValue.Xino),
        Accept("default_permissions", "", "permissions are always the kernel's"),
        Accept("nooverride_creds", "", "the rights of the mounting user are used below"),
        Accept("override_creds", "", "who writes the option is who mounts"),
    ];

    private static IEnumerable<OptionRule> FuseOverlayfs() =>
    [
        Take("timeout", "SECONDS", "how long the kernel keeps names and attributes (default: for ever; only we change the layers)",
            (s, v) => s.CacheTimeout = TimeSpan.FromSeconds(OptionValue.Number("timeout", v, 0, int.MaxValue))),
        Take("io", "auto|stateless|open|passthrough", "stateless: opens and closes cost nothing, the first write copies up; open: each is a request, and an open for writing copies up; passthrough: as open, and the kernel reads and writes the layers' files itself (root, Linux 6.9); auto: stateless, except for an ordinary user", OptionValue.Io),
        Take("copyup", "whole|incremental", "incremental: the first write to a file of 8 MiB and more does not wait for its copy, which is complete in the upper when the program has ended", OptionValue.CopyUp),
        Take("uidmapping", "CONTAINER:HOST:COUNT[:...]", "files of user CONTAINER and on in the layers belong to user HOST and on in the mount; new ones likewise",
            (s, v) => s.UidMap = IdRanges.Parse("uidmapping", v)),
        Take("gidmapping", "CONTAINER:HOST:COUNT[:...]", "the same for groups", (s, v) => s.GidMap = IdRanges.Parse("gidmapping", v)),
        Take("squash_to_root", "", "all files show root as owner and group; what is written keeps its own", (s, _) => s.SquashToRoot = true),
        Take("squash_to_uid", "UID", "all files show this owner; before squash_to_root and uidmapping", (s, v) => s.SquashUid = OptionValue.Id("squash_to_uid", v)),
        Take("squash_to_gid", "GID", "all files show this group; before squash_to_root and gidmapping", (s, v) => s.SquashGid = OptionValue.Id("squash_to_gid", v)),
        Take("static_nlink", "", "every directory shows one link", (s, _) => s.StaticNlink = true),
        Take("noacl", "", "POSIX ACLs can be read and written, but permit and forbid nothing", (s, _) => s.NoAcl = true),
        Take("noxattrs", "[0|1]", "1: programs find no extended attributes, and can set none", (s, v) => s.NoXattrs = OptionValue.Switch("noxattrs", v)),
        Take("xattr_permissions", "0|1|2", "owners, modes and device numbers are kept 0: in the files; 1: in xattr security.fuseoverlayfs.override_stat; 2: in user.containers.override_stat",
            (s, v) => s.XattrPermissions = (XattrPermissions)OptionValue.Number("xattr_permissions", v, 0, 2)),
        AcceptValues("threaded", Booleans, "requests are always served by several threads"),
        AcceptValues("fast_ino", Booleans, "inode numbers are stable and cost nothing"),
        AcceptValues("fast_ino_check", Booleans, "inode numbers are stable and cost nothing"),
        Take("writeback", "[0|1]", "1: the kernel collects what is written and sends it later, by close(2) and fsync(2) at the latest; io= is open then", (s, v) => s.WriteBack = OptionValue.Switch("writeback", v)),
        Take("ino32_t", "", "inode numbers have 32 bits; those of further file systems, and long ones, last as long as the mount", (s, _) => s.ShortInos = true),
        Refuse("plugins", "LIST", "leave it out; all layers must be directories"),
    ];

    private static IEnumerable<OptionRule> MountWords() =>
    [
        Word("ro", "rw", "nothing can be written") with { Apply = (s, _) => { s.ReadOnly = true; s.MountWords["rw"] = "ro"; } },
        Word("rw", "rw", "can be written when there is an upperdir") with { Apply = (s, _) => { s.ReadOnly = false; s.MountWords["rw"] = "rw"; } },
        Word("nosuid", "suid", "setuid and setgid bits and file capabilities have no effect"), Word("suid", "suid", "they have"),
        Word("nodev", "dev", "device nodes cannot be opened"), Word("dev", "dev", "they can"),
        Word("noexec", "exec", "programs cannot be started"), Word("exec", "exec", "they can"),
        Word("noatime", "atime", "access times stay"), Word("atime", "atime", "the kernel's default"),
        Word("relatime", "atime", "the kernel's default"), Word("strictatime", "atime", "access times are always written"),
        Word("nodiratime", "diratime", "access times of directories stay"), Word("diratime", "diratime", "the kernel's default"),
        Word("sync", "sync", "every write waits for the disk"), Word("async", "sync", "it does not"),
        Word("lazytime", "lazytime", "times are written to disk late"), Word("nolazytime", "lazytime", "the kernel's default"),
        Word("dirsync", "dirsync", "every change of a directory waits for the disk"),
        LabelWord("context"), LabelWord("fscontext"), LabelWord("defcontext"), LabelWord("rootcontext"),
    ];

    private static IEnumerable<OptionRule> Libfuse() =>
    [
        Take("remount", "", "changes ro, nodev, noatime and the like of a live mount; layers and their options stay as they are", (_, _) => { }),
        Take("allow_other", "", "other users may enter (root's default; others need user_allow_other in /etc/fuse.conf)", (s, _) => s.AllowOther = true),
        Take("fsname", "NAME", "the source that /proc/mounts shows", (s, v) => s.Source = v),
        Take("entry_timeout", "SECONDS", "as timeout, for names that are there alone; fractions too", (s, v) => s.EntryTimeout = OptionValue.Seconds("entry_timeout", v)),
        Take("attr_timeout", "SECONDS", "as timeout, for attributes alone; fractions too", (s, v) => s.AttributeTimeout = OptionValue.Seconds("attr_timeout", v)),
        Take("negative_timeout", "SECONDS", "as timeout, for names that are not there alone; fractions too", (s, v) => s.NegativeTimeout = OptionValue.Seconds("negative_timeout", v)),
        Take("auto_cache", "", "what the kernel has cached of a file is dropped when a look at its attributes shows that it was changed below", (s, _) => s.AutoCache = true),
        Take("direct_io", "", "the kernel caches no content", (s, _) => s.DirectIo = true),
        Take("max_readahead", "BYTES", "how far the kernel reads ahead (root's default 524288; others cannot have more than the kernel's 131072)",
            (s, v) => s.MaxReadahead = (uint)OptionValue.Number("max_readahead", v, 0, 1 << 30)),
        Take("debug", "", "as -d: stays in the foreground and traces every request", (s, _) => s.Debug = true),
        Accept("subtype", "NAME", "the type is always fuse.overlayfuse"),
        Accept("max_read", "BYTES", "requests are as large as the kernel allows"),
        Accept("max_write", "BYTES", "requests are as large as the kernel allows"),
        Accept("max_threads", "N", "threads come and go with the load"),
        Accept("max_idle_threads", "N", "threads come and go with the load"),
        Accept("clone_fd", "", "every thread has its own descriptor of /dev/fuse"),
        Accept("kernel_cache", "", "the kernel's cache is kept in any case"),
        Accept("big_writes", "", "always so"),
        Accept("async_read", "", "always so"),
        Accept("nonempty", "", "the mountpoint may hold files in any case"),
        Accept("splice_read", "", "left out"), Accept("splice_write", "", "left out"), Accept("splice_move", "", "left out"),
        Accept("no_splice_read", "", "always so"), Accept("no_splice_write", "", "always so"), Accept("no_splice_move", "", "always so"),
        Take("allow_root", "", "root may enter besides who mounts (root's mount: root alone; others need user_allow_other in /etc/fuse.conf)", (s, _) => s.AllowRoot = true),
        Take("auto_unmount", "", "the mount goes with the daemon, whatever ends it: a process of its own waits for that, and unmounts", (_, _) => { }),
    ];

    private static IEnumerable<OptionRule> MountTools() =>
    [
        .. new[] { "private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable" }
            .Select(name => Accept(name, "", "mount propagation is the caller's business; container clients send it")),
        .. new[] { "defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail", "_netdev" }
            .Select(name => Accept(name, "", "a note for mount(8)")),
        Accept("uid", "N", "owners are shown as they are on disk"),
        Accept("gid", "N", "owners are shown as they are on disk"),
        Accept("norelatime", "", "access times of the mount are the kernel's default"),
        Accept("seclabel", "", "a note of the kernel in /proc/mounts"),
    ];

    private static OptionRule Take(string name, string value, string text, Action<MountSettings, string> apply) =>
        new(name, value, Taken, text) { Apply = apply };

    private static OptionRule Accept(string name, string value, string why) => new(name, value, Accepted, why);

    private static OptionRule AcceptValues(string name, string[] values, string why) =>
        new(name, $"[{string.Join('|', values)}]", Accepted, why) { AcceptedValues = values };

    private static OptionRule Refuse(string name, string value, string remedy) => new(name, value, Refused, remedy);

    private static OptionRule Word(string name, string subject, string text) =>
        new(name, "", Mount, text) { Apply = (s, _) => s.MountWords[subject] = name };

    private static OptionRule LabelWord(string name) =>
        new(name, "\"LABEL\"", Mount, "SELinux label for all files; left out where SELinux is off")
        {
            Apply = (s, value) => s.MountWords[name] = $"{name}=\"{value}\"",
        };
}
