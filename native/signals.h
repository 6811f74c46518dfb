/* The effect of signals on a process that serves a mount. */
#ifndef OVERLAYFUSE_SIGNALS_H
#define OVERLAYFUSE_SIGNALS_H

/* Called before the runtime starts. The runtime then takes the signals that it needs. */
void signals_disarm(void);

/* From here on each of these signals that is not ignored is a byte, its number, in a pipe. A thread that exists already can read it: for a
   signal that the runtime takes it starts a thread, which a cgroup that is full forbids. Returns the end to read from, or -1. */
int overlayfuse_signals(const int *numbers, int count);

#endif
