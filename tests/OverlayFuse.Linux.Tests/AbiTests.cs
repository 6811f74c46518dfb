using System.Globalization;
using OverlayFuse.Linux.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;
using Libc = OverlayFuse.Linux.Interop.Libc;

namespace OverlayFuse.Linux.Tests;

/// <summary>native/sys_check.c and errno.h: gcc compares layouts, flags and constants with the C headers of this machine.</summary>
internal sealed class AbiTests
{
    private static readonly string s_sysCheck = Path.Combine(FindRepository(), "native", "sys_check.c");

    private static readonly Type[] s_structs =
        [typeof(Statx), typeof(StatxTime), typeof(TimeSpec), typeof(StatFs), typeof(Libc.SigAction), typeof(Libc.IoVec),
            typeof(Libc.MsgHdr), typeof(Libc.DescriptorMessage), typeof(Libc.PollFd), typeof(Libc.FLock)];

    private static readonly Type[] s_enums =
        [typeof(OpenFlags), typeof(AtFlags), typeof(RenameFlags), typeof(XattrFlags), typeof(Whence), typeof(FileType), typeof(StatxMask),
            typeof(StatxAttributes)];

    private static readonly Type[] s_holders = [typeof(Sys), typeof(DirectoryRecords)];

    /// <summary>
    /// Sizes of our own, and two flags that sys/mount.h has, which cannot be included beside linux/mount.h: MountTests shows them at work.
    /// </summary>
    private static readonly string[] s_notInHeaders = ["ProcPathSize", "MaxVerityDigest", "MountDetach", "UnmountNoFollow"];

    /// <summary>Other spellings of the same number.</summary>
    private static readonly string[] s_errnoAliases = ["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"];

    private static string Header => CompilerCheck.Text(s_structs, s_enums, s_holders);

    [Test]
    public void Layout_OfEveryStructAndConstant_IsThatOfTheHeaders()
    {
        ToolResult result = CompilerCheck.Compile(s_sysCheck, Header);
        Assert.That(result.ExitCode, Is.Zero, result.Error);
    }

    [TestCase("#define Statx_Mtime 112", "#define Statx_Mtime 96", "offset of Cstatx.stx_mtime")]
    [TestCase("#define OpenFlags_NoFollow 131072ULL", "#define OpenFlags_NoFollow 256ULL", "value of")]
    [TestCase("#define DirectoryRecords_NameOffset 19ULL", "#define DirectoryRecords_NameOffset 20ULL", "value of")]
    public void Layout_WithOneValueChanged_DoesNotCompile(string line, string changed, string message)
    {
        Assert.That(Header, Does.Contain(line));
        ToolResult result = CompilerCheck.Compile(s_sysCheck, Header.Replace(line, changed, StringComparison.Ordinal));
        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.Error, Does.Contain(message));
    }

    [Test]
    public void SysCheck_EveryStructFieldFlagAndConstant_IsNamed()
    {
        string text = File.ReadAllText(s_sysCheck);
        IEnumerable<string> missing =
            s_structs.SelectMany(type => CompilerCheck.Fields(type).Select(field => $", {type.Name}, {field.Name});")
                .Append($", {type.Name});"))
            .Concat(s_enums.SelectMany(type => CompilerCheck.Values(type).Select(value => $", {type.Name}, {value.Name});")))
            .Where(end => !text.Contains(end, StringComparison.Ordinal));
        IEnumerable<string> constants = s_holders.SelectMany(type => CompilerCheck.Constants(type).Select(constant => constant.Name))
            .Where(name => !text.Contains($", {name});", StringComparison.Ordinal)
                && !text.Contains($"Sys_{name}", StringComparison.Ordinal));
        Assert.That(missing, Is.Empty);
        Assert.That(constants.Except(s_notInHeaders), Is.Empty);
    }

    /// <summary>Whatever is declared public is compared: a new struct or enum cannot slip by.</summary>
    [Test]
    public void Types_OfTheAssembly_AreAllCompared()
    {
        IEnumerable<Type> enums = typeof(Sys).Assembly.GetExportedTypes().Where(type => type.IsEnum).Except([typeof(Errno)]);
        IEnumerable<Type> structs = typeof(Libc).GetNestedTypes(System.Reflection.BindingFlags.NonPublic)
            .Where(type => type is { IsValueType: true, IsEnum: false });
        Assert.That(enums.Except(s_enums), Is.Empty);
        Assert.That(structs.Except(s_structs), Is.Empty);
    }

    [Test]
    public void Errno_OfEveryName_IsThatOfErrnoH()
    {
        Dictionary<string, string> macros = CompilerCheck.Macros("errno.h");
        IEnumerable<(string, string)> header = macros.Where(macro => macro.Key[0] == 'E' && char.IsAsciiDigit(macro.Value[0]))
            .Select(macro => (macro.Key, macro.Value));
        IEnumerable<(string, string)> ours = Enum.GetNames<Errno>().Where(name => name != "None")
            .Select(name => (name, ((int)Enum.Parse<Errno>(name)).ToString(CultureInfo.InvariantCulture)));
        Assert.That(ours, Is.EquivalentTo(header));
        Assert.That(macros.Where(macro => macro.Key[0] == 'E' && macro.Value[0] == 'E').Select(macro => macro.Key),
            Is.EquivalentTo(s_errnoAliases));
    }

    private static string FindRepository()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "OverlayFuse.sln")))
            directory = Path.GetDirectoryName(directory)!;
        return directory;
    }
}
