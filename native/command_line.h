/* What must be known of the words before managed code reads them. */
#ifndef OVERLAYFUSE_COMMAND_LINE_H
#define OVERLAYFUSE_COMMAND_LINE_H

#include "shared.h"

/* What the first word asks for; VERB_NONE for a mount. */
enum verb command_line_verb(int argc, char **argv);

/* There are words, and the first one is no verb. */
int command_line_is_mount(int argc, char **argv);

/* Whether -o holds this word, without a value. */
int command_line_has_option(int argc, char **argv, const char *option);

/* A mount, and not told to stay in the foreground. */
int command_line_wants_background(int argc, char **argv);

#endif
