using OverlayFuse.Cli.Native;
using OverlayFuse.Overlay;
using static OverlayFuse.Cli.Words.OptionAction;

namespace OverlayFuse.Cli.Words;

/// <summary>The rows. A row is the one place of an option: its name, its value, its text, and what it changes in the request.</summary>
internal static partial class OptionTable
{
    private static IEnumerable<OptionRule> Layers() =>
    [
        TakeLayers("lowerdir", "TOP:...:BOTTOM[::DATA]",
            "lower layers, topmost first, then data-only ones; \\: \\, \\\\ stand for : , \\",
            (l, v) => l.Set(v)),
        TakeLayers("lowerdir+", "DIR",
            "appends one lower layer below those before it; nothing is unescaped",
            (l, v) => l.Append("lowerdir+=" + v, [v])),
        TakeLayers("layers_file", "FILE", "appends the lower layers that FILE lists, one a line, topmost first; nothing is unescaped",
            (l, v) => l.Append("layers_file=" + v, LayerList.Read(v))),
        Take("upperdir", "DIR",
            "the layer that is written to; without it the mount is read-only",
            (o, v) => o with { UpperDir = LayerList.Unescape(v) }),
        Take("workdir", "DIR",
            "an empty directory on the upper's file system, beside the upper",
            (o, v) => o with { WorkDir = LayerList.Unescape(v) }),
        TakeLayers("max_layers", "N",
            $"how many lower layers are allowed (default {LayerWords.DefaultMaxLayers}, at most {OverlayOptions.MostLowers})",
            (l, v) => l.MaxLayers = OptionValue.Number("max_layers", v, 1, OverlayOptions.MostLowers)),
        TakeLayers("datadir+", "DIR",
            "appends a data-only layer: it shows nothing but the data of metacopy files above it",
            (l, v) => l.AppendData(v)),
    ];

    private static IEnumerable<OptionRule> Semantics() =>
    [
        Take("userxattr", "", "overlay marks are user.overlay.* instead of trusted.overlay.*", (o, _) => o with { UserXattr = true }),
        Take("volatile", "", "never syncs the upper to disk; a crash loses it", (o, _) => o with { Volatile = true }),
        Take("fsync", "auto|strict|volatile|0",
            "auto: a copied-up file that is there after a crash has its data; strict: each is synced by fsync(2) before it " +
            "appears; volatile: as the option volatile; 0: nothing is synced, fsync(2) returns at once",
            (o, v) => o with { Fsync = OptionValue.Fsync(v), Volatile = o.Volatile || v == "volatile" }),
        Take("redirect_dir", "on|follow|nofollow|off",
            "on: directories of lower layers can be renamed; follow (as off): only those that were are found",
            (o, v) => o with { Redirect = OptionValue.Redirect(v) }),
        new("index", "on|off", Taken, "on: hard links of a lower file stay one file over copy-up")
        {
            Apply = (s, v) => s.Index = OptionValue.OnOff("index", v),
        },
        Take("metacopy", "on|off",
            "on: chmod, chown and the like copy no data; needs redirect_dir=on, which it implies",
            (o, v) => o with { Metacopy = OptionValue.OnOff("metacopy", v) }),
        Take("nfs_export", "on|off",
            "on: file handles outlive the kernel's memory of a file (not the mount), and what is copied up is indexed; " +
            "turns index on, and is turned off by verity",
            (o, v) => o with { NfsExport = OptionValue.OnOff("nfs_export", v) }),
        Take("verity", "on|off|require",
            "on: metacopies name the fs-verity digest of their data, and data with another one are not read; require: each must " +
            "name one",
            (o, v) => o with { Verity = OptionValue.Verity(v) }),
        Take("uuid", "auto|on|off|null",
            "whether the upper gets a UUID on disk, as the kernel's overlayfs gives it; the mount itself shows FUSE's",
            (o, v) => o with { Uuid = OptionValue.Uuid(v) }),
        Take("xino", "off|auto|on",
            "on: new directories are cut off from what may come below them in lower layers; inode numbers are unique and stable in " +
            "any case",
            (o, v) => o with { KeepsLowers = OptionValue.Xino(v) }),
        Accept("default_permissions", "", "permissions are always the kernel's"),
        Accept("nooverride_creds", "", "the rights of the mounting user are used below"),
        Accept("override_creds", "", "the user that sets the option is the mounting user"),
    ];

