# The heap as a graph in compressed arrays: node 0 is the root, then the frames that run, then every
# object reached from the collector's lists, listed by it or not. The edges of node i are
# to[first[i]:first[i + 1]]. Nothing here allocates a Python object or runs Python code.
#
# Each reference has to be turned into the number of a node, and most of the time goes there. An object
# on the collector's lists bears its number in its own head meanwhile, as the collector's counts are
# kept there. A string, a number or the like is no node at all where no survivor is near. One that has a
# single reference is found only once. The table has the rest.

cdef enum:
    BATCH_NODES = 128
    BATCH_REFERENCES = 4096       # a batch ends with the node that goes beyond it
    AHEAD = 16
    NEAR = 8                      # by then what was fetched ahead is there
    # Above an object's count of references:
    PASSAGE = 1 << 31
    LOST = 1 << 30
    SCANNED = 1 << 29             # of its blocks and references not all are known
    TO_FIND = 0xFFFFFFFF


class PlainClass:
    """A class made by a class statement, to know others by."""


cdef PyTypeObject *plain_class = <PyTypeObject *><PyObject *>PlainClass


cdef inline uint32_t graph_node(Graph *g, PyObject *o) noexcept nogil:
    # The node of an object that may be referred to again, made if need be; 0 where memory is short.
    cdef uint64_t address = <uint64_t>o >> 4
    cdef uint32_t id = rt_gc_number(o) if rt_is_gc(o) else 0
    if id == 0:
        id = table_find(&g.ids, address).value
    if id == 0:
        id = graph_add(g, o)
        if id != 0 and table_put(&g.ids, address, id) < 0:
            g.short_of_memory = True
            return 0
    return id


cdef inline uint32_t graph_target(
    Graph *g, Survey *s, PyObject *o, uint32_t parent
) noexcept nogil:
    # The node of an object that the parent refers to, TO_FIND where the table has to be asked for it,
    # 0 where it needs none.
    cdef int kinds = visit_kinds(rt_type(o))
    cdef uint32_t id
    if kinds & RT_LISTABLE or kinds & RT_VISIT_TYPE and rt_is_heap_type(<PyTypeObject *>o):
        id = rt_gc_number(o)
        if id != 0:
            return id
    elif kinds & RT_LEAF and not survey_is_near(s, o, kinds):
        if rt_refcount(o) == 1:
            graph_add_leaf(g, parent, rt_basic_size(o))
        return 0
    if kinds & RT_VISITS_OWN and rt_refcount(o) == 1:
        return graph_add(g, o)
    rt_prefetch(&g.ids.slots[scatter(<uint64_t>o >> 4) & g.ids.mask])
    return TO_FIND


cdef int visit_raw(PyObject *o, void *arg) noexcept nogil:
    cdef Graph *g = <Graph *>arg
    if o == NULL or o == g.left_out:
        return 0
    if g.raw_count == g.raw_capacity and graph_raw_grow(g, 1) < 0:
        return 0
    g.raw[g.raw_count] = o
    g.raw_count += 1
    return 0


cdef int graph_raw_grow(Graph *g, size_t more) noexcept nogil:
    cdef size_t capacity = 2 * g.raw_capacity + more
    cdef PyObject **bigger = <PyObject **>realloc(g.raw, capacity * sizeof(PyObject *))
    if bigger == NULL:
        g.short_of_memory = True
        return -1
    g.raw = bigger
    g.raw_capacity = capacity
    return 0


cdef inline void graph_visit_object(Graph *g, PyObject *o, int kinds) noexcept nogil:
    # The containers that most references are in are read here, without a call for each of them.
    cdef size_t most = rt_plain_count(o)
    if most == 0:
        rt_visit(o, kinds, visit_raw, g)
    elif g.raw_count + most <= g.raw_capacity or graph_raw_grow(g, most) == 0:
        g.raw_count += rt_plain_read(o, &g.raw[g.raw_count], g.left_out)


cdef int graph_add_frames(Graph *g) noexcept nogil:
    cdef PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Main())
    cdef rt_frame *frame
    cdef size_t capacity = 256
    cdef void *bigger
    g.frames = <rt_frame **>malloc(capacity * sizeof(rt_frame *))
    if g.frames == NULL:
        return -1
    graph_add(g, NULL)
    g.frames[0] = NULL
    while thread != NULL:
        if rt_is_main_thread(thread):
            g.main_first = g.count
        frame = rt_frame_current(thread)
        while frame != NULL:
            if g.count == capacity:
                bigger = realloc(g.frames, 2 * capacity * sizeof(rt_frame *))
                if bigger == NULL:
                    return -1
                g.frames = <rt_frame **>bigger
                capacity *= 2
            if rt_frame_code(frame) != NULL:
                g.frames[g.count] = frame
                graph_add(g, NULL)
            frame = rt_frame_previous(frame)
        if rt_is_main_thread(thread):
            g.main_end = g.count
        thread = PyThreadState_Next(thread)
    g.frame_count = g.count - 1
    return -1 if g.short_of_memory else 0


