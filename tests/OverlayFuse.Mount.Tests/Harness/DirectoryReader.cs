using System.ComponentModel;
using System.Runtime.InteropServices;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>Reads directories through readdir(3).</summary>
internal static class DirectoryReader
{
    /// <summary>The entries but "." and "..", sorted by name.</summary>
    public static List<Dirent> Read(string path)
    {
        List<Dirent> entries = ReadAll(path);
        entries.RemoveAll(entry => entry.d_name is "." or "..");
        entries.Sort((a, b) => string.CompareOrdinal(a.d_name, b.d_name));
        return entries;
    }

    /// <summary>All entries, as the file system orders them.</summary>
    public static List<Dirent> ReadAll(string path)
    {
        nint directory = Syscall.opendir(path);
        if (directory == 0) throw Failure("opendir " + path);
        try
        {
            return Rest(directory, path);
        }
        finally
        {
            _ = Syscall.closedir(directory);
        }
    }

    /// <summary>What an open directory stream still has to give.</summary>
    public static List<Dirent> Rest(nint directory, string path)
    {
        var entries = new List<Dirent>();
        while (true)
        {
            if (Syscall.readdir(directory) is { } entry) entries.Add(entry);
            else if (Marshal.GetLastPInvokeError() != 0) throw Failure("readdir " + path);
            else return entries;
        }
    }

    private static Win32Exception Failure(string what) =>
        new(Marshal.GetLastPInvokeError(), $"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
}
