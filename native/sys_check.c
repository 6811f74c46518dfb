// Compares the structs, flags and constants of OverlayFuse.Linux with the C headers of each processor, as abi_check.c does for the
// FUSE protocol: AbiTests writes abi_layout.h (STRUCT_size, STRUCT_Field, ENUM_Name, TYPE_Constant) and compiles this file.
#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <time.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <linux/io_uring.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <linux/stat.h>
#include <linux/xattr.h>
#include "abi_layout.h"

#define SIZE(c, cs) _Static_assert(sizeof(c) == cs##_size, "size of " #c)
#define FIELD(c, f, cs, csf) _Static_assert(offsetof(c, f) == cs##_##csf, "offset of " #c "." #f)
#define VALUE(c, cs, csf) _Static_assert((unsigned long long)(c) == cs##_##csf, "value of " #c)

typedef struct statx Cstatx;
SIZE(Cstatx, Statx); FIELD(Cstatx, stx_mask, Statx, Mask); FIELD(Cstatx, stx_blksize, Statx, BlockSize);
FIELD(Cstatx, stx_attributes, Statx, Attributes); FIELD(Cstatx, stx_nlink, Statx, Nlink); FIELD(Cstatx, stx_uid, Statx, Uid);
FIELD(Cstatx, stx_gid, Statx, Gid); FIELD(Cstatx, stx_mode, Statx, Mode); FIELD(Cstatx, stx_ino, Statx, Ino);
FIELD(Cstatx, stx_size, Statx, Size); FIELD(Cstatx, stx_blocks, Statx, Blocks);
FIELD(Cstatx, stx_attributes_mask, Statx, AttributesMask); FIELD(Cstatx, stx_atime, Statx, Atime);
FIELD(Cstatx, stx_btime, Statx, Btime); FIELD(Cstatx, stx_ctime, Statx, Ctime); FIELD(Cstatx, stx_mtime, Statx, Mtime);
FIELD(Cstatx, stx_rdev_major, Statx, RdevMajor); FIELD(Cstatx, stx_rdev_minor, Statx, RdevMinor);
FIELD(Cstatx, stx_dev_major, Statx, DevMajor); FIELD(Cstatx, stx_dev_minor, Statx, DevMinor);
FIELD(Cstatx, stx_mnt_id, Statx, MountId);

typedef struct statx_timestamp Ctimestamp;
SIZE(Ctimestamp, StatxTime); FIELD(Ctimestamp, tv_sec, StatxTime, Seconds); FIELD(Ctimestamp, tv_nsec, StatxTime, Nanoseconds);

typedef struct timespec Ctimespec;
SIZE(Ctimespec, TimeSpec); FIELD(Ctimespec, tv_sec, TimeSpec, Seconds); FIELD(Ctimespec, tv_nsec, TimeSpec, Nanoseconds);

typedef struct statfs Cstatfs;
SIZE(Cstatfs, StatFs); FIELD(Cstatfs, f_type, StatFs, Type); FIELD(Cstatfs, f_bsize, StatFs, BlockSize);
FIELD(Cstatfs, f_blocks, StatFs, Blocks); FIELD(Cstatfs, f_bfree, StatFs, BlocksFree);
FIELD(Cstatfs, f_bavail, StatFs, BlocksAvailable); FIELD(Cstatfs, f_files, StatFs, Files);
FIELD(Cstatfs, f_ffree, StatFs, FilesFree); FIELD(Cstatfs, f_fsid, StatFs, FsId);
FIELD(Cstatfs, f_namelen, StatFs, NameLength); FIELD(Cstatfs, f_frsize, StatFs, FragmentSize);
FIELD(Cstatfs, f_flags, StatFs, Flags);

typedef struct sigaction Csigaction;
SIZE(Csigaction, SigAction); FIELD(Csigaction, sa_handler, SigAction, Handler); FIELD(Csigaction, sa_mask, SigAction, Mask);
FIELD(Csigaction, sa_flags, SigAction, Flags); FIELD(Csigaction, sa_restorer, SigAction, Restorer);

typedef struct iovec Ciovec;
SIZE(Ciovec, IoVec); FIELD(Ciovec, iov_base, IoVec, Base); FIELD(Ciovec, iov_len, IoVec, Length);

typedef struct pollfd Cpollfd;
SIZE(Cpollfd, PollFd); FIELD(Cpollfd, fd, PollFd, Fd); FIELD(Cpollfd, events, PollFd, Events);
FIELD(Cpollfd, revents, PollFd, Returned);

typedef struct flock Cflock;
SIZE(Cflock, FLock); FIELD(Cflock, l_type, FLock, Type); FIELD(Cflock, l_whence, FLock, Whence);
FIELD(Cflock, l_start, FLock, Start); FIELD(Cflock, l_len, FLock, Length); FIELD(Cflock, l_pid, FLock, Process);

