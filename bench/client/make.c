/* Actions that make the layers. */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char buffer[1024 * 1024];

static void fill_buffer(void)
{
    uint64_t state = 88172645463325252;
    for (size_t i = 0; i < sizeof buffer; i += sizeof state) {
        next_random(&state);
        memcpy(buffer + i, &state, sizeof state);
    }
}

static void make(const char *directory)
{
    if (mkdir(directory, 0755) == -1 && errno != EEXIST)
        fail(directory);
}

static void make_filled(const char *path, size_t bytes)
{
    int fd = MUST(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (bytes > 0)
        MUST(write(fd, buffer, bytes));
    close(fd);
}

/* 0.5 to 8 KiB, as source files are. */
static size_t size_of(long i) { return 512 + i * 7919 % 7680; }

long make_tree(char **argument)
{
    long count = atol(argument[1]), step = atol(argument[3]), made = 0;
    char path[PATH_MAX];
    fill_buffer();
    make(argument[0]);
    for (long d = 0; d * FILES_PER_DIRECTORY < count; d++) {
        snprintf(path, sizeof path, "%s/d%03ld", argument[0], d);
        make(path);
    }
    for (long i = atol(argument[2]); i < count; i += step, made++) {
        tree_path(path, sizeof path, argument[0], i);
        make_filled(path, size_of(i));
    }
    return made;
}

long make_file(char **argument)
{
    long count = atol(argument[1]);
    int fd = MUST(open(argument[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    fill_buffer();
    for (long i = 0; i < count; i++)
        MUST(write(fd, buffer, sizeof buffer));
    close(fd);
    return count;
}

static long make_empty(const char *directory, long count, long first, long step)
{
    char path[PATH_MAX];
    long made = 0;
    make(directory);
    for (long i = first; i < count; i += step, made++) {
        name_path(path, directory, i);
        make_filled(path, 0);
    }
    return made;
}

long make_names(char **argument) { return make_empty(argument[0], atol(argument[1]), atol(argument[2]), atol(argument[3])); }

long make_layers(char **argument)
{
    char path[PATH_MAX];
    long layers = atol(argument[1]);
    make(argument[0]);
    for (long layer = 0; layer < layers; layer++) {
        snprintf(path, sizeof path, "%s/%ld", argument[0], layer);
        make(path);
        snprintf(path, sizeof path, "%s/%ld/deep", argument[0], layer);
        make_empty(path, atol(argument[2]), layer, layers);
    }
    return layers;
}

long make_directory(char **argument)
{
    long made = 0;
    for (; *argument != NULL; argument++, made++)
        make(*argument);
    return made;
}

/* All disks: syncfs(2) on a FUSE mount does not reach the one below. */
long sync_disks(char **argument)
{
    (void)argument;
    sync();
    return 1;
}
