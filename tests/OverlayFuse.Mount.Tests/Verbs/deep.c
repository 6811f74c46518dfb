#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* deep DIR LEVELS FILE [BESIDE]: makes a chain of directories "d" in DIR with FILE in the last, and a file BESIDE in each. */
int main(int argc, char **argv)
{
    if (argc < 4 || chdir(argv[1]) != 0)
        return 2;
    for (int made = 0, levels = atoi(argv[2]); made <= levels; made++) {
        if (made == levels || argc > 4)
            close(open(argv[made == levels ? 3 : 4], O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
        if (made < levels && (mkdir("d", 0755) != 0 || chdir("d") != 0)) {
            perror("d");
            return 1;
        }
    }
    return 0;
}
