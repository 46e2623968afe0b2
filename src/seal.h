/* A copy of this process that can reach nothing outside itself: Linux on x86-64 and ARM64.

   What is freed in the copy may have a finalizer: Python's, or a C library's that ends a connection,
   unlinks a file or writes into a shared mapping. So the copy gets, before any of that can run: no
   descriptor of the parent's, no shared memory that can be written, no signal handler, and of the
   kernel's calls only those that stay within the process. */

#ifndef REFTRACK_SEAL_H
#define REFTRACK_SEAL_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "platform.h"

/* What the copy tells: in a shared page, so that neither process needs a descriptor for it. */
typedef struct {
    volatile int ready;     /* it is sealed off and took no lock that another thread held */
    volatile int outcome;   /* one of RT_COPY_, or 0 where it has not come to its end */
    int number;             /* errno */
    int64_t bytes;
    char word[80];
} rt_told;

#define RT_COPY_COUNTED 1
#define RT_COPY_UNSEALED 2
#define RT_COPY_UNCUT 3

#if RT_LINUX && (defined(__x86_64__) || defined(__aarch64__))
#define RT_CAN_COPY 1

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline rt_told *rt_told_new(void)
{
    void *page = mmap(NULL, sizeof(rt_told), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : (rt_told *)page;
}

static inline void rt_told_free(rt_told *told) { munmap(told, sizeof(rt_told)); }

/* As fork(), but without a signal to the parent when the copy ends (a handler of SIGCHLD is not called),
   which makes it one that wait() does not see (only with __WALL), and without the handlers of
   pthread_atfork(), in either process. fork() would also have waited for malloc's locks: see rt_settled().
   In the copy all signals stay blocked; what kills a process that faults ignores that. */
static inline pid_t rt_copy(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (pid != 0) {
        int error = errno;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        errno = error;
    }
    return pid;
}

/* 1: it has ended, with `status`; 0: not yet, `milliseconds` later; -1: another has waited for it. */
static inline int rt_await(pid_t pid, int milliseconds, int *status)
{
    struct timespec nap = {0, 200000};
    for (double left = milliseconds * 1e6; ; left -= (double)nap.tv_nsec) {
        pid_t ended = waitpid(pid, status, WNOHANG | __WALL);
        if (ended != 0 && !(ended < 0 && errno == EINTR)) {
            return ended == pid ? 1 : -1;
        }
        if (left <= 0) {
            return 0;
        }
        nanosleep(&nap, NULL);
        if (nap.tv_nsec < 5000000) {
            nap.tv_nsec *= 2;
        }
    }
}

/* Its status, once it is gone; 0 where another has waited for it. */
static inline int rt_kill(pid_t pid)
{
    int status = 0;
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
    }
    return status;
}

