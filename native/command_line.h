/* What must be known of the words before managed code reads them. */
#ifndef OVERLAYFUSE_COMMAND_LINE_H
#define OVERLAYFUSE_COMMAND_LINE_H

/* Not a verb. */
int command_line_is_mount(int argc, char **argv);

/* Whether -o holds this word, without a value. */
int command_line_has_option(int argc, char **argv, const char *option);

/* A mount, and not told to stay in the foreground. */
int command_line_wants_background(int argc, char **argv);

#endif
