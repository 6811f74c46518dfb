/*
 * LD_PRELOAD shim: lets the Nth of the libc calls by which a daemon works on its layers fail. FaultShim.cs compiles it and shares the
 * control block below; calls count and fail only while it is armed. Reads of /dev/fuse are no such calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define FICLONE_REQUEST 0x40049409UL
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
    int error;
    unsigned stays;     /* later calls of the same function fail too */
    char only[32];      /* this function alone; "": all */
    char first[32];     /* the function that failed first */
};

static struct control *control;

__attribute__((constructor)) static void open_control(void)
{
    const char *path = getenv("OVERLAYFUSE_FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared != MAP_FAILED)
        control = shared;
}

static int fails(const char *function)
{
    if (!control || !atomic_load(&control->armed) || (control->only[0] && strcmp(control->only, function) != 0))
        return 0;
    unsigned call = atomic_fetch_add(&control->calls, 1) + 1;
    if (control->nth == 0 || call < control->nth)
        return 0;
    if (call == control->nth)
        strncpy(control->first, function, sizeof control->first - 1);
    else if (!control->stays || strcmp(control->first, function) != 0)
        return 0;
    atomic_fetch_add(&control->failed, 1);
    errno = control->error;
    return 1;
}

static void *real_function(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

#define WRAP(result, name, parameters, arguments)           \
    result name parameters                                  \
    {                                                       \
        static result (*next) parameters;                   \
        if (!next)                                          \
            next = real_function(#name);                    \
        return fails(#name) ? -1 : next arguments;          \
    }

WRAP(int, statx, (int d, const char *restrict p, int f, unsigned m, struct statx *restrict s), (d, p, f, m, s))
WRAP(int, fstatfs, (int fd, struct statfs *s), (fd, s))
WRAP(int, mkdirat, (int d, const char *p, mode_t m), (d, p, m))
WRAP(int, mknodat, (int d, const char *p, mode_t m, dev_t r), (d, p, m, r))
WRAP(int, symlinkat, (const char *t, int d, const char *p), (t, d, p))
WRAP(int, linkat, (int o, const char *p, int n, const char *q, int f), (o, p, n, q, f))
WRAP(int, unlinkat, (int d, const char *p, int f), (d, p, f))
WRAP(int, renameat2, (int o, const char *p, int n, const char *q, unsigned f), (o, p, n, q, f))
WRAP(ssize_t, readlinkat, (int d, const char *restrict p, char *restrict b, size_t s), (d, p, b, s))
WRAP(int, fchownat, (int d, const char *p, uid_t u, gid_t g, int f), (d, p, u, g, f))
WRAP(int, utimensat, (int d, const char *p, const struct timespec t[2], int f), (d, p, t, f))
WRAP(ssize_t, pread, (int fd, void *b, size_t n, off_t o), (fd, b, n, o))
WRAP(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o))
WRAP(off_t, lseek, (int fd, off_t o, int w), (fd, o, w))
WRAP(ssize_t, copy_file_range, (int a, off_t *x, int b, off_t *y, size_t n, unsigned f), (a, x, b, y, n, f))
WRAP(int, ftruncate, (int fd, off_t n), (fd, n))
WRAP(int, truncate, (const char *p, off_t n), (p, n))
WRAP(int, fallocate, (int fd, int m, off_t o, off_t n), (fd, m, o, n))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, sync_file_range, (int fd, off_t o, off_t n, unsigned f), (fd, o, n, f))
WRAP(int, syncfs, (int fd), (fd))
WRAP(ssize_t, getxattr, (const char *p, const char *n, void *v, size_t s), (p, n, v, s))
WRAP(ssize_t, lgetxattr, (const char *p, const char *n, void *v, size_t s), (p, n, v, s))
WRAP(int, setxattr, (const char *p, const char *n, const void *v, size_t s, int f), (p, n, v, s, f))
WRAP(int, lsetxattr, (const char *p, const char *n, const void *v, size_t s, int f), (p, n, v, s, f))
WRAP(ssize_t, listxattr, (const char *p, char *l, size_t s), (p, l, s))
WRAP(ssize_t, llistxattr, (const char *p, char *l, size_t s), (p, l, s))
WRAP(int, removexattr, (const char *p, const char *n), (p, n))
WRAP(int, lremovexattr, (const char *p, const char *n), (p, n))
WRAP(int, name_to_handle_at, (int d, const char *p, struct file_handle *h, int *m, int f), (d, p, h, m, f))
WRAP(int, open_by_handle_at, (int m, struct file_handle *h, int f), (m, h, f))

int openat(int directory, const char *path, int flags, ...)
{
    static int (*next)(int, const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    if (!next)
        next = real_function("openat");
    int of_layers = strncmp(path, "/dev/", 5) != 0;
    return of_layers && fails("openat") ? -1 : next(directory, path, flags, mode);
}

int ioctl(int fd, unsigned long request, ...)
{
    static int (*next)(int, unsigned long, ...);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (!next)
        next = real_function("ioctl");
    return request == FICLONE_REQUEST && fails("ioctl") ? -1 : next(fd, request, argument);
}

/* The calls that are made without a function of their own. */
static const char *name_of(long number)
{
    switch (number) {
    case SYS_getdents64: return "getdents64";
    case SYS_fchmodat2: return "fchmodat2";
    case SYS_getxattrat: return "getxattrat";
    case SYS_setxattrat: return "setxattrat";
    case SYS_listxattrat: return "listxattrat";
    case SYS_removexattrat: return "removexattrat";
    default: return NULL;
    }
}

long syscall(long number, ...)
{
    static long (*next)(long, ...);
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    if (!next)
        next = real_function("syscall");
    const char *function = name_of(number);
    if (function && fails(function))
        return -1;
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
