/*
 * A signal that ends a process by default would leave a dead mount. StopSignals.cs takes those that ask for the end, and unmounts;
 * StatisticsSignal.cs takes SIGUSR1. Signals that tell of a fault in the program (SEGV, ABRT ...) end it. All others are ignored, and the
 * runtime leaves them so. Signals that the caller blocked are open again. Signals that it ignored, as nohup(1) does, stay ignored, but for
 * SIGCHLD.
 */
#define _GNU_SOURCE
#include "signals.h"

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
