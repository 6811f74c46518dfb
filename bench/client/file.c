/* Actions on one large file. */
#define _GNU_SOURCE
#include "client.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t SEED = 0x9E3779B97F4A7C15;
static char buffer[COPY_BUFFER];

static int open_file(const char *path, int flags, long *pages)
{
    struct stat status;
    int fd = MUST(open(path, flags | O_CLOEXEC, 0644));
    MUST(fstat(fd, &status));
    *pages = status.st_size / PAGE;
    return fd;
}

long read_file(char **argument)
{
    long total = 0, got, pages;
    int fd = open_file(argument[0], O_RDONLY, &pages);
    while ((got = MUST(read(fd, buffer, sizeof buffer))) > 0)
        total += got;
    close(fd);
    return total;
}

long random_reads(char **argument)
{
    long pages, count = atol(argument[1]);
    int fd = open_file(argument[0], O_RDONLY, &pages);
    uint64_t state = SEED;
    for (long i = 0; i < count; i++)
        if (MUST(pread(fd, buffer, PAGE, next_random(&state) % pages * PAGE)) != PAGE)
            fail("a short read");
    close(fd);
    return count;
}

long random_touches(char **argument)
{
    long pages, count = atol(argument[1]);
    int fd = open_file(argument[0], O_RDONLY, &pages);
    volatile char *data = mmap(NULL, pages * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        fail("mmap");
    uint64_t state = SEED;
    for (long i = 0; i < count; i++)
        (void)data[next_random(&state) % pages * PAGE];
    munmap((void *)data, pages * PAGE);
    close(fd);
    return count;
}

static long write_all(const char *path, long count, size_t bytes)
{
    int fd = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    memset(buffer, 'x', sizeof buffer);
    for (long i = 0; i < count; i++)
        if (MUST(write(fd, buffer, bytes)) != (long)bytes)
            fail("a short write");
    close(fd);
    return count;
}

long sequential_write(char **argument) { return write_all(argument[0], atol(argument[1]) * (1024 * 1024 / COPY_BUFFER), COPY_BUFFER); }

long small_writes(char **argument) { return write_all(argument[0], atol(argument[1]), atol(argument[2])); }

/* In a file of the upper. */
long random_writes(char **argument)
{
    long pages, count = atol(argument[1]);
    int fd = open_file(argument[0], O_WRONLY, &pages);
    uint64_t state = SEED;
    for (long i = 0; i < count; i++)
        if (MUST(pwrite(fd, buffer, PAGE, next_random(&state) % pages * PAGE)) != PAGE)
            fail("a short write");
    close(fd);
    return count;
}

/* From open to close: what a program waits that changes one page of a lower file. */
long first_write(char **argument)
{
    int fd = MUST(open(argument[0], O_RDWR | O_CLOEXEC));
    MUST(pwrite(fd, buffer, PAGE, 100 * PAGE));
    close(fd);
    return 1;
}
