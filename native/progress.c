/*
 * The supervisor of a session tells a user at a terminal why the prompt is not there yet: the daemon still writes. The line is erased at
 * the end. There is none if standard error is no terminal, or one that cannot erase.
 */
#define _GNU_SOURCE
#include "progress.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EMPTY_LINE "\r\033[K"

enum { PAUSE_MS = 200, PAUSES_A_SECOND = 5 };

static int can_erase(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && terminal != NULL && *terminal != '\0' && strcmp(terminal, "dumb") != 0;
}

void progress_await(pid_t child, const char *what)
{
    struct pollfd end = { .fd = can_erase() ? (int)syscall(SYS_pidfd_open, child, 0) : -1, .events = POLLIN };
    int pauses = 0;
    if (end.fd < 0)
        return;
    for (; poll(&end, 1, PAUSE_MS) == 0; pauses++)
        if (pauses >= PAUSES_A_SECOND)
            fprintf(stderr, EMPTY_LINE "overlayfuse: %s (%d s)", what, pauses / PAUSES_A_SECOND);
    if (pauses > PAUSES_A_SECOND)
        fputs(EMPTY_LINE, stderr);
    close(end.fd);
}
