/* Going to the background. The managed side calls these. */
#ifndef OVERLAYFUSE_DAEMON_H
#define OVERLAYFUSE_DAEMON_H

/* Tells the waiting parent that the mount is live. The parent exits with 0, and from here on the process has no terminal.
   Returns 0, or -1 if the parent is gone: nobody waits for this mount, so give it up. In the foreground: 0. */
int overlayfuse_daemon_live(void);

/* main's arguments as they are: bytes, up to a NULL. */
char **overlayfuse_arguments(void);

/* Takes the pages of program and libraries out of the process. The code of the start is not needed again; other code comes back from the
   page cache at its next use, without reading the disk. */
void overlayfuse_daemon_settle(void);

#endif