    private static IEnumerable<OptionRule> FuseOverlayfs() =>
    [
        Take("timeout", "SECONDS", "how long the kernel keeps names and attributes (default: for ever; only we change the layers)",
            (o, v) => o with { CacheTimeout = TimeSpan.FromSeconds(OptionValue.Number("timeout", v, 0, int.MaxValue)) }),
        Take("io", "auto|stateless|open|passthrough",
            "stateless: opens and closes cost nothing, the first write copies up; open: each is a request, and an open for writing " +
            "copies up; passthrough: as open, and the kernel reads and writes the layers' files itself (root, Linux 6.9); auto: " +
            "stateless, except for an ordinary user; with timeout=0, auto_cache, direct_io, verity or writeback stateless and auto " +
            "mean open",
            (o, v) => o with { Io = OptionValue.Io(v) }),
        Take("copyup", "whole|incremental",
            "incremental: the first write to a file of 8 MiB and more does not wait for its copy, which is complete in the upper " +
            "when the program has ended; not with io=passthrough, nfs_export=on or xattr_permissions, and not for an ordinary user",
            (o, v) => o with { IncrementalCopyUp = OptionValue.CopyUp(v) }),
        Take("uidmapping", "CONTAINER:HOST:COUNT[:...]",
            "files of user CONTAINER and on in the layers belong to user HOST and on in the mount; new ones likewise",
            (o, v) => o with { UidMap = IdRanges.Parse("uidmapping", v) }),
        Take("gidmapping", "CONTAINER:HOST:COUNT[:...]",
            "the same for groups",
            (o, v) => o with { GidMap = IdRanges.Parse("gidmapping", v) }),
        Take("squash_to_root", "",
            "all files show root as owner and group; what is written keeps its own",
            (o, _) => o with { SquashUid = o.SquashUid ?? 0, SquashGid = o.SquashGid ?? 0 }),
        Take("squash_to_uid", "UID",
            "all files show this owner; before squash_to_root and uidmapping",
            (o, v) => o with { SquashUid = OptionValue.Id("squash_to_uid", v) }),
        Take("squash_to_gid", "GID",
            "all files show this group; before squash_to_root and gidmapping",
            (o, v) => o with { SquashGid = OptionValue.Id("squash_to_gid", v) }),
        Take("static_nlink", "", "every directory shows one link", (o, _) => o with { StaticNlink = true }),
        Take("noacl", "", "POSIX ACLs can be read and written, but permit and forbid nothing", (o, _) => o with { NoAcl = true }),
        Take("noxattrs", "[0|1]",
            "1: programs find no extended attributes, and can set none",
            (o, v) => o with { NoXattrs = OptionValue.Switch("noxattrs", v) }),
        Take("xattr_permissions", "0|1|2",
            "owners, modes and device numbers are kept 0: in the files; 1: in xattr security.fuseoverlayfs.override_stat; 2: in " +
            "user.containers.override_stat",
            (o, v) => o with { XattrPermissions = (XattrPermissions)OptionValue.Number("xattr_permissions", v, 0, 2) }),
        AcceptValues("threaded", Booleans, "requests are always served by several threads"),
        AcceptValues("fast_ino", Booleans, "inode numbers are stable and cost nothing"),
        AcceptValues("fast_ino_check", Booleans, "inode numbers are stable and cost nothing"),
        Take("writeback", "[0|1]",
            "1: the kernel collects what is written and sends it later, by close(2) and fsync(2) at the latest; io= is open then",
            (o, v) => o with { WriteBack = OptionValue.Switch("writeback", v) }),
        Take("ino32_t", "",
            "inode numbers have 32 bits; those of further file systems, and long ones, last as long as the mount",
            (o, _) => o with { ShortInos = true }),
        Refuse("plugins", "LIST", "leave it out; all layers must be directories"),
    ];

