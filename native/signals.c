/*
 * A signal that ends a process by default would leave a dead mount. Those that ask for the end are StopSignals.cs', which unmounts, and SIGUSR1
 * is StatisticsSignal.cs'; the runtime leaves alone what is ignored. Those that tell of a fault in the program (SEGV, ABRT ...) end it; all others are
 * ignored. What the caller blocked is open again; what it ignored, as nohup(1) does, stays so, but for SIGCHLD.
 */
#define _GNU_SOURCE
#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_REALTIME = 32 };

/* sigaction(2) as the kernel has it: glibc refuses the two realtime signals that it has for itself. */
static void ignore_realtime(int number)
{
    struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } ignore = { .handler = SIG_IGN };
    syscall(SYS_rt_sigaction, number, &ignore, NULL, sizeof ignore.mask);
}

void signals_disarm(void)
{
    static const int ignored[] = { SIGUSR2, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGXFSZ /* the caller gets EFBIG */ };
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGCHLD, SIG_DFL); /* ignored, fusermount3 would vanish unseen */
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    for (int number = FIRST_REALTIME; number <= 64; number++)
        ignore_realtime(number);
}
