/*
 * Goes to the background before the .NET runtime has threads: fork(2) keeps only the calling one, so managed code cannot.
 * An ELF constructor forks; the parent waits for one byte on a pipe, which the child writes when the mount is live.
 */
#define _GNU_SOURCE
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_REFUSED = 1, EXIT_BY_SIGNAL = 128 };

static int live_pipe = -1;

/* Verbs and questions are answered by the process that was started. Keep in step with CommandLine.cs. */
static int is_foreground_word(const char *word)
{
    static const char *const words[] = { "--help", "--version", "--foreground", "--debug" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            return 1;
    return 0;
}

/* Keep in step with Verbs.cs. */
static int is_verb(const char *word)
{
    static const char *const verbs[] = { "options", "layers", "add-layer", "refresh", "doctor", "list", "unmount" };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(word, verbs[i]) == 0)
            return 1;
    return 0;
}

/* "-o debug" means -d. */
static int has_debug(const char *options)
{
    static const char debug[] = "debug";
    for (const char *at = options; at != NULL; at = strchr(at, ','), at += at != NULL) {
        size_t length = strcspn(at, ",");
        if (length == sizeof debug - 1 && strncmp(at, debug, length) == 0)
            return 1;
    }
    return 0;
}

static int wants_background(int argc, char **argv)
{
    if (argc > 1 && is_verb(argv[1]))
        return 0;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0)
            break;
        if (strcmp(word, "-o") == 0 || strcmp(word, "-t") == 0) {
            if (++i < argc && word[1] == 'o' && has_debug(argv[i]))
                return 0;
            continue;
        }
        if (strncmp(word, "-o", 2) == 0 && has_debug(word + 2))
            return 0;
        if (is_foreground_word(word))
            return 0;
        if (word[0] == '-' && word[1] != '-' && word[1] != 'o' && word[1] != 't' && strpbrk(word, "fdhV?"))
            return 0;
    }
    return argc > 1;
}

/* A closed stdin, stdout or stderr would hand its number to /dev/fuse or to a layer, which then receives error texts. */
static void open_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The status that the child ended with before its mount was live. */
static int status_of(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_REFUSED;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "overlayfuse: the daemon was killed by signal %d (%s) before the mount was live\n",
            WTERMSIG(status), strsignal(WTERMSIG(status)));
    return EXIT_BY_SIGNAL + WTERMSIG(status);
}

static void wait_until_live(int fd, pid_t child)
{
    char live;
    ssize_t got;
    do
        got = read(fd, &live, 1);
    while (got < 0 && errno == EINTR);
    _exit(got == 1 ? 0 : status_of(child));
}

/* glibc passes main's arguments to constructors. */
__attribute__((constructor)) static void start(int argc, char **argv)
{
    open_standard_descriptors();
    raise_descriptor_limit();
    umask(0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* RLIMIT_FSIZE: the caller gets EFBIG, nobody dies */
    if (!wants_background(argc, argv))
        return;

    int ends[2];
    pid_t child = -1;
    if (pipe2(ends, O_CLOEXEC) == 0)
        child = fork();
    if (child < 0) {
        fprintf(stderr, "overlayfuse: cannot go to the background: %s; use -f to stay in the foreground\n", strerror(errno));
        _exit(EXIT_REFUSED);
    }
    if (child > 0) {
        close(ends[1]);
        wait_until_live(ends[0], child);
    }
    close(ends[0]);
    live_pipe = ends[1];
}

static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
    setsid();
    /* A daemon pins no file system but those of its layers. */
    if (chdir("/") != 0)
        return;
}

int overlayfuse_daemon_live(void)
{
    if (live_pipe < 0)
        return 0;
    leave_terminal();
    ssize_t written = write(live_pipe, "", 1);
    close(live_pipe);
    live_pipe = -1;
    return written == 1 ? 0 : -1;
}
