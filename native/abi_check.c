// Compares the wire structs and flags of OverlayFuse.Fuse with <linux/fuse.h> of each processor. AbiTests writes the layout of
// the C# structs into abi_layout.h (STRUCT_size, STRUCT_Field, ENUM_Name), compiles this file, and checks that no struct,
// field or flag is missing here. What the header is too old for is left out by its minor version.
#include <stddef.h>
#include <linux/fuse.h>
#include "abi_layout.h"

#define MINOR FUSE_KERNEL_MINOR_VERSION
#define SIZE(c, cs) _Static_assert(sizeof(struct c) == cs##_size, "size of " #c)
#define FIELD(c, f, cs, csf) _Static_assert(offsetof(struct c, f) == cs##_##csf, "offset of " #c "." #f)
#define VALUE(c, cs, csf) _Static_assert(c == cs##_##csf, "value of " #c)

SIZE(fuse_in_header, InHeader); FIELD(fuse_in_header, len, InHeader, Len); FIELD(fuse_in_header, opcode, InHeader, Opcode);
FIELD(fuse_in_header, unique, InHeader, Unique); FIELD(fuse_in_header, nodeid, InHeader, NodeId);
FIELD(fuse_in_header, uid, InHeader, Uid); FIELD(fuse_in_header, gid, InHeader, Gid); FIELD(fuse_in_header, pid, InHeader, Pid);
#if MINOR >= 38
FIELD(fuse_in_header, total_extlen, InHeader, TotalExtLen); FIELD(fuse_in_header, padding, InHeader, Padding);
#endif

SIZE(fuse_out_header, OutHeader); FIELD(fuse_out_header, len, OutHeader, Len); FIELD(fuse_out_header, error, OutHeader, Error);
FIELD(fuse_out_header, unique, OutHeader, Unique);

SIZE(fuse_interrupt_in, InterruptIn); FIELD(fuse_interrupt_in, unique, InterruptIn, Unique);

#if MINOR >= 38
SIZE(fuse_ext_header, ExtHeader); FIELD(fuse_ext_header, size, ExtHeader, Size); FIELD(fuse_ext_header, type, ExtHeader, Type);
#endif

#if MINOR >= 39
SIZE(fuse_supp_groups, SuppGroups); FIELD(fuse_supp_groups, nr_groups, SuppGroups, NrGroups);
#endif

#if MINOR >= 36
SIZE(fuse_secctx_header, SecCtxHeader); FIELD(fuse_secctx_header, size, SecCtxHeader, Size);
FIELD(fuse_secctx_header, nr_secctx, SecCtxHeader, NrSecCtx);
#endif

#if MINOR >= 36
SIZE(fuse_secctx, SecCtx); FIELD(fuse_secctx, size, SecCtx, Size); FIELD(fuse_secctx, padding, SecCtx, Padding);
#endif

SIZE(fuse_attr, Attr); FIELD(fuse_attr, ino, Attr, Ino); FIELD(fuse_attr, size, Attr, Size);
FIELD(fuse_attr, blocks, Attr, Blocks); FIELD(fuse_attr, atime, Attr, Atime); FIELD(fuse_attr, mtime, Attr, Mtime);
FIELD(fuse_attr, ctime, Attr, Ctime); FIELD(fuse_attr, atimensec, Attr, AtimeNsec); FIELD(fuse_attr, mtimensec, Attr, MtimeNsec);
FIELD(fuse_attr, ctimensec, Attr, CtimeNsec); FIELD(fuse_attr, mode, Attr, Mode); FIELD(fuse_attr, nlink, Attr, Nlink);
FIELD(fuse_attr, uid, Attr, Uid); FIELD(fuse_attr, gid, Attr, Gid); FIELD(fuse_attr, rdev, Attr, Rdev);
FIELD(fuse_attr, blksize, Attr, BlkSize);
#if MINOR >= 32
FIELD(fuse_attr, flags, Attr, Flags);
#endif

SIZE(fuse_attr_out, AttrOut); FIELD(fuse_attr_out, attr_valid, AttrOut, AttrValid);
FIELD(fuse_attr_out, attr_valid_nsec, AttrOut, AttrValidNsec); FIELD(fuse_attr_out, dummy, AttrOut, Dummy);
FIELD(fuse_attr_out, attr, AttrOut, Attr);

SIZE(fuse_getattr_in, GetAttrIn); FIELD(fuse_getattr_in, getattr_flags, GetAttrIn, Flags);
FIELD(fuse_getattr_in, dummy, GetAttrIn, Dummy); FIELD(fuse_getattr_in, fh, GetAttrIn, Fh);

