using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Doctor;

/// <summary>Limits of processes.</summary>
internal static class LimitFindings
{
    /// <summary>
    /// A quarter is for directories, and another for files whose opens are not requests (1,024 at most). The open files of programs have
    /// the rest.
    /// </summary>
    private const ulong Enough = 4096;

    /// <summary>The program raised its limit to the hard one when it started (native/daemon.c).</summary>
    public static IEnumerable<Finding> All() =>
    [
        Finding.If(Sys.OpenFilesLimit >= Enough, "open-files", "4,096 open files",
            Sys.OpenFilesLimit == ulong.MaxValue
                ? "no limit"
                : string.Create(CultureInfo.InvariantCulture, $"RLIMIT_NOFILE {Sys.OpenFilesLimit}"),
            "ulimit -Hn 4096 or more (LimitNOFILE=, --ulimit nofile=)"),
    ];
}