typedef struct io_uring_params Cparams;
SIZE(Cparams, IoRingParams);
FIELD(Cparams, sq_entries, IoRingParams, SqEntries); FIELD(Cparams, cq_entries, IoRingParams, CqEntries);
FIELD(Cparams, flags, IoRingParams, Flags); FIELD(Cparams, sq_thread_cpu, IoRingParams, SqThreadCpu);
FIELD(Cparams, sq_thread_idle, IoRingParams, SqThreadIdle); FIELD(Cparams, features, IoRingParams, Features);
FIELD(Cparams, wq_fd, IoRingParams, WqFd); FIELD(Cparams, resv, IoRingParams, Reserved);
FIELD(Cparams, sq_off.head, IoRingParams, SqHead); FIELD(Cparams, sq_off.tail, IoRingParams, SqTail);
FIELD(Cparams, sq_off.ring_mask, IoRingParams, SqRingMask); FIELD(Cparams, sq_off.ring_entries, IoRingParams, SqRingEntries);
FIELD(Cparams, sq_off.flags, IoRingParams, SqFlags); FIELD(Cparams, sq_off.dropped, IoRingParams, SqDropped);
FIELD(Cparams, sq_off.array, IoRingParams, SqArray); FIELD(Cparams, sq_off.resv1, IoRingParams, SqReserved);
FIELD(Cparams, sq_off.resv2, IoRingParams, SqUserAddress); FIELD(Cparams, cq_off.head, IoRingParams, CqHead);
FIELD(Cparams, cq_off.tail, IoRingParams, CqTail); FIELD(Cparams, cq_off.ring_mask, IoRingParams, CqRingMask);
FIELD(Cparams, cq_off.ring_entries, IoRingParams, CqRingEntries); FIELD(Cparams, cq_off.overflow, IoRingParams, CqOverflow);
FIELD(Cparams, cq_off.cqes, IoRingParams, CqCqes); FIELD(Cparams, cq_off.flags, IoRingParams, CqFlags);
FIELD(Cparams, cq_off.resv1, IoRingParams, CqReserved); FIELD(Cparams, cq_off.resv2, IoRingParams, CqUserAddress);

typedef struct { struct io_uring_sqe sqe; char rest_of_sqe128[64]; } Csqe;
SIZE(Csqe, IoRingSqe);
FIELD(Csqe, sqe.opcode, IoRingSqe, Opcode); FIELD(Csqe, sqe.flags, IoRingSqe, Flags);
FIELD(Csqe, sqe.ioprio, IoRingSqe, IoPrio); FIELD(Csqe, sqe.fd, IoRingSqe, Fd);
FIELD(Csqe, sqe.cmd_op, IoRingSqe, CommandOp); FIELD(Csqe, sqe.__pad1, IoRingSqe, Pad1);
FIELD(Csqe, sqe.addr, IoRingSqe, Address); FIELD(Csqe, sqe.len, IoRingSqe, Length);
FIELD(Csqe, sqe.rw_flags, IoRingSqe, CommandFlags); FIELD(Csqe, sqe.user_data, IoRingSqe, UserData);
FIELD(Csqe, sqe.buf_index, IoRingSqe, BufIndex); FIELD(Csqe, sqe.personality, IoRingSqe, Personality);
FIELD(Csqe, sqe.file_index, IoRingSqe, FileIndex); FIELD(Csqe, sqe.cmd, IoRingSqe, Command);

typedef struct io_uring_cqe Ccqe;
SIZE(Ccqe, IoRingCqe);
FIELD(Ccqe, user_data, IoRingCqe, UserData); FIELD(Ccqe, res, IoRingCqe, Result); FIELD(Ccqe, flags, IoRingCqe, Flags);

VALUE(__NR_io_uring_setup, IoRing, SYS_io_uring_setup); VALUE(__NR_io_uring_enter, IoRing, SYS_io_uring_enter);
VALUE(IORING_OP_URING_CMD, IoRing, IORING_OP_URING_CMD); VALUE(IORING_ENTER_GETEVENTS, IoRing, IORING_ENTER_GETEVENTS);
VALUE(IORING_SETUP_CQSIZE, IoRing, IORING_SETUP_CQSIZE); VALUE(IORING_SETUP_COOP_TASKRUN, IoRing, IORING_SETUP_COOP_TASKRUN);
VALUE(IORING_SETUP_SQE128, IoRing, IORING_SETUP_SQE128); VALUE(IORING_SETUP_SINGLE_ISSUER, IoRing, IORING_SETUP_SINGLE_ISSUER);
#ifdef IORING_SETUP_NO_MMAP
VALUE(IORING_SETUP_NO_MMAP, IoRing, IORING_SETUP_NO_MMAP);
#endif