SIZE(fuse_setattr_in, SetAttrIn); FIELD(fuse_setattr_in, valid, SetAttrIn, Valid);
FIELD(fuse_setattr_in, padding, SetAttrIn, Padding); FIELD(fuse_setattr_in, fh, SetAttrIn, Fh);
FIELD(fuse_setattr_in, size, SetAttrIn, Size); FIELD(fuse_setattr_in, lock_owner, SetAttrIn, LockOwner);
FIELD(fuse_setattr_in, atime, SetAttrIn, Atime); FIELD(fuse_setattr_in, mtime, SetAttrIn, Mtime);
FIELD(fuse_setattr_in, ctime, SetAttrIn, Ctime); FIELD(fuse_setattr_in, atimensec, SetAttrIn, AtimeNsec);
FIELD(fuse_setattr_in, mtimensec, SetAttrIn, MtimeNsec); FIELD(fuse_setattr_in, ctimensec, SetAttrIn, CtimeNsec);
FIELD(fuse_setattr_in, mode, SetAttrIn, Mode); FIELD(fuse_setattr_in, unused4, SetAttrIn, Unused4);
FIELD(fuse_setattr_in, uid, SetAttrIn, Uid); FIELD(fuse_setattr_in, gid, SetAttrIn, Gid);
FIELD(fuse_setattr_in, unused5, SetAttrIn, Unused5);

#if MINOR >= 39
SIZE(fuse_statx_in, StatxIn); FIELD(fuse_statx_in, getattr_flags, StatxIn, Flags);
FIELD(fuse_statx_in, reserved, StatxIn, Reserved); FIELD(fuse_statx_in, fh, StatxIn, Fh);
FIELD(fuse_statx_in, sx_flags, StatxIn, SxFlags); FIELD(fuse_statx_in, sx_mask, StatxIn, SxMask);
#endif

#if MINOR >= 39
SIZE(fuse_statx_out, StatxOut); FIELD(fuse_statx_out, attr_valid, StatxOut, AttrValid);
FIELD(fuse_statx_out, attr_valid_nsec, StatxOut, AttrValidNsec); FIELD(fuse_statx_out, flags, StatxOut, Flags);
FIELD(fuse_statx_out, spare, StatxOut, Spare0); FIELD(fuse_statx_out, stat, StatxOut, Stat);
#endif

SIZE(fuse_kstatfs, KStatFs); FIELD(fuse_kstatfs, blocks, KStatFs, Blocks); FIELD(fuse_kstatfs, bfree, KStatFs, BFree);
FIELD(fuse_kstatfs, bavail, KStatFs, BAvail); FIELD(fuse_kstatfs, files, KStatFs, Files);
FIELD(fuse_kstatfs, ffree, KStatFs, FFree); FIELD(fuse_kstatfs, bsize, KStatFs, BSize);
FIELD(fuse_kstatfs, namelen, KStatFs, NameLen); FIELD(fuse_kstatfs, frsize, KStatFs, FrSize);
FIELD(fuse_kstatfs, padding, KStatFs, Padding);

SIZE(fuse_entry_out, EntryOut); FIELD(fuse_entry_out, nodeid, EntryOut, NodeId);
FIELD(fuse_entry_out, generation, EntryOut, Generation); FIELD(fuse_entry_out, entry_valid, EntryOut, EntryValid);
FIELD(fuse_entry_out, attr_valid, EntryOut, AttrValid); FIELD(fuse_entry_out, entry_valid_nsec, EntryOut, EntryValidNsec);
FIELD(fuse_entry_out, attr_valid_nsec, EntryOut, AttrValidNsec); FIELD(fuse_entry_out, attr, EntryOut, Attr);

SIZE(fuse_forget_in, ForgetIn); FIELD(fuse_forget_in, nlookup, ForgetIn, NLookup);

SIZE(fuse_forget_one, ForgetOne); FIELD(fuse_forget_one, nodeid, ForgetOne, NodeId);
FIELD(fuse_forget_one, nlookup, ForgetOne, NLookup);

SIZE(fuse_batch_forget_in, BatchForgetIn); FIELD(fuse_batch_forget_in, count, BatchForgetIn, Count);
FIELD(fuse_batch_forget_in, dummy, BatchForgetIn, Dummy);

