/* A line on a terminal about a wait that takes more than a second (as ProgressLine of OverlayFuse.Output). */
#ifndef OVERLAYFUSE_PROGRESS_H
#define OVERLAYFUSE_PROGRESS_H

#include <sys/types.h>

/* Returns when the child has ended. It can still be waited for. */
void progress_await(pid_t child, const char *what);

#endif
