/* The descriptors that the caller left open. */
#ifndef OVERLAYFUSE_DESCRIPTORS_H
#define OVERLAYFUSE_DESCRIPTORS_H

/*
 * Opens those of stdin, stdout and stderr that the caller has closed. Else /dev/fuse or a layer gets such a number, and with it the
 * error texts.
 */
void descriptors_open_standard(void);

/* Closes all but standard input and outputs, descriptors that the words name (/dev/fd/N, /proc/self/fd/N), and `count` of our own. */
void descriptors_close_inherited(int argc, char **argv, const int *own, int count);

/* Closes the descriptors that the words named: they are opened by now. /dev/fuse stays, because requests come by that very descriptor. */
void descriptors_close_named(void);

/* Raises RLIMIT_NOFILE to the hard limit, and widens the table of descriptors at once, while there is one thread. */
void descriptors_raise_limit(void);
void descriptors_widen_table(void);

#endif
