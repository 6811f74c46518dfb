/*
 * A signal that ends a process by default would leave a dead mount. DaemonSignals.cs takes those that ask for the end, and unmounts, and
 * SIGUSR1. Signals that tell of a fault in the program (SEGV, ABRT ...) end it. All others are ignored, and the runtime leaves them so.
 * Signals that the caller blocked are open again. Signals that it ignored, as nohup(1) does, stay ignored, but for SIGCHLD.
 */
#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_REALTIME = 32 };

/* The kernel's sigaction(2): glibc refuses the two realtime signals that it keeps for itself. */
static void ignore_realtime(int number)
{
    struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } ignore = { .handler = SIG_IGN };
    syscall(SYS_rt_sigaction, number, &ignore, NULL, sizeof ignore.mask);
}

void signals_disarm(void)
{
    /* Without SIGXFSZ a write beyond the limit fails with EFBIG. */
    static const int ignored[] = { SIGUSR2, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGXFSZ };
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* If it was ignored, fusermount3 would vanish unseen. */
    signal(SIGCHLD, SIG_DFL);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    for (int number = FIRST_REALTIME; number <= 64; number++)
        ignore_realtime(number);
}

/* The end that the handler writes to. */
static int taken = -1;

static void take(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    /* A full pipe holds enough signals. */
    if (write(taken, &byte, 1) < 0) { }
    errno = saved;
}

int overlayfuse_signals(const int *numbers, int count)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    taken = ends[1];
    struct sigaction taking = { .sa_handler = take, .sa_flags = SA_RESTART };
    sigemptyset(&taking.sa_mask);
    for (int i = 0; i < count; i++) {
        struct sigaction before;
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &taking, NULL);
    }
    return ends[0];
}
