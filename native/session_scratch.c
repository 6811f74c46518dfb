/*
 * A session's directory on disk: work, an upper that is thrown away, and a link to a mountpoint that others see. The lock on it is
 * one open file description of supervisor and daemon, so it is free when both are gone, however they ended.
 */
#define _GNU_SOURCE
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

static const char prefix[] = "overlayfuse-run.";
static const char link_name[] = "at";

/* Each level of a tree takes two descriptors. */
enum { LEVELS_AT_ONCE = 16 };

/* One tree that is being removed. */
struct removal {
    int root;
    dev_t disk;
    /* The next name in the root for a directory from too far below. */
    unsigned next;
    /* There were such directories since the last look at the root. */
    int has_moved;
};

/* Moves a directory to the root of its tree. Names in the root that are taken are passed over. */
static void move_to_root(struct removal *of, int directory, const char *name)
{
    char moved[32];
    do
        snprintf(moved, sizeof moved, ".removed.%u", of->next++);
    while (faccessat(of->root, moved, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
    if (renameat(directory, name, of->root, moved) == 0)
        of->has_moved = 1;
}

static void remove_content(struct removal *of, int directory, int level);

/* A directory, which may be without permissions. */
static void remove_directory(struct removal *of, int parent, const char *name, int level)
{
    struct stat about;
    if (fstatat(parent, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || about.st_dev != of->disk)
        return;
    fchmodat(parent, name, 0700, 0);
    if (level == LEVELS_AT_ONCE) {
        move_to_root(of, parent, name);
        return;
    }
    int below = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below >= 0) {
        remove_content(of, below, level + 1);
        close(below);
    }
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* Nothing in it belongs to others but mounts, which stay. */
static void remove_content(struct removal *of, int directory, int level)
{
    fchmod(directory, 0700);
    int listed = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = listed < 0 ? NULL : fdopendir(listed);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(directory, entry->d_name, 0) != 0 && (errno == EISDIR || errno == EPERM))
            remove_directory(of, directory, entry->d_name, level);
    }
    if (entries != NULL)
        closedir(entries);
}

static void remove_tree(int parent, const char *name)
{
    int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return;
    struct stat about;
    struct removal of = { .root = directory };
    if (fstat(directory, &about) == 0) {
        of.disk = about.st_dev;
        do {
            of.has_moved = 0;
            remove_content(&of, directory, 0);
        } while (of.has_moved);
    }
    close(directory);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* By io_uring the end of the daemon cancels first the request that is under way, then the connection. */
static int is_without_daemon(const char *at)
{
    struct statfs about;
    return statfs(at, &about) != 0 && (errno == ENOTCONN || errno == ECONNABORTED || errno == ECANCELED);
}

void session_unmount(const char *at)
{
    if (is_without_daemon(at))
        session_detach(at);
}

void session_detach(const char *at)
{
    if (umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execlp("fusermount3", "fusermount3", "-u", "-z", "--", at, (char *)NULL);
        execlp("fusermount", "fusermount", "-u", "-z", "--", at, (char *)NULL);
        _exit(EXIT_NOT_FOUND);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

static void sweep_one(int parent, const char *name)
{
    struct stat about;
    int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return;
    if (fstat(directory, &about) == 0 && about.st_uid == geteuid() && flock(directory, LOCK_EX | LOCK_NB) == 0) {
        char at[4096];
        ssize_t length = readlinkat(directory, link_name, at, sizeof at - 1);
        if (length > 0) {
            at[length] = '\0';
            session_unmount(at);
        }
        remove_tree(parent, name);
    }
    close(directory);
}

void scratch_sweep(const char *parent)
{
    int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = directory < 0 ? NULL : fdopendir(directory);
    if (entries == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0)
            sweep_one(directory, entry->d_name);
    closedir(entries);
}

/* A sweep between mkdtemp(3) and the lock removes the directory again. Then another one is made. */
static int make_locked(session *s)
{
    for (;;) {
        snprintf(s->scratch, sizeof s->scratch, "%s/%sXXXXXX", s->parent, prefix);
        if (mkdtemp(s->scratch) == NULL)
            return -1;
        int lock = open(s->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat about;
        if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0 && fstat(lock, &about) == 0 && about.st_nlink > 0) {
            s->lock = lock;
            return 0;
        }
        int is_swept = lock >= 0 ? errno == EWOULDBLOCK : errno == ENOENT;
        if (lock >= 0)
            close(lock);
        if (!is_swept)
            return -1;
    }
}

/* The upper's root is the root of the view, so it gets owner, mode and times of the topmost lower's root. */
static int make_like(const char *path, const char *like)
{
    struct stat about;
    if (mkdir(path, 0700) != 0 || stat(like, &about) != 0)
        return -1;
    if (chown(path, about.st_uid, about.st_gid) != 0 && geteuid() == 0)
        return -1;
    struct timespec times[2] = { about.st_atim, about.st_mtim };
    return chmod(path, about.st_mode & 07777) != 0 ? -1 : utimensat(AT_FDCWD, path, times, 0);
}

/* Makes the mountpoint of `overlayfuse hold` if none was given. */
static int make_place(session *s)
{
    static char path[sizeof s->scratch + 16];
    if (!session_has(s, FLAG_HOLD))
        return 0;
    s->shared = 1;
    if (s->at[0] == '\0') {
        snprintf(path, sizeof path, "%s/%s", s->scratch, SCRATCH_VIEW);
        s->at = path;
        if (mkdir(path, 0755) != 0)
            return -1;
    }
    scratch_name_mount(s);
    return 0;
}

static int make_parts(session *s)
{
    char path[sizeof s->scratch + 16];
    snprintf(path, sizeof path, "%s/%s", s->scratch, SCRATCH_WORK);
    if (mkdir(path, 0700) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/%s", s->scratch, SCRATCH_UPPER);
    if (session_has(s, FLAG_THROW_AWAY))
        return make_like(path, s->like);
    if (s->keep[0] == '\0' || access(s->keep, F_OK) == 0)
        return 0;
    s->made_keep = 1;
    return make_like(s->keep, s->like);
}

void scratch_name_mount(const session *s)
{
    char path[sizeof s->scratch + 16];
    snprintf(path, sizeof path, "%s/%s", s->scratch, link_name);
    if (symlink(s->at, path) != 0)
        fprintf(stderr, "overlayfuse: %s: %s\n", path, strerror(errno));
}

static int refuse(session *s)
{
    fprintf(stderr, "overlayfuse: %s: no directory for the session can be made there: %s; %s\n", s->parent, strerror(errno),
            session_has(s, FLAG_THROW_AWAY) ? "set TMPDIR to a directory that you may write to"
                                            : "the directory that holds the upper must be writable");
    scratch_remove(s);
    return -1;
}

int scratch_make(session *s)
{
    if (make_locked(s) != 0)
        s->scratch[0] = '\0';
    else if (make_place(s) == 0 && make_parts(s) == 0)
        return 0;
    return refuse(s);
}

int scratch_renew(session *s)
{
    int directory = open(s->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        remove_tree(directory, SCRATCH_UPPER);
        remove_tree(directory, SCRATCH_WORK);
        close(directory);
    }
    return make_parts(s) == 0 ? 0 : refuse(s);
}

void scratch_remove(session *s)
{
    if (s->scratch[0] != '\0')
        remove_tree(AT_FDCWD, s->scratch);
    s->scratch[0] = '\0';
}
