/* The kernel lets an ordinary user map one id only, and a group only if groups cannot be given up (user_namespaces(7)). */
#define _GNU_SOURCE
#include "id_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void id_maps_format(id_maps *maps, int as_root)
{
    unsigned uid = geteuid(), gid = getegid();
    snprintf(maps->uid, sizeof maps->uid, "%u %u 1\n", as_root ? 0 : uid, uid);
    snprintf(maps->gid, sizeof maps->gid, "%u %u 1\n", as_root ? 0 : gid, gid);
}

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

int id_maps_write(const id_maps *maps)
{
    if (write_file("/proc/self/setgroups", "deny") != 0 && errno != ENOENT)
        return -1;
    if (write_file("/proc/self/uid_map", maps->uid) != 0)
        return -1;
    return write_file("/proc/self/gid_map", maps->gid);
}
