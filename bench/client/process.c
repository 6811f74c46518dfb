/* Actions that start processes, and the empty round trip. */
#define _GNU_SOURCE
#include "client.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Starts a program with its output thrown away, and waits for it; it must succeed. */
static void run(char **command)
{
    pid_t child;
    int status;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&child, command[0], &files, NULL, command, environ) != 0)
        fail(command[0]);
    MUST(waitpid(child, &status, 0));
    if (status != 0) {
        fprintf(stderr, "%s: wait status %d\n", command[0], status);
        exit(1);
    }
}

long run_program(char **argument)
{
    MUST(chdir(argument[0]));
    clock_start();
    run(argument + 1);
    return 1;
}

long mount_until_readdir(char **argument)
{
    run(argument + 1);
    return list_directory(argument) > 0;
}

/* PROCESSES at once, each reads everything; from the first start to the last end. */
long parallel_read(char **argument)
{
    int processes = atoi(argument[1]), status;
    for (int i = 0; i < processes; i++)
        if (MUST(fork()) == 0)
            _exit(read_tree(argument) > 0 ? 0 : 1);
    for (int i = 0; i < processes; i++) {
        MUST(wait(&status));
        if (status != 0)
            fail("a reader");
    }
    return processes;
}

/* STATFS is never cached: with a file system that does nothing this is the empty round trip. */
long stat_file_system(char **argument)
{
    struct statfs status;
    long count = atol(argument[1]);
    int fd = MUST(open(argument[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < 2000; i++)
        MUST(fstatfs(fd, &status));
    clock_start();
    for (long i = 0; i < count; i++)
        MUST(fstatfs(fd, &status));
    clock_stop();
    close(fd);
    return count;
}
