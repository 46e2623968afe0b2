# Somebody to ask the main thread between two of the program's bytecodes, where the process has too
# much memory (watcher.h).

cdef extern from "watcher.h" nogil:
    ctypedef int (*rt_answer)(void *)
    int rt_watch_start(rt_answer answer)
    int rt_watch_stop()
    void rt_watch_above(int64_t level)
    void rt_watch_answered()

cdef extern from "Python.h":
    int Py_AddPendingCall(int (*function)(void *), void *argument)
    void PyErr_SetObject(object type, object value)

cdef object watch_answer = None     # the callable; None: nothing is watched
cdef bint watch_rests = False       # for as long as a fork takes


cdef int watch_asked(void *unused) except -1 with gil:
    # A pending call: an error that it sets is raised where the main thread was (Python/ceval_gil.c), and
    # has no frame of reftrack's in its traceback.
    rt_watch_answered()
    answer = watch_answer
    error = None if answer is None else answer()
    if error is not None:
        PyErr_SetObject(type(error), error)
        return -1
    return 0


cdef int watch_goes_on(void *unused) noexcept:
    global watch_rests
    if watch_rests:
        watch_rests = False
        if watch_answer is not None:
            rt_watch_start(<rt_answer>watch_asked)
    return 0


def watch(int64_t level, answer):
    """From now on have `answer` called in the main thread, between two bytecodes, whenever more than
    `level` bytes of the process are in RAM (no files): again and again, until that changes or the level
    is set higher. An exception that it returns is raised where the program was.

    A thread of the system looks every 50 ms: no Python code sees it. Raises OSError where there is none
    to be had.
    """
    global watch_answer
    watch_answer = answer
    rt_watch_above(level)
    cdef int error = rt_watch_start(<rt_answer>watch_asked)
    if error != 0:
        watch_answer = None
        raise OSError(error, "no thread can be started")


def watch_above(int64_t level):
    """Call from another level on."""
    rt_watch_above(level)


def unwatch():
    """Watch no more. Harmless where nothing is watched, and in a forked child."""
    global watch_answer, watch_rests
    with nogil:
        rt_watch_stop()
    watch_answer = None
    watch_rests = False


def watch_rest():
    """A fork is coming: the thread ends. From 3.12 on Python warns who forks a process that has several
    (warn_about_fork_with_threads, Modules/posixmodule.c), and goes by the system's count of them."""
    global watch_rests
    cdef int was_there
    with nogil:
        was_there = rt_watch_stop()
    watch_rests = watch_rests or was_there


def watch_go_on():
    """The fork is done, in the parent. The warning comes after the functions that are called then (3.13),
    so that the thread is started by the next bytecode but one."""
    if watch_rests:
        Py_AddPendingCall(<rt_answer>watch_goes_on, NULL)
