using System.IO.MemoryMappedFiles;
using System.Text;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>Which system call of a daemon fails, and how.</summary>
/// <param name="Nth">The first call that fails; 0 only counts.</param>
/// <param name="Error">What it answers; 0: the daemon is killed in its place.</param>
/// <param name="Stays">Later calls of the same function fail too: a disk that is full stays full.</param>
/// <param name="Only">Counts and fails this function alone.</param>
internal sealed record Fault(int Nth, Errno Error = 0, bool Stays = false, string Only = "");

/// <summary>What happened while a fault was armed.</summary>
/// <param name="Calls">Calls seen.</param>
/// <param name="Failed">Calls that failed by it.</param>
/// <param name="Function">The function that failed first.</param>
internal sealed record FaultReport(int Calls, int Failed, string Function);

/// <summary>
/// The program under test below faults.c, and the control block that both share. Faults strike the daemon only, and only while they are
/// armed. Not strace(1): that of Debian 12 (6.1) knows no call that is newer than itself, and counts each function in each thread alone.
/// </summary>
internal sealed class FaultShim : IDisposable
{
    // struct control of faults.c
    private const int Armed = 0, Calls = 4, Failed = 8, Nth = 12, Error = 16, Stays = 20, Only = 24, First = 56, NameSize = 32, Size = 88;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor control;

    public FaultShim(string directory)
    {
        string source = Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Faults", "faults.c");
        string supervisor = directory + "/faults", block = directory + "/control";
        Tool.Run("gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", source, "-o", supervisor);
        File.WriteAllBytes(block, new byte[Size]);
        Program = directory + "/overlayfuse";
        File.WriteAllText(Program, $"#!/bin/sh\nexec {supervisor} {block} {ProgramUnderTest.Path} \"$@\"\n");
        Tool.Run("chmod", "755", Program);
        file = MemoryMappedFile.CreateFromFile(block, FileMode.Open);
        control = file.CreateViewAccessor(0, Size);
    }

    /// <summary>What to start instead of the program.</summary>
    public string Program { get; }

    public void Arm(Fault fault)
    {
        control.Write(Calls, 0);
        control.Write(Failed, 0);
        control.Write(Nth, fault.Nth);
        control.Write(Error, fault.Error == 0 ? 0 : NativeConvert.FromErrno(fault.Error));
        control.Write(Stays, fault.Stays ? 1 : 0);
        WriteName(Only, fault.Only);
        WriteName(First, "");
        control.Write(Armed, 1);
    }

    public FaultReport Disarm()
    {
        control.Write(Armed, 0);
        return new FaultReport(control.ReadInt32(Calls), control.ReadInt32(Failed), ReadName(First));
    }

    public void Dispose()
    {
        control.Dispose();
        file.Dispose();
    }

    private void WriteName(int offset, string name)
    {
        byte[] bytes = new byte[NameSize];
        _ = Encoding.ASCII.GetBytes(name, bytes);
        control.WriteArray(offset, bytes, 0, NameSize);
    }

    private string ReadName(int offset)
    {
        byte[] bytes = new byte[NameSize];
        _ = control.ReadArray(offset, bytes, 0, NameSize);
        return Encoding.ASCII.GetString(bytes).TrimEnd('\0');
    }
}
