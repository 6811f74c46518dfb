/* The verbs of the second program. */
#ifndef OVERLAYFUSE_TOOLS_H
#define OVERLAYFUSE_TOOLS_H

/* Replaces this process by overlayfuse-tools if the first word is one of its verbs. Ends with a message if that program is missing. */
void tools_execute(int argc, char **argv);

#endif