static inline int rt_signal_of(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

static inline void rt_end(void) { syscall(SYS_exit_group, 0); }

/* ---- in the copy -------------------------------------------------------------------------- */

static inline int rt_seal_signals(void)
{
    struct sigaction plain;
    struct rlimit none = {0, 0};
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    for (int n = 1; n < NSIG; n++) {
        sigaction(n, &plain, NULL); /* refused for SIGKILL, SIGSTOP and the C library's own */
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return setrlimit(RLIMIT_CORE, &none);
}

/* Every descriptor becomes one of /dev/null: they can be written and closed as before. */
static inline int rt_seal_descriptors(void)
{
    struct entry {
        uint64_t inode;
        int64_t offset;
        unsigned short length;
        unsigned char type;
        char name[];
    };
    char buffer[4096] __attribute__((aligned(8)));
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int list = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long size = 0;
    if (null < 0 || list < 0) {
        return -1;
    }
    while ((size = syscall(SYS_getdents64, list, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < size; at += ((struct entry *)(buffer + at))->length) {
            const char *name = ((struct entry *)(buffer + at))->name;
            int number = 0;
            for (const char *c = name; *c != 0; c++) {
                number = *c >= '0' && *c <= '9' ? 10 * number + (*c - '0') : -1;
                if (number < 0) {
                    break;
                }
            }
            if (number >= 0 && number != null && number != list && dup2(null, number) < 0) {
                return -1;
            }
        }
    }
    close(list);
    close(null);
    return size < 0 ? -1 : 0;
}

/* "7f00-7f10 rw-s ...": a shared mapping that can be written becomes one that can be read. */
static inline int rt_seal_line(const char *line, rt_told *told)
{
    unsigned long start, end;
    char modes[5];
    if (sscanf(line, "%lx-%lx %4s", &start, &end, modes) != 3) {
        return -1;
    }
    if (modes[1] != 'w' || modes[3] != 's' || start == (unsigned long)told) {
        return 0;
    }
    return mprotect((void *)start, end - start, PROT_READ);
}

static inline int rt_seal_mappings(rt_told *told)
{
    char buffer[8192];
    size_t held = 0;
    ssize_t got;
    int list = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (list < 0) {
        return -1;
    }
    while ((got = read(list, buffer + held, sizeof buffer - 1 - held)) > 0) {
        char *line = buffer, *end;
        held += (size_t)got;
        buffer[held] = 0;
        for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = 0;
            if (rt_seal_line(line, told) < 0) {
                close(list);
                return -1;
            }
        }
        held -= (size_t)(line - buffer);
        memmove(buffer, line, held);
    }
    close(list);
    return got < 0 ? -1 : 0;
}

#if defined(__x86_64__)
#define RT_AUDIT_ARCH AUDIT_ARCH_X86_64
#else
#define RT_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

#define RT_ALLOW(name) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Memory, time, waiting, and what concerns descriptors that lead nowhere; all else is not permitted.
   On x86-64 the numbers of its 32-bit variant are larger than any in this list. */
static inline int rt_seal_calls(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RT_AUDIT_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        RT_ALLOW(futex), RT_ALLOW(mmap), RT_ALLOW(munmap), RT_ALLOW(mremap), RT_ALLOW(mprotect),
        RT_ALLOW(madvise), RT_ALLOW(brk), RT_ALLOW(exit), RT_ALLOW(exit_group),
        RT_ALLOW(read), RT_ALLOW(write), RT_ALLOW(readv), RT_ALLOW(writev), RT_ALLOW(pread64),
        RT_ALLOW(pwrite64), RT_ALLOW(lseek), RT_ALLOW(fstat), RT_ALLOW(close), RT_ALLOW(fsync),
        RT_ALLOW(fdatasync), RT_ALLOW(flock), RT_ALLOW(fcntl), RT_ALLOW(ioctl), RT_ALLOW(ppoll),
        RT_ALLOW(pselect6), RT_ALLOW(epoll_pwait), RT_ALLOW(sched_yield), RT_ALLOW(nanosleep),
        RT_ALLOW(clock_nanosleep), RT_ALLOW(clock_gettime), RT_ALLOW(clock_getres),
        RT_ALLOW(gettimeofday), RT_ALLOW(getrandom), RT_ALLOW(getpid), RT_ALLOW(gettid),
        RT_ALLOW(getppid), RT_ALLOW(getuid), RT_ALLOW(geteuid), RT_ALLOW(getgid),
        RT_ALLOW(getegid), RT_ALLOW(getrusage), RT_ALLOW(sysinfo), RT_ALLOW(uname),
        RT_ALLOW(getcwd), RT_ALLOW(rt_sigaction), RT_ALLOW(rt_sigprocmask),
        RT_ALLOW(rt_sigreturn), RT_ALLOW(sigaltstack), RT_ALLOW(restart_syscall),
#if defined(__x86_64__)
        RT_ALLOW(poll), RT_ALLOW(select), RT_ALLOW(epoll_wait), RT_ALLOW(time),
#endif
        /* abort() sends a signal to itself. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -1;
    }
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

/* 0, or errno: nothing may run then. */
static inline int rt_seal(rt_told *told)
{
    if (rt_seal_signals() < 0 || rt_seal_descriptors() < 0 || rt_seal_mappings(told) < 0
        || rt_seal_calls() < 0) {
        return errno != 0 ? errno : EPERM;
    }
    return 0;
}

/* Another thread may have been inside malloc() when the copy was made: then a lock of malloc's is held
   for ever in the copy, and this does not return. glibc takes every arena's lock here. */
static inline void rt_settled(rt_told *told)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    (void)mallinfo2();
#elif defined(__GLIBC__)
    (void)mallinfo();
#endif
    free(malloc(1));
    told->ready = 1;
}

#else
#define RT_CAN_COPY 0
static inline rt_told *rt_told_new(void) { return NULL; }
static inline void rt_told_free(rt_told *told) { (void)told; }
static inline int rt_copy(void) { errno = ENOSYS; return -1; }
static inline int rt_await(int pid, int ms, int *status) { (void)pid; (void)ms; (void)status; return -1; }
static inline int rt_kill(int pid) { (void)pid; return 0; }
static inline int rt_signal_of(int status) { (void)status; return 0; }
static inline void rt_end(void) {}
static inline int rt_seal(rt_told *told) { (void)told; return ENOSYS; }
static inline void rt_settled(rt_told *told) { (void)told; }
#endif

#endif