cdef void graph_add_listed(Graph *g) noexcept nogil:
    # Each list from both of its ends at once, since every step waits for memory: the nodes that were
    # come by forwards and backwards alternate.
    cdef int i
    cdef PyGC_Head *head
    cdef PyGC_Head *front
    cdef PyGC_Head *back
    cdef PyGC_Head *next_front
    for i in range(RT_GENERATIONS):
        head = rt_gc_list(PyInterpreterState_Main(), i)
        front = rt_gc_next(head)
        back = rt_gc_previous(head)
        while front != head and not g.short_of_memory:
            next_front = rt_gc_next(front)
            graph_add_head(g, front)
            if front == back:
                break
            front = back
            back = rt_gc_previous(back)
            graph_add_head(g, front)
            if front == next_front:
                break
            front = next_front
        g.listed[i] = g.count


cdef inline void graph_add_head(Graph *g, PyGC_Head *head) noexcept nogil:
    cdef uint32_t id = graph_add(g, rt_gc_object(head))
    if id != 0:
        rt_gc_mark(head, id)


cdef void graph_unmark(Graph *g) noexcept nogil:
    cdef int i
    cdef uint32_t id = 1 + g.frame_count
    cdef PyGC_Head *head
    for i in range(RT_GENERATIONS):
        head = rt_gc_list(PyInterpreterState_Main(), i)
        if g.short_of_memory:
            rt_gc_relink(head)
        else:
            graph_unmark_list(head, &g.objects[id], g.listed[i] - id)
        id = g.listed[i]


cdef void graph_unmark_list(PyGC_Head *head, PyObject **listed, uint32_t count) noexcept nogil:
    # What the walk along the list would do, in an order that can be fetched ahead.
    cdef uint32_t k, middle = (count - 1) & ~<uint32_t>1
    for k in range(count):
        if k + AHEAD < count:
            rt_prefetch(<char *>listed[k + AHEAD] - 16)
        if k == 0:
            rt_gc_unmark(listed[k], head)
        elif k & 1:
            rt_gc_unmark(listed[k], rt_gc_head(listed[k + 2 if k + 2 < count else middle]))
        else:
            rt_gc_unmark(listed[k], rt_gc_head(listed[k - 2]))


cdef inline void graph_fetch(Graph *g, uint32_t id) noexcept nogil:
    # First an object's head, then, as that is there, what its references lie in.
    cdef PyObject *o
    if id + AHEAD < g.count:
        rt_prefetch(g.objects[id + AHEAD])
    if id + NEAR < g.count:
        o = g.objects[id + NEAR]
        if o != NULL:
            rt_fetch_inside(o, visit_kinds(rt_type(o)))


cdef inline void graph_visit(Graph *g, Survey *s, uint32_t id) noexcept nogil:
    cdef PyObject *o = g.objects[id]
    cdef int kinds
    if o == NULL:
        if id != 0:
            rt_frame_visit(g.frames[id], visit_raw, g)
        return
    if o == g.interned:
        return
    kinds = visit_kinds(rt_type(o))
    g.refs[id] = (
        rt_refcount(o)
        | (<uint32_t>PASSAGE if kinds & RT_PASSAGE else 0)
        | (0 if kinds & RT_BLOCKS_KNOWN else <uint32_t>SCANNED)
    )
    if kinds & RT_CACHE_LINK:
        g.found[id] += 1
    if kinds & RT_VISIT_NDARRAY:
        block_has_data(own_block(o), rt_ndarray_bytes(o))
    survey_object(s, id, o, kinds)
    if kinds & RT_VISITED:
        graph_visit_object(g, o, kinds)
    if kinds & (RT_DICT | RT_VISIT_TYPE):
        graph_visit_text_keys(g, s, o)


cdef inline void graph_visit_text_keys(Graph *g, Survey *s, PyObject *o) noexcept nogil:
    # Only those that may be survivors: a string is a node only where one is near.
    cdef PyDictKeysObject *keys = rt_text_keys(o)
    cdef PyObject *name
    cdef Py_ssize_t i
    if keys == NULL:
        return
    for i in range(rt_keys_count(keys)):
        name = rt_keys_name(keys, i)
        if name != NULL and on_wanted_page(s, name):
            visit_raw(name, g)


