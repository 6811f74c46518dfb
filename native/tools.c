/*
 * Verbs that need big libraries are carried out by overlayfuse-tools, as git does it: the program that serves mounts stays small. The
 * second program lies beside this one, or in ../libexec/overlayfuse, or in PATH. It is executed before the runtime of this one starts.
 */
#define _GNU_SOURCE
#include "tools.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command_line.h"

enum { EXIT_MISSING = 1 };

/* Returns only if it could not be executed. */
static void execute_beside(const char *own, const char *place, char **argv)
{
    char path[PATH_MAX];
    int directory = (int)(strrchr(own, '/') - own);
    if (snprintf(path, sizeof path, "%.*s/%s%s", directory, own, place, PROGRAM_TOOLS) < (int)sizeof path)
        execv(path, argv);
}

void tools_execute(int argc, char **argv)
{
    if (!command_line_is_tool(argc, argv))
        return;
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length > 0) {
        own[length] = '\0';
        /* Tells the second program which overlayfuse to ask. */
        argv[0] = own;
        execute_beside(own, "", argv);
        execute_beside(own, "../libexec/overlayfuse/", argv);
    }
    execvp(PROGRAM_TOOLS, argv);
    fprintf(stderr, "overlayfuse: %s: this verb needs the program %s: %s; install it beside overlayfuse\n", argv[1], PROGRAM_TOOLS,
            strerror(errno));
    _exit(EXIT_MISSING);
}
