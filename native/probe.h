/* The surest way to know what a process may do is to do it, in a child that ends. The managed side calls this. */
#ifndef OVERLAYFUSE_PROBE_H
#define OVERLAYFUSE_PROBE_H

#include "shared.h"

/* Makes a user namespace, and mounts FUSE in it over a directory. Nothing is seen of it outside, and nothing is left.
   Returns 0, or the errno of the step that failed. That step is in *reached (enum overlayfuse_step). */
int overlayfuse_probe_user_namespace(const char *directory, int *reached);

#endif
