// client VERB ARGUMENT...: what the tests of a guest ask of a file system and no shell can. Prints the name of the error that a
// call gives, and ends with status 1.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
    printf("%s: %s\n", what, strerrorname_np(errno));
    exit(1);
}

static long check(const char *what, long result)
{
    if (result < 0)
        fail(what);
    return result;
}

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    printf("wrong: %s\n", what);
    exit(1);
}

static int open_file(const char *path, int flags) { return check("open", open(path, flags | O_CLOEXEC, 0644)); }

// A store through a shared mapping is what read(2) shows; a private one stays private.
static void do_mmap(char **arg)
{
    char text[6] = "";
    int fd = open_file(arg[0], O_RDWR);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (shared == MAP_FAILED || private == MAP_FAILED)
        fail("mmap");
    memcpy(shared, "MAPPD", 5);
    check("msync", msync(shared, 4096, MS_SYNC));
    check("pread", pread(fd, text, 5, 0));
    expect(!strcmp(text, "MAPPD"), "read(2) does not show the store");
    memcpy(private, "mine!", 5);
    check("pread", pread(fd, text, 5, 0));
    expect(!strcmp(text, "MAPPD"), "a private mapping is shared");
}

static void do_tmpfile(char **arg)
{
    char name[64], text[6] = "";
    int fd = check("open(O_TMPFILE)", open(arg[0], O_TMPFILE | O_RDWR | O_CLOEXEC, 0640));
    check("write", write(fd, "tmpfl", 5));
    check("pread", pread(fd, text, 5, 0));
    expect(!strcmp(text, "tmpfl"), "the content");
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    check("linkat", linkat(AT_FDCWD, name, AT_FDCWD, arg[1], AT_SYMLINK_FOLLOW));
}

