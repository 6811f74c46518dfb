using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// Whose the files of a mount are, for the options that show other owners than the disk has. The kernel's overlayfs has none of them, but
/// what they do is a rule: under squash_to_* our mount shows what the kernel's shows, less the owners; under <see cref="Mapping"/>
/// everybody from 1000 on has another
/// number, in what is asked as in what is answered. All that is compared is in numbers of the disk, or squashed.
/// </summary>
internal sealed class Ownership
{
    /// <summary>Users and groups from 1000 on are those from 2000 on in the mount.</summary>
    public const string Mapping = "uidmapping=0:0:1000:1000:2000:1000,gidmapping=0:0:1000:1000:2000:1000";

    private const uint MappedFrom = 1000, Shift = 1000;
    private static readonly string[] Options = ["squash_to_root", "squash_to_uid=", "squash_to_gid=", "uidmapping=", "gidmapping="];
    private readonly string? user, group;
    private readonly bool isMapped;

    private Ownership(string options, bool isKernel)
    {
        string[] words = options.Split(',');
        isMapped = !isKernel && options.Contains(Mapping, StringComparison.Ordinal);
        string? root = isKernel && words.Contains("squash_to_root") ? "0" : null;
        user = isKernel ? ValueOf(words, "squash_to_uid=") ?? root : null;
        group = isKernel ? ValueOf(words, "squash_to_gid=") ?? root : null;
    }

    public static Ownership Of(string options, bool isKernel) => new(options, isKernel);

    /// <summary>The options that the kernel has as well.</summary>
    public static string WithoutOurs(string options) =>
        string.Join(',', options.Split(',').Where(word => !Options.Any(ours => word.StartsWith(ours, StringComparison.Ordinal))));

    /// <summary>A user or group of the scenario as this mount numbers it.</summary>
    public uint Here(uint id) => isMapped && id is >= MappedFrom and < MappedFrom + Shift ? id + Shift : id;

    public int Here(int id) => (int)Here((uint)id);

    /// <summary>"user:group" of this mount as it is compared.</summary>
    public string Shown(string owner)
    {
        string[] ids = owner.Split(':');
        return $"{user ?? Back(ids[0])}:{group ?? Back(ids[1])}";
    }

    /// <summary>The value of an xattr as this mount must be given it.</summary>
    public byte[] ValueHere(string xattr, byte[] value) => isMapped && PosixAcl.IsName(xattr) ? PosixAcl.WithIds(value, Here) : value;

    /// <summary>The value of an xattr that this mount gave, as it is compared.</summary>
    public byte[] ShownValue(string xattr, byte[] value) => isMapped && PosixAcl.IsName(xattr) ? PosixAcl.WithIds(value, Back) : value;

    public void Rewrite(TreeSnapshot tree)
    {
        tree.Rewrite("owner", Shown);
        foreach (string acl in new[] { PosixAcl.AccessName, PosixAcl.DefaultName })
            tree.Rewrite("xattr " + acl, text => Values.Text(ShownValue(acl, Values.Bytes(text))));
    }

    private string Back(string id) => isMapped ? $"{Back((uint)Values.Number(id))}" : id;

    private uint Back(uint id) => isMapped && id is >= MappedFrom + Shift and < MappedFrom + 2 * Shift ? id - Shift : id;

    private static string? ValueOf(string[] words, string option) =>
        words.FirstOrDefault(word => word.StartsWith(option, StringComparison.Ordinal))?[option.Length..];
}
