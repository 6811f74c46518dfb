/* What a process may do is best found out by doing it, in a child that ends. What the managed side calls. */
#ifndef OVERLAYFUSE_PROBE_H
#define OVERLAYFUSE_PROBE_H

#include "shared.h"

/* Tries it over a directory; nothing is seen of it outside, and nothing is left. Returns 0, or the errno of the step in *reached (enum
   overlayfuse_step), which is then the one that failed. */
int overlayfuse_probe_user_namespace(const char *directory, int *reached);

#endif
