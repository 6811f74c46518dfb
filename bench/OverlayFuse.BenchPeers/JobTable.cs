using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>Whole jobs, as users run them; bench/jobs/make makes what they work on.</summary>
internal sealed class JobTable(bool quick, Mode mode)
{
    /// <summary>A job that computes, as ratio to the kernel's overlayfs.</summary>
    private static readonly Target Computing = Target.Ratio(1.1);

    /// <summary>A job that is mostly files and names.</summary>
    private static readonly Target OfFiles = Target.Ratio(2);

    /// <summary>Layers over which each job's files are dealt out.</summary>
    private const int Depth = 4;

    private readonly LayerSet _source = Made("source", quick ? 1 : 5, new Tool("python3", "python3"));
    private readonly LayerSet _c = Made("c", 1, new Tool("make", "make"), new Tool("bzip2", "bzip2"));
    private readonly LayerSet _npm = Made("npm", quick ? 3 : 60, new Tool("node", "nodejs"), new Tool("npm", "npm"));
    private readonly LayerSet _dotnet = Made("dotnet", quick ? 3 : 30);
    private readonly LayerSet _sqlite = Made("sqlite", quick ? 20 : 1000, new Tool("sqlite3", "sqlite3"));
    private readonly LayerSet _debian = Made("debian", quick ? 20 : 500, new Tool("debootstrap", "debootstrap"));

    public IEnumerable<Row> Rows => [.. Sources(), .. Builds(), .. mode == Mode.Root ? Installing() : []];

    private IEnumerable<Row> Sources() =>
    [
        new("untar", _source, Job(quick ? "600 files" : "3,000 files", OfFiles, ".", "mkdir out && tar -C out -xf source.tar")),
        new("git", _source,
            Job("clone", OfFiles, ".", "git clone -q --no-local repository.git new"),
            Then("checkout", OfFiles, "new", "git checkout -q next"),
            Job("status, fresh mount", OfFiles, "clone", "git status --porcelain"),
            Then("status again", OfFiles, "clone", "git status --porcelain")),
        new("grep -r", _source,
            Job("fresh mount", OfFiles, ".", Grep),
            Then("again", OfFiles, ".", Grep)),
        new("cp -a", _source, Job("in the mount", OfFiles, ".", "cp -a tree copy")),
        new("rm -rf", _source, Job("of lower files", OfFiles, ".", "rm -rf tree")),
        new("python -m compileall", _source, Job("the library", Computing, "tree", "python3 -m compileall -q -f part1")),
    ];

    private IEnumerable<Row> Builds() =>
    [
        new("build of a C project", _c,
            Job("configure, make", Computing, "c", $"./configure && make -j$(nproc) {(quick ? "adler32.o" : "")}")),
        new("dotnet build", _dotnet,
            Job("without restore", Computing, "dotnet", "dotnet build --no-restore -nodeReuse:false -p:UseSharedCompilation=false") with
            {
                Before = [["run", "dotnet", "sh", "-c", Logged("dotnet restore -nodeReuse:false")], Sync],
            }),
        new("npm ci", _npm, Job("offline", OfFiles, "npm", "npm ci --offline --no-audit --no-fund --cache cache")),
        new("sqlite transactions", _sqlite, Job(quick ? "20" : "1,000", OfFiles, "sqlite", "sqlite3 data <transactions")),
    ];

    private IEnumerable<Row> Installing() =>
    [
        new("apt-get install", _debian, Job("in a chroot", OfFiles, ".", $"KEEP=DEBIAN_FRONTEND {Enter} . {Install}")),
    ];

    /// <summary>No file has it, so each is read to its end; grep's own status for that is 1.</summary>
    private const string Grep = "grep -r 'no file has this line' . || [ $? = 1 ]";

    private const string Install = "apt-get -y install /root/one.deb /root/two.deb";

    private static readonly string Enter = Path.Combine(Settings.Repository, "tests", "enter");

    private static readonly string[] Sync = ["sync"];

    private static ActionTime Job(string label, Target target, string directory, string command) =>
        Then(label, target, directory, command) with { Fresh = true, Before = [Sync] };

    /// <summary>In the mount of the job before it.</summary>
    private static ActionTime Then(string label, Target target, string directory, string command) =>
        new(label, target, "run", directory, "sh", "-c", Logged(command)) { Changes = true };

    /// <summary>What a job says is kept on the bare disk. When the job fails, the end of it is the reason.</summary>
    private static string Logged(string command) =>
        $"export TMPDIR=$HOME DEBIAN_FRONTEND=noninteractive; {{ {command}; }} >$HOME/log 2>&1 || {{ tail -n 3 $HOME/log >&2; exit 1; }}";

    private static LayerSet Made(string kind, int size, params Tool[] needs)
    {
        string script = Path.Combine(Settings.Repository, "bench", "jobs", "make");
        return new LayerSet(kind, Depth,
            _ => [["run", ".", script, kind, Text(size), Text(Depth)]],
            _ => [["run", ".", script, kind, Text(size)]])
        {
            Needs = needs,
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
