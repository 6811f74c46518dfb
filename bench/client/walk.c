/* Actions that list a directory to its end and close it before they stat its names, each by its path. */
#define _GNU_SOURCE
#include "client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

struct name {
    char *text;
    ino_t ino;
    unsigned char type;
};

struct listing {
    struct name *names;
    size_t count, room;
};

static void add(struct listing *listing, const struct dirent *entry)
{
    if (listing->count == listing->room) {
        listing->room = listing->room == 0 ? 128 : listing->room * 2;
        listing->names = realloc(listing->names, listing->room * sizeof *listing->names);
    }
    char *text = strdup(entry->d_name);
    if (listing->names == NULL || text == NULL)
        fail("memory");
    listing->names[listing->count++] = (struct name){ text, entry->d_ino, entry->d_type };
}

static struct listing list(const char *directory)
{
    struct listing listing = { 0 };
    DIR *stream = open_below(AT_FDCWD, directory);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        if (!is_dot(entry->d_name))
            add(&listing, entry);
    closedir(stream);
    return listing;
}

static void forget(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->names[i].text);
    free(listing->names);
}

static void join(char *path, const char *directory, const char *name)
{
    if (snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
        fail("a long path");
}

/* As os.walk of Python and lstat of all that it yields. */
static long walk_by_path(const char *directory)
{
    char path[PATH_MAX];
    struct stat status;
    struct listing listing = list(directory);
    long count = (long)listing.count;
    for (size_t i = 0; i < listing.count; i++) {
        join(path, directory, listing.names[i].text);
        MUST(lstat(path, &status));
    }
    for (size_t i = 0; i < listing.count; i++)
        if (listing.names[i].type == DT_DIR) {
            join(path, directory, listing.names[i].text);
            count += walk_by_path(path);
        }
    forget(&listing);
    return count;
}

long walk_paths(char **argument) { return walk_by_path(argument[0]); }

/* As os.listdir, then os.walk and lstat. */
long list_then_stat(char **argument)
{
    struct listing listing = list(argument[0]);
    forget(&listing);
    return walk_by_path(argument[0]);
}

static int by_name(const void *a, const void *b) { return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text); }

static struct listing sorted(const char *directory)
{
    struct listing listing = list(directory);
    qsort(listing.names, listing.count, sizeof *listing.names, by_name);
    return listing;
}

/* Xattrs are asked for and must be answered, but almost no file has any. */
static void ask_xattrs(const char *path)
{
    static char names[64 * 1024], value[1024];
    if (lgetxattr(path, "security.capability", value, sizeof value) == -1 && errno != ENODATA && errno != EOPNOTSUPP)
        fail("lgetxattr");
    if (llistxattr(path, names, sizeof names) == -1 && errno != EOPNOTSUPP)
        fail("llistxattr");
}

static int differs(const struct stat *a, const struct stat *b)
{
    if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid || a->st_rdev != b->st_rdev)
        return 1;
    return !S_ISDIR(a->st_mode)
        && (a->st_size != b->st_size || a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec);
}

struct comparison {
    dev_t devices[2];
    long compared, changed;
};

static void compare(const char *before, const char *after, struct comparison *comparison);

static void compare_name(const char *before, const char *after, struct comparison *comparison)
{
    struct stat old, new;
    MUST(lstat(before, &old));
    MUST(lstat(after, &new));
    ask_xattrs(before);
    ask_xattrs(after);
    comparison->compared++;
    comparison->changed += differs(&old, &new);
    if (S_ISDIR(old.st_mode) && S_ISDIR(new.st_mode))
        compare(before, after, comparison);
}

/* Both listings in step, by name. An inode that is the same on the same device is passed over. */
static void compare(const char *before, const char *after, struct comparison *comparison)
{
    char old_path[PATH_MAX], new_path[PATH_MAX];
    struct listing old = sorted(before), new = sorted(after);
    size_t i = 0, j = 0;
    while (i < old.count && j < new.count) {
        int order = by_name(&old.names[i], &new.names[j]);
        if (order != 0) {
            comparison->changed++;
            order < 0 ? i++ : j++;
            continue;
        }
        if (comparison->devices[0] != comparison->devices[1] || old.names[i].ino != new.names[j].ino) {
            join(old_path, before, old.names[i].text);
            join(new_path, after, new.names[j].text);
            compare_name(old_path, new_path, comparison);
        }
        i++, j++;
    }
    comparison->changed += (long)(old.count - i + new.count - j);
    forget(&old);
    forget(&new);
}

/* What containers/storage does to find what a commit holds: all of the tree before the change beside all of it after. */
long compare_trees(char **argument)
{
    struct comparison comparison = { 0 };
    struct stat status;
    for (int i = 0; i < 2; i++) {
        MUST(lstat(argument[i], &status));
        comparison.devices[i] = status.st_dev;
    }
    compare(argument[0], argument[1], &comparison);
    if (comparison.changed != atol(argument[2])) {
        fprintf(stderr, "%ld changes found, not %s\n", comparison.changed, argument[2]);
        exit(1);
    }
    return comparison.compared;
}
