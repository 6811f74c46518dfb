namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>The small worlds from which random scenarios take their names and values.</summary>
internal static class Names
{
    private const string Letters = "abcd", Slots = "0123";
    private static readonly uint[] Owners = [0, 0, 0, 1000, 1001];
    private static readonly string[] Acls = ["u::rwx,u:1000:r-x,g::r-x,m::rwx,o::r--", "u::rwx,g::r-x,g:1001:rwx,m::rwx,o::---",
        "u::rw-,g::r--,o::r--"];

    public static string Letter(Random random) => Letters[random.Next(Letters.Length)].ToString();

    /// <summary>A path of one to three letters: a, b/c, a/a/d.</summary>
    public static string Path(Random random)
    {
        int depth = random.Next(10) switch { < 4 => 1, < 8 => 2, _ => 3 };
        return string.Join('/', Enumerable.Range(0, depth).Select(_ => Letter(random)));
    }

    public static string Slot(Random random) => Slots[random.Next(Slots.Length)].ToString();

    public static uint Owner(Random random) => Owners[random.Next(Owners.Length)];

    public static string Acl(Random random) => Acls[random.Next(Acls.Length)];

    public static string Content(Random random) => new((char)('a' + random.Next(26)), random.Next(20));
}