    private static IEnumerable<OptionRule> MountWords() =>
    [
        Word("ro", "rw", "nothing can be written", o => o with { ReadOnly = true }),
        Word("rw", "rw", "can be written when there is an upperdir", o => o with { ReadOnly = false }),
        Word("nosuid", "suid", "setuid and setgid bits and file capabilities have no effect"), Word("suid", "suid", "they have"),
        Word("nodev", "dev", "device nodes cannot be opened"), Word("dev", "dev", "they can"),
        Word("noexec", "exec", "programs cannot be started"), Word("exec", "exec", "they can"),
        Word("noatime", "atime", "access times stay", o => o with { NoAccessTimes = true }),
        Word("atime", "atime", "the kernel's default", o => o with { NoAccessTimes = false }),
        Word("relatime", "atime", "the kernel's default", o => o with { NoAccessTimes = false }),
        Word("strictatime", "atime", "access times are always written", o => o with { NoAccessTimes = false }),
        Word("nodiratime", "diratime", "access times of directories stay"), Word("diratime", "diratime", "the kernel's default"),
        Word("sync", "sync", "every write waits for the disk"), Word("async", "sync", "it does not"),
        Word("lazytime", "lazytime", "times are written to disk late"), Word("nolazytime", "lazytime", "the kernel's default"),
        Word("dirsync", "dirsync", "every change of a directory waits for the disk"),
        LabelWord("context"), LabelWord("fscontext"), LabelWord("defcontext"), LabelWord("rootcontext"),
    ];

    private static IEnumerable<OptionRule> Libfuse() =>
    [
        TakeMount("remount", "",
            "changes ro, nodev, noatime and the like of a live mount; layers and their options stay as they are",
            (m, _) => m),
        TakeMount("allow_other", "",
            "other users may enter (root's default; others need user_allow_other in /etc/fuse.conf)",
            (m, _) => m with { AllowOther = true }),
        TakeMount("fsname", "NAME", "the source that /proc/mounts shows", (m, v) => m with { Source = v }),
        Take("entry_timeout", "SECONDS",
            "as timeout, for names that are there alone; fractions too",
            (o, v) => o with { EntryTimeout = OptionValue.Seconds("entry_timeout", v) }),
        Take("attr_timeout", "SECONDS",
            "as timeout, for attributes alone; fractions too",
            (o, v) => o with { AttributeTimeout = OptionValue.Seconds("attr_timeout", v) }),
        Take("negative_timeout", "SECONDS",
            "as timeout, for names that are not there alone; fractions too",
            (o, v) => o with { NegativeTimeout = OptionValue.Seconds("negative_timeout", v) }),
        Take("auto_cache", "",
            "what the kernel has cached of a file is dropped when a look at its attributes shows that it was changed below",
            (o, _) => o with { AutoCache = true }),
        Take("direct_io", "", "the kernel caches no content", (o, _) => o with { DirectIo = true }),
        TakeMount("max_readahead", "BYTES",
            "how far the kernel reads ahead (root's default 524288; others cannot have more than the kernel's 131072)",
            (m, v) => m with { MaxReadahead = (uint)OptionValue.Number("max_readahead", v, 0, 1 << 30) }),
        TakeMount("io_uring", "[0|1]",
            "1: io_uring carries the requests where the kernel offers it (Linux 6.14 with fuse.enable_uring=1); 0: /dev/fuse does",
            (m, v) => m with { UsesRing = OptionValue.Switch("io_uring", v) }),
        TakeMount(OptionWords.Debug, "",
            "as -d: stays in the foreground and traces every request",
            (m, _) => m with { Foreground = true, Trace = true }),
        TakeMount("allow_root", "",
            "root may enter besides who mounts (root's mount: root alone; others need user_allow_other in /etc/fuse.conf)",
            (m, _) => m with { AllowRoot = true }),
        TakeMount(OptionWords.AutoUnmount, "",
            "the mount goes with the daemon, whatever ends it: a process of its own waits for that, and unmounts",
            (m, _) => m),
    ];

    private static IEnumerable<OptionRule> LibfuseWithoutEffect() =>
    [
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
}