typedef struct msghdr Cmsghdr;
SIZE(Cmsghdr, MsgHdr); FIELD(Cmsghdr, msg_name, MsgHdr, Name); FIELD(Cmsghdr, msg_namelen, MsgHdr, NameLength);
FIELD(Cmsghdr, msg_iov, MsgHdr, Vectors); FIELD(Cmsghdr, msg_iovlen, MsgHdr, VectorCount);
FIELD(Cmsghdr, msg_control, MsgHdr, Control); FIELD(Cmsghdr, msg_controllen, MsgHdr, ControlLength);
FIELD(Cmsghdr, msg_flags, MsgHdr, Flags);

typedef struct { struct cmsghdr header; int descriptor; } Cdescriptor;
_Static_assert(CMSG_SPACE(sizeof(int)) == DescriptorMessage_size, "room for one descriptor");
_Static_assert(CMSG_LEN(0) == DescriptorMessage_Descriptor, "CMSG_DATA");
SIZE(Cdescriptor, DescriptorMessage); FIELD(struct cmsghdr, cmsg_len, DescriptorMessage, Length);
FIELD(struct cmsghdr, cmsg_level, DescriptorMessage, Level); FIELD(struct cmsghdr, cmsg_type, DescriptorMessage, Type);
FIELD(Cdescriptor, descriptor, DescriptorMessage, Descriptor);

// What getdents64(2) fills: glibc's dirent64 is the kernel's.
_Static_assert(offsetof(struct dirent64, d_ino) == 0 && offsetof(struct dirent64, d_reclen) == 16, "read as literals");
VALUE(offsetof(struct dirent64, d_type), DirectoryRecords, TypeOffset);
VALUE(offsetof(struct dirent64, d_name), DirectoryRecords, NameOffset);
_Static_assert(DT_DIR << 12 == S_IFDIR && DT_CHR << 12 == S_IFCHR && DT_LNK << 12 == S_IFLNK, "d_type is S_IF* >> 12");

VALUE(O_RDONLY, OpenFlags, ReadOnly); VALUE(O_WRONLY, OpenFlags, WriteOnly); VALUE(O_RDWR, OpenFlags, ReadWrite);
VALUE(O_ACCMODE, OpenFlags, AccessMode); VALUE(O_CREAT, OpenFlags, Create); VALUE(O_EXCL, OpenFlags, Exclusive);
VALUE(O_TRUNC, OpenFlags, Truncate); VALUE(O_APPEND, OpenFlags, Append); VALUE(O_NONBLOCK, OpenFlags, NonBlock);
VALUE(O_DIRECT, OpenFlags, Direct); VALUE(O_LARGEFILE, OpenFlags, LargeFile); VALUE(O_DIRECTORY, OpenFlags, Directory);
VALUE(O_NOFOLLOW, OpenFlags, NoFollow); VALUE(O_NOATIME, OpenFlags, NoAccessTime); VALUE(O_CLOEXEC, OpenFlags, CloseOnExec);
VALUE(O_PATH, OpenFlags, Path); VALUE(O_TMPFILE, OpenFlags, TmpFile);

VALUE(AT_SYMLINK_NOFOLLOW, AtFlags, SymLinkNoFollow); VALUE(AT_REMOVEDIR, AtFlags, RemoveDirectory);
VALUE(AT_SYMLINK_FOLLOW, AtFlags, SymLinkFollow); VALUE(AT_NO_AUTOMOUNT, AtFlags, NoAutomount);
VALUE(AT_EMPTY_PATH, AtFlags, EmptyPath); VALUE(AT_STATX_DONT_SYNC, AtFlags, StatxDontSync); VALUE(AT_RECURSIVE, AtFlags, Recursive);

VALUE(RENAME_NOREPLACE, RenameFlags, NoReplace); VALUE(RENAME_EXCHANGE, RenameFlags, Exchange);
VALUE(RENAME_WHITEOUT, RenameFlags, Whiteout);

VALUE(XATTR_CREATE, XattrFlags, Create); VALUE(XATTR_REPLACE, XattrFlags, Replace);

VALUE(SEEK_SET, Whence, Set); VALUE(SEEK_CUR, Whence, Current); VALUE(SEEK_END, Whence, End); VALUE(SEEK_DATA, Whence, Data);
VALUE(SEEK_HOLE, Whence, Hole);

