namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>Bodies of the replies of <see cref="RecordingFileSystem"/> that several operations share.</summary>
internal static class GoldenReplies
{
    internal const string Attr = """
        11 11 00 00 00 00 00 00 | ino
        22 22 00 00 00 00 00 00 | size
        33 33 00 00 00 00 00 00 | blocks
        44 44 00 00 00 00 00 00 | atime
        55 55 00 00 00 00 00 00 | mtime
        66 66 00 00 00 00 00 00 | ctime
        71 00 00 00 72 00 00 00 | atimensec, mtimensec
        73 00 00 00 a4 81 00 00 | ctimensec, mode
        02 00 00 00 e8 03 00 00 | nlink, uid
        e9 03 00 00 01 05 00 00 | gid, rdev
        00 10 00 00 02 00 00 00 | blksize, flags
        """;

    internal const string Entry = """
        cd ab 00 00 00 00 00 00 | nodeid
        99 00 00 00 00 00 00 00 | generation
        01 00 00 00 00 00 00 00 | entry_valid
        02 00 00 00 00 00 00 00 | attr_valid
        03 00 00 00 04 00 00 00 | entry_valid_nsec, attr_valid_nsec

        """ + Attr;

    internal const string AttrOut = """
        07 00 00 00 00 00 00 00 | attr_valid
        08 00 00 00 00 00 00 00 | attr_valid_nsec, dummy

        """ + Attr;

    internal const string Open = """
        0d f0 00 00 00 00 00 00 | fh
        0a 00 00 00 05 00 00 00 | open_flags: KEEP_CACHE, CACHE_DIR; backing_id
        """;

    internal const string EntryAndOpen = Entry + "\n" + Open;
}
