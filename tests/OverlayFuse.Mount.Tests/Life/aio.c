/* aio FILE ROUNDS: writes by an asynchronous direct write, beside readers of its last page that go by the page cache; when the write has
 * completed, reads that page by the page cache. Prints how often that read was old. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { Page = 4096, Size = 1 << 20, Last = Size - Page, Readers = 2 };

static const char *path;
static volatile int over;

static void *read_on(void *unused)
{
    char data[Page];
    int fd = open(path, O_RDONLY);
    while (!over && pread(fd, data, Page, Last) == Page)
        usleep(50); /* a page that is being read cannot be dropped, and the write goes by the page cache */
    return unused;
}

static int write_all(aio_context_t context, int fd, void *data)
{
    struct iocb write = { .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = fd, .aio_buf = (unsigned long)data, .aio_nbytes = Size };
    struct iocb *list = &write;
    struct io_event event;
    if (syscall(SYS_io_submit, context, 1, &list) != 1 || syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1)
        return -1;
    return event.res == Size ? 0 : -1;
}

int main(int count, char **words)
{
    path = words[1];
    int rounds = count > 2 ? atoi(words[2]) : 1000, old = 0;
    aio_context_t context = 0;
    char *data;
    char seen[Page];
    pthread_t readers[Readers];
    int direct = open(path, O_RDWR | O_DIRECT), cached = open(path, O_RDONLY);
    if (direct < 0 || cached < 0 || syscall(SYS_io_setup, 8, &context) || posix_memalign((void **)&data, Page, Size))
        return perror(path), 1;
    for (int i = 0; i < Readers; i++)
        pthread_create(&readers[i], NULL, read_on, NULL);
    for (int round = 1; round <= rounds; round++) {
        memset(data, 'a' + round % 26, Size);
        if (write_all(context, direct, data))
            return perror("write"), 1;
        old += pread(cached, seen, Page, Last) != Page || memcmp(seen, data, Page) != 0;
    }
    over = 1;
    for (int i = 0; i < Readers; i++)
        pthread_join(readers[i], NULL);
    printf("%d\n", old);
    return 0;
}
