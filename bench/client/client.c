/* client ACTION ARGUMENT...: prints "NANOSECONDS COUNT PROCESSOR_NANOSECONDS". */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const struct {
    const char *name;
    int arguments; /* at least */
    action *run;
} actions[] = {
    { "stat-tree", 1, stat_tree },             /* DIRECTORY */
    { "read-tree", 1, read_tree },             /* DIRECTORY */
    { "remove-tree", 1, remove_tree },         /* DIRECTORY */
    { "chmod-files", 2, chmod_files },         /* DIRECTORY COUNT */
    { "append-files", 2, append_files },       /* DIRECTORY COUNT */
    { "lookup-names", 2, lookup_names },       /* DIRECTORY COUNT */
    { "miss-names", 2, miss_names },           /* DIRECTORY COUNT */
    { "list-directory", 1, list_directory },   /* DIRECTORY */
    { "stat-directory", 1, stat_directory },   /* DIRECTORY */
    { "walk-paths", 1, walk_paths },           /* DIRECTORY */
    { "list-then-stat", 1, list_then_stat },   /* DIRECTORY */
    { "compare-trees", 3, compare_trees },     /* BEFORE AFTER CHANGES */
    { "read-file", 1, read_file },             /* FILE */
    { "random-reads", 2, random_reads },       /* FILE COUNT */
    { "random-touches", 2, random_touches },   /* FILE COUNT */
    { "sequential-write", 2, sequential_write }, /* FILE MIB */
    { "small-writes", 3, small_writes },       /* FILE COUNT BYTES */
    { "random-writes", 2, random_writes },     /* FILE COUNT */
    { "first-write", 1, first_write },         /* FILE */
    { "create-files", 2, create_files },       /* DIRECTORY COUNT */
    { "rename-files", 2, rename_files },       /* DIRECTORY COUNT */
    { "unlink-files", 2, unlink_files },       /* DIRECTORY COUNT */
    { "run", 2, run_program },                 /* DIRECTORY PROGRAM ARGUMENT... */
    { "mount-until-readdir", 2, mount_until_readdir }, /* MOUNTPOINT PROGRAM ARGUMENT... */
    { "parallel-read", 2, parallel_read },       /* DIRECTORY PROCESSES */
    { "stat-file-system", 2, stat_file_system }, /* PATH COUNT */
    { "make-tree", 4, make_tree },             /* LAYER COUNT FIRST STEP: files FIRST, FIRST+STEP, ... of COUNT, all directories */
    { "make-file", 2, make_file },             /* FILE MIB */
    { "make-names", 4, make_names },           /* DIRECTORY COUNT FIRST STEP: empty files */
    { "make-layers", 3, make_layers },         /* DIRECTORY LAYERS COUNT: each with a directory `deep`, COUNT names dealt out */
    { "make-directory", 1, make_directory },   /* DIRECTORY... */
    { "sync", 0, sync_disks },
};

static struct timespec started, stopped;
static long long processor_started, processor_stopped;

static long long nanoseconds(struct timespec time) { return time.tv_sec * 1000000000LL + time.tv_nsec; }

/* Of this process and of the children that it has waited for. */
static long long processor_time(void)
{
    struct timespec own;
    struct rusage children;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return nanoseconds(own) + (children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000000000LL
        + (children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1000LL;
}

void clock_start(void)
{
    processor_started = processor_time();
    clock_gettime(CLOCK_MONOTONIC, &started);
}

void clock_stop(void)
{
    clock_gettime(CLOCK_MONOTONIC, &stopped);
    processor_stopped = processor_time();
}

_Noreturn void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

long must(long result, const char *call)
{
    if (result == -1)
        fail(call);
    return result;
}

uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof actions / sizeof *actions; i++)
        if (strcmp(argv[1], actions[i].name) == 0 && argc - 2 >= actions[i].arguments) {
            clock_start();
            long count = actions[i].run(argv + 2);
            if (stopped.tv_sec == 0)
                clock_stop();
            printf("%lld %ld %lld\n", nanoseconds(stopped) - nanoseconds(started), count, processor_stopped - processor_started);
            return 0;
        }
    fputs("client: which action?\n", stderr);
    return 2;
}
