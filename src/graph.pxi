# The heap as a graph in compressed arrays: node 0 is the root, then the frames that run, then every
# object reached from the collector's lists, listed by it or not. The edges of node i are
# to[first[i]:first[i + 1]]. Nothing here allocates a Python object or runs Python code.

cdef enum:
    TYPE_CACHE = 1024
    RAW_BATCH = 2048
    AHEAD = 12

class PlainClass:
    """A class made by a class statement, to know others by."""


cdef PyTypeObject *plain_class = <PyTypeObject *><PyObject *>PlainClass
cdef PyTypeObject *type_cache[TYPE_CACHE]
cdef int type_cache_kinds[TYPE_CACHE]


cdef inline int visit_kinds(PyTypeObject *type) noexcept nogil:
    cdef size_t i = (<size_t>type >> 4) & (TYPE_CACHE - 1)
    if type_cache[i] != type:
        type_cache_kinds[i] = rt_visit_kinds(type, plain_class)
        type_cache[i] = type
    return type_cache_kinds[i]


cdef int graph_init(Graph *g, size_t expected) noexcept nogil:
    cdef size_t slots = 1 << 16
    memset(g, 0, sizeof(Graph))
    memset(type_cache, 0, sizeof(type_cache))
    expected = max(expected, <size_t>(1 << 15))
    while 3 * slots < 5 * expected:
        slots *= 2
    g.capacity = <uint32_t>min(expected, <size_t>0x7FFFFFFF)
    g.edge_capacity = 2 * expected
    g.slot_mask = slots - 1
    g.raw_capacity = 1 << 14
    g.objects = <PyObject **>rt_array(g.capacity, sizeof(PyObject *))
    g.first = <uint32_t *>rt_array(<size_t>g.capacity + 1, sizeof(uint32_t))
    g.refs = <uint32_t *>rt_array(g.capacity, sizeof(uint32_t))
    g.to = <uint32_t *>rt_array(g.edge_capacity, sizeof(uint32_t))
    g.date = <uint32_t *>rt_array(g.capacity, sizeof(uint32_t))
    g.slots = <NodeSlot *>rt_zeroed_array(slots, sizeof(NodeSlot))
    g.raw = <PyObject **>malloc(g.raw_capacity * sizeof(PyObject *))
    if (
        g.objects == NULL
        or g.first == NULL
        or g.refs == NULL
        or g.date == NULL
        or g.to == NULL
        or g.slots == NULL
        or g.raw == NULL
    ):
        graph_free(g)
        return -1
    return 0


cdef void graph_free(Graph *g) noexcept nogil:
    free(g.objects)
    free(g.frames)
    free(g.first)
    free(g.refs)
    free(g.found)
    free(g.date)
    free(g.to)
    free(g.slots)
    free(g.raw)
    memset(g, 0, sizeof(Graph))


cdef int graph_nodes_grow(Graph *g) noexcept nogil:
    cdef size_t capacity = 2 * <size_t>g.capacity
    cdef void *block
    if capacity > 0x7FFFFFFF:
        return -1
    block = realloc(g.objects, capacity * sizeof(PyObject *))
    if block == NULL:
        return -1
    g.objects = <PyObject **>block
    block = realloc(g.first, (capacity + 1) * sizeof(uint32_t))
    if block == NULL:
        return -1
    g.first = <uint32_t *>block
    block = realloc(g.refs, capacity * sizeof(uint32_t))
    if block == NULL:
        return -1
    g.refs = <uint32_t *>block
    block = realloc(g.date, capacity * sizeof(uint32_t))
    if block == NULL:
        return -1
    g.date = <uint32_t *>block
    g.capacity = <uint32_t>capacity
    return 0


cdef int graph_slots_grow(Graph *g) noexcept nogil:
    cdef size_t mask = 2 * g.slot_mask + 1, i, k
    cdef NodeSlot *slots = <NodeSlot *>rt_zeroed_array(mask + 1, sizeof(NodeSlot))
    if slots == NULL:
        return -1
    for k in range(g.slot_mask + 1):
        if g.slots[k].address != 0:
            i = scatter(g.slots[k].address) & mask
            while slots[i].address != 0:
                i = (i + 1) & mask
            slots[i] = g.slots[k]
    free(g.slots)
    g.slots = slots
    g.slot_mask = mask
    return 0


cdef inline uint32_t graph_add(Graph *g, PyObject *o) noexcept nogil:
    if g.count == g.capacity and graph_nodes_grow(g) < 0:
        g.short_of_memory = True
        return 0
    g.objects[g.count] = o
    g.count += 1
    return g.count - 1


