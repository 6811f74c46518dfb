/* The effect of signals on a process that serves a mount. */
#ifndef OVERLAYFUSE_SIGNALS_H
#define OVERLAYFUSE_SIGNALS_H

/* Called before the runtime starts. The runtime then takes the signals that it needs. */
void signals_disarm(void);

/* A handler for Sys.WakeHandler: a static program has no libc in which managed code could find one. */
void (*overlayfuse_wake_handler(void))(int);

#endif
