// random layer SEED DIRECTORY               adds a tree to a lower layer
// random operations SEED COUNT ONE OTHER    does the same operations in two trees; each must give the same answer in both
// random compare ONE OTHER                  the trees show the same
// Ends with status 1 and says what differs.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static uint64_t state;

static unsigned draw(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

// What is not of the run: set by a test, so equal in both trees.
static const time_t past = 1600000000;

static const char *draw_path(char *path)
{
    static const char *const names[] = {"a", "b", "c", "dir", "deep", "file"};
    int parts = 1 + (draw(2) > 0) + (draw(4) == 0);
    *path = 0;
    for (int i = 0; i < parts; i++)
        sprintf(path + strlen(path), "%s%s", i ? "/" : "", names[draw(sizeof names / sizeof *names)]);
    return path;
}

// An answer: the name of an error, or "ok" and what was found.
static char answer[65536];

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t used = strlen(answer);
    vsnprintf(answer + used, sizeof answer - used, format, arguments);
    va_end(arguments);
}

static void result(long value) { say("%s", value < 0 ? strerrorname_np(errno) : "ok"); }

static void write_to(const char *path, int flags, unsigned offset, unsigned length)
{
    char text[20000];
    memset(text, 'a' + length % 26, sizeof text);
    // A FIFO without a reader is an error in place of a wait.
    int fd = open(path, flags | O_WRONLY | O_CLOEXEC | O_NONBLOCK, 0666);
    result(fd);
    if (fd < 0)
        return;
    result(flags & O_APPEND ? write(fd, text, length) : pwrite(fd, text, length, offset));
    close(fd);
}

