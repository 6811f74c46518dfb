/*
 * faults CONTROL PROGRAM ARGUMENTS...: runs PROGRAM, and lets the Nth of the system calls by which a daemon works on its layers fail, or
 * kills the daemon before it. A seccomp filter reports these calls to a supervisor (seccomp_unotify(2)), which lives as long as the daemon:
 * this reaches a static program, and calls that have no function in libc. FaultShim.cs compiles it and shares the control block below.
 * Calls count and fail only while it is armed. Reads of /dev/fuse are no such calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FICLONE_REQUEST 0x40049409
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_getxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif

/* Keep in step with FaultShim.cs. */
struct control {
    atomic_uint armed;
    atomic_uint calls;  /* counted since arming */
    atomic_uint failed; /* of them */
    unsigned nth;       /* the first that fails; 0: none, calls are only counted */
    int error;          /* 0: the daemon is killed in place of the call */
    unsigned stays;     /* later calls of the same function fail too */
    char only[32];      /* this function alone; "": all */
    char first[32];     /* the function that failed first */
};

static struct control *control;

#define CALL(name) { SYS_##name, #name }
static const struct call { int number; const char *name; } calls[] = {
    CALL(statx), CALL(fstatfs), CALL(openat), CALL(open_by_handle_at), CALL(name_to_handle_at), CALL(getdents64), CALL(readlinkat),
    CALL(mkdirat), CALL(mknodat), CALL(symlinkat), CALL(linkat), CALL(unlinkat), CALL(renameat2),
    CALL(fchmod), CALL(fchmodat2), CALL(fchown), CALL(fchownat), CALL(utimensat),
    CALL(pread64), CALL(pwrite64), CALL(lseek), CALL(copy_file_range), CALL(ftruncate), CALL(truncate), CALL(fallocate),
    CALL(fsync), CALL(fdatasync), CALL(sync_file_range), CALL(syncfs), CALL(ioctl),
    CALL(getxattr), CALL(lgetxattr), CALL(fgetxattr), CALL(getxattrat), CALL(setxattr), CALL(lsetxattr), CALL(setxattrat),
    CALL(listxattr), CALL(llistxattr), CALL(listxattrat), CALL(removexattr), CALL(lremovexattr), CALL(removexattrat),
};

static const char *name_of(int number)
{
    for (size_t i = 0; i < COUNT(calls); i++)
        if (calls[i].number == number)
            return calls[i].name;
    return "";
}

/* The descriptor by which the kernel reports the calls of this process and of its children. */
static int install_filter(void)
{
    struct sock_filter code[2 * COUNT(calls) + 8];
    unsigned short at = 0;
    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < COUNT(calls); i++) {
        if (calls[i].number == SYS_ioctl)
            continue;
        code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, 0, 1);
        code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
    code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FICLONE_REQUEST, 0, 1);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { at, code };
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* True for /dev/null and the like: the daemon opens them for itself. */
static int is_device(const struct seccomp_notif *call)
{
    char path[5] = "";
    struct iovec here = { path, sizeof path }, there = { (void *)(size_t)call->data.args[1], sizeof path };
    return call->data.nr == SYS_openat && process_vm_readv((pid_t)call->pid, &here, 1, &there, 1, 0) == sizeof path
        && memcmp(path, "/dev/", sizeof path) == 0;
}

static int fails(const struct seccomp_notif *call)
{
    const char *function = name_of(call->data.nr);
    if (!atomic_load(&control->armed) || (control->only[0] && strcmp(control->only, function) != 0) || is_device(call))
        return 0;
    unsigned number = atomic_fetch_add(&control->calls, 1) + 1;
    if (control->nth == 0 || number < control->nth)
        return 0;
    if (number == control->nth)
        strncpy(control->first, function, sizeof control->first - 1);
    else if (!control->stays || strcmp(control->first, function) != 0)
        return 0;
    atomic_fetch_add(&control->failed, 1);
    return 1;
}

static void answer(int listener, const struct seccomp_notif *call)
{
    struct seccomp_notif_resp reply = { .id = call->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
    if (fails(call)) {
        if (control->error == 0)
            kill((pid_t)call->pid, SIGKILL);
        reply.flags = 0;
        reply.error = -(control->error == 0 ? EIO : control->error);
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

/* Ends when no process with the filter is left. */
static void supervise(int listener)
{
    struct pollfd ready = { .fd = listener, .events = POLLIN };
    while (poll(&ready, 1, -1) > 0 && (ready.revents & POLLIN) != 0) {
        struct seccomp_notif call;
        memset(&call, 0, sizeof call);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
            answer(listener, &call);
    }
}

static int receive_descriptor(int socket)
{
    char byte, room[CMSG_SPACE(sizeof(int))];
    struct iovec data = { &byte, 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
    int descriptor = -1;
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message) != NULL)
        memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
    return descriptor;
}

static int send_descriptor(int socket, int descriptor)
{
    char room[CMSG_SPACE(sizeof(int))] = "";
    struct iovec data = { "", 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &descriptor, sizeof descriptor);
    return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

/* Forked before there is a filter: its own calls are not reported. Nobody waits for its standard descriptors. */
static void start_supervisor(const int sockets[2])
{
    if (fork() != 0)
        return;
    setsid();
    int null = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    close(sockets[1]);
    int listener = receive_descriptor(sockets[0]);
    if (listener >= 0)
        supervise(listener);
    _exit(0);
}

static int fail(const char *what)
{
    fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    int block = argc > 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
    if (block < 0)
        return fail("faults CONTROL PROGRAM ARGUMENTS...");
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, block, 0);
    int sockets[2];
    if (control == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return fail(argv[1]);
    start_supervisor(sockets);
    int listener = install_filter();
    if (listener < 0 || send_descriptor(sockets[1], listener) != 0)
        return fail("seccomp");
    close(listener);
    close(sockets[0]);
    close(sockets[1]);
    execv(argv[2], argv + 2);
    return fail(argv[2]);
}
