/* What the extension asks of the operating system and the compiler beyond ISO C11, each with something
   to do without it. REFTRACK_PORTABLE leaves out all that not every system and compiler has, so that
   what is left can be tested on Linux. */

#ifndef REFTRACK_PLATFORM_H
#define REFTRACK_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#if defined(__linux__) && !defined(REFTRACK_PORTABLE)
#define RT_LINUX 1
#include <sys/mman.h>
#else
#define RT_LINUX 0
#endif

#if defined(__GNUC__) && !defined(REFTRACK_PORTABLE)
#define RT_GNU_C 1
#else
#define RT_GNU_C 0
#endif

#if defined(_WIN32)
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>
#endif

/* ---- the compiler ------------------------------------------------------------------------- */

/* The same pointer, of which the compiler does not know that it has just been compared. */
static inline void *rt_opaque(void *p)
{
#if RT_GNU_C
    __asm__("" : "+r"(p));
    return p;
#else
    void *volatile known_to_none = p;
    return known_to_none;
#endif
}

static inline void rt_prefetch(const void *p)
{
#if RT_GNU_C
    __builtin_prefetch(p);
#else
    (void)p;
#endif
}

/* 1 where the product of two numbers, neither below 0, does not fit. */
static inline int rt_mul_overflows(int64_t a, int64_t b, int64_t *product)
{
#if RT_GNU_C
    return __builtin_mul_overflow(a, b, product);
#else
    if (b != 0 && a > INT64_MAX / b) {
        return 1;
    }
    *product = a * b;
    return 0;
#endif
}

/* ---- the system --------------------------------------------------------------------------- */

/* Of a steady clock, where there is one. */
static inline double rt_seconds(void)
{
#if defined(_WIN32)
    LARGE_INTEGER ticks, per_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    return (double)ticks.QuadPart / (double)per_second.QuadPart;
#else
    struct timespec t;
#if defined(CLOCK_MONOTONIC)
    clock_gettime(CLOCK_MONOTONIC, &t);
#else
    timespec_get(&t, TIME_UTC);
#endif
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
#endif
}

/* Large arrays that are read at random, in huge pages where the kernel gives them. free() frees. */
static inline void *rt_huge(void *block, size_t bytes)
{
#if RT_LINUX && defined(MADV_HUGEPAGE)
    if (block != NULL && bytes >= 4u << 20) {
        uintptr_t start = ((uintptr_t)block + 4095) & ~(uintptr_t)4095;
        madvise((void *)start, (uintptr_t)block + bytes - start, MADV_HUGEPAGE);
    }
#else
    (void)bytes;
#endif
    return block;
}

#endif
