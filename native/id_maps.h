/* The maps of a user namespace of one id (user_namespaces(7)). */
#ifndef OVERLAYFUSE_ID_MAPS_H
#define OVERLAYFUSE_ID_MAPS_H

#include <sys/types.h>

/* The texts for /proc/self/uid_map and gid_map. */
typedef struct {
    char uid[32], gid[32];
} id_maps;

/* What this process is outside, as root inside or as itself: formatted before the namespace changes what it is, and before a fork. */
void id_maps_format(id_maps *maps, int as_root);

/* In the new namespace; system calls only. Returns 0, or -1 with errno. */
int id_maps_write(const id_maps *maps);

#endif
