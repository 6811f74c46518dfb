/* The caller's limits and seccomp filters. */
#ifndef OVERLAYFUSE_LIMITS_H
#define OVERLAYFUSE_LIMITS_H

/* Raises the limits that may be raised: they bind the caller, not all users of the mount.
   The limits of file sizes and of time only if this process will serve a mount. */
void limits_raise(int serves);

/* Ends the process with this status, and one line on standard error, if the runtime could not start or go on. */
void limits_require(int exit_status);

#endif
