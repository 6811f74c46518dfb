/* The descriptors that the caller left open. */
#ifndef OVERLAYFUSE_DESCRIPTORS_H
#define OVERLAYFUSE_DESCRIPTORS_H

/* A closed stdin, stdout or stderr would hand its number to /dev/fuse or to a layer, which then receives error texts. */
void descriptors_open_standard(void);

/* Closes all but standard input and outputs, what the words name (/dev/fd/N, /proc/self/fd/N), and `count` of our own. */
void descriptors_close_inherited(int argc, char **argv, const int *own, int count);

/* Closes what the words named: it is opened by now. /dev/fuse is served on the very descriptor. */
void descriptors_close_named(void);

/* RLIMIT_NOFILE to what is allowed. The table of descriptors is widened at once: while there is one thread. */
void descriptors_raise_limit(void);
void descriptors_widen_table(void);

#endif
