/*
 * `overlayfuse hold`: a child of the supervisor stands in for a command. It prints where the view is, and obeys the lines of standard
 * input. The supervisor carries out what must wait for the end of the daemon.
 */
#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char end_word[] = "end";
static const char keep_word[] = "keep ";

static const char known_lines[] = "unknown; write an empty line, end, or keep DIR";

/* A path that was cut has PATH_MAX bytes, so the kernel refuses it (ENAMETOOLONG). */
enum { KEEP_WORD_LENGTH = sizeof keep_word - 1, LINE_SIZE = KEEP_WORD_LENGTH + 4096 + 1 };

/* The last line, if the changes are not thrown away at the end; else "". The holder writes it. The supervisor reads it when the holder has
   ended. */
static char *last_line;

/* The path in a line "keep PATH", or NULL. */
static const char *path_to_keep(const char *line)
{
    return strncmp(line, keep_word, KEEP_WORD_LENGTH) == 0 ? line + KEEP_WORD_LENGTH : NULL;
}

int hold_prepare(const session *s)
{
    if (!session_has(s, FLAG_HOLD))
        return 0;
    last_line = mmap(NULL, LINE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (last_line != MAP_FAILED)
        return 0;
    last_line = NULL;
    return -1;
}

/* A line that keeps the changes, or that is unknown: it may be a misspelt "keep". Returns the exit status of the holder. */
static int end_with(const session *s, const char *line)
{
    if (session_has(s, FLAG_THROW_AWAY)) {
        strcpy(last_line, line);
        return 0;
    }
    fprintf(stderr, "overlayfuse: %s: %s\n", line,
            path_to_keep(line) != NULL ? "--keep and --upper keep the changes already; leave this line out" : known_lines);
    return EXIT_OWN_FAILURE;
}

/* Returns the exit status of the holder, or -1 if it goes on. */
static int obey(const session *s, const char *line)
{
    if (strcmp(line, end_word) == 0)
        return 0;
    if (line[0] != '\0')
        return end_with(s, line);
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

/* Keeps the changes elsewhere, and says where. */
static enum hold_end complain(const session *s, const char *upper, const char *reason, const char *remedy)
{
    const char *place = rescue(s, upper);
    fprintf(stderr, "overlayfuse: %s: %s; the changes are in %s%s%s\n", last_line, reason, place != NULL ? place : upper,
            place != NULL ? "" : " until the next overlayfuse run or hold: copy them now", remedy);
    return place != NULL ? HOLD_MOVED : HOLD_STAYS;
}

static int is_same(int one, int other)
{
    struct stat of_one, of_other;
    return fstat(one, &of_one) == 0 && fstat(other, &of_other) == 0 && of_one.st_dev == of_other.st_dev && of_one.st_ino == of_other.st_ino;
}

/* True if a directory lies in the scratch directory, which will be removed. Climbs: a path could lead there by a symbolic link. */
static int is_in_scratch(const session *s, const char *path)
{
    int at = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int found = 0, is_root = at < 0;
    while (!found && !is_root) {
        int above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        is_root = above < 0 || is_same(at, above);
        found = above >= 0 && is_same(above, s->lock);
        close(at);
        at = above;
    }
    if (at >= 0)
        close(at);
    return found;
}

enum hold_end hold_keep(const session *s)
{
    char upper[sizeof s->scratch + 16];
    if (last_line == NULL || last_line[0] == '\0')
        return HOLD_DONE;
    snprintf(upper, sizeof upper, "%s/%s", s->scratch, SCRATCH_UPPER);
    const char *path = path_to_keep(last_line);
    if (path == NULL)
        return complain(s, upper, known_lines, "");
    if (rename(upper, path) != 0)
        return complain(s, upper, strerror(errno),
                        errno == EXDEV ? "; set TMPDIR to a directory on the file system that is to keep them" : "");
    if (!is_in_scratch(s, path))
        return HOLD_DONE;
    return complain(s, rename(path, upper) == 0 ? upper : path, "lies in the session's own directory, which is removed", "");
}
