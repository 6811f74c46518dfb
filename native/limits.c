/*
 * The runtime dies without a word, or in the middle of a mount, if there is no room for it or if a system call is forbidden. So limits and
 * filters are checked before it starts.
 */
#define _GNU_SOURCE
#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    LEAST_DESCRIPTORS = 40,
    /* Two of the runtime, one of the session, and a few workers. */
    THREADS_AT_START = 8,
    STACK_OF_TRIAL = 64 * KIB,
    STACK_OF_THREADS = 1536 * KIB,
};

/* Measured: a mount needs this to start and to serve a few clients. Each processor has a worker, with its stack and two buffers. */
enum { LEAST_ADDRESSES = 88 * MIB, LEAST_DATA = 32 * MIB, EACH_PROCESSOR = 4 * MIB };

static void raise_to_hard(__rlimit_resource_t resource)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
}

/* Root may raise the hard limit, too. */
static void raise_file_size(void)
{
    struct rlimit limit, none = { RLIM_INFINITY, RLIM_INFINITY };
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || setrlimit(RLIMIT_FSIZE, &none) == 0)
        return;
    raise_to_hard(RLIMIT_FSIZE);
    if (limit.rlim_max != RLIM_INFINITY)
        fprintf(stderr, "overlayfuse: the caller's limit of file sizes (ulimit -Hf) holds for the daemon, and only root may raise it: "
                "nobody can write or copy up a file beyond %llu bytes\n", (unsigned long long)limit.rlim_max);
}

/* The kernel sends SIGXCPU at the soft limit, which ends the mount cleanly, and SIGKILL at the hard one. */
static void raise_cpu_time(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max < 2 ? limit.rlim_max : limit.rlim_max - 1;
    setrlimit(RLIMIT_CPU, &limit);
}

/* libc's default is ulimit -s: 8 MiB of address space for each thread, or next to nothing. */
static void size_thread_stacks(void)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_OF_THREADS);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

void limits_raise(int serves)
{
    if (serves) {
        raise_file_size();
        raise_cpu_time();
    }
    raise_to_hard(RLIMIT_AS);
    raise_to_hard(RLIMIT_DATA);
    size_thread_stacks();
}

static void refuse(int exit_status, const char *what, const char *remedy)
{
    fprintf(stderr, "overlayfuse: %s; %s\n", what, remedy);
    _exit(exit_status);
}

static void require(int exit_status, __rlimit_resource_t resource, const char *what, char letter, rlim_t least, rlim_t unit)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= least)
        return;
    char text[200], remedy[100];
    unsigned long long is = limit.rlim_cur / unit, needed = least / unit;
    snprintf(text, sizeof text, "%s: the limit is %llu (ulimit -%c), and the program needs %llu", what, is, letter, needed);
    snprintf(remedy, sizeof remedy, "raise it: ulimit -%c %llu, or unlimited", letter, needed);
    refuse(exit_status, text, remedy);
}

static void require_room(int exit_status)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    rlim_t workers = (rlim_t)(processors > 0 ? processors : 1) * EACH_PROCESSOR;
    require(exit_status, RLIMIT_AS, "address space in KiB", 'v', LEAST_ADDRESSES + workers, KIB);
    require(exit_status, RLIMIT_DATA, "memory for data in KiB", 'd', LEAST_DATA + workers, KIB);
    require(exit_status, RLIMIT_NOFILE, "open files", 'n', LEAST_DESCRIPTORS, 1);
}

/* An older container engine's filter answers EPERM to calls that it does not know, where ENOSYS would make libc take an older one. */
static void refuse_filter(int exit_status, const char *call)
{
    char text[200];
    snprintf(text, sizeof text, "a seccomp filter forbids %s (%s)", call, strerror(errno));
    refuse(exit_status, text, "update the container engine (Docker 20.10.10, libseccomp 2.5), "
           "or start the container with --security-opt seccomp=unconfined");
}

static void require_calls(int exit_status)
{
    char about[256]; /* struct statx */
    if (syscall(SYS_statx, AT_FDCWD, "/", AT_SYMLINK_NOFOLLOW, 1 /* STATX_TYPE */, about) != 0 && (errno == EPERM || errno == ENOSYS))
        refuse_filter(exit_status, "statx(2)");
    cpu_set_t processors;
    /* EINVAL: there are more processors than bits. */
    if (sched_getaffinity(0, sizeof processors, &processors) != 0 && errno != EINVAL)
        refuse_filter(exit_status, "sched_getaffinity(2)");
}

/* 0 while the gate is closed. A mutex would let them through one after the other, each woken by the one before. */
static int gate;

static void *pass_gate(void *unused)
{
    while (__atomic_load_n(&gate, __ATOMIC_ACQUIRE) == 0)
        syscall(SYS_futex, &gate, FUTEX_WAIT_PRIVATE, 0, NULL);
    return unused;
}

static void open_gate(void)
{
    __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &gate, FUTEX_WAKE_PRIVATE, INT_MAX);
}

/* libc refuses a stack below its least one, which is 128 KiB and more on arm64. */
static size_t stack_of_trial(void)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    return least > STACK_OF_TRIAL ? (size_t)least : STACK_OF_TRIAL;
}

/* Starts all of them at once, as the runtime will have them. */
static void require_threads(int exit_status)
{
    pthread_t threads[THREADS_AT_START];
    pthread_attr_t attributes;
    int count = 0, error = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_of_trial());
    while (count < THREADS_AT_START && (error = pthread_create(&threads[count], &attributes, pass_gate, NULL)) == 0)
        count++;
    open_gate();
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    if (error == 0)
        return;
    errno = error;
    if (error == EPERM || error == ENOSYS)
        refuse_filter(exit_status, "clone3(2), so there are no threads");
    refuse(exit_status, "no more threads can be started", "raise the limit of processes (ulimit -u, or --pids-limit of the container)");
}

void limits_require(int exit_status)
{
    require_room(exit_status);
    require_calls(exit_status);
    require_threads(exit_status);
}
