using System.Globalization;
using System.Runtime.InteropServices;
using OverlayFuse.Linux.Tests.Support;
using Libc = OverlayFuse.Linux.Interop.Libc;

namespace OverlayFuse.Linux.Tests;

/// <summary>native/sys_check.c and errno.h: gcc compares layouts, flags and constants with the C headers of each processor.</summary>
internal sealed class AbiTests
{
    private static readonly string s_native = Path.Combine(FindRepository(), "native");

    private static readonly string s_sysCheck = Path.Combine(s_native, "sys_check.c");

    private static readonly Type[] s_structs =
        [typeof(Statx), typeof(StatxTime), typeof(TimeSpec), typeof(StatFs), typeof(Libc.SigAction), typeof(Libc.IoVec),
            typeof(Libc.MsgHdr), typeof(Libc.DescriptorMessage), typeof(Libc.PollFd), typeof(Libc.FLock),
            typeof(Libc.IoRingParams), typeof(Libc.IoRingSqe), typeof(Libc.IoRingCqe)];

    private static readonly Type[] s_enums =
        [typeof(OpenFlags), typeof(AtFlags), typeof(RenameFlags), typeof(XattrFlags), typeof(Whence), typeof(FileType), typeof(StatxMask),
            typeof(StatxAttributes)];

    private static readonly Type[] s_holders = [typeof(Sys), typeof(DirectoryRecords), typeof(IoRing)];

    /// <summary>
    /// Sizes of our own, and two flags that sys/mount.h has, which cannot be included beside linux/mount.h: MountTests shows them at work.
    /// </summary>
    private static readonly string[] s_notInHeaders = ["ProcPathSize", "MaxVerityDigest", "MountDetach", "UnmountNoFollow",
        "MostArgument", "MostProcessors", "BitsOfMask", "RingHeader", "SetupFlags"];

    /// <summary>Other spellings of the same number.</summary>
    private static readonly string[] s_errnoAliases = ["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"];

    private static string HeaderFor(Architecture target) => CompilerCheck.Text(s_structs, s_enums, s_holders, target);

    [TestCaseSource(typeof(Compiler), nameof(Compiler.Targets))]
    public void Layout_OfEveryStructAndConstant_IsThatOfTheHeaders(Architecture target)
    {
        (int exitCode, string output) = Compiler.For(target).CheckLayout(s_sysCheck, HeaderFor(target));
        Assert.That(exitCode, Is.Zero, output);
    }

    [TestCase(Architecture.X64, "Statx_Mtime 112", "Statx_Mtime 96", "offset of Cstatx.stx_mtime")]
    [TestCase(Architecture.X64, "OpenFlags_NoFollow 131072ULL", "OpenFlags_NoFollow 256ULL", "value of")]
    [TestCase(Architecture.X64, "DirectoryRecords_NameOffset 19ULL", "DirectoryRecords_NameOffset 20ULL", "value of")]
    [TestCase(Architecture.Arm64, "OpenFlags_NoFollow 32768ULL", "OpenFlags_NoFollow 131072ULL", "value of")]
    [TestCase(Architecture.Arm64, "Machine_GetDents64 61ULL", "Machine_GetDents64 217ULL", "value of")]
    public void Layout_WithOneValueChanged_DoesNotCompile(Architecture target, string line, string changed, string message)
    {
        Assert.That(HeaderFor(target), Does.Contain($"#define {line}\n"));
        string header = HeaderFor(target).Replace($"#define {line}\n", $"#define {changed}\n", StringComparison.Ordinal);
        (int exitCode, string output) = Compiler.For(target).CheckLayout(s_sysCheck, header);
        Assert.That(exitCode, Is.Not.Zero);
        Assert.That(output, Does.Contain(message));
    }

    /// <summary>The flags that differ change places; every other bit stays.</summary>
    [TestCaseSource(typeof(Compiler), nameof(Compiler.Targets))]
    public void OpenFlagsOf_AnyBitTwice_IsTheSameBit(Architecture target)
    {
        for (int bit = 0; bit < 32; bit++)
        {
            int once = Machine.OpenFlagsOf(1 << bit, target);
            Assert.That(Machine.OpenFlagsOf(once, target), Is.EqualTo(1 << bit));
            Assert.That(once == 1 << bit, Is.EqualTo(target == Architecture.X64 || bit is < 14 or > 17), $"bit {bit}");
        }
    }

    [TestCaseSource(typeof(Compiler), nameof(Compiler.Targets))]
    public void NativeCode_ForAProcessor_CompilesWithoutWarnings(Architecture target)
    {
        string[] files = [.. Directory.GetFiles(s_native, "*.c").Where(file => !file.EndsWith("_check.c", StringComparison.Ordinal))];
        (int exitCode, string output) = Compiler.For(target).Run(
            ["-fsyntax-only", "-std=c11", "-O2", "-fPIC", "-Wall", "-Wextra", "-Wpedantic", "-Werror", .. files]);
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(files, Is.Not.Empty);
    }

    [Test]
    public void SysCheck_EveryStructFieldFlagAndConstant_IsNamed()
    {
        string text = File.ReadAllText(s_sysCheck);
        IEnumerable<string> missing =
            s_structs.SelectMany(type => CompilerCheck.Fields(type).Select(field => $", {type.Name}, {field.Name});")
                .Append($", {type.Name});"))
            .Concat(s_enums.SelectMany(type =>
                CompilerCheck.Values(type, Architecture.X64).Select(value => $", {type.Name}, {value.Name});")))
            .Where(end => !text.Contains(end, StringComparison.Ordinal));
        IEnumerable<string> constants = s_holders.SelectMany(type => CompilerCheck.Constants(type).Select(constant => constant.Name))
            .Where(name => !text.Contains($", {name});", StringComparison.Ordinal)
                && !text.Contains($"Sys_{name}", StringComparison.Ordinal));
        IEnumerable<string> numbers = CompilerCheck.Numbers(Architecture.X64).Select(number => number.Name)
            .Where(name => !text.Contains($", Machine, {name});", StringComparison.Ordinal));
        Assert.That(missing, Is.Empty);
        Assert.That(numbers, Is.Empty);
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

    [TestCaseSource(typeof(Compiler), nameof(Compiler.Targets))]
    public void Errno_OfEveryName_IsThatOfErrnoH(Architecture target)
    {
        Dictionary<string, string> macros = CompilerCheck.Macros("errno.h", Compiler.For(target));
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
