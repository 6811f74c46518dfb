#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* mounted DIRECTORY OPTIONS PROGRAM ARG...: opens /dev/fuse, mounts it there unless DIRECTORY is "", and executes PROGRAM, as Apptainer's
   --fusemount does: "@" among the arguments becomes /dev/fd/N. */
int main(int argc, char **argv)
{
    static char device[32], options[256];
    if (argc < 4)
        return 2;
    int fd = open("/dev/fuse", O_RDWR);
    snprintf(device, sizeof device, "/dev/fd/%d", fd);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0%s", fd, argv[2]);
    if (argv[1][0] != '\0' && mount("caller", argv[1], "fuse", 0, options) != 0) {
        perror("mount");
        return 2;
    }
    for (int i = 3; i < argc; i++)
        if (strcmp(argv[i], "@") == 0)
            argv[i] = device;
    execvp(argv[3], argv + 3);
    perror(argv[3]);
    return 2;
}
