/*
 * Goes to the background before the .NET runtime has threads: fork(2) keeps only the calling one, so managed code cannot.
 * An ELF constructor forks; the parent waits for one byte on a pipe, which the child writes when the mount is live.
 */
#define _GNU_SOURCE
#include "daemon.h"
#include "session.h"

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

/* Bytes from which on a block is a mapping of its own. Set, it stays so: left alone, it grows to 32 MiB, and freed blocks are kept. */
enum { RETURNED_WHEN_FREED = 128 << 10 };

/* Descriptors: more than 500 layers need at the start. */
enum { WIDE_TABLE = 2048 };

static int live_pipe = -1;

/* Verbs and questions are answered by the process that was started. Keep in step with CommandLine.cs. */
static int is_foreground_word(const char *word)
{
    static const char *const words[] = { "--help", "--version", "--foreground", "--debug", "--ask" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            return 1;
    return 0;
}

/* Keep in step with Verbs.cs. */
static int is_verb(const char *word)
{
    static const char *const verbs[] = { "options", "layers", "add-layer", "refresh", "changes", "run", "hold", "doctor", "list", "unmount" };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(word, verbs[i]) == 0)
            return 1;
    return 0;
}

/* "-o debug" means -d. */
static int has_debug(const char *options)
{
    static const char debug[] = "debug";
    for (const char *at = options; at != NULL; at = strchr(at, ','), at += at != NULL) {
        size_t length = strcspn(at, ",");
        if (length == sizeof debug - 1 && strncmp(at, debug, length) == 0)
            return 1;
    }
    return 0;
}

static int wants_background(int argc, char **argv)
{
    if (argc > 1 && is_verb(argv[1]))
        return 0;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0)
            break;
        if (strcmp(word, "-o") == 0 || strcmp(word, "-t") == 0) {
            if (++i < argc && word[1] == 'o' && has_debug(argv[i]))
                return 0;
            continue;
        }
        if (strncmp(word, "-o", 2) == 0 && has_debug(word + 2))
            return 0;
        if (is_foreground_word(word))
            return 0;
        if (word[0] == '-' && word[1] != '-' && word[1] != 'o' && word[1] != 't' && strpbrk(word, "fdhV?"))
            return 0;
    }
    return argc > 1;
}

/* A closed stdin, stdout or stderr would hand its number to /dev/fuse or to a layer, which then receives error texts. */
static void open_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The table of descriptors grows by doubling, and each time a process with threads waits for a grace period of RCU (expand_files: 10 ms here).
   With one thread it costs nothing. */
static void widen_descriptor_table(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, WIDE_TABLE - 1);
    if (fd >= 0)
        close(fd);
}

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

/* glibc passes main's arguments to constructors. */
__attribute__((constructor)) static void start(int argc, char **argv)
{
    open_standard_descriptors();
    overlayfuse_session(argc, argv, &live_pipe);
    raise_descriptor_limit();
    umask(0);
    mallopt(M_MMAP_THRESHOLD, RETURNED_WHEN_FREED);
    mallopt(M_ARENA_MAX, 1); /* native memory is rarely asked for: not one arena for each thread */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* RLIMIT_FSIZE: the caller gets EFBIG, nobody dies */
    if (wants_background(argc, argv))
        go_to_background();
    widen_descriptor_table(); /* after the fork, which makes it as narrow as it can be */
}

static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
    setsid();
    /* A daemon pins no file system but those of its layers. */
    if (chdir("/") != 0)
        return;
}

int overlayfuse_daemon_live(void)
{
    if (live_pipe < 0)
        return 0;
    leave_terminal();
    ssize_t written = write(live_pipe, "", 1);
    close(live_pipe);
    live_pipe = -1;
    return written == 1 ? 0 : -1;
}

/* Whether a page of ours is still the file's own (proc_pid_pagemap(5), bit 61). The runtime writes to some pages of its read-only segments when it
   starts (the cookie that guards stacks): those are in no file, and lost when they are unmapped. */
static int is_of_file(int pagemap, uintptr_t number)
{
    uint64_t entry;
    return pread(pagemap, &entry, sizeof entry, (off_t)(number * sizeof entry)) == sizeof entry && (entry >> 61 & 1) != 0;
}

/* Of one loaded file, what nobody has written to. The vDSO, which has no file, refuses. */
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
        return; /* it stays as large as it is */
    dl_iterate_phdr(unmap_unwritten, &pagemap);
    close(pagemap);
}
