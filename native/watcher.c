/*
 * The watcher reads the mountpoint from a pipe. Only the daemon has the other end, so the pipe ends with the daemon, whatever ended it. If
 * the mount is still there then, the watcher detaches it. fusermount3 has such a process for its auto_unmount; this one serves root's
 * mounts, too.
 */
#define _GNU_SOURCE
#include "watcher.h"
#include "descriptors.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef STATX_MNT_ID_UNIQUE
/* Linux 6.8: a number that no later mount gets. */
#define STATX_MNT_ID_UNIQUE 0x4000
#endif

static int pipe_to_watcher = -1;

/* The mount that is at a path. Its daemon is not asked: it may be gone. */
typedef struct {
    unsigned major, minor;
    unsigned long long id;
} identity;

static int identify(const char *path, identity *found)
{
    struct statx about;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID | STATX_MNT_ID_UNIQUE, &about) != 0)
        return -1;
    found->major = about.stx_dev_major;
    found->minor = about.stx_dev_minor;
    found->id = (about.stx_mask & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE)) != 0 ? about.stx_mnt_id : 0;
    return 0;
}

static int is_same(const identity *one, const identity *other)
{
    return one->major == other->major && one->minor == other->minor && one->id == other->id;
}

/* Reads a path and its NUL, which the daemon writes by one write(2). Returns how many bytes came before the end of the pipe. */
static size_t read_all(int fd, char *text, size_t room)
{
    size_t length = 0;
    ssize_t got;
    while ((got = read(fd, text + length, room - length)) > 0 || (got < 0 && errno == EINTR)) {
        length += got > 0 ? (size_t)got : 0;
        if (length > 0 && text[length - 1] == '\0')
            break;
    }
    return length;
}

static void watch(int fd)
{
    char path[PATH_MAX], nothing;
    identity ours, now;
    size_t length = read_all(fd, path, sizeof path);
    if (length == 0 || path[length - 1] != '\0' || identify(path, &ours) != 0)
        return;
    while (read(fd, &nothing, 1) != 0)
        ;
    if (identify(path, &now) == 0 && is_same(&ours, &now))
        session_detach(path);
}

/* Holds nothing of the caller's, and survives the signals that end the daemon. */
static void become_watcher(int fd)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int standard = STDIN_FILENO; null >= 0 && standard <= STDERR_FILENO; standard++)
        dup2(null, standard);
    descriptors_close_inherited(0, NULL, &fd, 1);
    if (chdir("/") == 0)
        watch(fd);
    _exit(0);
}

int watcher_start(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0)
        become_watcher(ends[0]);
    close(ends[0]);
    pipe_to_watcher = ends[1];
    return child < 0 ? -1 : 0;
}

void overlayfuse_watch(const char *mount_point)
{
    if (pipe_to_watcher < 0)
        return;
    size_t length = strlen(mount_point) + 1;
    /* A failure says that the watcher was killed. */
    if (write(pipe_to_watcher, mount_point, length) != (ssize_t)length)
        pipe_to_watcher = -1;
}
