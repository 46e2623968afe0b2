/* What the operating system and the C library say of this process's memory. Nothing here is
   CPython's: that is cpython.h's. */

#ifndef REFTRACK_PROCESS_H
#define REFTRACK_PROCESS_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* A small file of /proc as a string; empty where there is none. It is opened anew each time, which
   takes some microseconds: there is no descriptor that a suite could close, get for its own, or pass
   on to a fork. */
static inline void rt_read_file(const char *path, char *text, size_t size)
{
    int before = errno;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? 0 : read(descriptor, text, size - 1);
    if (descriptor >= 0) {
        close(descriptor);
    }
    text[length > 0 ? length : 0] = 0;
    errno = before;
}

/* Shared memory in RAM: RssShmem of /proc/self/status (proc(5), Linux 4.5). */
static inline int64_t rt_shared_memory(void)
{
    char text[4096];
    rt_read_file("/proc/self/status", text, sizeof(text));
    const char *line = strstr(text, "RssShmem:");
    return line == NULL ? 0 : strtoll(line + strlen("RssShmem:"), NULL, 10) << 10;
}

/* Bytes of the process in RAM that no file stands behind, shared memory included; -1 where the system
   does not say. The second number of /proc/self/statm is all of it in pages, the third what files or
   shared memory stand behind. Which of the two it is takes longer to read: only where it has changed. */
static inline int64_t rt_resident_bytes(void)
{
    static long long shared_then = -1;
    static int64_t memory_then = 0;
    char text[128], *next = text;
    rt_read_file("/proc/self/statm", text, sizeof(text));
    if (text[0] == 0) {
        return -1;
    }
    strtoll(next, &next, 10);
    long long resident = strtoll(next, &next, 10);
    long long shared = strtoll(next, &next, 10);
    if (shared != shared_then) {
        shared_then = shared;
        memory_then = rt_shared_memory();
    }
    return (resident - shared) * sysconf(_SC_PAGESIZE) + memory_then;
}

/* Bytes that malloc keeps free in its arenas. It walks their lists of free chunks: time grows with
   them. mallinfo2() is glibc's, from 2.33 on; others do not say. */
static inline int64_t rt_malloc_idle(void)
{
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
    return (int64_t)mallinfo2().fordblks;
#endif
#endif
    return 0;
}

#endif
