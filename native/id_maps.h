/* The maps of a user namespace of one id (user_namespaces(7)). */
#ifndef OVERLAYFUSE_ID_MAPS_H
#define OVERLAYFUSE_ID_MAPS_H

#include <sys/types.h>

/* The texts for /proc/self/uid_map and gid_map. */
typedef struct {
    char uid[32], gid[32];
} id_maps;

/* Maps the ids of this process, to root or to themselves. Called before the namespace changes them, and before a fork. */
void id_maps_format(id_maps *maps, int as_root);

/* Called in the new namespace. Makes system calls only. Returns 0, or -1 with errno. */
int id_maps_write(const id_maps *maps);

#endif