SIZE(fuse_mknod_in, MkNodIn); FIELD(fuse_mknod_in, mode, MkNodIn, Mode); FIELD(fuse_mknod_in, rdev, MkNodIn, Rdev);
FIELD(fuse_mknod_in, umask, MkNodIn, UMask); FIELD(fuse_mknod_in, padding, MkNodIn, Padding);

SIZE(fuse_mkdir_in, MkDirIn); FIELD(fuse_mkdir_in, mode, MkDirIn, Mode); FIELD(fuse_mkdir_in, umask, MkDirIn, UMask);

SIZE(fuse_rename_in, RenameIn); FIELD(fuse_rename_in, newdir, RenameIn, NewDirectory);

SIZE(fuse_rename2_in, Rename2In); FIELD(fuse_rename2_in, newdir, Rename2In, NewDirectory);
FIELD(fuse_rename2_in, flags, Rename2In, Flags); FIELD(fuse_rename2_in, padding, Rename2In, Padding);

SIZE(fuse_link_in, LinkIn); FIELD(fuse_link_in, oldnodeid, LinkIn, OldNode);

SIZE(fuse_dirent, Dirent); FIELD(fuse_dirent, ino, Dirent, Ino); FIELD(fuse_dirent, off, Dirent, Off);
FIELD(fuse_dirent, namelen, Dirent, NameLen); FIELD(fuse_dirent, type, Dirent, Type);

SIZE(fuse_direntplus, DirentPlus); FIELD(fuse_direntplus, entry_out, DirentPlus, EntryOut);
FIELD(fuse_direntplus, dirent, DirentPlus, Dirent);

SIZE(fuse_open_in, OpenIn); FIELD(fuse_open_in, flags, OpenIn, Flags);
#if MINOR >= 33
FIELD(fuse_open_in, open_flags, OpenIn, RequestFlags);
#endif

SIZE(fuse_create_in, CreateIn); FIELD(fuse_create_in, flags, CreateIn, Flags); FIELD(fuse_create_in, mode, CreateIn, Mode);
FIELD(fuse_create_in, umask, CreateIn, UMask);
#if MINOR >= 33
FIELD(fuse_create_in, open_flags, CreateIn, RequestFlags);
#endif

SIZE(fuse_open_out, OpenOut); FIELD(fuse_open_out, fh, OpenOut, Fh); FIELD(fuse_open_out, open_flags, OpenOut, Flags);
#if MINOR >= 40
FIELD(fuse_open_out, backing_id, OpenOut, BackingId);
#endif

SIZE(fuse_release_in, ReleaseIn); FIELD(fuse_release_in, fh, ReleaseIn, Fh); FIELD(fuse_release_in, flags, ReleaseIn, Flags);
FIELD(fuse_release_in, release_flags, ReleaseIn, ReleaseFlags); FIELD(fuse_release_in, lock_owner, ReleaseIn, LockOwner);

SIZE(fuse_flush_in, FlushIn); FIELD(fuse_flush_in, fh, FlushIn, Fh); FIELD(fuse_flush_in, unused, FlushIn, Unused);
FIELD(fuse_flush_in, padding, FlushIn, Padding); FIELD(fuse_flush_in, lock_owner, FlushIn, LockOwner);

SIZE(fuse_read_in, ReadIn); FIELD(fuse_read_in, fh, ReadIn, Fh); FIELD(fuse_read_in, offset, ReadIn, Offset);
FIELD(fuse_read_in, size, ReadIn, Size); FIELD(fuse_read_in, read_flags, ReadIn, ReadFlags);
FIELD(fuse_read_in, lock_owner, ReadIn, LockOwner); FIELD(fuse_read_in, flags, ReadIn, Flags);
FIELD(fuse_read_in, padding, ReadIn, Padding);

SIZE(fuse_write_in, WriteIn); FIELD(fuse_write_in, fh, WriteIn, Fh); FIELD(fuse_write_in, offset, WriteIn, Offset);
FIELD(fuse_write_in, size, WriteIn, Size); FIELD(fuse_write_in, write_flags, WriteIn, WriteFlags);
FIELD(fuse_write_in, lock_owner, WriteIn, LockOwner); FIELD(fuse_write_in, flags, WriteIn, Flags);
FIELD(fuse_write_in, padding, WriteIn, Padding);

SIZE(fuse_write_out, WriteOut); FIELD(fuse_write_out, size, WriteOut, Size); FIELD(fuse_write_out, padding, WriteOut, Padding);

SIZE(fuse_fsync_in, FSyncIn); FIELD(fuse_fsync_in, fh, FSyncIn, Fh); FIELD(fuse_fsync_in, fsync_flags, FSyncIn, Flags);
FIELD(fuse_fsync_in, padding, FSyncIn, Padding);

