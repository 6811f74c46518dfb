using System.Text;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

internal sealed partial class RecordingFileSystem
{
    public Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = SomeOpen;
        return Record(request, $"{input.Flags} {input.RequestFlags}");
    }

    public Errno OpenDir(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = SomeOpen;
        return Record(request, $"{input.Flags} {input.RequestFlags}");
    }

    public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
    {
        count = Math.Min(3, data.Length);
        "abc"u8[..count].CopyTo(data);
        return Record(request,
            $"fh={input.Fh.Value} offset={input.Offset} size={input.Size} {input.ReadFlags} owner={input.LockOwner} {input.Flags}");
    }

    public Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
    {
        count = data.Length;
        return Record(request,
            $"fh={input.Fh.Value} offset={input.Offset} size={input.Size} {input.WriteFlags} owner={input.LockOwner} {input.Flags} "
                + $"data={Encoding.Latin1.GetString(data)}");
    }

    public Errno StatFs(in FuseRequest request, out KStatFs statistics)
    {
        statistics = new KStatFs { Blocks = 1, BFree = 2, BAvail = 3, Files = 4, FFree = 5, BSize = 6, NameLen = 7, FrSize = 8 };
        return Record(request, $"");
    }

    public Errno Release(in FuseRequest request, in ReleaseIn input) =>
        Record(request, $"fh={input.Fh.Value} {input.Flags} {input.ReleaseFlags} owner={input.LockOwner}");

    public Errno ReleaseDir(in FuseRequest request, in ReleaseIn input) =>
        Record(request, $"fh={input.Fh.Value} {input.Flags} {input.ReleaseFlags} owner={input.LockOwner}");

    public Errno FSync(in FuseRequest request, in FSyncIn input) => Record(request, $"fh={input.Fh.Value} {input.Flags}");

    public Errno FSyncDir(in FuseRequest request, in FSyncIn input) => Record(request, $"fh={input.Fh.Value} {input.Flags}");

    public Errno Flush(in FuseRequest request, in FlushIn input) => Record(request, $"fh={input.Fh.Value} owner={input.LockOwner}");

    public Errno SetXattr(in FuseRequest request, in SetXattrIn input, Name name, ReadOnlySpan<byte> value) =>
        Record(request, $"{name.ToString()}={Encoding.Latin1.GetString(value)} {input.Flags} {input.SetXattrFlags}");

    public Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length)
    {
        length = 5;
        _ = "value"u8.TryCopyTo(value);
        return Record(request, $"{name.ToString()} room={value.Length}");
    }

    public Errno ListXattr(in FuseRequest request, Span<byte> list, out int length)
    {
        length = 8;
        _ = "user.ab\0"u8.TryCopyTo(list);
        return Record(request, $"room={list.Length}");
    }

    public Errno RemoveXattr(in FuseRequest request, Name name) => Record(request, $"{name.ToString()}");

    public Errno ReadDir(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
    {
        entries.TryAdd(0x11, 1, FileType.Directory, "."u8);
        entries.TryAdd(0x22, 2, FileType.SymLink, "nine-char"u8);
        return Record(request, $"fh={input.Fh.Value} offset={input.Offset} size={input.Size}");
    }

    public Errno ReadDirPlus(in FuseRequest request, in ReadIn input, ref DirentWriter entries)
    {
        entries.TryAdd(0x11, 1, FileType.Directory, "."u8);
        entries.TryAddPlus(SomeEntry, 0x22, 2, FileType.Regular, "file"u8);
        return Record(request, $"fh={input.Fh.Value} offset={input.Offset} size={input.Size}");
    }

    public Errno Access(in FuseRequest request, in AccessIn input) => Record(request, $"mask={input.Mask}");

    public Errno IoCtl(in FuseRequest request, in IoCtlIn input, ReadOnlySpan<byte> data, Span<byte> answer, out IoCtlOut result)
    {
        result = new IoCtlOut { Result = 9 };
        if (!answer.IsEmpty)
            answer[0] = 0x5A;
        return Record(request,
            $"fh={input.Fh.Value} {input.Flags} command={input.Command:X} argument={input.Argument:X} "
                + $"data={Encoding.Latin1.GetString(data)} room={answer.Length}");
    }

    public Errno FAllocate(in FuseRequest request, in FAllocateIn input) =>
        Record(request, $"fh={input.Fh.Value} offset={input.Offset} length={input.Length} mode={input.Mode}");

    public Errno LSeek(in FuseRequest request, in LSeekIn input, out long offset)
    {
        offset = 0x4000;
        return Record(request, $"fh={input.Fh.Value} offset={input.Offset} {input.Whence}");
    }

    public Errno CopyFileRange(in FuseRequest request, in CopyFileRangeIn input, out ulong copied)
    {
        copied = input.Length;
        return Record(request,
            $"fh={input.InputFh.Value}@{input.InputOffset} -> {input.OutputNode.Value} fh={input.OutputFh.Value}@{input.OutputOffset} "
                + $"length={input.Length} flags={input.Flags}");
    }

    public Errno SyncFs(in FuseRequest request) => Record(request, $"");
}
