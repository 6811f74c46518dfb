/*
 * Tries in a child what `overlayfuse doctor` tells of user namespaces. The process itself has threads by now, and unshare(2) of a user
 * namespace needs a process without threads. Between fork and _exit the child makes system calls only.
 */
#define _GNU_SOURCE
#include "probe.h"
#include "id_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
    int reached;
    int error;
};

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

static struct outcome try_all(const char *directory, const id_maps *maps)
{
    struct outcome at = { STEP_USER_NAMESPACE, 0 };
    int device = -1;
    for (; at.reached < STEP_DONE; at.reached++) {
        int result = 0;
        switch (at.reached) {
        case STEP_USER_NAMESPACE: result = unshare(CLONE_NEWUSER); break;
        case STEP_ID_MAPS: result = id_maps_write(maps); break;
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
    id_maps maps;
    id_maps_format(&maps, 1);
    pid_t child = fork();
    if (child == 0) {
        outcome = try_all(directory, &maps);
        _exit(write(ends[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
    }
    outcome.error = errno;
    close(ends[1]);
    if (child > 0) {
        /* A seccomp filter may have killed it. */
        outcome.error = EPIPE;
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
