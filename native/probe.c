/*
 * Tries in a child what `overlayfuse doctor` tells of user namespaces: the process itself has threads by now, and unshare(2) of a user
 * namespace is for those who have none. Between fork and _exit the child makes system calls only.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
    int reached;
    int error;
};

static char uid_map[64], gid_map[64];

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t written = write(fd, text, strlen(text));
    int error = errno;
    close(fd);
    errno = error;
    return written < 0 ? -1 : 0;
}

/* Who has no rights outside maps himself alone, and gives up setgroups(2) before. */
static int write_maps(void)
{
    if (write_file("/proc/self/setgroups", "deny") != 0 && errno != ENOENT)
        return -1;
    if (write_file("/proc/self/uid_map", uid_map) != 0)
        return -1;
    return write_file("/proc/self/gid_map", gid_map);
}

static int mount_fuse(int device, const char *directory)
{
    char data[] = "fd=000,rootmode=40000,user_id=0,group_id=0";
    if (device > 999) {
        errno = EMFILE;
        return -1;
    }
    data[3] = (char)('0' + device / 100);
    data[4] = (char)('0' + device / 10 % 10);
    data[5] = (char)('0' + device % 10);
    return mount("overlayfuse", directory, "fuse.overlayfuse", 0, data);
}

static struct outcome try_all(const char *directory)
{
    struct outcome at = { STEP_USER_NAMESPACE, 0 };
    int device = -1;
    for (; at.reached < STEP_DONE; at.reached++) {
        int result = 0;
        switch (at.reached) {
        case STEP_USER_NAMESPACE: result = unshare(CLONE_NEWUSER); break;
        case STEP_ID_MAPS: result = write_maps(); break;
        case STEP_MOUNT_NAMESPACE: result = unshare(CLONE_NEWNS); break;
        case STEP_DEVICE: result = device = open("/dev/fuse", O_RDWR | O_CLOEXEC); break;
        case STEP_MOUNT: result = mount_fuse(device, directory); break;
        }
        if (result < 0) {
            at.error = errno;
            break;
        }
    }
    return at;
}

int overlayfuse_probe_user_namespace(const char *directory, int *reached)
{
    struct outcome outcome = { STEP_FORK, 0 };
    int ends[2];
    *reached = STEP_FORK;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    snprintf(uid_map, sizeof uid_map, "0 %u 1\n", (unsigned)geteuid());
    snprintf(gid_map, sizeof gid_map, "0 %u 1\n", (unsigned)getegid());
    pid_t child = fork();
    if (child == 0) {
        outcome = try_all(directory);
        _exit(write(ends[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
    }
    outcome.error = errno;
    close(ends[1]);
    if (child > 0) {
        outcome.error = EPIPE; /* a seccomp filter may have killed it */
        ssize_t got;
        do
            got = read(ends[0], &outcome, sizeof outcome);
        while (got < 0 && errno == EINTR);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    *reached = outcome.reached;
    return outcome.error;
}
