/* A thread that reads how much memory the process has in RAM, some times a second, and asks the main
   thread for something where that is above a level. It runs no Python code, allocates nothing, and
   takes the GIL only to ask. */

#ifndef REFTRACK_WATCHER_H
#define REFTRACK_WATCHER_H

#include "process.h"

typedef int (*rt_answer)(void *);

#if RT_LINUX
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

enum {
    RT_NAP_MS = 50,
    RT_STACK = 256 << 10,   /* mapped, and touched as far as it is used: two pages or three */
    RT_LOWEST = 512,        /* numbers of descriptors below are the program's: descriptors.LOWEST */
};

/* A file of /proc that stays open: to open one takes the lowest number that is free, if only for a
   moment, and the program would notice. */
typedef struct {
    const char *path;
    int descriptor;         /* -1: not open */
    dev_t device;
    ino_t number;
} rt_kept_file;

static inline int rt_kept_is_open(rt_kept_file *file)
{
    struct stat status;
    return file->descriptor >= 0 && fstat(file->descriptor, &status) == 0
        && status.st_dev == file->device && status.st_ino == file->number;
}

static inline int rt_kept_open(rt_kept_file *file)
{
    struct stat status;
    int low = open(file->path, O_RDONLY | O_CLOEXEC);
    file->descriptor = -1;
    if (low < 0) {
        return -1;
    }
    file->descriptor = fcntl(low, F_DUPFD_CLOEXEC, RT_LOWEST);
    close(low);
    if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0) {
        return -1;
    }
    file->device = status.st_dev;
    file->number = status.st_ino;
    return 0;
}

static inline void rt_kept_close(rt_kept_file *file)
{
    if (rt_kept_is_open(file)) {
        close(file->descriptor);
    }
    file->descriptor = -1;
}

/* The file's text as of now. A suite that closes all descriptors may have closed this one, and have the
   number for a file of its own by now. Where the limit on open files is low the file is opened anew. */
static inline void rt_kept_read(rt_kept_file *file, char *text, size_t size)
{
    ssize_t length;
    if (!rt_kept_is_open(file) && rt_kept_open(file) < 0) {
        rt_read_file(file->path, text, size);
        return;
    }
    length = pread(file->descriptor, text, size - 1, 0);
    text[length > 0 ? length : 0] = 0;
}

static struct {
    pthread_t thread;
    pthread_mutex_t lock;   /* of `stop` */
    pthread_cond_t wake;
    int stop;
    int is_running;         /* written by the main thread alone, as all but `asked` */
    pid_t process;
    int64_t level;          /* ask above; -1: not */
    int asked;              /* and not answered yet; of who has the GIL */
    rt_answer answer;
    rt_kept_file memory, status;
} rt_watch = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .memory = {"/proc/self/statm", -1, 0, 0},
    .status = {"/proc/self/status", -1, 0, 0},
};

static inline int64_t rt_watched_bytes(rt_memory *known)
{
    char text[128], status[4096];
    rt_kept_read(&rt_watch.memory, text, sizeof(text));
    if (rt_is_shared_new(text, known)) {
        rt_kept_read(&rt_watch.status, status, sizeof(status));
        known->shared_memory = rt_shared_memory(status);
    }
    return rt_resident_of(text, known);
}

/* Takes the GIL for a moment. Py_AddPendingCall() would do without, but up to 3.12 the main thread is
   only told of calls that others have added when it takes the GIL again (COMPUTE_EVAL_BREAKER and
   take_gil, Python/ceval_gil.c): not at all where it is alone. The state of Python's that the thread has
   meanwhile is one without a frame, which neither `threading` nor `sys._current_frames()` show.
   The interpreter is not initialized any more from the beginning of its end on (Py_FinalizeEx). */
static inline void rt_watch_ask(void)
{
    PyGILState_STATE before;
    if (!Py_IsInitialized()) {
        return;
    }
    before = PyGILState_Ensure();
    rt_watch.asked = Py_AddPendingCall(rt_watch.answer, NULL) == 0;
    PyGILState_Release(before);
}

static void *rt_watch_loop(void *unused)
{
    rt_memory known = RT_NO_MEMORY;
    struct timespec until;
    (void)unused;
    pthread_mutex_lock(&rt_watch.lock);
    while (!rt_watch.stop) {
        int64_t level = __atomic_load_n(&rt_watch.level, __ATOMIC_SEQ_CST);
        pthread_mutex_unlock(&rt_watch.lock);
        if (level >= 0 && !__atomic_load_n(&rt_watch.asked, __ATOMIC_SEQ_CST) && rt_watched_bytes(&known) > level) {
            rt_watch_ask();
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += RT_NAP_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_mutex_lock(&rt_watch.lock);
        if (!rt_watch.stop) {
            pthread_cond_timedwait(&rt_watch.wake, &rt_watch.lock, &until);
        }
    }
    pthread_mutex_unlock(&rt_watch.lock);
    return NULL;
}

/* No signal is delivered to the thread: the program's handlers run where they always did. */
static inline int rt_watch_create(void)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_condattr_t steady;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return error;
    }
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&rt_watch.wake, &steady);
    pthread_condattr_destroy(&steady);
    pthread_attr_setstacksize(&attributes, RT_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&rt_watch.thread, &attributes, rt_watch_loop, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

/* 0, or an errno. A thread that runs already goes on. */
static inline int rt_watch_start(rt_answer answer)
{
    int error;
    if (rt_watch.is_running) {
        return 0;
    }
    rt_watch.answer = answer;
    rt_watch.stop = 0;
    rt_watch.asked = 0;  /* where a call is still to come, one more is harmless */
    rt_watch.process = getpid();
    rt_kept_open(&rt_watch.memory);
    rt_kept_open(&rt_watch.status);
    error = rt_watch_create();
    rt_watch.is_running = error == 0;
    return error;
}

/* Ends the thread, which is not there in a forked child; 1 where there was one. To be called without
   the GIL, which the thread may be about to take. */
static inline int rt_watch_stop(void)
{
    if (!rt_watch.is_running) {
        return 0;
    }
    rt_watch.is_running = 0;
    if (rt_watch.process == getpid()) {
        pthread_mutex_lock(&rt_watch.lock);
        rt_watch.stop = 1;
        pthread_cond_signal(&rt_watch.wake);
        pthread_mutex_unlock(&rt_watch.lock);
        pthread_join(rt_watch.thread, NULL);
        pthread_cond_destroy(&rt_watch.wake);
    }
    rt_kept_close(&rt_watch.memory);
    rt_kept_close(&rt_watch.status);
    return 1;
}

static inline void rt_watch_above(int64_t level)
{
    __atomic_store_n(&rt_watch.level, level, __ATOMIC_SEQ_CST);
}

static inline void rt_watch_answered(void)
{
    __atomic_store_n(&rt_watch.asked, 0, __ATOMIC_SEQ_CST);
}

#else
/* Nobody says what there would be to watch. */
static inline int rt_watch_start(rt_answer answer) { (void)answer; return ENOSYS; }
static inline int rt_watch_stop(void) { return 0; }
static inline void rt_watch_above(int64_t level) { (void)level; }
static inline void rt_watch_answered(void) {}
#endif

#endif