SIZE(fuse_fallocate_in, FAllocateIn); FIELD(fuse_fallocate_in, fh, FAllocateIn, Fh);
FIELD(fuse_fallocate_in, offset, FAllocateIn, Offset); FIELD(fuse_fallocate_in, length, FAllocateIn, Length);
FIELD(fuse_fallocate_in, mode, FAllocateIn, Mode); FIELD(fuse_fallocate_in, padding, FAllocateIn, Padding);

SIZE(fuse_lseek_in, LSeekIn); FIELD(fuse_lseek_in, fh, LSeekIn, Fh); FIELD(fuse_lseek_in, offset, LSeekIn, Offset);
FIELD(fuse_lseek_in, whence, LSeekIn, Whence); FIELD(fuse_lseek_in, padding, LSeekIn, Padding);

SIZE(fuse_lseek_out, LSeekOut); FIELD(fuse_lseek_out, offset, LSeekOut, Offset);

SIZE(fuse_copy_file_range_in, CopyFileRangeIn); FIELD(fuse_copy_file_range_in, fh_in, CopyFileRangeIn, InputFh);
FIELD(fuse_copy_file_range_in, off_in, CopyFileRangeIn, InputOffset);
FIELD(fuse_copy_file_range_in, nodeid_out, CopyFileRangeIn, OutputNode);
FIELD(fuse_copy_file_range_in, fh_out, CopyFileRangeIn, OutputFh);
FIELD(fuse_copy_file_range_in, off_out, CopyFileRangeIn, OutputOffset);
FIELD(fuse_copy_file_range_in, len, CopyFileRangeIn, Length); FIELD(fuse_copy_file_range_in, flags, CopyFileRangeIn, Flags);

#if MINOR >= 45
SIZE(fuse_copy_file_range_out, CopyFileRangeOut); FIELD(fuse_copy_file_range_out, bytes_copied, CopyFileRangeOut, BytesCopied);
#endif

#if MINOR >= 33
SIZE(fuse_setxattr_in, SetXattrIn); FIELD(fuse_setxattr_in, size, SetXattrIn, Size);
FIELD(fuse_setxattr_in, flags, SetXattrIn, Flags); FIELD(fuse_setxattr_in, setxattr_flags, SetXattrIn, SetXattrFlags);
FIELD(fuse_setxattr_in, padding, SetXattrIn, Padding);
#endif

SIZE(fuse_getxattr_in, GetXattrIn); FIELD(fuse_getxattr_in, size, GetXattrIn, Size);
FIELD(fuse_getxattr_in, padding, GetXattrIn, Padding);

SIZE(fuse_getxattr_out, GetXattrOut); FIELD(fuse_getxattr_out, size, GetXattrOut, Size);
FIELD(fuse_getxattr_out, padding, GetXattrOut, Padding);

SIZE(fuse_access_in, AccessIn); FIELD(fuse_access_in, mask, AccessIn, Mask); FIELD(fuse_access_in, padding, AccessIn, Padding);

SIZE(fuse_ioctl_in, IoCtlIn); FIELD(fuse_ioctl_in, fh, IoCtlIn, Fh); FIELD(fuse_ioctl_in, flags, IoCtlIn, Flags);
FIELD(fuse_ioctl_in, cmd, IoCtlIn, Command); FIELD(fuse_ioctl_in, arg, IoCtlIn, Argument);
FIELD(fuse_ioctl_in, in_size, IoCtlIn, InSize); FIELD(fuse_ioctl_in, out_size, IoCtlIn, OutSize);

SIZE(fuse_ioctl_out, IoCtlOut); FIELD(fuse_ioctl_out, result, IoCtlOut, Result); FIELD(fuse_ioctl_out, flags, IoCtlOut, Flags);
FIELD(fuse_ioctl_out, in_iovs, IoCtlOut, InIovs); FIELD(fuse_ioctl_out, out_iovs, IoCtlOut, OutIovs);

#if MINOR >= 40
SIZE(fuse_backing_map, BackingMap); FIELD(fuse_backing_map, fd, BackingMap, Fd);
FIELD(fuse_backing_map, flags, BackingMap, Flags); FIELD(fuse_backing_map, padding, BackingMap, Padding);
VALUE(FUSE_DEV_IOC_BACKING_OPEN, DeviceCommand, BackingOpen); VALUE(FUSE_DEV_IOC_BACKING_CLOSE, DeviceCommand, BackingClose);
#endif

