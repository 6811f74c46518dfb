/*
 * A daemon in the background holds nothing that belongs to its caller: somebody waits for the end of a pipe, or unmounts a disk. In the
 * foreground all stays open, because a supervisor passes descriptors on purpose.
 */
#define _GNU_SOURCE
#include "descriptors.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* This many descriptors are more than 500 layers need at the start. */
enum { WIDE_TABLE = 2048 };

enum { MOST_KEPT = 1024, FUSE_MAJOR = 10, FUSE_MINOR = 229 };

static int kept[MOST_KEPT];
static int kept_count;
static int named[MOST_KEPT];
static int named_count;

void descriptors_open_standard(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void descriptors_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The table grows by doubling. Each time a process with threads waits for a grace period of RCU (expand_files: 10 ms here). With one thread
   the growth costs nothing. */
void descriptors_widen_table(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, WIDE_TABLE - 1);
    if (fd >= 0)
        close(fd);
}

static void keep(int fd)
{
    if (fd >= 0 && kept_count < MOST_KEPT)
        kept[kept_count++] = fd;
}

static int is_kept(int fd)
{
    for (int i = 0; i < kept_count; i++)
        if (kept[i] == fd)
            return 1;
    return 0;
}

/* Keeps each open N of "/fd/N" in a word: /dev/fd/N, /proc/self/fd/N, also several layers in one option. A number that is not open is
   part of another path, and the daemon may get it for a descriptor of its own. */
static void keep_named(const char *word)
{
    static const char mark[] = "/fd/";
    for (const char *at = word; (at = strstr(at, mark)) != NULL;) {
        at += sizeof mark - 1;
        if (!isdigit((unsigned char)*at))
            continue;
        long fd = strtol(at, NULL, 10);
        if (fd <= STDERR_FILENO || fd > INT_MAX || named_count >= MOST_KEPT || is_kept((int)fd) || fcntl((int)fd, F_GETFD) < 0)
            continue;
        named[named_count++] = (int)fd;
        keep((int)fd);
    }
}

/* There is no close_range(2) before Linux 5.9, or under a seccomp filter. */
static void close_one_by_one(void)
{
    DIR *open_ones = opendir("/proc/self/fd");
    if (open_ones == NULL) {
        struct rlimit limit;
        int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 16 ? (int)limit.rlim_cur : 1 << 16;
        for (int fd = STDERR_FILENO + 1; fd < end; fd++)
            if (!is_kept(fd))
                close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(open_ones)) != NULL;) {
        /* 0 for "." and "..". */
        int fd = atoi(entry->d_name);
        if (fd > STDERR_FILENO && fd != dirfd(open_ones) && !is_kept(fd))
            close(fd);
    }
    closedir(open_ones);
}

static int compare(const void *one, const void *other)
{
    return *(const int *)one - *(const int *)other;
}

void descriptors_close_inherited(int argc, char **argv, const int *own, int count)
{
    kept_count = 0;
    for (int i = 0; i < count; i++)
        keep(own[i]);
    /* After "--" come the words of a command. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        keep_named(argv[i]);
    qsort(kept, (size_t)kept_count, sizeof *kept, compare);
    unsigned first = STDERR_FILENO + 1;
    for (int i = 0; i <= kept_count; i++) {
        unsigned next = i < kept_count ? (unsigned)kept[i] : ~0U;
        if (next > first && syscall(SYS_close_range, first, i < kept_count ? next - 1 : ~0U, 0) != 0) {
            close_one_by_one();
            return;
        }
        first = next >= first ? next + 1 : first;
    }
}

void descriptors_close_named(void)
{
    struct stat about;
    for (int i = 0; i < named_count; i++)
        if (fstat(named[i], &about) == 0 && !(S_ISCHR(about.st_mode) && about.st_rdev == makedev(FUSE_MAJOR, FUSE_MINOR)))
            close(named[i]);
    named_count = 0;
}
