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

/* A figure in KiB of /proc/self/status, in bytes; 0 where it is not there. */
static inline int64_t rt_status_bytes(const char *status, const char *name)
{
    const char *line = strstr(status, name);
    return line == NULL ? 0 : strtoll(line + strlen(name), NULL, 10) << 10;
}

/* Bytes of the process in RAM that no file stands behind, shared memory included: RssAnon and
   RssShmem of /proc/self/status (proc(5), Linux 4.5). -1 where the system does not say. The file is
   opened anew each time, which takes some microseconds: there is no descriptor that a suite could
   close, get for its own, or pass on to a fork. */
static inline int64_t rt_resident_bytes(void)
{
    int64_t found = -1;
#ifdef __linux__
    char text[4096];
    int before = errno;
    int descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        ssize_t length = read(descriptor, text, sizeof(text) - 1);
        close(descriptor);
        text[length > 0 ? length : 0] = 0;
        if (strstr(text, "RssAnon:") != NULL) {
            found = rt_status_bytes(text, "RssAnon:") + rt_status_bytes(text, "RssShmem:");
        }
    }
    errno = before;
#endif
    return found;
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