static int child_status(void)
{
    int status;
    check("wait", wait(&status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// A lock that one process has is refused to another: of fcntl(2), of open files, and of flock(2).
static void do_locks(char **arg)
{
    int commands[] = {F_SETLK, F_OFD_SETLK}, fd = open_file(arg[0], O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};
    for (int i = 0; i < 2; i++) {
        lock.l_type = F_WRLCK;
        check("fcntl", fcntl(fd, commands[i], &lock));
        if (!fork()) {
            int other = open_file(arg[0], O_RDWR);
            expect(fcntl(other, commands[i], &lock) == -1 && errno == EAGAIN, "a lock is given twice");
            lock.l_start = 100;
            check("fcntl elsewhere", fcntl(other, commands[i], &lock));
            exit(0);
        }
        expect(child_status() == 0, "locks of records");
        lock.l_type = F_UNLCK;
        check("unlock", fcntl(fd, commands[i], &lock));
    }
    check("flock", flock(fd, LOCK_EX));
    int other = open_file(arg[0], O_RDWR);
    expect(flock(other, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK, "flock is given twice");
}

static void do_append(char **arg)
{
    int writers = 3;
    for (int i = 0; i < writers; i++)
        if (!fork()) {
            int fd = open_file(arg[0], O_WRONLY | O_APPEND | O_CREAT);
            for (int line = 0; line < 200; line++)
                expect(write(fd, "a line of 20 letters\n", 21) == 21, "a short write");
            exit(0);
        }
    for (int i = 0; i < writers; i++)
        expect(child_status() == 0, "a writer");
}

static void do_unlinked(char **arg)
{
    char text[9] = "";
    struct stat is;
    int fd = open_file(arg[0], O_RDWR);
    check("unlink", unlink(arg[0]));
    check("pwrite", pwrite(fd, "unlinked", 8, 0));
    check("fchmod", fchmod(fd, 0600));
    check("ftruncate", ftruncate(fd, 8));
    check("pread", pread(fd, text, 8, 0));
    check("fstat", fstat(fd, &is));
    expect(!strcmp(text, "unlinked"), "the content");
    expect(is.st_nlink == 0 && is.st_size == 8 && (is.st_mode & 0777) == 0600, "the attributes");
    expect(access(arg[0], F_OK) == -1 && errno == ENOENT, "the name is there");
}

static void do_rename(char **arg)
{
    unsigned flags = !strcmp(arg[2], "exchange") ? RENAME_EXCHANGE : !strcmp(arg[2], "noreplace") ? RENAME_NOREPLACE : 0;
    check("rename", renameat2(AT_FDCWD, arg[0], AT_FDCWD, arg[1], flags));
}

static void do_entries(char **arg)
{
    char name[4096];
    for (int i = atoi(arg[1]); i < atoi(arg[2]); i++) {
        snprintf(name, sizeof name, "%s/entry-%06d", arg[0], i);
        close(check("open", open(name, O_CREAT | O_WRONLY, 0644)));
    }
}

static void do_fallocate(char **arg)
{
    int mode = strtol(arg[1], NULL, 0), fd = open_file(arg[0], O_RDWR);
    check("fallocate", fallocate(fd, mode, atol(arg[2]), atol(arg[3])));
}

static void do_copy(char **arg)
{
    off_t in = 0, out = 0;
    int from = open_file(arg[0], O_RDONLY), to = open_file(arg[1], O_WRONLY | O_CREAT | O_TRUNC);
    expect(check("copy_file_range", copy_file_range(from, &in, to, &out, atol(arg[2]), 0)) == atol(arg[2]), "a short copy");
}

static void do_direct(char **arg)
{
    void *buffer;
    int fd = open_file(arg[0], O_RDWR | O_DIRECT);
    expect(posix_memalign(&buffer, 65536, 65536) == 0, "memory");
    memset(buffer, 'd', 65536);
    check("pwrite", pwrite(fd, buffer, 65536, 65536));
    memset(buffer, 0, 65536);
    expect(check("pread", pread(fd, buffer, 65536, 65536)) == 65536 && *(char *)buffer == 'd', "the content");
}

// The flags of open(2) that differ by architecture.
static void do_flags(char **arg)
{
    expect(open(arg[0], O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR, "O_DIRECTORY opens a file");
    expect(open(arg[1], O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP, "O_NOFOLLOW follows");
    int fd = check("open(O_DIRECTORY | O_NOFOLLOW)", open(arg[2], O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    check("fsync", fsync(fd));
    expect(open(arg[0], O_CREAT | O_EXCL | O_RDWR, 0600) == -1 && errno == EEXIST, "O_EXCL");
    check("open(O_TRUNC | O_SYNC | O_NOATIME)", open(arg[0], O_RDWR | O_TRUNC | O_SYNC | O_NOATIME));
}

static void do_verity(char **arg)
{
    struct fsverity_enable_arg how = {.version = 1, .hash_algorithm = FS_VERITY_HASH_ALG_SHA256, .block_size = 4096};
    int fd = open_file(arg[0], O_RDONLY);
    check("FS_IOC_ENABLE_VERITY", ioctl(fd, FS_IOC_ENABLE_VERITY, &how));
}

static void do_statx(char **arg)
{
    struct statx is;
    check("statx", statx(AT_FDCWD, arg[0], AT_SYMLINK_NOFOLLOW, STATX_ALL, &is));
    printf("%lu %s\n", (unsigned long)is.stx_size, is.stx_mask & STATX_BTIME ? "btime" : "no-btime");
}

int main(int count, char **arg)
{
    static const struct { const char *name; int arguments; void (*run)(char **); } verbs[] = {
        {"mmap", 1, do_mmap}, {"tmpfile", 2, do_tmpfile}, {"locks", 1, do_locks}, {"append", 1, do_append}, {"unlinked", 1, do_unlinked},
        {"rename", 3, do_rename}, {"entries", 3, do_entries}, {"fallocate", 4, do_fallocate},
        {"copy", 3, do_copy}, {"direct", 1, do_direct},
        {"flags", 3, do_flags}, {"verity", 1, do_verity}, {"statx", 1, do_statx},
    };
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; count > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].name, arg[1]) && count == verbs[i].arguments + 2) {
            verbs[i].run(arg + 2);
            return 0;
        }
    fprintf(stderr, "client: unknown verb, or wrong count of arguments\n");
    return 2;
}