VALUE(0, FileType, Unknown); VALUE(S_IFIFO, FileType, Fifo); VALUE(S_IFCHR, FileType, CharacterDevice);
VALUE(S_IFDIR, FileType, Directory); VALUE(S_IFBLK, FileType, BlockDevice); VALUE(S_IFREG, FileType, Regular);
VALUE(S_IFLNK, FileType, SymLink); VALUE(S_IFSOCK, FileType, Socket); VALUE(S_IFMT, FileType, Mask);

VALUE(STATX_TYPE, StatxMask, Type); VALUE(STATX_MODE, StatxMask, Mode); VALUE(STATX_NLINK, StatxMask, Nlink);
VALUE(STATX_INO, StatxMask, Ino); VALUE(STATX_SIZE, StatxMask, Size); VALUE(STATX_BASIC_STATS, StatxMask, BasicStats);
VALUE(STATX_BTIME, StatxMask, Btime);
VALUE(STATX_MNT_ID, StatxMask, MountId);
#ifdef STATX_MNT_ID_UNIQUE
VALUE(STATX_MNT_ID_UNIQUE, StatxMask, UniqueMountId);
#endif

VALUE(STATX_ATTR_IMMUTABLE, StatxAttributes, Immutable); VALUE(STATX_ATTR_APPEND, StatxAttributes, Append);
VALUE(STATX_ATTR_MOUNT_ROOT, StatxAttributes, MountRoot);

VALUE(__NR_getdents64, Machine, GetDents64); VALUE(__NR_open_tree, Sys, SYS_open_tree);
VALUE(__NR_mount_setattr, Sys, SYS_mount_setattr); VALUE(__NR_pidfd_open, Sys, SYS_pidfd_open);
VALUE(__NR_setresuid, Machine, SetResUid); VALUE(__NR_setresgid, Machine, SetResGid);
VALUE(__NR_pidfd_send_signal, Sys, SYS_pidfd_send_signal); VALUE(SIGTERM, Sys, SIGTERM);
VALUE(F_OFD_GETLK, Sys, F_OFD_GETLK); VALUE(F_OFD_SETLK, Sys, F_OFD_SETLK);
VALUE(F_RDLCK, Sys, F_RDLCK); VALUE(F_WRLCK, Sys, F_WRLCK); VALUE(F_UNLCK, Sys, F_UNLCK);
VALUE(POLLIN, Sys, POLLIN);
VALUE(POLLOUT, Sys, POLLOUT);
VALUE(SYNC_FILE_RANGE_WAIT_BEFORE, Sys, SYNC_FILE_RANGE_WAIT_BEFORE); VALUE(SYNC_FILE_RANGE_WRITE, Sys, SYNC_FILE_RANGE_WRITE);
VALUE(SYNC_FILE_RANGE_WAIT_AFTER, Sys, SYNC_FILE_RANGE_WAIT_AFTER);
#ifdef __NR_fchmodat2
VALUE(__NR_fchmodat2, Sys, SYS_fchmodat2);
#endif
#ifdef __NR_getxattrat
VALUE(__NR_setxattrat, Sys, SYS_setxattrat); VALUE(__NR_getxattrat, Sys, SYS_getxattrat);
VALUE(__NR_listxattrat, Sys, SYS_listxattrat); VALUE(__NR_removexattrat, Sys, SYS_removexattrat);
#endif
VALUE(OPEN_TREE_CLONE, Sys, OPEN_TREE_CLONE); VALUE(OPEN_TREE_CLOEXEC, Sys, OPEN_TREE_CLOEXEC);
VALUE(MOUNT_ATTR_RDONLY, Sys, MOUNT_ATTR_RDONLY); VALUE(MOUNT_ATTR_NOSUID, Sys, MOUNT_ATTR_NOSUID);
VALUE(MOUNT_ATTR_NODEV, Sys, MOUNT_ATTR_NODEV); VALUE(MOUNT_ATTR_NOATIME, Sys, MOUNT_ATTR_NOATIME);
VALUE(MOUNT_ATTR__ATIME, Sys, MOUNT_ATTR_ATIME_MASK);
VALUE(PR_GET_SECUREBITS, Sys, PR_GET_SECUREBITS); VALUE(PR_SET_SECUREBITS, Sys, PR_SET_SECUREBITS);
VALUE(SECBIT_NO_SETUID_FIXUP, Sys, SECBIT_NO_SETUID_FIXUP);
VALUE(RLIMIT_NOFILE, Sys, RLIMIT_NOFILE);
VALUE(FUSE_DEV_IOC_CLONE, Sys, FuseDeviceClone);
_Static_assert(sizeof(posix_spawn_file_actions_t) <= Sys_FileActionsSize, "room for posix_spawn_file_actions_t");
_Static_assert(Sys_WakeSignal > __SIGRTMIN + 2 && Sys_WakeSignal <= __SIGRTMAX, "a real-time signal that glibc leaves free");