cdef inline uint32_t graph_node(Graph *g, PyObject *o, uint32_t found) noexcept nogil:
    # The node of an object, made if need be; 0 where memory is short. It was found so often again.
    cdef uint64_t address = <uint64_t>o >> 4
    cdef NodeSlot *slot
    cdef size_t i
    if 4 * <size_t>g.count > 3 * g.slot_mask and graph_slots_grow(g) < 0:
        g.short_of_memory = True
        return 0
    i = scatter(address) & g.slot_mask
    while g.slots[i].address != 0 and g.slots[i].address != address:
        i = (i + 1) & g.slot_mask
    slot = &g.slots[i]
    if slot.address == 0:
        slot.id = graph_add(g, o)
        if slot.id == 0:
            return 0
        slot.address = address
    slot.found += found
    return slot.id


cdef int visit_raw(PyObject *o, void *arg) noexcept nogil:
    cdef Graph *g = <Graph *>arg
    cdef PyObject **bigger
    if o == NULL:
        return 0
    if g.raw_count == g.raw_capacity:
        bigger = <PyObject **>realloc(g.raw, 2 * g.raw_capacity * sizeof(PyObject *))
        if bigger == NULL:
            g.short_of_memory = True
            return 0
        g.raw = bigger
        g.raw_capacity *= 2
    g.raw[g.raw_count] = o
    g.raw_count += 1
    return 0


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
        thread = PyThreadState_Next(thread)
    g.frame_count = g.count - 1
    return -1 if g.short_of_memory else 0


cdef void graph_add_listed(Graph *g) noexcept nogil:
    cdef int i
    cdef PyGC_Head *head
    cdef PyGC_Head *at
    for i in range(RT_GENERATIONS):
        head = rt_gc_list(PyInterpreterState_Main(), i)
        at = rt_gc_next(head)
        while at != head:
            rt_prefetch(rt_gc_next(at))
            graph_node(g, rt_gc_object(at), 0)
            if g.short_of_memory:
                return
            at = rt_gc_next(at)


cdef inline void graph_visit(Graph *g, Survey *s, uint32_t id) noexcept nogil:
    cdef PyObject *o = g.objects[id]
    cdef int kinds
    g.date[id] = 0
    if o == NULL:
        g.refs[id] = 0
        if id != 0:
            rt_frame_visit(g.frames[id], visit_raw, g)
        return
    g.refs[id] = rt_refcount(o)
    survey_object(s, id, o)
    kinds = visit_kinds(rt_type(o))
    if kinds & (RT_BLOCKS_KNOWN - 1):
        rt_visit(o, kinds, visit_raw, g)


cdef void graph_resolve(Graph *g) noexcept nogil:
    # Looks the batch up, a few places ahead of the cache.
    cdef size_t k, ahead
    cdef void *bigger
    if g.edge_count + g.raw_count > g.edge_capacity:
        while g.edge_count + g.raw_count > g.edge_capacity:
            g.edge_capacity *= 2
        if g.edge_count + g.raw_count > <size_t>0xFFFFFFFF:
            g.short_of_memory = True
            return
        bigger = realloc(g.to, g.edge_capacity * sizeof(uint32_t))
        if bigger == NULL:
            g.short_of_memory = True
            return
        g.to = <uint32_t *>bigger
    for k in range(g.raw_count):
        ahead = k + AHEAD
        if ahead < g.raw_count:
            rt_prefetch(&g.slots[scatter(<uint64_t>g.raw[ahead] >> 4) & g.slot_mask])
        g.to[g.edge_count + k] = graph_node(g, g.raw[k], 1)
    g.edge_count += g.raw_count
    g.raw_count = 0


cdef int graph_build(Graph *g, Survey *s) noexcept nogil:
    cdef uint32_t id = 0, batch
    cdef size_t i
    if graph_add_frames(g) < 0:
        return -1
    graph_add_listed(g)
    g.modules = graph_node(g, PyImport_GetModuleDict(), 0)
    while id < g.count and not g.short_of_memory:
        batch = 0
        while id < g.count and batch < 64 and g.raw_count < RAW_BATCH:
            if id + 16 < g.count:
                rt_prefetch(g.objects[id + 16])
            g.first[id] = <uint32_t>(g.edge_count + g.raw_count)
            graph_visit(g, s, id)
            id += 1
            batch += 1
        graph_resolve(g)
    if g.short_of_memory:
        return -1
    g.first[g.count] = <uint32_t>g.edge_count
    g.found = <uint32_t *>rt_zeroed_array(g.count, sizeof(uint32_t))
    if g.found == NULL:
        return -1
    for i in range(g.slot_mask + 1):
        g.found[g.slots[i].id] = g.slots[i].found
    free(g.slots)
    g.slots = NULL
    free(g.raw)
    g.raw = NULL
    return 0


cdef inline bint held_by_c(Graph *g, uint32_t id) noexcept nogil:
    # More references counted than found (or an immortal object): code in C holds the others.
    return g.objects[id] != NULL and (g.refs[id] > g.found[id] or g.refs[id] == 0)
