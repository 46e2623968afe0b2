# Where a graph's nodes, edges and blocks are kept: arrays that grow as it does.

cdef int graph_init(Graph *g, size_t expected) noexcept nogil:
    # Most nodes have a block in the ledger. Memory that is reserved and not used costs nothing.
    memset(g, 0, sizeof(Graph))
    rt_kinds_forget(plain_class, RT_FREE_LIST if reuse_is_seen() else 0)
    g.edge_capacity = 2 * expected + (1 << 17)
    g.raw_capacity = 4 * BATCH_REFERENCES
    g.to = <uint32_t *>rt_array(g.edge_capacity, sizeof(uint32_t))
    g.raw = <PyObject **>malloc(g.raw_capacity * sizeof(PyObject *))
    if (
        g.to == NULL
        or g.raw == NULL
        or table_init(&g.ids, 1 << 16) < 0
        or graph_nodes_grow(g, expected + (1 << 16)) < 0
        or graph_more_grow(g) < 0
    ):
        graph_free(g)
        return -1
    return 0


cdef void graph_free(Graph *g) noexcept nogil:
    free(g.objects)
    free(g.frames)
    free(g.own)
    free(g.first)
    free(g.refs)
    free(g.lost)
    free(g.found)
    free(g.date)
    free(g.leaves)
    free(g.more)
    free(g.to)
    table_free(&g.ids)
    free(g.raw)
    free(g.roles)
    memset(g, 0, sizeof(Graph))


cdef int array_grow(void **array, size_t old, size_t new, size_t size) noexcept nogil:
    # What is added is zeroed.
    cdef void *bigger = rt_zeroed_array(new, size)
    if bigger == NULL:
        return -1
    if array[0] != NULL:
        memcpy(bigger, array[0], old * size)
    free(array[0])
    array[0] = bigger
    return 0


cdef int graph_nodes_grow(Graph *g, size_t capacity) noexcept nogil:
    cdef size_t old = g.capacity
    if (
        capacity > 0x7FFFFFFF
        or array_grow(<void **>&g.objects, old, capacity, sizeof(PyObject *)) < 0
        or array_grow(<void **>&g.first, old, capacity, sizeof(uint32_t)) < 0
        or array_grow(<void **>&g.refs, old, capacity, sizeof(uint32_t)) < 0
        or array_grow(<void **>&g.found, old, capacity, sizeof(uint32_t)) < 0
        or array_grow(<void **>&g.date, old, capacity, sizeof(uint32_t)) < 0
    ):
        return -1
    g.capacity = <uint32_t>capacity
    return 0


cdef int graph_edges_grow(Graph *g, size_t needed) noexcept nogil:
    cdef size_t capacity = g.edge_capacity
    cdef void *bigger
    while capacity < needed:
        capacity *= 2
    if needed > <size_t>0xFFFFFFFF:
        return -1
    bigger = realloc(g.to, capacity * sizeof(uint32_t))
    if bigger == NULL:
        return -1
    g.to = <uint32_t *>bigger
    g.edge_capacity = capacity
    return 0


cdef int graph_more_grow(Graph *g) noexcept nogil:
    cdef size_t capacity = 2 * g.more_capacity + (1 << 12)
    cdef void *bigger = realloc(g.more, capacity * sizeof(More))
    if bigger == NULL:
        g.short_of_memory = True
        return -1
    g.more = <More *>bigger
    g.more_capacity = capacity
    return 0


cdef inline void graph_add_block(Graph *g, uint32_t id, void *block) noexcept nogil:
    if not storable(block) or g.more_count == g.more_capacity and graph_more_grow(g) < 0:
        return
    g.more[g.more_count].node = id
    g.more[g.more_count].low = <uint32_t>(<uint64_t>block >> 4)
    g.more[g.more_count].high = <uint16_t>(<uint64_t>block >> 36)
    g.more_count += 1


cdef inline void *more_block(More *more) noexcept nogil:
    return <void *>((<uint64_t>more.high << 32 | more.low) << 4)


cdef inline void graph_add_leaf(Graph *g, uint32_t id, size_t size) noexcept nogil:
    # They come by their nodes, those of one mostly one after the other.
    cdef Leaf *last
    if g.leaf_count > 0:
        last = &g.leaves[g.leaf_count - 1]
        if last.node == id and last.size + size <= <size_t>0xFFFFFFFF:
            last.size += <uint32_t>size
            return
    while True:
        if g.leaf_count == g.leaf_capacity and graph_leaves_grow(g) < 0:
            return
        last = &g.leaves[g.leaf_count]
        last.node = id
        last.size = <uint32_t>min(size, <size_t>0xFFFFFFFF)
        g.leaf_count += 1
        size -= last.size
        if size == 0:
            return


cdef int graph_leaves_grow(Graph *g) noexcept nogil:
    cdef size_t capacity = 2 * g.leaf_capacity + (1 << 12)
    cdef void *bigger = realloc(g.leaves, capacity * sizeof(Leaf))
    if bigger == NULL:
        g.short_of_memory = True
        return -1
    g.leaves = <Leaf *>bigger
    g.leaf_capacity = capacity
    return 0


cdef inline uint32_t graph_add(Graph *g, PyObject *o) noexcept nogil:
    # A new node; 0 where memory is short.
    if g.count == g.capacity and graph_nodes_grow(g, 2 * <size_t>g.capacity) < 0:
        g.short_of_memory = True
        return 0
    g.objects[g.count] = o
    g.count += 1
    return g.count - 1
