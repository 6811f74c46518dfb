/* Going to the background. What the managed side calls. */
#ifndef OVERLAYFUSE_DAEMON_H
#define OVERLAYFUSE_DAEMON_H

/* Tells the waiting parent that the mount is live: it exits 0, and from here on the process has no terminal.
   Returns 0, or -1 when the parent is gone (then nobody waits for this mount: give it up). In the foreground: 0. */
int overlayfuse_daemon_live(void);

/* main's arguments as they are: bytes, up to a NULL. */
char **overlayfuse_arguments(void);

/* Takes the pages of program and libraries out of the process: code of the start is not needed again, and what is comes back from the page
   cache at its next use, without reading the disk. */
void overlayfuse_daemon_settle(void);

#endif
