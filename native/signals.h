/* The effect of signals on a process that serves a mount. */
#ifndef OVERLAYFUSE_SIGNALS_H
#define OVERLAYFUSE_SIGNALS_H

/* Called before the runtime starts. The runtime then takes the signals that it needs. */
void signals_disarm(void);

#endif
