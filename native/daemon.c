/*
 * Goes to the background before the .NET runtime has threads: fork(2) keeps only the calling one, so managed code cannot.
 * An ELF constructor forks; the parent waits for one byte on a pipe, which the child writes when the mount is live.
 */
#define _GNU_SOURCE
#include "daemon.h"
#include "command_line.h"
#include "descriptors.h"
#include "limits.h"
#include "session.h"
#include "signals.h"
#include "tools.h"
#include "watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_REFUSED = 1, EXIT_BY_SIGNAL = 128 };

/* A block of this many bytes or more is a mapping of its own. Without a fixed limit malloc(3) raises it to 32 MiB, and keeps freed
   blocks. */
enum { RETURNED_WHEN_FREED = 128 << 10 };

static int live_pipe = -1;
static char **arguments;

/* The status that the child ended with before its mount was live. */
static int status_of(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_REFUSED;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "overlayfuse: the daemon was killed by signal %d (%s) before the mount was live\n",
            WTERMSIG(status), strsignal(WTERMSIG(status)));
    return EXIT_BY_SIGNAL + WTERMSIG(status);
}

static void wait_until_live(int fd, pid_t child)
{
    char live;
    ssize_t got;
    do
        got = read(fd, &live, 1);
    while (got < 0 && errno == EINTR);
    _exit(got == 1 ? 0 : status_of(child));
}

/* The parent stays, and ends when the mount is live; the child goes on. */
static void go_to_background(void)
{
    int ends[2];
    pid_t child = -1;
    if (pipe2(ends, O_CLOEXEC) == 0)
        child = fork();
    if (child < 0) {
        fprintf(stderr, "overlayfuse: cannot go to the background: %s; use -f to stay in the foreground\n", strerror(errno));
        _exit(EXIT_REFUSED);
    }
    if (child > 0) {
        close(ends[1]);
        wait_until_live(ends[0], child);
    }
    close(ends[0]);
    live_pipe = ends[1];
}

static int own_failure(void)
{
    return overlayfuse_session_role() == ROLE_NONE ? EXIT_REFUSED : EXIT_OWN_FAILURE;
}

static void start_watcher(void)
{
    if (watcher_start() == 0)
        return;
    fprintf(stderr, "overlayfuse: option auto_unmount: the process that unmounts cannot be started: %s; see ulimit -u\n", strerror(errno));
    _exit(EXIT_REFUSED);
}

/* All that needs to be done while there is one thread, and before the runtime takes what it needs. */
static void prepare(int argc, char **argv)
{
    int serves = command_line_is_mount(argc, argv) || overlayfuse_session_role() == ROLE_SERVE;
    if (serves) {
        signals_disarm();
        umask(0);
    }
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_MMAP_THRESHOLD, RETURNED_WHEN_FREED);
    /* Native memory is rarely asked for, so threads need no arenas of their own. */
    mallopt(M_ARENA_MAX, 1);
    if (command_line_wants_background(argc, argv)) {
        descriptors_close_inherited(argc, argv, NULL, 0);
        go_to_background();
    }
    if (command_line_is_mount(argc, argv) && command_line_has_option(argc, argv, OPTION_AUTO_UNMOUNT))
        start_watcher();
    limits_raise(serves);
    descriptors_raise_limit();
    /* After the fork, which makes the table as narrow as it can be. */
    descriptors_widen_table();
    limits_require(own_failure());
}

/* glibc passes main's arguments to constructors. */
__attribute__((constructor)) static void start(int argc, char **argv)
{
    descriptors_open_standard();
    tools_execute(argc, argv);
    arguments = argv;
    overlayfuse_session(argc, argv, &live_pipe);
    prepare(argc, argv);
}

char **overlayfuse_arguments(void)
{
    return arguments;
}

static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
    setsid();
}

int overlayfuse_daemon_live(void)
{
    if (live_pipe < 0)
        return 0;
    leave_terminal();
    descriptors_close_named();
    ssize_t written = write(live_pipe, "", 1);
    close(live_pipe);
    live_pipe = -1;
    return written == 1 ? 0 : -1;
}

/* True if a page of ours is still the file's own (proc_pid_pagemap(5), bit 61). The runtime writes to some pages of its read-only
   segments when it starts (the cookie that guards stacks). Those are in no file, and would be lost if they were unmapped. */
static int is_of_file(int pagemap, uintptr_t number)
{
    uint64_t entry;
    return pread(pagemap, &entry, sizeof entry, (off_t)(number * sizeof entry)) == sizeof entry && (entry >> 61 & 1) != 0;
}

/* Unmaps the pages of one loaded file that nobody has written to. The vDSO, which has no file, refuses. */
static int unmap_unwritten(struct dl_phdr_info *file, size_t size, void *pagemap)
{
    (void)size;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < file->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &file->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0)
            continue;
        uintptr_t first = (file->dlpi_addr + segment->p_vaddr) / page;
        uintptr_t end = (file->dlpi_addr + segment->p_vaddr + segment->p_filesz + page - 1) / page;
        for (uintptr_t number = first; number < end; number++)
            if (is_of_file(*(int *)pagemap, number))
                madvise((void *)(number * page), page, MADV_DONTNEED);
    }
    return 0;
}

void overlayfuse_daemon_settle(void)
{
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0)
        return;
    dl_iterate_phdr(unmap_unwritten, &pagemap);
    close(pagemap);
}
