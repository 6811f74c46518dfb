/* `overlayfuse run` and `hold`: one process that waits (the supervisor), children that do the work. See "A session" in src/ARCHITECTURE.md. */
#ifndef OVERLAYFUSE_SESSION_H
#define OVERLAYFUSE_SESSION_H

#include "shared.h"

#include <string.h>
#include <sys/types.h>

/* Exit statuses as those of env(1), timeout(1), chroot(1). */
enum { EXIT_OWN_FAILURE = 125, EXIT_CANNOT_START = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNALLED = 128 };

typedef struct {
    enum session_role role;
    pid_t supervisor, daemon, command;
    int channel;  /* plan: where the plan goes. serve: where "live" goes */
    int lifeline; /* supervisor: the write end. serve: the read end, at its end when the supervisor is gone */
    int lock;     /* on the scratch directory; -1 before it is made */
    int shared;   /* no namespace of its own: mounted where others see it, by fusermount3 or as root */
    int made_keep;
    char *cwd;
    int word_count;
    char **words; /* of this program */
    /* The plan. */
    const char *flags, *parent, *at, *like, *keep;
    char **argv; /* COMMAND ARG... */
    /* A directory in `parent`, locked as long as supervisor or daemon live; "" before it is made. */
    char scratch[4096];
} session;

/* Whether the plan has a flag. */
static inline int session_has(const session *s, enum session_flag flag)
{
    return strchr(s->flags, flag) != NULL;
}

/* session_scratch.c */
int scratch_make(session *s);                /* 0, or -1 with a text on stderr */
int scratch_renew(session *s);               /* upper and work anew, both empty; as scratch_make */
void scratch_name_mount(const session *s);   /* others see it: who sweeps later takes a dead one away */
void scratch_remove(session *s);             /* the upper that was made for --keep stays */
void scratch_sweep(const char *parent);      /* removes what dead sessions of this user left */
void session_unmount(const char *at);        /* takes a dead FUSE mount away */
void session_detach(const char *at);         /* takes a FUSE mount away, also when it is in use */

/* session_namespace.c */
int namespace_enter(const session *s);       /* in the daemon: 0, or an errno */
int namespace_join(const session *s);        /* in the command: 0, or -1 with a text on stderr */
void namespace_explain(int error, const session *s);

/* session_wait.c */
void signals_prepare(void);                  /* first of all */
void signals_hold(void);                     /* before the command starts: from here on they are taken by session_wait */
void signals_release(void);                  /* when the command has ended: they end us again */
void signals_restore(void);                  /* all as the caller had it: for the command */
int signals_pending(void);                   /* a signal that wants the session to end before its command started, or 0 */
int session_wait(session *s);                /* until the command ends: its exit status */

/* What the managed side calls. */
int overlayfuse_session_role(void);
const char *overlayfuse_session_scratch(void);
int overlayfuse_session_is_shared(void);
int overlayfuse_session_lifeline(void);
int overlayfuse_session_plan(const char *plan, int length);
void overlayfuse_session_ended(void);

/* Called by the constructor: returns where managed code shall go on, in a child or because the verb is another one.
   *live_pipe is set in the daemon. */
void overlayfuse_session(int argc, char **argv, int *live_pipe);

#endif