#if MINOR >= 42
SIZE(fuse_uring_cmd_req, RingCommandArgument); FIELD(fuse_uring_cmd_req, flags, RingCommandArgument, Flags);
FIELD(fuse_uring_cmd_req, commit_id, RingCommandArgument, CommitId); FIELD(fuse_uring_cmd_req, qid, RingCommandArgument, Queue);
SIZE(fuse_uring_req_header, RingHeader); FIELD(fuse_uring_req_header, in_out, RingHeader, InOut);
FIELD(fuse_uring_req_header, op_in, RingHeader, Operation); FIELD(fuse_uring_req_header, ring_ent_in_out.flags, RingHeader, Flags);
FIELD(fuse_uring_req_header, ring_ent_in_out.commit_id, RingHeader, CommitId);
FIELD(fuse_uring_req_header, ring_ent_in_out.payload_sz, RingHeader, PayloadSize);
FIELD(fuse_uring_req_header, ring_ent_in_out.padding, RingHeader, Padding);
FIELD(fuse_uring_req_header, ring_ent_in_out.reserved, RingHeader, Reserved);
typedef char HeaderBytes_of_c[FUSE_URING_IN_OUT_HEADER_SZ];
_Static_assert(FUSE_URING_OP_IN_OUT_SZ == sizeof(HeaderBytes_of_c), "both parts have one size");
VALUE(sizeof(HeaderBytes_of_c), HeaderBytes, size);
VALUE(FUSE_IO_URING_CMD_REGISTER, RingCommand, Register); VALUE(FUSE_IO_URING_CMD_COMMIT_AND_FETCH, RingCommand, CommitAndFetch);
#endif

SIZE(fuse_notify_inval_inode_out, NotifyInvalInodeOut); FIELD(fuse_notify_inval_inode_out, ino, NotifyInvalInodeOut, Ino);
FIELD(fuse_notify_inval_inode_out, off, NotifyInvalInodeOut, Off);
FIELD(fuse_notify_inval_inode_out, len, NotifyInvalInodeOut, Len);

SIZE(fuse_notify_inval_entry_out, NotifyInvalEntryOut); FIELD(fuse_notify_inval_entry_out, parent, NotifyInvalEntryOut, Parent);
FIELD(fuse_notify_inval_entry_out, namelen, NotifyInvalEntryOut, NameLen);
#if MINOR >= 38
FIELD(fuse_notify_inval_entry_out, flags, NotifyInvalEntryOut, Flags);
#endif

SIZE(fuse_notify_delete_out, NotifyDeleteOut); FIELD(fuse_notify_delete_out, parent, NotifyDeleteOut, Parent);
FIELD(fuse_notify_delete_out, child, NotifyDeleteOut, Child); FIELD(fuse_notify_delete_out, namelen, NotifyDeleteOut, NameLen);
FIELD(fuse_notify_delete_out, padding, NotifyDeleteOut, Padding);

SIZE(fuse_notify_store_out, NotifyStoreOut); FIELD(fuse_notify_store_out, nodeid, NotifyStoreOut, NodeId);
FIELD(fuse_notify_store_out, offset, NotifyStoreOut, Offset); FIELD(fuse_notify_store_out, size, NotifyStoreOut, Size);
FIELD(fuse_notify_store_out, padding, NotifyStoreOut, Padding);

#if MINOR >= 45
SIZE(fuse_notify_prune_out, NotifyPruneOut); FIELD(fuse_notify_prune_out, count, NotifyPruneOut, Count);
FIELD(fuse_notify_prune_out, padding, NotifyPruneOut, Padding); FIELD(fuse_notify_prune_out, spare, NotifyPruneOut, Spare);
#endif

#if MINOR >= 36
SIZE(fuse_init_in, InitIn); FIELD(fuse_init_in, major, InitIn, Major); FIELD(fuse_init_in, minor, InitIn, Minor);
FIELD(fuse_init_in, max_readahead, InitIn, MaxReadahead); FIELD(fuse_init_in, flags, InitIn, Flags);
FIELD(fuse_init_in, flags2, InitIn, Flags2);
#endif

