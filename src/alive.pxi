# Objects may have died since the look: no pointer of its graph is followed unless every object on a path
# to it, from its root on, has been found again. An object that is alive (the root by itself, the others
# because a living one refers to them) is visited; what it refers to lives. Nothing may run Python code
# between this and the use of what was found.

cdef enum:
    NEEDED = 1
    ALIVE = 2

cdef struct Living:
    Graph *graph
    uint32_t *parent              # the paths: of each node the one before it
    uint8_t *state                # of each node: NEEDED, ALIVE
    Table nodes                   # address >> 4 -> node, of those that are needed
    uint32_t *found               # in the order in which they were found again
    uint32_t found_count
    uint32_t needed_count
    uint32_t visited              # the node that is being visited


cdef int living_init(Living *v, Graph *g, uint32_t *parent) noexcept nogil:
    # The cache of what is known of types goes by address, too.
    memset(v, 0, sizeof(Living))
    rt_kinds_forget(plain_class, RT_FREE_LIST if reuse_is_seen() else 0)
    v.graph = g
    v.parent = parent
    v.state = <uint8_t *>rt_zeroed_array(g.count, 1)
    if v.state == NULL or table_init(&v.nodes, 1 << 10) < 0:
        living_free(v)
        return -1
    return 0


cdef void living_free(Living *v) noexcept nogil:
    free(v.state)
    free(v.found)
    table_free(&v.nodes)
    memset(v, 0, sizeof(Living))


cdef int living_need(Living *v, uint32_t id) noexcept nogil:
    # The node and those before it.
    while id != 0 and not v.state[id] & NEEDED:
        v.state[id] |= NEEDED
        v.needed_count += 1
        if v.graph.objects[id] != NULL and (
            table_put(&v.nodes, <uint64_t>v.graph.objects[id] >> 4, id) < 0
        ):
            return -1
        id = v.parent[id]
    return 0


cdef inline bint is_alive(Living *v, uint32_t id) noexcept nogil:
    return v.state[id] & ALIVE != 0


cdef inline void living_found(Living *v, uint32_t id) noexcept nogil:
    v.state[id] |= ALIVE
    v.found[v.found_count] = id
    v.found_count += 1


cdef int living_find(Living *v) noexcept nogil:
    cdef uint32_t at = 0
    v.found = <uint32_t *>malloc((v.needed_count + 1) * sizeof(uint32_t))
    if v.found == NULL:
        return -1
    living_roots(v)
    while at < v.found_count:
        v.visited = v.found[at]
        living_visit(v)
        at += 1
    return 0


cdef void living_visit(Living *v) noexcept nogil:
    cdef Graph *g = v.graph
    cdef PyObject *o = g.objects[v.visited]
    cdef PyDictKeysObject *keys
    cdef Py_ssize_t i
    cdef int kinds
    if o == NULL:
        rt_frame_visit(g.frames[v.visited], living_meet, v)
        return
    kinds = visit_kinds(rt_type(o))
    if kinds & RT_VISITED:
        rt_visit(o, kinds, living_meet, v)
    keys = rt_text_keys(o) if kinds & (RT_DICT | RT_VISIT_TYPE) else NULL
    if keys != NULL:
        for i in range(rt_keys_count(keys)):
            living_meet(rt_keys_name(keys, i), v)


cdef int living_meet(PyObject *o, void *arg) noexcept nogil:
    cdef Living *v = <Living *>arg
    cdef uint32_t id = table_find(&v.nodes, <uint64_t>o >> 4).value if o != NULL else 0
    if id != 0 and not is_alive(v, id) and v.parent[id] == v.visited:
        living_found(v, id)
    return 0


cdef inline bint is_needed_root(Living *v, uint32_t id) noexcept nogil:
    return id != 0 and v.state[id] & NEEDED and v.parent[id] == 0 and not is_alive(v, id)


cdef void living_roots(Living *v) noexcept nogil:
    # The modules; frames that still run; what C code holds if it is immortal or on the collector's lists
    # still. Nothing says of other things that C code holds whether they live.
    cdef Graph *g = v.graph
    cdef size_t i
    cdef uint32_t id
    cdef bint listed = False
    if is_needed_root(v, g.modules) and g.objects[g.modules] == PyImport_GetModuleDict():
        living_found(v, g.modules)
    living_frames(v)
    for i in range(v.nodes.mask + 1):
        id = v.nodes.slots[i].value if v.nodes.slots[i].key != 0 else 0
        if is_needed_root(v, id) and id != g.modules:
            if references(g, id) == 0:
                living_found(v, id)
            else:
                listed = True
    if listed:
        living_listed(v)


cdef void living_frames(Living *v) noexcept nogil:
    cdef Graph *g = v.graph
    cdef PyThreadState *thread = PyInterpreterState_ThreadHead(PyInterpreterState_Main())
    cdef rt_frame *frame
    cdef uint32_t id
    while thread != NULL:
        frame = rt_frame_current(thread)
        while frame != NULL:
            for id in range(1, 1 + g.frame_count):
                if g.frames[id] == frame and rt_frame_code(frame) != NULL and is_needed_root(v, id):
                    living_found(v, id)
            frame = rt_frame_previous(frame)
        thread = PyThreadState_Next(thread)


cdef void living_listed(Living *v) noexcept nogil:
    cdef PyGC_Head *head
    cdef PyGC_Head *at
    cdef uint32_t id
    cdef int i
    for i in range(RT_GENERATIONS):
        head = rt_gc_list(PyInterpreterState_Main(), i)
        at = rt_gc_next(head)
        while at != head:
            id = table_find(&v.nodes, <uint64_t>rt_gc_object(at) >> 4).value
            if is_needed_root(v, id):
                living_found(v, id)
            at = rt_gc_next(at)