cdef void graph_resolve(Graph *g, Survey *s, uint32_t id, uint32_t end) noexcept nogil:
    # What the nodes of a batch refer to becomes their edges. Their first[] tells where in the batch
    # their references begin.
    cdef size_t k = 0, stop, count = g.raw_count
    cdef PyObject **raw = g.raw
    cdef uint32_t *to
    cdef uint32_t start = id
    if g.edge_count + count > g.edge_capacity and graph_edges_grow(g, g.edge_count + count) < 0:
        g.short_of_memory = True
        return
    to = g.to + g.edge_count
    while id < end:
        stop = g.first[id + 1] if id + 1 < end else count
        while k < stop:
            if k + AHEAD < count:
                # A collector's head before it; of a string the length and the state behind it.
                rt_prefetch(<char *>raw[k + AHEAD] - 16)
                rt_prefetch(<char *>raw[k + AHEAD] + 39)
            to[k] = graph_target(g, s, raw[k], id)
            k += 1
        id += 1
    graph_close_up(g, start, end)
    g.raw_count = 0


cdef inline void graph_close_up(Graph *g, uint32_t id, uint32_t end) noexcept nogil:
    # Finds what is left to find, and takes out the places of what is no node.
    cdef size_t k = 0, stop, at = g.edge_count
    cdef uint32_t *to = &g.to[g.edge_count]
    cdef uint32_t target
    while id < end:
        stop = g.first[id + 1] if id + 1 < end else g.raw_count
        g.first[id] = <uint32_t>at
        while k < stop:
            target = to[k]
            if target == TO_FIND:
                target = graph_node(g, g.raw[k])
            if target != 0:
                g.found[target] += 1
                g.to[at] = target
                at += 1
            k += 1
        id += 1
    g.edge_count = at


cdef int graph_build(Graph *g, Survey *s) noexcept nogil:
    # The collector's heads are as they were when this returns.
    if graph_add_frames(g) < 0:
        return -1
    # To None most references of all lead. Nobody has made it, and it holds nothing.
    g.left_out = NULL if on_wanted_page(s, <PyObject *>None) else <PyObject *>None
    g.interned = rt_interned_table(PyInterpreterState_Main())
    graph_add_listed(g)
    if targets_add(g, s) < 0:
        g.short_of_memory = True
    g.modules = graph_node(g, PyImport_GetModuleDict())
    if roles_add(g) < 0:
        g.short_of_memory = True
    graph_search(g, s, 0)
    if graph_end(g) < 0 or survey_orphans(s) < 0 or lost_add(g) < 0:
        g.short_of_memory = True
    if not g.short_of_memory and graph_add_hidden(g, s) < 0:
        g.short_of_memory = True
    graph_unmark(g)
    table_free(&g.ids)
    free(g.raw)
    g.raw = NULL
    return -1 if graph_end(g) < 0 or g.short_of_memory else 0


cdef int graph_end(Graph *g) noexcept nogil:
    # So that the edges of the last node have an end.
    if g.count == g.capacity and graph_nodes_grow(g, g.count + 1) < 0:
        return -1
    g.first[g.count] = <uint32_t>g.edge_count
    return 0


cdef void graph_search(Graph *g, Survey *s, uint32_t id) noexcept nogil:
    # Goes on from that node.
    cdef uint32_t start
    while id < g.count and not g.short_of_memory:
        start = id
        while id < g.count and id - start < BATCH_NODES and g.raw_count < BATCH_REFERENCES:
            graph_fetch(g, id)
            g.first[id] = <uint32_t>g.raw_count
            graph_visit(g, s, id)
            id += 1
        graph_resolve(g, s, start, id)
        survey_claims(s)


cdef inline bint held_by_c(Graph *g, uint32_t id) noexcept nogil:
    # More references counted than found (or an immortal object): code in C holds the others.
    return g.objects[id] != NULL and (references(g, id) > g.found[id] or references(g, id) == 0)


cdef inline uint32_t references(Graph *g, uint32_t id) noexcept nogil:
    # The object's count of references; 0 for an immortal object.
    return g.refs[id] & (<uint32_t>SCANNED - 1)


cdef inline bint is_passage(Graph *g, uint32_t id) noexcept nogil:
    # A frame or a traceback: a reference passes through it, no one keeps it there on purpose.
    return g.refs[id] & <uint32_t>PASSAGE != 0
