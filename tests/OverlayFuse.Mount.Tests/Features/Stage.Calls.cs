using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features;

/// <summary>System calls that no shell has. Paths are relative to the stage's directory.</summary>
internal sealed partial class Stage
{
    private readonly List<int> opened = [];

    /// <summary>Opens and keeps open until the unmount; throws what errno says.</summary>
    public int Open(string path, O flags, int mode = 644)
    {
        int fd = (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes(PathOf(path)), flags | O.CLOEXEC, Mode.Bits(mode)), "open " + path);
        opened.Add(fd);
        return fd;
    }

    public void Close(int fd)
    {
        opened.Remove(fd);
        Tool.Check(Syscall.close(fd), "close");
    }

    /// <summary>0 when it works, else errno.</summary>
    public Errno Rename(string from, string to, RenameFlags flags) =>
        Result(Libc.renameat2(Libc.AT_FDCWD, Libc.Bytes(PathOf(from)), Libc.AT_FDCWD, Libc.Bytes(PathOf(to)), flags));

    public static Errno Fallocate(int fd, FallocFlags mode, long offset, long length) => Result(Libc.fallocate(fd, mode, offset, length));

    public static Errno Result(long answer) => answer == -1 ? Stdlib.GetLastError() : 0;

    public string PathOf(string path) => Path.Combine(Root, path);

    /// <summary>The text of what can be read at the start.</summary>
    public static string? ReadText(int fd) => Files.Read(fd, 4096, 0) is { } bytes ? System.Text.Encoding.Latin1.GetString(bytes) : null;

    public static void WriteText(int fd, string text, long offset = 0) =>
        Tool.Check(Files.WriteAll(fd, System.Text.Encoding.Latin1.GetBytes(text), offset), "write");

    private void CloseAll()
    {
        foreach (int fd in opened) _ = Syscall.close(fd);
        opened.Clear();
    }
}
