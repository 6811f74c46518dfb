/*
 * The signals of a session. A signal of the terminal goes to the whole foreground group, and so to the command. A signal that a
 * process sends to us alone is passed on. When job control stops the command, we stop too, so that the shell sees it.
 */
#define _GNU_SOURCE
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t callers_mask;
static struct sigaction callers_child_action;
static sigset_t all;

void signals_prepare(void)
{
    struct sigaction plain = { .sa_handler = SIG_DFL };
    /* Some callers leave SIGCHLD ignored. Then children would vanish unseen. */
    sigaction(SIGCHLD, &plain, &callers_child_action);
}

void signals_hold(void)
{
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &callers_mask);
}

void signals_release(void)
{
    sigprocmask(SIG_SETMASK, &callers_mask, NULL);
}

void signals_restore(void)
{
    sigaction(SIGCHLD, &callers_child_action, NULL);
    signals_release();
}

int signals_pending(void)
{
    static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    sigset_t pending;
    sigpending(&pending);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (sigismember(&pending, ending[i]) == 1 && sigismember(&callers_mask, ending[i]) == 0)
            return ending[i];
    return 0;
}

static void on_daemon(session *s, int status)
{
    s->daemon = 0;
    fprintf(stderr, WIFSIGNALED(status)
        ? "overlayfuse: the daemon was killed by signal %d, and its view is gone; the command is ended\n"
        : "overlayfuse: the view was unmounted while the command ran (exit status of the daemon: %d); the command is ended\n",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    kill(s->command, SIGKILL);
}

static void on_stop(int signal_number)
{
    if (signal_number == SIGTSTP || signal_number == SIGTTIN || signal_number == SIGTTOU)
        kill(getpid(), SIGSTOP);
}

/* Returns -1 while the command goes on. The first process of a container gets orphans of others, too, and lets them go. */
static int reap(session *s)
{
    int status;
    pid_t child;
    while ((child = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (child == s->daemon && !WIFSTOPPED(status))
            on_daemon(s, status);
        else if (child == s->command && WIFSTOPPED(status))
            on_stop(WSTOPSIG(status));
        else if (child == s->command)
            return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNALLED + WTERMSIG(status);
    }
    return -1;
}

int session_wait(session *s)
{
    int status;
    while ((status = reap(s)) < 0) {
        siginfo_t info;
        int got = sigwaitinfo(&all, &info);
        int is_from_process = got > 0 && got != SIGCHLD && info.si_code <= 0;
        if (is_from_process)
            kill(s->command, got);
    }
    return status;
}
