/* auto_unmount: a process that unmounts when the daemon is gone. */
#ifndef OVERLAYFUSE_WATCHER_H
#define OVERLAYFUSE_WATCHER_H

/* Called before there are threads. Returns 0, or -1 with errno. */
int watcher_start(void);

/* The managed side calls this: it tells the watcher, if there is one, where the live mount is. */
void overlayfuse_watch(const char *mount_point);

#endif
