using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features;

/// <summary>What is to be mounted; paths are relative to the stage's directory, lower layers topmost first.</summary>
internal sealed record MountPlan(string Lowers, string? Upper, string Work, string Extra, string Mountpoint)
{
    /// <summary>Options in place of those that would name the layers.</summary>
    public string? Raw { get; init; }

    /// <summary>NAME=VALUE for the program's environment.</summary>
    public string Environment { get; init; } = "";

    public string Options => string.Join(',', new[] { Raw ?? Layers, Extra }.Where(part => part.Length > 0));

    private string Layers => Upper is null ? "lowerdir=" + Lowers : $"lowerdir={Lowers},upperdir={Upper},workdir={Work}";
}

/// <summary>A column of the table.</summary>
internal abstract class OverlayProgram(string column)
{
    public static OverlayProgram Kernel { get; } = new KernelProgram();

    public static OverlayProgram Ours { get; } = new OurProgram();

    /// <summary>Overlays that others wrote: what they answer is recorded.</summary>
    public static IReadOnlyList<OverlayProgram> Peers { get; } = [new FuseOverlayfsProgram(), new UnionfsProgram()];

    /// <summary>In the order of the table.</summary>
    public static IReadOnlyList<OverlayProgram> All { get; } = [Kernel, .. Peers, Ours];

    public string Column { get; } = column;

    public abstract string Version { get; }

    /// <summary>The shell command that mounts; it runs in the stage's directory.</summary>
    public abstract string MountCommand(MountPlan plan);

    /// <summary>The command that puts the directory <c>new</c> on top of the lower layers of the live mount <c>m</c>.</summary>
    public virtual string AddLayerCommand => "mount -o remount,lowerdir=new:a:b m";

    /// <summary>The command that makes the live mount <c>m</c> show what was changed in its layers.</summary>
    public virtual string RefreshCommand => "mount -o remount m";

    /// <summary>The command that prints the layers of the live mount <c>m</c>.</summary>
    public virtual string LayersCommand => "grep ' '$PWD'/m ' /proc/self/mounts";

    /// <summary>What this program needs to be told before it takes 500 layers.</summary>
    public virtual string ManyLayersOption => "";

    public override string ToString() => Column;

    protected static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    protected static string FirstLine(string command) => Bash.Try(command).Output.Split('\n')[0].Trim();

    private sealed class KernelProgram() : OverlayProgram("kernel")
    {
        public override string Version => "Linux " + FirstLine("uname -r");

        public override string MountCommand(MountPlan plan) =>
            $"mount -t overlay overlay -o noatime,{Quote(plan.Options)} {plan.Mountpoint}";
    }

    private sealed class OurProgram() : OverlayProgram("OverlayFuse")
    {
        public override string Version => FirstLine(ProgramUnderTest.Path + " --version | sed 's/.* //'");

        public override string AddLayerCommand => ProgramUnderTest.Path + " add-layer m new";

        public override string RefreshCommand => ProgramUnderTest.Path + " refresh m";

        public override string LayersCommand => ProgramUnderTest.Path + " layers m";

        public override string ManyLayersOption => "max_layers=500";

        public override string MountCommand(MountPlan plan) =>
            $"{ProgramUnderTest.Path} -o noatime,dev,suid,{Quote(plan.Options)} $PWD/{plan.Mountpoint}";
    }

    private sealed class FuseOverlayfsProgram() : OverlayProgram("fuse-overlayfs")
    {
        public override string Version => FirstLine("fuse-overlayfs --version | grep ^fuse-overlayfs | sed 's/.*version //'");

        public override string MountCommand(MountPlan plan) =>
            $"fuse-overlayfs -o noatime,dev,suid,{Quote(plan.Options)} $PWD/{plan.Mountpoint}";
    }

    /// <summary>It names branches in its own way, and is given what makes it most like an overlay.</summary>
    private sealed class UnionfsProgram() : OverlayProgram("unionfs-fuse")
    {
        private const string Likeness = "cow,hide_meta_files,use_ino,allow_other,default_permissions,suid,dev,noatime,nonempty";

        public override string Version => FirstLine("dpkg-query -W -f '${Version}' unionfs-fuse");

        public override string MountCommand(MountPlan plan)
        {
            string[] lowers = [.. (plan.Raw is null ? plan.Lowers : "a:b").Split(':').Select(lower => $"{lower}=RO")];
            string branches = string.Join(':', plan.Upper is null ? lowers : [plan.Upper + "=RW", .. lowers]);
            string extra = string.Join(',', new[] { plan.Raw ?? "", plan.Extra }.Where(part => part.Length > 0));
            return $"unionfs-fuse -o {Likeness}{(extra.Length > 0 ? "," + Quote(extra) : "")} {Quote(branches)} $PWD/{plan.Mountpoint}";
        }
    }
}
