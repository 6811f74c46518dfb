/* Questions about the command line that are asked before managed code reads it. */
#ifndef OVERLAYFUSE_COMMAND_LINE_H
#define OVERLAYFUSE_COMMAND_LINE_H

#include "shared.h"

/* The verb that is the first word; VERB_NONE for a mount. */
enum verb command_line_verb(int argc, char **argv);

/* True if the first word is a verb of the second program. */
int command_line_is_tool(int argc, char **argv);

/* True if there are words, and the first one is no verb. */
int command_line_is_mount(int argc, char **argv);

/* True if -o has this word, without a value. */
int command_line_has_option(int argc, char **argv, const char *option);

/* True for a mount that no word keeps in the foreground. */
int command_line_wants_background(int argc, char **argv);

#endif
