/*
 * The supervisor of `overlayfuse run` and `hold`: the process that was started. It never gets a thread, so it can fork, and the signals,
 * umask and limits that it gives to the command stay as they were. Managed code runs in children only: one reads the words and checks
 * them (the plan), one is the daemon, one lists the changes.
 */
#define _GNU_SOURCE
#include "session.h"
#include "command_line.h"
#include "descriptors.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static session self = { .channel = -1, .lifeline = -1, .lock = -1 };

int overlayfuse_session_role(void) { return self.role; }
const char *overlayfuse_session_scratch(void) { return self.scratch; }
int overlayfuse_session_is_shared(void) { return self.shared; }
int overlayfuse_session_lifeline(void) { return self.lifeline; }

int overlayfuse_session_plan(const char *plan, int length)
{
    return write(self.channel, plan, (size_t)length) == length ? 0 : -1;
}

/* The daemon's last act. If the supervisor lives, it cleans up itself, after it has looked at the upper. */
void overlayfuse_session_ended(void)
{
    if (getppid() != self.supervisor)
        scratch_remove(&self);
}

static void fail(session *s, const char *what)
{
    fprintf(stderr, "overlayfuse: %s: %s\n", what, strerror(errno));
    scratch_remove(s);
    _exit(EXIT_OWN_FAILURE);
}

static pid_t fork_or_fail(session *s)
{
    pid_t child = fork();
    if (child < 0)
        fail(s, "cannot start a process (see ulimit -u)");
    return child;
}

static int exit_status(session *s, pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            fail(s, "lost sight of a process");
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNALLED + WTERMSIG(status);
}

/* Starts a child with the same words and a role. Returns 0 in the child, which goes on into managed code. */
static pid_t start_managed(session *s, enum session_role role)
{
    pid_t child = fork_or_fail(s);
    if (child == 0)
        s->role = role;
    return child;
}

static const char *next_field(char **at, char *end)
{
    char *field = *at;
    if (field >= end)
        return "";
    *at = field + strlen(field) + 1;
    return field;
}

static void take_plan(session *s, char *plan, size_t length, char **argv)
{
    const char *fields[FIELD_COUNT];
    char *at = plan;
    for (int i = 0; i < FIELD_COUNT; i++)
        fields[i] = next_field(&at, plan + length);
    s->flags = fields[FIELD_FLAGS];
    s->parent = fields[FIELD_PARENT];
    s->at = fields[FIELD_AT];
    s->like = fields[FIELD_LIKE];
    s->keep = fields[FIELD_KEEP];
    s->argv = argv + atoi(fields[FIELD_COMMAND]);
}

/* Returns 0 in the child. Ends the process if there is nothing to run: help was asked for, or the words are wrong. */
static pid_t plan(session *s, char **argv)
{
    static char text[64 << 10];
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail(s, "no pipe");
    pid_t child = start_managed(s, ROLE_PLAN);
    s->channel = ends[child != 0 ? 0 : 1];
    close(ends[child != 0 ? 1 : 0]);
    if (child == 0)
        return 0;
    size_t length = 0;
    ssize_t got;
    while ((got = read(s->channel, text + length, sizeof text - 1 - length)) > 0 || (got < 0 && errno == EINTR))
        length += got > 0 ? (size_t)got : 0;
    close(s->channel);
    int status = exit_status(s, child);
    if (status != 0 || length == 0)
        _exit(status == 0 ? 0 : EXIT_OWN_FAILURE);
    take_plan(s, text, length, argv);
    return child;
}

/* Returns 0 in the child, which is the daemon. It reports a refused namespace by one int on the channel, and a live mount by one byte. */
static pid_t serve(session *s)
{
    int live[2], line[2];
    if (pipe2(live, O_CLOEXEC) != 0 || pipe2(line, O_CLOEXEC) != 0)
        fail(s, "no pipe");
    s->daemon = start_managed(s, ROLE_SERVE);
    s->channel = live[s->daemon != 0 ? 0 : 1];
    s->lifeline = line[s->daemon != 0 ? 1 : 0];
    close(live[s->daemon != 0 ? 1 : 0]);
    close(line[s->daemon != 0 ? 0 : 1]);
    if (s->daemon != 0)
        return s->daemon;
    int own[] = { s->channel, s->lifeline, s->lock };
    descriptors_close_inherited(s->word_count, s->words, own, sizeof own / sizeof *own);
    /* Signals of the terminal are for the command. */
    setsid();
    int error = s->shared ? 0 : namespace_enter(s);
    if (error != 0)
        _exit(write(s->channel, &error, sizeof error) == sizeof error ? 0 : EXIT_OWN_FAILURE);
    return 0;
}

/* Returns 1 if the mount is live, 0 if it is to be tried again without namespaces. Ends the process if there is no mount: the daemon has
   said why. */
