/*
 * `overlayfuse hold`: a child of the supervisor stands in for a command. It prints where the view is, and obeys the lines of standard
 * input. The supervisor carries out what must wait for the end of the daemon.
 */
#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char end_word[] = "end";
static const char keep_word[] = "keep ";

/* A path that was cut has PATH_MAX bytes, so the kernel refuses it (ENAMETOOLONG). */
enum { KEEP_WORD_LENGTH = sizeof keep_word - 1, PATH_SIZE = 4096 + 1, LINE_SIZE = KEEP_WORD_LENGTH + PATH_SIZE };

/* Where the changes go at the end. The holder writes it. The supervisor reads it when the holder has ended. */
static struct kept {
    int is_asked; /* 0: they are thrown away */
    char path[PATH_SIZE];
} *kept;

int hold_prepare(const session *s)
{
    if (!session_has(s, FLAG_HOLD))
        return 0;
    kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (kept != MAP_FAILED)
        return 0;
    kept = NULL;
    return -1;
}

/* Returns the exit status of the holder. */
static int obey_keep(const session *s, const char *path)
{
    if (!session_has(s, FLAG_THROW_AWAY)) {
        fprintf(stderr, "overlayfuse: keep %s: --keep and --upper keep the changes already; leave this line out\n", path);
        return EXIT_OWN_FAILURE;
    }
    kept->is_asked = 1;
    strcpy(kept->path, path);
    return 0;
}

/* Returns the exit status of the holder, or -1 if it goes on. */
static int obey(const session *s, const char *line)
{
    if (strcmp(line, end_word) == 0)
        return 0;
    if (strncmp(line, keep_word, KEEP_WORD_LENGTH) == 0)
        return obey_keep(s, line + KEEP_WORD_LENGTH);
    return session_has(s, FLAG_THROW_AWAY) ? STATUS_ANEW : -1;
}

/* Takes one byte at a time: what follows the line is for the next holder. */
static int obey_lines(const session *s)
{
    static char line[LINE_SIZE];
    size_t length = 0;
    char c;
    ssize_t got;
    while ((got = read(STDIN_FILENO, &c, 1)) > 0 || (got < 0 && errno == EINTR)) {
        if (got < 0)
            continue;
        if (c != '\n') {
            if (length < sizeof line - 1)
                line[length++] = c;
            continue;
        }
        line[length] = '\0';
        length = 0;
        int status = obey(s, line);
        if (status >= 0)
            return status;
    }
    return 0;
}

void become_holder(const session *s)
{
    if (dprintf(STDOUT_FILENO, "%s\n", s->at) < 0)
        _exit(EXIT_OWN_FAILURE);
    _exit(obey_lines(s));
}

/* Gives the upper, or the whole scratch directory if no other can be made, a name that nothing removes. Returns where the changes are. */
static const char *rescue(const session *s, const char *upper)
{
    static char path[sizeof s->scratch + 64];
    snprintf(path, sizeof path, "%s/overlayfuse-kept.XXXXXX", s->parent);
    if (mkdtemp(path) != NULL && rename(upper, path) == 0)
        return path;
    snprintf(path, sizeof path, "%s/overlayfuse-kept.%d", s->parent, (int)getpid());
    if (rename(s->scratch, path) != 0)
        return NULL;
    snprintf(path, sizeof path, "%s/overlayfuse-kept.%d/%s", s->parent, (int)getpid(), SCRATCH_UPPER);
    return path;
}

static enum hold_end complain(const session *s, const char *upper)
{
    int error = errno;
    const char *place = rescue(s, upper);
    fprintf(stderr, "overlayfuse: keep %s: %s; the changes are in %s%s%s\n", kept->path, strerror(error), place != NULL ? place : upper,
            place != NULL ? "" : " until the next overlayfuse run or hold: copy them now",
            error == EXDEV ? "; set TMPDIR to a directory on the file system that is to keep them" : "");
    return place != NULL ? HOLD_MOVED : HOLD_STAYS;
}

enum hold_end hold_keep(const session *s)
{
    char upper[sizeof s->scratch + 16];
    if (kept == NULL || !kept->is_asked)
        return HOLD_DONE;
    snprintf(upper, sizeof upper, "%s/%s", s->scratch, SCRATCH_UPPER);
    return rename(upper, kept->path) == 0 ? HOLD_DONE : complain(s, upper);
}
