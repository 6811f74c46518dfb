/* `overlayfuse run` and `hold`: one process that waits (the supervisor), and children that work. See "A session" in native/README.md. */
#ifndef OVERLAYFUSE_SESSION_H
#define OVERLAYFUSE_SESSION_H

#include "shared.h"

#include <string.h>
#include <sys/types.h>

/* Exit statuses as those of env(1), timeout(1), chroot(1). */
enum { EXIT_OWN_FAILURE = 125, EXIT_CANNOT_START = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNALLED = 128 };

/* The exit status of a holder whose view is to be made anew. */
enum { STATUS_ANEW = 10 };

typedef struct {
    enum session_role role;
    pid_t supervisor, daemon, command;
    /* ROLE_PLAN: the plan is written to it. ROLE_SERVE: "live" is. */
    int channel;
    /* The supervisor's end for writing. ROLE_SERVE: the end for reading, at its end when the supervisor is gone. */
    int lifeline;
    /* On the scratch directory; -1 before that is made. */
    int lock;
    /* There is no namespace of its own: others see the mount, which fusermount3 or root has made. */
    int shared;
    int made_keep;
    char *cwd;
    /* The words of this program. */
    int word_count;
    char **words;
    /* The plan. */
    const char *flags, *parent, *at, *like, *keep;
    /* COMMAND ARG... */
    char **argv;
    /* A directory in `parent`, locked as long as supervisor or daemon live; "" before it is made. */
    char scratch[4096];
} session;

/* True if the plan has a flag. */
static inline int session_has(const session *s, enum session_flag flag)
{
    return strchr(s->flags, flag) != NULL;
}

/* session_scratch.c */
/* Returns 0, or -1 with a text on stderr. */
int scratch_make(session *s);
/* Makes upper and work anew, both empty. Returns as scratch_make does. */
int scratch_renew(session *s);
/* Notes where the mount is, for a mount that others see: a later sweep takes a dead one away. */
void scratch_name_mount(const session *s);
/* The upper that was made for --keep stays. */
void scratch_remove(session *s);
/* Removes all that dead sessions of this user have left. */
void scratch_sweep(const char *parent);
/* Takes a dead FUSE mount away. */
void session_unmount(const char *at);
/* Takes a FUSE mount away, also if it is in use. */
void session_detach(const char *at);

/* session_namespace.c */
/* In the daemon. Returns 0, or an errno. */
int namespace_enter(const session *s);
/* In the command. Returns 0, or -1 with a text on stderr. */
int namespace_join(const session *s);
void namespace_explain(int error, const session *s);

/* session_hold.c */
/* Called before the holder starts. Returns 0, or -1. */
int hold_prepare(const session *s);
/* The life of the holder. */
_Noreturn void become_holder(const session *s);
enum hold_end {
    HOLD_DONE,
    /* The changes are elsewhere, as a text on stderr says. */
    HOLD_MOVED,
    /* They are in the scratch directory, which must not be removed. */
    HOLD_STAYS,
};
/* Called when the daemon has ended: moves the upper to where the holder was told. */
enum hold_end hold_keep(const session *s);

/* session_wait.c */
/* Called before all others. */
void signals_prepare(void);
/* Called before the command starts: from here on session_wait takes the signals. */
void signals_hold(void);
/* Called when the command has ended: signals end us again. */
void signals_release(void);
/* Gives the command the signals as the caller had them. */
void signals_restore(void);
/* A signal that asks for the end of the session before its command has started, or 0. */
int signals_pending(void);
/* Waits for the end of the command. Returns its exit status. */
int session_wait(session *s);

/* The managed side calls these. */
int overlayfuse_session_role(void);
const char *overlayfuse_session_scratch(void);
int overlayfuse_session_is_shared(void);
int overlayfuse_session_lifeline(void);
int overlayfuse_session_plan(const char *plan, int length);
void overlayfuse_session_ended(void);

/* Called by the constructor. Returns in a child that goes on into managed code, or if the verb is another one.
   *live_pipe is set in the daemon. */
void overlayfuse_session(int argc, char **argv, int *live_pipe);

#endif
