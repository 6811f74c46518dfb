/* Actions on many small files and on directories. */
#define _GNU_SOURCE
#include "client.h"

#include <dirent.h>
#include <limits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void visit(int directory, const struct dirent *entry, long *count);

static char buffer[COPY_BUFFER];

int is_dot(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

DIR *open_below(int directory, const char *name)
{
    DIR *stream = fdopendir(MUST(openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    if (stream == NULL)
        fail("fdopendir");
    return stream;
}

/* Visits what is below, directories after what they hold when `depth_first`. */
static void walk(int directory, const char *name, visit *visit, int depth_first, long *count)
{
    DIR *stream = open_below(directory, name);
    struct dirent *entry;
    while ((entry = readdir(stream)) != NULL) {
        if (is_dot(entry->d_name))
            continue;
        if (!depth_first)
            visit(dirfd(stream), entry, count);
        if (entry->d_type == DT_DIR)
            walk(dirfd(stream), entry->d_name, visit, depth_first, count);
        if (depth_first)
            visit(dirfd(stream), entry, count);
    }
    closedir(stream);
}

static void visit_stat(int directory, const struct dirent *entry, long *count)
{
    struct stat status;
    MUST(fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW));
    ++*count;
}

static void visit_read(int directory, const struct dirent *entry, long *count)
{
    if (entry->d_type != DT_REG)
        return;
    int fd = MUST(openat(directory, entry->d_name, O_RDONLY | O_CLOEXEC));
    long got;
    while ((got = MUST(read(fd, buffer, sizeof buffer))) > 0)
        *count += got;
    close(fd);
}

static void visit_remove(int directory, const struct dirent *entry, long *count)
{
    MUST(unlinkat(directory, entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0));
    ++*count;
}

static long walked(const char *root, visit *visit, int depth_first)
{
    long count = 0;
    walk(AT_FDCWD, root, visit, depth_first, &count);
    return count;
}

long stat_tree(char **argument) { return walked(argument[0], visit_stat, 0); }

long read_tree(char **argument) { return walked(argument[0], visit_read, 0); }

long remove_tree(char **argument)
{
    long count = walked(argument[0], visit_remove, 1);
    MUST(rmdir(argument[0]));
    return count;
}

void tree_path(char *path, size_t size, const char *root, long i)
{
    snprintf(path, size, "%s/d%03ld/file-%06ld.txt", root, i / FILES_PER_DIRECTORY, i);
}

void name_path(char *path, const char *directory, long i) { snprintf(path, PATH_MAX, "%s/name-%07ld", directory, i); }

long chmod_files(char **argument)
{
    char path[PATH_MAX];
    long count = atol(argument[1]);
    for (long i = 0; i < count; i++) {
        tree_path(path, sizeof path, argument[0], i);
        MUST(chmod(path, 0640));
    }
    return count;
}

long append_files(char **argument)
{
    char path[PATH_MAX];
    long count = atol(argument[1]);
    for (long i = 0; i < count; i++) {
        tree_path(path, sizeof path, argument[0], i);
        int fd = MUST(open(path, O_WRONLY | O_APPEND | O_CLOEXEC));
        MUST(write(fd, "appended\n", 9));
        close(fd);
    }
    return count;
}

/* Names of make-names, in an order that no read-ahead of names can guess. */
long lookup_names(char **argument)
{
    char path[PATH_MAX];
    struct stat status;
    long count = atol(argument[1]);
    for (long i = 0; i < count; i++) {
        name_path(path, argument[0], i * 7919 % count);
        MUST(stat(path, &status));
    }
    return count;
}

long miss_names(char **argument)
{
    char path[PATH_MAX];
    struct stat status;
    long count = atol(argument[1]);
    for (long i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/absent-%07ld", argument[0], i);
        if (stat(path, &status) != -1 || errno != ENOENT)
            fail("a name that is not there");
    }
    return count;
}

long list_directory(char **argument)
{
    long count = 0;
    DIR *stream = open_below(AT_FDCWD, argument[0]);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        count += !is_dot(entry->d_name);
    closedir(stream);
    return count;
}

long stat_directory(char **argument) { return walked(argument[0], visit_stat, 0); }

static void new_path(char *path, const char *directory, const char *stem, long i)
{
    snprintf(path, PATH_MAX, "%s/%s-%05ld", directory, stem, i);
}

/* What an archiver does with each file it unpacks. */
long create_files(char **argument)
{
    static const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
    char path[PATH_MAX];
    long count = atol(argument[1]);
    for (long i = 0; i < count; i++) {
        new_path(path, argument[0], "new", i);
        int fd = MUST(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        MUST(write(fd, buffer, 1000));
        close(fd);
        MUST(chmod(path, 0644));
        MUST(utimensat(AT_FDCWD, path, times, 0));
    }
    return count;
}

long rename_files(char **argument)
{
    char from[PATH_MAX], to[PATH_MAX];
    long count = atol(argument[1]);
    for (long i = 0; i < count; i++) {
        new_path(from, argument[0], "new", i);
        new_path(to, argument[0], "renamed", i);
        MUST(rename(from, to));
    }
    return count;
}

long unlink_files(char **argument)
{
    char path[PATH_MAX];
    long count = atol(argument[1]);
    for (long i = 0; i < count; i++) {
        new_path(path, argument[0], "renamed", i);
        MUST(unlink(path));
    }
    return count;
}
