/* What signals do to a process that serves a mount. */
#ifndef OVERLAYFUSE_SIGNALS_H
#define OVERLAYFUSE_SIGNALS_H

/* Before the runtime starts, which then takes those that it needs. */
void signals_disarm(void);

#endif