static int await_mount(session *s)
{
    char answer[sizeof(int)];
    ssize_t got;
    do
        got = read(s->channel, answer, sizeof answer);
    while (got < 0 && errno == EINTR);
    close(s->channel);
    if (got == 1)
        return 1;
    close(s->lifeline);
    int status = exit_status(s, s->daemon);
    if (got == sizeof(int)) {
        int error;
        memcpy(&error, answer, sizeof error);
        namespace_explain(error, s);
        if (session_has(s, FLAG_MAY_BE_SEEN))
            return 0;
    } else if (status >= EXIT_SIGNALLED) {
        fprintf(stderr, "overlayfuse: the daemon was killed by signal %d before the mount was live\n", status - EXIT_SIGNALLED);
    }
    if (s->made_keep)
        rmdir(s->keep);
    scratch_remove(s);
    _exit(EXIT_OWN_FAILURE);
}

/* execvp(3) answers EACCES if one directory of PATH may not be searched, although the name is in none. */
static int is_nowhere(const char *name)
{
    char path[4096];
    const char *at = getenv("PATH");
    if (strchr(name, '/') != NULL)
        return 0;
    while (at != NULL && *at != '\0') {
        int length = (int)strcspn(at, ":");
        snprintf(path, sizeof path, "%.*s/%s", length, at, name);
        if (access(path, F_OK) == 0)
            return 0;
        at += length + (at[length] == ':');
    }
    return 1;
}

/* A process that lives in the view ends with the supervisor. */
static void end_with_supervisor(const session *s)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != s->supervisor)
        _exit(EXIT_OWN_FAILURE);
    signals_restore();
}

/* The command, in its namespace and directory. */
static void become_command(session *s)
{
    if (namespace_join(s) != 0)
        _exit(EXIT_OWN_FAILURE);
    end_with_supervisor(s);
    execvp(s->argv[0], s->argv);
    int error = errno == EACCES && is_nowhere(s->argv[0]) ? ENOENT : errno;
    fprintf(stderr, "overlayfuse: %s: cannot be started: %s%s\n", s->argv[0], strerror(error),
            error == ENOENT ? "; give a path, or a name that is in PATH (a script: its interpreter must be there too)" : "");
    _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_START);
}

static int run_command(session *s)
{
    signals_hold();
    int stop = signals_pending();
    if (stop != 0)
        return EXIT_SIGNALLED + stop;
    s->command = fork_or_fail(s);
    if (s->command == 0 && session_has(s, FLAG_HOLD)) {
        end_with_supervisor(s);
        become_holder(s);
    }
    if (s->command == 0)
        become_command(s);
    return session_wait(s);
}

/* Ends the daemon, which first writes all that is on its way. The upper can be read then. */
static int end_daemon(session *s)
{
    close(s->lifeline);
    if (s->daemon != 0)
        progress_await(s->daemon, "the daemon completes the upper");
    int status = s->daemon != 0 ? exit_status(s, s->daemon) : EXIT_OWN_FAILURE;
    if (status != 0 && s->daemon != 0)
        fprintf(stderr, "overlayfuse: the daemon %s %d\n", status < EXIT_SIGNALLED ? "ended with status" : "was killed by signal",
                status < EXIT_SIGNALLED ? status : status - EXIT_SIGNALLED);
    if (status != 0 && s->shared)
        session_unmount(s->at);
    return status;
}

/* Returns 0 in the daemon. */
static int go_live(session *s)
{
    while (serve(s) != 0) {
        if (await_mount(s))
            return 1;
        s->shared = 1;
        scratch_name_mount(s);
    }
    return 0;
}

/* The life of one daemon. Returns 0 in the daemon. */
static int live(session *s, int *status, int *ended)
{
    if (!go_live(s))
        return 0;
    *status = run_command(s);
    /* A signal may end us from here on: the daemon cleans up. */
    signals_release();
    *ended = end_daemon(s);
    return 1;
}

/* True if the view begins once more, over an empty upper. */
static int begins_anew(session *s, int status, int ended)
{
    if (!session_has(s, FLAG_HOLD) || status != STATUS_ANEW || ended != 0)
        return 0;
    if (scratch_renew(s) != 0)
        _exit(EXIT_OWN_FAILURE);
    return 1;
}

void overlayfuse_session(int argc, char **argv, int *live_pipe)
{
    session *s = &self;
    enum verb verb = command_line_verb(argc, argv);
    if (verb != VERB_RUN && verb != VERB_HOLD)
        return;
    s->supervisor = getpid();
    s->word_count = argc;
    s->words = argv;
    signals_prepare();
    s->cwd = getcwd(NULL, 0);
    s->flags = "";
    if (plan(s, argv) == 0)
        return;
    scratch_sweep(s->parent);
    if (hold_prepare(s) != 0)
        fail(s, "no memory");
    if (scratch_make(s) != 0)
        _exit(EXIT_OWN_FAILURE);
    int status, ended;
    do {
        if (!live(s, &status, &ended)) {
            *live_pipe = s->channel;
            return;
        }
    } while (begins_anew(s, status, ended));
    pid_t lister = -1;
    if (ended == 0 && session_has(s, FLAG_DIFF))
        lister = start_managed(s, ROLE_DIFF);
    if (lister == 0)
        return;
    int listed = lister > 0 ? exit_status(s, lister) : 0;
    enum hold_end kept = hold_keep(s);
    if (kept != HOLD_STAYS)
        scratch_remove(s);
    _exit(listed != 0 || ended != 0 || kept != HOLD_DONE ? EXIT_OWN_FAILURE : status);
}