#if MINOR >= 36
SIZE(fuse_init_out, InitOut); FIELD(fuse_init_out, major, InitOut, Major); FIELD(fuse_init_out, minor, InitOut, Minor);
FIELD(fuse_init_out, max_readahead, InitOut, MaxReadahead); FIELD(fuse_init_out, flags, InitOut, Flags);
FIELD(fuse_init_out, max_background, InitOut, MaxBackground);
FIELD(fuse_init_out, congestion_threshold, InitOut, CongestionThreshold); FIELD(fuse_init_out, max_write, InitOut, MaxWrite);
FIELD(fuse_init_out, time_gran, InitOut, TimeGran); FIELD(fuse_init_out, max_pages, InitOut, MaxPages);
FIELD(fuse_init_out, map_alignment, InitOut, MapAlignment); FIELD(fuse_init_out, flags2, InitOut, Flags2);
#endif
#if MINOR >= 40
FIELD(fuse_init_out, max_stack_depth, InitOut, MaxStackDepth);
#endif
#if MINOR >= 43
FIELD(fuse_init_out, request_timeout, InitOut, RequestTimeout);
#endif

VALUE(FUSE_LOOKUP, Opcode, Lookup); VALUE(FUSE_FORGET, Opcode, Forget); VALUE(FUSE_GETATTR, Opcode, GetAttr);
VALUE(FUSE_SETATTR, Opcode, SetAttr); VALUE(FUSE_READLINK, Opcode, ReadLink); VALUE(FUSE_SYMLINK, Opcode, SymLink);
VALUE(FUSE_MKNOD, Opcode, MkNod); VALUE(FUSE_MKDIR, Opcode, MkDir); VALUE(FUSE_UNLINK, Opcode, Unlink);
VALUE(FUSE_RMDIR, Opcode, RmDir); VALUE(FUSE_RENAME, Opcode, Rename); VALUE(FUSE_LINK, Opcode, Link);
VALUE(FUSE_OPEN, Opcode, Open); VALUE(FUSE_READ, Opcode, Read); VALUE(FUSE_WRITE, Opcode, Write);
VALUE(FUSE_STATFS, Opcode, StatFs); VALUE(FUSE_RELEASE, Opcode, Release); VALUE(FUSE_FSYNC, Opcode, FSync);
VALUE(FUSE_SETXATTR, Opcode, SetXattr); VALUE(FUSE_GETXATTR, Opcode, GetXattr); VALUE(FUSE_LISTXATTR, Opcode, ListXattr);
VALUE(FUSE_REMOVEXATTR, Opcode, RemoveXattr); VALUE(FUSE_FLUSH, Opcode, Flush); VALUE(FUSE_INIT, Opcode, Init);
VALUE(FUSE_OPENDIR, Opcode, OpenDir); VALUE(FUSE_READDIR, Opcode, ReadDir); VALUE(FUSE_RELEASEDIR, Opcode, ReleaseDir);
VALUE(FUSE_FSYNCDIR, Opcode, FSyncDir); VALUE(FUSE_GETLK, Opcode, GetLk); VALUE(FUSE_SETLK, Opcode, SetLk);
VALUE(FUSE_SETLKW, Opcode, SetLkW); VALUE(FUSE_ACCESS, Opcode, Access); VALUE(FUSE_CREATE, Opcode, Create);
VALUE(FUSE_INTERRUPT, Opcode, Interrupt); VALUE(FUSE_BMAP, Opcode, BMap); VALUE(FUSE_DESTROY, Opcode, Destroy);
VALUE(FUSE_IOCTL, Opcode, IoCtl); VALUE(FUSE_POLL, Opcode, Poll); VALUE(FUSE_NOTIFY_REPLY, Opcode, NotifyReply);
VALUE(FUSE_BATCH_FORGET, Opcode, BatchForget); VALUE(FUSE_FALLOCATE, Opcode, FAllocate);
VALUE(FUSE_READDIRPLUS, Opcode, ReadDirPlus); VALUE(FUSE_RENAME2, Opcode, Rename2); VALUE(FUSE_LSEEK, Opcode, LSeek);
VALUE(FUSE_COPY_FILE_RANGE, Opcode, CopyFileRange); VALUE(FUSE_SETUPMAPPING, Opcode, SetupMapping);
VALUE(FUSE_REMOVEMAPPING, Opcode, RemoveMapping);
#if MINOR >= 34
VALUE(FUSE_SYNCFS, Opcode, SyncFs);
#endif
#if MINOR >= 37
VALUE(FUSE_TMPFILE, Opcode, TmpFile);
#endif
#if MINOR >= 39
VALUE(FUSE_STATX, Opcode, Statx);
#endif
#if MINOR >= 45
VALUE(FUSE_COPY_FILE_RANGE_64, Opcode, CopyFileRange64);
#endif

