/*
 * The child that asks a place which may never answer (src/OverlayFuse.Cli/Asking). It may be left behind, so it must not hold what its
 * parent was given: the pipe that the parent's caller reads to its end, a lock, or a disk. This happens before the .NET runtime opens
 * descriptors of its own.
 */
#define _GNU_SOURCE
#include "command_line.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SYS_CLOSE_RANGE = 436, MOST_BEFORE_5_9 = 65536 };

__attribute__((constructor(101))) static void prepare_to_ask(int argc, char **argv)
{
    if (command_line_verb(argc, argv) != VERB_ASK)
        return;
    if (syscall(SYS_CLOSE_RANGE, STDERR_FILENO + 1, ~0U, 0) != 0)
        for (int fd = STDERR_FILENO + 1; fd < MOST_BEFORE_5_9; fd++)
            close(fd);
    prctl(PR_SET_NAME, PROCESS_ASK);
}
