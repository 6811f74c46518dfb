/*
 * hostile MOUNTPOINT MODE: mounts a FUSE server that calls itself overlayfuse, as root in the name of user 65534, and lies or is silent.
 *   hang      takes ioctls and never answers them: whoever asks cannot be killed before this server ends
 *   endless   has a layer for every index
 *   escape    has control characters, a line break and a character that turns the direction of writing in the path of a layer
 *   pid=N     says in its statistics that it is process N
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_LAYER = 0xD0006F01, STATISTICS = 0x90006F04, ARGUMENT = 4096 };

/* The first fields of LiveStatistics. */
struct statistics {
    int32_t process, layers;
    uint64_t process_namespace;
};

static int device;

static void reply(uint64_t unique, int error, const void *data, size_t size)
{
    static char message[2 * ARGUMENT];
    struct fuse_out_header header = { (uint32_t)(sizeof header + size), error, unique };
    memcpy(message, &header, sizeof header);
    memcpy(message + sizeof header, data, size);
    if (write(device, message, sizeof header + size) < 0 && errno == ENODEV)
        exit(0);
}

static struct fuse_attr root_attributes(void)
{
    return (struct fuse_attr){ .ino = 1, .mode = S_IFDIR | 0755, .nlink = 2, .uid = 65534, .gid = 65534, .blksize = 4096 };
}

static uint64_t process_namespace(void)
{
    struct stat stat_;
    return stat("/proc/self/ns/pid", &stat_) == 0 ? stat_.st_ino : 0;
}

static void answer_ioctl(uint64_t unique, const struct fuse_ioctl_in *in, const char *argument, const char *mode)
{
    struct { struct fuse_ioctl_out out; char data[ARGUMENT]; } answer = { 0 };
    if (strcmp(mode, "hang") == 0)
        return;
    if (in->cmd == STATISTICS) {
        struct statistics told = { 1, 2, process_namespace() };
        if (strncmp(mode, "pid=", 4) == 0)
            told.process = atoi(mode + 4);
        memcpy(answer.data, &told, sizeof told);
    } else if (in->cmd == LIST_LAYER) {
        int32_t index;
        memcpy(&index, argument, sizeof index);
        if (index > 1 && strcmp(mode, "endless") != 0) {
            reply(unique, -ENOENT, "", 0);
            return;
        }
        strcpy(answer.data, "lower");
        if (strcmp(mode, "escape") == 0)
            strcpy(answer.data + 16, "/x\033]0;pwned\a\033[31mred\nNEXT LINE\r\xe2\x80\xae\xff");
        else
            sprintf(answer.data + 16, "/layer%d", index);
    }
    reply(unique, 0, &answer, sizeof answer);
}

static void serve(const char *mode)
{
    static char request[1 << 20];
    while (read(device, request, sizeof request) > 0) {
        struct fuse_in_header *in = (struct fuse_in_header *)request;
        struct fuse_init_out init = {
            .major = 7, .minor = 31, .max_readahead = 4096, .flags = FUSE_IOCTL_DIR, .max_write = 4096, .time_gran = 1,
        };
        struct fuse_attr_out attributes = { .attr = root_attributes() };
        struct fuse_open_out opened = { .fh = 1 };
        char nothing[80] = { 0 };
        switch (in->opcode) {
        case FUSE_INIT: reply(in->unique, 0, &init, sizeof init); break;
        case FUSE_GETATTR: reply(in->unique, 0, &attributes, sizeof attributes); break;
        case FUSE_OPENDIR: reply(in->unique, 0, &opened, sizeof opened); break;
        case FUSE_STATFS: reply(in->unique, 0, nothing, sizeof nothing); break;
        case FUSE_IOCTL:
            answer_ioctl(in->unique, (struct fuse_ioctl_in *)(in + 1), (char *)(in + 1) + sizeof(struct fuse_ioctl_in), mode);
            break;
        case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: break;
        case FUSE_RELEASEDIR: reply(in->unique, 0, "", 0); break;
        default: reply(in->unique, -ENOSYS, "", 0);
        }
    }
}

int main(int argc, char **argv)
{
    char data[128];
    device = argc == 3 ? open("/dev/fuse", O_RDWR | O_CLOEXEC) : -1;
    if (device < 0)
        return 2;
    sprintf(data, "fd=%d,rootmode=40000,user_id=65534,group_id=65534,allow_other", device);
    if (mount("overlayfuse", argv[1], "fuse.overlayfuse", MS_NOSUID | MS_NODEV, data) != 0) {
        perror("mount");
        return 2;
    }
    serve(argv[2]);
    return 0;
}
