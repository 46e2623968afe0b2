# Proof: in a copy of this process the edges are really cut, garbage is collected, and the ledger says
# what went. The paths to the edges are found again before the copy is made, with nothing in between, so
# what was found lives in the copy as well.

from _imp import acquire_lock as acquire_import_lock

cdef enum:
    COPIES = 3                    # made at most, where one meets a lock that another thread held
    SETTLE_MS = 2000              # until a copy has sealed itself off
    NAP_MS = 50
    COLLECTIONS = 3


def prove(Explanation answer not None, edges, double seconds, quietly):
    """Cut edges, as in `Explanation.cut`, in a copy of this process: (bytes that went, "", 0), or (None, why
    not, detail). There, `quietly()` is entered before: a context manager that keeps the errors and warnings
    of finalizers from whoever would keep them, and with them what is to be freed.

    Why: "platform"; "interpreters", there are several; "path", one to an edge was not found any more;
    "copy" and "seal", which the system refused (errno); "edge", which could not be cut (type); "late";
    "crash" (signal); "silent", it ended otherwise.

    Raises ValueError where there is no such edge, or the graph was freed; MemoryError; what a signal handler
    raises that is called meanwhile.
    """
    cdef rt_told *told
    cdef double end = rt_seconds() + seconds
    edges = list(edges)
    answer.check_open()
    if not RT_CAN_COPY:
        return None, "platform", 0
    if PyInterpreterState_Next(PyInterpreterState_Head()) != NULL:
        return None, "interpreters", 0
    told = rt_told_new()
    if told == NULL:
        raise MemoryError("no memory for a proof")
    try:
        for _ in range(COPIES):
            found = prove_once(answer, edges, end, quietly, told)
            if found is not None:
                return found
        return None, "late", 0
    finally:
        rt_told_free(told)


cdef tuple prove_once(Explanation answer, list edges, double end, quietly, rt_told *told):
    # None where the copy met a lock that was held.
    cdef int collector, pid
    cdef Cuts cuts
    memset(told, 0, sizeof(rt_told))
    pause()
    rt_gc_pause(&collector)
    try:
        cuts = answer.cuts_of(edges)
        if not answer.all_alive(cuts):
            return None, "path", 0
        pid = rt_copy()
        if pid == 0:
            prove_in_copy(answer, cuts, quietly, told)
            rt_end()
    finally:
        rt_gc_resume(collector)
        resume()
    if pid < 0:
        return None, "copy", errno
    return verdict_of(pid, end, told)


cdef tuple verdict_of(int pid, double end, rt_told *told):
    cdef double settled = rt_seconds() + SETTLE_MS / 1000.0
    cdef int state = 0, status = 0
    cdef bint late = False
    try:
        while state == 0 and not late:
            with nogil:
                state = rt_await(pid, NAP_MS, &status)
            PyErr_CheckSignals()
            late = rt_seconds() > (end if told.ready else min(end, settled))
    finally:
        if state == 0:
            status = rt_kill(pid)
    if told.outcome == RT_COPY_COUNTED:
        return told.bytes, "", 0
    if told.outcome == RT_COPY_UNSEALED:
        return None, "seal", told.number
    if told.outcome == RT_COPY_UNCUT:
        return None, "edge", (<bytes>told.word).decode("utf-8", "replace")
    if state == 0:
        return (None, "late", 0) if told.ready or rt_seconds() > end else None
    if rt_signal_of(status):
        return None, "crash", rt_signal_of(status)
    return None, "silent", 0


# ---- in the copy ----

cdef void prove_in_copy(Explanation answer, Cuts cuts, quietly, rt_told *told) noexcept:
    cdef int error = rt_seal(told)
    if error != 0:
        told.number = error
        told.outcome = RT_COPY_UNSEALED
        return
    try:
        acquire_import_lock()
        rt_go_on_alone()
        rt_settled(told)
        with quietly():
            count_what_goes(answer, cuts, told)
    except BaseException:
        pass


cdef int count_what_goes(Explanation answer, Cuts cuts, rt_told *told) except -1:
    # What finalizers allocate is charged to a scope of its own, and does not count.
    global paused_thread, pause_depth
    cdef Severed severed = Severed()
    cdef int64_t before
    cdef uint32_t apart = scope_new()
    cdef int k
    paused_thread = NULL
    pause_depth = 0
    scope_run(apart)
    answer.steps.clear()  # labels are the program's own objects
    victims_alone(answer, cuts)
    before = live_beside(apart)
    for node in cuts.of_node:
        if not cut_node(answer, cuts, severed, node, told):
            told.outcome = RT_COPY_UNCUT
            return 0
    severed.let_go()
    for k in range(COLLECTIONS):
        if rt_collect() == 0:
            break
    told.bytes = before - live_beside(apart)
    told.outcome = RT_COPY_COUNTED
    return 0


cdef int64_t live_beside(uint32_t apart) noexcept:
    cdef int64_t total = 0
    cdef uint32_t scope
    for scope in range(scope_count):
        if scope != apart:
            total += figures(scope).live_bytes
    return total


cdef bint cut_node(
    Explanation answer, Cuts cuts, Severed severed, uint32_t node, rt_told *told
) except -1:
    cdef Graph *g = &answer.look.graph
    cdef PyObject *o = g.objects[node]
    cdef bint done
    if node in cuts.emptied:
        return severed.empty(<object>o)
    if node in cuts.cleared:
        return True  # the dict of a cache, which clears it itself
    targets = cuts.of_node[node]
    severed.begin(o)
    if targets is None:
        type(<object>o).cache_clear(<object>o)
        return True
    for target in targets:
        severed.child(g.objects[<uint32_t>target])
    if o == NULL:
        strcpy(told.word, "frame")
        return severed.cut_frame(g.frames[node])
    strncpy(told.word, rt_type(o).tp_name, sizeof(told.word) - 1)
    done = severed.cut_object()
    for above in cuts.above[node]:
        owner = g.objects[<uint32_t>above]
        if owner != NULL and PyType_Check(owner) and rt_type_dict(<PyTypeObject *>owner) == o:
            PyType_Modified(<PyTypeObject *>owner)  # its attributes are remembered by its version
    return done