VALUE(FUSE_ASYNC_READ, InitFlags, AsyncRead); VALUE(FUSE_POSIX_LOCKS, InitFlags, PosixLocks);
VALUE(FUSE_FILE_OPS, InitFlags, FileOps); VALUE(FUSE_ATOMIC_O_TRUNC, InitFlags, AtomicOTrunc);
VALUE(FUSE_EXPORT_SUPPORT, InitFlags, ExportSupport); VALUE(FUSE_BIG_WRITES, InitFlags, BigWrites);
VALUE(FUSE_DONT_MASK, InitFlags, DontMask); VALUE(FUSE_SPLICE_WRITE, InitFlags, SpliceWrite);
VALUE(FUSE_SPLICE_MOVE, InitFlags, SpliceMove); VALUE(FUSE_SPLICE_READ, InitFlags, SpliceRead);
VALUE(FUSE_FLOCK_LOCKS, InitFlags, FlockLocks); VALUE(FUSE_HAS_IOCTL_DIR, InitFlags, HasIoCtlDir);
VALUE(FUSE_AUTO_INVAL_DATA, InitFlags, AutoInvalData); VALUE(FUSE_DO_READDIRPLUS, InitFlags, DoReadDirPlus);
VALUE(FUSE_READDIRPLUS_AUTO, InitFlags, ReadDirPlusAuto); VALUE(FUSE_ASYNC_DIO, InitFlags, AsyncDio);
VALUE(FUSE_WRITEBACK_CACHE, InitFlags, WritebackCache); VALUE(FUSE_NO_OPEN_SUPPORT, InitFlags, NoOpenSupport);
VALUE(FUSE_PARALLEL_DIROPS, InitFlags, ParallelDirOps); VALUE(FUSE_HANDLE_KILLPRIV, InitFlags, HandleKillPriv);
VALUE(FUSE_POSIX_ACL, InitFlags, PosixAcl); VALUE(FUSE_ABORT_ERROR, InitFlags, AbortError);
VALUE(FUSE_MAX_PAGES, InitFlags, MaxPages); VALUE(FUSE_CACHE_SYMLINKS, InitFlags, CacheSymLinks);
VALUE(FUSE_NO_OPENDIR_SUPPORT, InitFlags, NoOpenDirSupport); VALUE(FUSE_EXPLICIT_INVAL_DATA, InitFlags, ExplicitInvalData);
VALUE(FUSE_MAP_ALIGNMENT, InitFlags, MapAlignment);
#if MINOR >= 32
VALUE(FUSE_SUBMOUNTS, InitFlags, SubMounts);
#endif
#if MINOR >= 33
VALUE(FUSE_HANDLE_KILLPRIV_V2, InitFlags, HandleKillPrivV2); VALUE(FUSE_SETXATTR_EXT, InitFlags, SetXattrExt);
#endif
#if MINOR >= 36
VALUE(FUSE_INIT_EXT, InitFlags, InitExt); VALUE(FUSE_SECURITY_CTX, InitFlags, SecurityCtx);
VALUE(FUSE_HAS_INODE_DAX, InitFlags, HasInodeDax);
#endif
#if MINOR >= 39
VALUE(FUSE_CREATE_SUPP_GROUP, InitFlags, CreateSuppGroup);
#endif
#if MINOR >= 38
VALUE(FUSE_HAS_EXPIRE_ONLY, InitFlags, HasExpireOnly);
#endif
#if MINOR >= 39
VALUE(FUSE_DIRECT_IO_ALLOW_MMAP, InitFlags, DirectIoAllowMMap);
#endif
#if MINOR >= 40
VALUE(FUSE_PASSTHROUGH, InitFlags, Passthrough); VALUE(FUSE_NO_EXPORT_SUPPORT, InitFlags, NoExportSupport);
VALUE(FUSE_HAS_RESEND, InitFlags, HasResend);
#endif
#if MINOR >= 41
VALUE(FUSE_ALLOW_IDMAP, InitFlags, AllowIdMap);
#endif
#if MINOR >= 42
VALUE(FUSE_OVER_IO_URING, InitFlags, OverIoUring);
#endif
#if MINOR >= 43
VALUE(FUSE_REQUEST_TIMEOUT, InitFlags, RequestTimeout);
#endif

