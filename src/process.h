/* What the operating system and the C library say of this process's memory. Nothing here is
   CPython's: that is cpython.h's. */

#ifndef REFTRACK_PROCESS_H
#define REFTRACK_PROCESS_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

#if RT_LINUX
#include <fcntl.h>
#include <unistd.h>
#ifdef __GLIBC__
#define RT_GLIBC 1
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

/* What was last read of shared memory: to tell it from files takes longer, and is only done where the
   sum of both has changed. One for each thread that asks. */
typedef struct {
    long long shared;       /* pages that files or shared memory stand behind; -1: not read yet */
    int64_t shared_memory;  /* bytes */
} rt_memory;

#define RT_NO_MEMORY {-1, 0}

/* Shared memory in RAM: RssShmem of /proc/self/status (proc(5), Linux 4.5). */
static inline int64_t rt_shared_memory(const char *status)
{
    const char *line = strstr(status, "RssShmem:");
    return line == NULL ? 0 : strtoll(line + strlen("RssShmem:"), NULL, 10) << 10;
}

/* /proc/self/statm: the second number is all of the process in RAM, in pages, the third what files or
   shared memory stand behind. 1 where that has changed. */
static inline int rt_is_shared_new(const char *statm, rt_memory *known)
{
    char *next = (char *)statm;
    long long before = known->shared;
    strtoll(next, &next, 10);
    strtoll(next, &next, 10);
    known->shared = strtoll(next, &next, 10);
    return known->shared != before;
}

/* Bytes in RAM that no file stands behind; -1 where the system did not say. */
static inline int64_t rt_resident_of(const char *statm, const rt_memory *known)
{
    char *next = (char *)statm;
    long long resident;
    if (statm[0] == 0) {
        return -1;
    }
    strtoll(next, &next, 10);
    resident = strtoll(next, &next, 10);
    return (resident - known->shared) * sysconf(_SC_PAGESIZE) + known->shared_memory;
}

/* Bytes of the process in RAM that no file stands behind, shared memory included; -1 where the system
   does not say. To be called with the GIL. */
static inline int64_t rt_resident_bytes(void)
{
    static rt_memory known = RT_NO_MEMORY;
    char text[128], status[4096];
    rt_read_file("/proc/self/statm", text, sizeof(text));
    if (rt_is_shared_new(text, &known)) {
        rt_read_file("/proc/self/status", status, sizeof(status));
        known.shared_memory = rt_shared_memory(status);
    }
    return rt_resident_of(text, &known);
}

#else
static inline int64_t rt_resident_bytes(void) { return -1; }
#endif

/* Bytes that malloc keeps free in its arenas. It walks their lists of free chunks: time grows with
   them. mallinfo2() is glibc's, from 2.33 on; others do not say. */
static inline int64_t rt_malloc_idle(void)
{
#if defined(RT_GLIBC) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
    return (int64_t)mallinfo2().fordblks;
#endif
#endif
    return 0;
}

/* Gives free memory of malloc's back to the system, as far as it can (glibc). */
static inline void rt_malloc_trim(void)
{
#ifdef RT_GLIBC
    malloc_trim(0);
#endif
}

#endif
