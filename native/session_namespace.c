/*
 * The session's own mount namespace, and the user namespace that gives the right to one. The daemon makes them, before it has
 * threads; the command joins. The supervisor stays outside: there everything is as it was.
 */
#define _GNU_SOURCE
#include "session.h"
#include "id_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Our mounts stay here. A mount that is unmounted outside goes here, too, so that a session keeps no disk busy. */
int namespace_enter(const session *s)
{
    int as_root = session_has(s, FLAG_MAP_ROOT) && geteuid() != 0;
    id_maps maps;
    id_maps_format(&maps, as_root);
    if (as_root || unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || id_maps_write(&maps) != 0)
            return errno;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 ? 0 : errno;
}

static int file_says(const char *path, char value)
{
    char text = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, &text, 1);
    if (fd >= 0)
        close(fd);
    return got == 1 && text == value;
}

static const char *reason(int error)
{
    if (file_says("/proc/sys/user/max_user_namespaces", '0') || error == ENOSPC)
        return "user.max_user_namespaces is 0 or used up; as root: sysctl user.max_user_namespaces=15000";
    if (file_says("/proc/sys/kernel/unprivileged_userns_clone", '0'))
        return "they are switched off; as root: sysctl kernel.unprivileged_userns_clone=1";
    if (file_says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1'))
        return "AppArmor restricts them; as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0, "
               "or install the package of overlayfuse, which brings a profile that allows them";
    if (error == EACCES)
        return "a security module (AppArmor, SELinux) forbids them; of a container: --security-opt apparmor=unconfined";
    if (error == EINVAL || error == ENOSYS)
        return "this kernel has none (CONFIG_USER_NS), or the root directory is that of a chroot";
    return "a container's seccomp filter or security policy forbids them, or this is a chroot; "
           "give the container CAP_SYS_ADMIN, or run outside of it";
}

void namespace_explain(int error, const session *s)
{
    fprintf(stderr, "overlayfuse: no namespace for a private view (%s): %s\n", strerror(error), reason(error));
    if (session_has(s, FLAG_MAY_BE_SEEN))
        fprintf(stderr, "overlayfuse: %s is mounted by fusermount3 instead: "
                "while the command runs, all your processes see the view there\n", s->at);
    else
        fprintf(stderr, "overlayfuse: with --at DIR (an empty directory; without --root and --map-root) "
                "fusermount3 can mount the view, where all your processes see it\n");
}

static int open_of(pid_t process, const char *what, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, what);
    return open(path, flags | O_CLOEXEC);
}

/* setns(2) to a mount namespace leads to its first root directory, also out of a chroot: so the daemon's root is taken as well. */
static int join(const session *s)
{
    int user = open_of(s->daemon, "ns/user", O_RDONLY);
    int mounts = open_of(s->daemon, "ns/mnt", O_RDONLY);
    int root = open_of(s->daemon, "root", O_PATH | O_DIRECTORY);
    if (user < 0 || mounts < 0 || root < 0)
        return -1;
    /* EINVAL: it is ours already. */
    if (setns(user, CLONE_NEWUSER) != 0 && errno != EINVAL)
        return -1;
    return setns(mounts, CLONE_NEWNS) != 0 || fchdir(root) != 0 || chroot(".") != 0 ? -1 : 0;
}

/* Binds the system's own directories, with all mounts below: a new /proc would need a process namespace. */
static int bind_system(const char *at)
{
    static const char *const systems[] = { "/proc", "/sys", "/dev" };
    char target[4096];
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++) {
        snprintf(target, sizeof target, "%s%s", at, systems[i]);
        if (mkdir(target, 0755) != 0 && errno != EEXIST)
            return -1;
        if (mount(systems[i], target, NULL, MS_BIND | MS_REC, NULL) != 0)
            return -1;
    }
    return 0;
}

/* Goes to the directory where the caller was, if it lies in the new root. */
static int enter_root(const session *s)
{
    size_t length = strlen(s->at);
    int is_below = s->cwd != NULL && strncmp(s->cwd, s->at, length) == 0 && s->cwd[length] == '/';
    if (bind_system(s->at) != 0 || chroot(s->at) != 0)
        return -1;
    const char *directory = is_below && chdir(s->cwd + length) == 0 ? s->cwd + length : "/";
    setenv("PWD", directory, 1);
    unsetenv("OLDPWD");
    unsetenv("TMPDIR");
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    if (geteuid() == 0)
        setenv("HOME", "/root", 1);
    return chdir(directory);
}

int namespace_join(const session *s)
{
    const char *what = "the session's namespace";
    int result = s->shared ? 0 : join(s);
    if (result == 0 && session_has(s, FLAG_CHROOT)) {
        what = "the view as root directory (it needs room for /proc, /sys and /dev)";
        result = enter_root(s);
    } else if (result == 0) {
        what = s->cwd != NULL ? s->cwd : "the working directory";
        /* In the namespace the path leads to the merged directory. */
        result = s->cwd != NULL ? chdir(s->cwd) : -1;
    }
    if (result != 0)
        fprintf(stderr, "overlayfuse: %s cannot be entered: %s\n", what, strerror(errno));
    return result;
}