VALUE(FOPEN_DIRECT_IO, OpenReplyFlags, DirectIo); VALUE(FOPEN_KEEP_CACHE, OpenReplyFlags, KeepCache);
VALUE(FOPEN_NONSEEKABLE, OpenReplyFlags, NonSeekable); VALUE(FOPEN_CACHE_DIR, OpenReplyFlags, CacheDir);
VALUE(FOPEN_STREAM, OpenReplyFlags, Stream);
#if MINOR >= 35
VALUE(FOPEN_NOFLUSH, OpenReplyFlags, NoFlush);
#endif
#if MINOR >= 38
VALUE(FOPEN_PARALLEL_DIRECT_WRITES, OpenReplyFlags, ParallelDirectWrites);
#endif
#if MINOR >= 40
VALUE(FOPEN_PASSTHROUGH, OpenReplyFlags, Passthrough);
#endif

VALUE(FATTR_MODE, SetAttrValid, Mode); VALUE(FATTR_UID, SetAttrValid, Uid); VALUE(FATTR_GID, SetAttrValid, Gid);
VALUE(FATTR_SIZE, SetAttrValid, Size); VALUE(FATTR_ATIME, SetAttrValid, Atime); VALUE(FATTR_MTIME, SetAttrValid, Mtime);
VALUE(FATTR_FH, SetAttrValid, Handle); VALUE(FATTR_ATIME_NOW, SetAttrValid, AtimeNow);
VALUE(FATTR_MTIME_NOW, SetAttrValid, MtimeNow); VALUE(FATTR_LOCKOWNER, SetAttrValid, LockOwner);
VALUE(FATTR_CTIME, SetAttrValid, Ctime);
#if MINOR >= 33
VALUE(FATTR_KILL_SUIDGID, SetAttrValid, KillSuidGid);
#endif

VALUE(FUSE_GETATTR_FH, GetAttrFlags, Handle);

#if MINOR >= 32
VALUE(FUSE_ATTR_SUBMOUNT, AttrFlags, SubMount);
#endif
#if MINOR >= 36
VALUE(FUSE_ATTR_DAX, AttrFlags, Dax);
#endif

#if MINOR >= 33
VALUE(FUSE_OPEN_KILL_SUIDGID, OpenRequestFlags, KillSuidGid);
#endif

VALUE(FUSE_RELEASE_FLUSH, ReleaseFlags, Flush); VALUE(FUSE_RELEASE_FLOCK_UNLOCK, ReleaseFlags, FlockUnlock);

VALUE(FUSE_READ_LOCKOWNER, ReadFlags, LockOwner);

VALUE(FUSE_WRITE_CACHE, WriteFlags, Cache); VALUE(FUSE_WRITE_LOCKOWNER, WriteFlags, LockOwner);
#if MINOR >= 33
VALUE(FUSE_WRITE_KILL_SUIDGID, WriteFlags, KillSuidGid);
#endif

VALUE(FUSE_FSYNC_FDATASYNC, FSyncFlags, DataOnly);

#if MINOR >= 33
VALUE(FUSE_SETXATTR_ACL_KILL_SGID, SetXattrFlags, AclKillSgid);
#endif

VALUE(FUSE_IOCTL_COMPAT, IoCtlFlags, Compat); VALUE(FUSE_IOCTL_UNRESTRICTED, IoCtlFlags, Unrestricted);
VALUE(FUSE_IOCTL_RETRY, IoCtlFlags, Retry); VALUE(FUSE_IOCTL_32BIT, IoCtlFlags, Bits32);
VALUE(FUSE_IOCTL_DIR, IoCtlFlags, Directory); VALUE(FUSE_IOCTL_COMPAT_X32, IoCtlFlags, CompatX32);

#if MINOR >= 38
VALUE(FUSE_EXPIRE_ONLY, NotifyInvalEntryFlags, ExpireOnly);
#endif

VALUE(FUSE_NOTIFY_POLL, NotifyCode, Poll); VALUE(FUSE_NOTIFY_INVAL_INODE, NotifyCode, InvalInode);
VALUE(FUSE_NOTIFY_INVAL_ENTRY, NotifyCode, InvalEntry); VALUE(FUSE_NOTIFY_STORE, NotifyCode, Store);
VALUE(FUSE_NOTIFY_RETRIEVE, NotifyCode, Retrieve); VALUE(FUSE_NOTIFY_DELETE, NotifyCode, Delete);
#if MINOR >= 40
VALUE(FUSE_NOTIFY_RESEND, NotifyCode, Resend);
#endif
#if MINOR >= 44
VALUE(FUSE_NOTIFY_INC_EPOCH, NotifyCode, IncEpoch);
#endif
#if MINOR >= 45
VALUE(FUSE_NOTIFY_PRUNE, NotifyCode, Prune);
#endif
