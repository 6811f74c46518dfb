using Mono.Unix;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>Reads extended attributes of a path, not following symlinks.</summary>
internal static class Xattrs
{
    /// <summary>All that are listed; the value is null where one cannot be read (an empty security.capability gives EINVAL).</summary>
    public static IEnumerable<(string Name, byte[]? Value)> All(string path) => from name in Names(path) select (name, Get(path, name));

    public static string[] Names(string path)
    {
        long size = Syscall.llistxattr(path, UnixEncoding.Instance, out string[] names);
        if (size < 0 && Stdlib.GetLastError() != Errno.EOPNOTSUPP) Tool.Check(-1, "llistxattr " + path);
        return size < 0 ? [] : [.. names.Where(name => name.Length > 0).Order(StringComparer.Ordinal)];
    }

    /// <summary>The value, null with errno when it cannot be had.</summary>
    public static byte[]? Get(string path, string name)
    {
        byte[] value = new byte[1 << 16];
        long length = Syscall.lgetxattr(path, name, value, (ulong)value.Length);
        return length < 0 ? null : value[..(int)length];
    }
}
