# In a copy of the process the collector is to look at what a cut lets go, and at nothing else: a full
# collection writes to each object that it knows, and each page that is written to has to be copied.
# So all that is old is frozen, and only the victims come back to the youngest generation. What still
# refers to a victim from outside keeps it: that is how the collector works (Modules/gcmodule.c,
# update_refs and subtract_refs, 3.11).

from gc import freeze as gc_freeze


cdef int victims_alone(Explanation answer, Cuts cuts) except -1:
    # Which they are is found by the paths without the edges, as in `Explanation.cut`. Objects may have
    # died since the look: those alone count that the collector still has on its lists.
    cdef Table victims
    cdef PyObject **found = NULL
    cdef size_t count = 0, k
    if table_init(&victims, 1 << 10) < 0:
        raise MemoryError("no memory for a proof")
    try:
        victims_foretell(answer, cuts, &victims)
        found = <PyObject **>malloc((victims.used + 1) * sizeof(PyObject *))
        if found == NULL:
            raise MemoryError("no memory for a proof")
        count = victims_find(&victims, found)
        gc_freeze()
        for k in range(count):
            PyObject_GC_UnTrack(found[k])
            PyObject_GC_Track(found[k])
    finally:
        free(found)
        table_free(&victims)
    return 0


cdef int victims_foretell(Explanation answer, Cuts cuts, Table *victims) except -1:
    cdef Graph *g = &answer.look.graph
    cdef Paths paths
    cdef uint32_t id
    cdef bint short = False
    memset(&paths, 0, sizeof(Paths))
    try:
        cuts.search(&paths)
        for id in range(1 + g.frame_count, g.count):
            if went(&answer.look, &paths, id) and g.objects[id] != NULL:
                short = short or table_put(victims, <uint64_t>g.objects[id] >> 4, id) < 0
    finally:
        cuts.undo()
        paths_free(&paths)
    if short:
        raise MemoryError("no memory for a proof")
    return 0


cdef size_t victims_find(Table *victims, PyObject **found) noexcept nogil:
    # `found` has room for all of them. What the program has frozen stays so: it is not collected.
    cdef PyGC_Head *head
    cdef PyGC_Head *g
    cdef PyObject *o
    cdef size_t count = 0
    cdef int i
    for i in range(RT_GENERATIONS - 1):
        head = rt_gc_list(PyInterpreterState_Main(), i)
        g = rt_gc_next(head)
        while g != head:
            o = rt_gc_object(g)
            if count < victims.used and table_find(victims, <uint64_t>o >> 4).key != 0:
                found[count] = o
                count += 1
            g = rt_gc_next(g)
    return count
