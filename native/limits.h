/* What the caller's limits and seccomp filters leave to us. */
#ifndef OVERLAYFUSE_LIMITS_H
#define OVERLAYFUSE_LIMITS_H

/* The limits of the caller bind the caller, not all who use the mount: raises those that may be.
   Of the sizes of files and of time, if this process is to serve a mount. */
void limits_raise(int serves);

/* Ends the process with this status, and one line on standard error, when the runtime could not start or go on. */
void limits_require(int exit_status);

#endif