static void describe_content(const char *path)
{
    char text[4096];
    uint64_t hash = 14695981039346656037u;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    result(fd);
    if (fd < 0)
        return;
    while ((got = read(fd, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < got; i++)
            hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    result(got);
    say(" content %016lx", (unsigned long)hash);
    close(fd);
}

static int by_text(const void *one, const void *other) { return strcmp(*(char *const *)one, *(char *const *)other); }

static void describe_xattrs(const char *path)
{
    char names[4096], value[1024];
    const char *sorted[64];
    int count = 0;
    ssize_t length = llistxattr(path, names, sizeof names);
    for (char *name = names; length > 0 && name < names + length && count < 64; name += strlen(name) + 1)
        sorted[count++] = name;
    qsort(sorted, count, sizeof *sorted, by_text);
    for (int i = 0; i < count; i++) {
        const char *name = sorted[i];
        ssize_t size = lgetxattr(path, name, value, sizeof value);
        if (strncmp(name, "user.", 5) == 0)
            say(" %s=%.*s", name, (int)(size < 0 ? 0 : size), value);
        else if (strncmp(name, "trusted.overlay.", 16) == 0 || strncmp(name, "user.overlay.", 13) == 0)
            say(" %s is shown", name);
    }
}

static void describe(const char *path)
{
    struct stat is;
    char target[4096];
    if (lstat(path, &is) < 0) {
        result(-1);
        return;
    }
    int is_directory = S_ISDIR(is.st_mode);
    say("mode %o owner %u:%u", is.st_mode, is.st_uid, is.st_gid);
    if (!is_directory)
        say(" links %u size %ld", (unsigned)is.st_nlink, (long)is.st_size);
    if (is.st_mtime <= past)
        say(" time %ld.%09ld", is.st_mtim.tv_sec, is.st_mtim.tv_nsec);
    if (S_ISLNK(is.st_mode)) {
        ssize_t length = readlink(path, target, sizeof target);
        say(" target %.*s", (int)length, target);
    }
    describe_xattrs(path);
}

static int by_name(const struct dirent **one, const struct dirent **other) { return strcmp((*one)->d_name, (*other)->d_name); }
static int no_dots(const struct dirent *entry) { return strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."); }

static void describe_listing(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, no_dots, by_name);
    result(count);
    for (int i = 0; i < count; i++) {
        say(" %s:%d", entries[i]->d_name, entries[i]->d_type);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void remove_all(const char *path)
{
    struct dirent **entries;
    char below[4096];
    struct stat is;
    if (lstat(path, &is) < 0 || !S_ISDIR(is.st_mode)) {
        result(unlink(path));
        return;
    }
    int count = scandir(path, &entries, no_dots, by_name);
    for (int i = 0; i < count; i++) {
        snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
        remove_all(below);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    result(rmdir(path));
}

struct operation { unsigned kind, number, size; char path[200], other[200]; };

static const char *const kinds[] = {
    "create", "append", "write", "truncate", "unlink", "mkdir", "rmdir", "rename", "exchange", "noreplace", "link", "symlink", "chmod",
    "chown", "setxattr", "removexattr", "mkfifo", "utimens", "read", "stat", "list", "remove all", "mkdir", "create", "rename",
};

static void apply(const struct operation *does)
{
    struct timespec times[2] = {{past, does->number}, {past - does->size, does->number}};
    const char *path = does->path, *other = does->other;
    switch (does->kind) {
    case 0: case 23: write_to(path, O_CREAT | O_EXCL, 0, does->size); break;
    case 1: write_to(path, O_APPEND, 0, does->size); break;
    case 2: write_to(path, 0, does->number, does->size); break;
    case 3: result(truncate(path, does->size)); break;
    case 4: result(unlink(path)); break;
    case 5: case 22: result(mkdir(path, 0777)); break;
    case 6: result(rmdir(path)); break;
    case 7: case 24: result(rename(path, other)); break;
    case 8: result(renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE)); break;
    case 9: result(renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_NOREPLACE)); break;
    case 10: result(link(path, other)); break;
    case 11: result(symlink(other, path)); break;
    case 12: result(chmod(path, 0400 | (does->number & 07377))); break;
    case 13: result(lchown(path, does->number % 3, does->size % 3)); break;
    case 14: result(lsetxattr(path, "user.a", other, strlen(other), 0)); break;
    case 15: result(lremovexattr(path, "user.a")); break;
    case 16: result(mkfifo(path, 0644)); break;
    case 17: result(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW)); break;
    case 18: describe_content(path); break;
    case 19: describe(path); break;
    case 20: describe_listing(path); break;
    case 21: remove_all(path); break;
    }
}

static void draw_operation(struct operation *does)
{
    memset(does, 0, sizeof *does);
    does->kind = draw(sizeof kinds / sizeof *kinds);
    does->number = draw(9000);
    does->size = draw(draw(4) ? 100 : 19000);
    draw_path(does->path);
    draw_path(does->other);
    // Whole trees go seldom, else little is left to work on.
    if (does->kind == 21 && draw(4))
        does->kind = 19;
}

static char *answer_in(const char *tree, const struct operation *does)
{
    *answer = 0;
    if (chdir(tree) < 0)
        exit((perror(tree), 2));
    apply(does);
    return strdup(answer);
}

static int operations(unsigned seed, unsigned count, const char *one, const char *other)
{
    char *trees[] = {realpath(one, NULL), realpath(other, NULL)};
    unsigned well = 0;
    state = seed;
    for (unsigned i = 0; i < count; i++) {
        struct operation does;
        draw_operation(&does);
        char *first = answer_in(trees[0], &does), *second = answer_in(trees[1], &does);
        well += *first != 'E';
        if (strcmp(first, second)) {
            printf("operation %u: %s %s %s %u %u: '%s' in %s, '%s' in %s\n", i, kinds[does.kind], does.path, does.other, does.number,
                does.size, first, one, second, other);
            return 1;
        }
        free(first);
        free(second);
    }
    // Operations that all fail would compare nothing.
    printf("%u of %u operations did something\n", well, count);
    return well * 10 < count;
}

static void lines_of(const char *path, FILE *lines)
{
    struct dirent **entries;
    char below[4096];
    struct stat is;
    *answer = 0;
    describe(path);
    if (lstat(path, &is) == 0 && S_ISREG(is.st_mode))
        describe_content(path);
    fprintf(lines, "%s: %s\n", path, answer);
    int count = S_ISDIR(is.st_mode) ? scandir(path, &entries, no_dots, by_name) : 0;
    for (int i = 0; i < count; i++) {
        snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
        lines_of(below, lines);
        free(entries[i]);
    }
}

static char *lines_of_tree(const char *tree)
{
    char *text;
    size_t size;
    FILE *lines = open_memstream(&text, &size);
    if (chdir(tree) < 0)
        exit((perror(tree), 2));
    lines_of(".", lines);
    fclose(lines);
    return text;
}

static int compare(const char *one, const char *other)
{
    char *trees[] = {realpath(one, NULL), realpath(other, NULL)};
    char *first = lines_of_tree(trees[0]), *second = lines_of_tree(trees[1]), *rest1, *rest2;
    char *line1 = strtok_r(first, "\n", &rest1), *line2 = strtok_r(second, "\n", &rest2);
    while (line1 && line2 && !strcmp(line1, line2)) {
        line1 = strtok_r(NULL, "\n", &rest1);
        line2 = strtok_r(NULL, "\n", &rest2);
    }
    if (line1 || line2)
        printf("trees differ: %s shows '%s', %s shows '%s'\n", one, line1 ? line1 : "no more", other, line2 ? line2 : "no more");
    return line1 || line2;
}

static void grow(const char *directory)
{
    static const unsigned growing[] = {0, 5, 10, 11, 14, 16, 17, 22, 23};
    for (int i = 0; i < 200; i++) {
        struct operation does;
        draw_operation(&does);
        does.kind = growing[draw(sizeof growing / sizeof *growing)];
        free(answer_in(directory, &does));
    }
}

int main(int count, char **arg)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    umask(022);
    if (count == 4 && !strcmp(arg[1], "layer")) {
        state = strtoul(arg[2], NULL, 0) + 1000;
        grow(realpath(arg[3], NULL));
        return 0;
    }
    if (count == 6 && !strcmp(arg[1], "operations"))
        return operations(strtoul(arg[2], NULL, 0), strtoul(arg[3], NULL, 0), arg[4], arg[5]);
    if (count == 4 && !strcmp(arg[1], "compare"))
        return compare(arg[2], arg[3]);
    fprintf(stderr, "random: unknown verb, or wrong count of arguments\n");
    return 2;
}
