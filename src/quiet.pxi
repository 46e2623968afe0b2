# Whose allocations are not recorded for a while: a thread's that asks for it, and those of C code that reads the
# ledger.

def pause():
    """Allocations of this thread are not recorded until `resume`; calls nest."""
    global paused_thread, pause_depth
    if paused_thread == NULL or paused_thread == rt_thread():
        paused_thread = rt_thread()
        pause_depth += 1


def resume():
    """Ends the innermost `pause` of this thread."""
    global paused_thread, pause_depth
    if paused_thread == rt_thread() and pause_depth > 0:
        pause_depth -= 1
        if pause_depth == 0:
            lists_own_again()
            paused_thread = NULL


def pausing():
    """Is this thread inside a `pause`?"""
    return paused_thread != NULL and paused_thread == rt_thread()


cdef struct Quiet:
    PyThreadState *paused
    int collector


cdef void quiet_begin(Quiet *q) noexcept:
    # While C code reads the ledger's arrays and makes Python objects: none of these is put into the arrays, which
    # would move, and no finalizer runs. Not so by pause(), which has no effect in one thread while another has it;
    # here the GIL is kept until quiet_end(), so that the other one is missed by nobody.
    global paused_thread
    q.paused = paused_thread
    paused_thread = rt_thread()
    rt_gc_pause(&q.collector)


cdef void quiet_end(Quiet *q) noexcept:
    global paused_thread
    rt_gc_resume(q.collector)
    paused_thread = q.paused
