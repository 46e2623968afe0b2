# What goes when edges are cut: the graph's paths are searched for once more without them. Nothing here
# follows an object's pointer: sizes are looked up in the ledger by the blocks' addresses.

cdef struct CutEdge:
    size_t at                     # in Graph.to
    uint32_t target


cdef class Cuts:
    """Edges taken out of a graph, put back again by `undo`."""

    cdef Graph *graph
    cdef CutEdge *edges
    cdef size_t count, capacity
    cdef list numbers             # of the steps that the edges lead to, and which part: see Explanation.cut
    cdef dict of_node             # node -> the nodes that it no more leads to, or None: to none but ...
    cdef dict kept                # ... these
    cdef dict above               # node -> the nodes before it, on paths to the edges
    cdef set cleared              # nodes of containers that are emptied
    cdef set emptied              # of those, all but the dicts of caches

    def __cinit__(self):
        self.edges = NULL
        self.numbers = []
        self.of_node = {}
        self.kept = {}
        self.above = {}
        self.cleared = set()
        self.emptied = set()

    def __dealloc__(self):
        free(self.edges)

    cdef int apply(self) except -1:
        cdef uint32_t id, target
        cdef size_t e
        for node, targets in self.of_node.items():
            id = node
            for e in range(self.graph.first[id], self.graph.first[id + 1]):
                target = self.graph.to[e]
                if target not in self.kept[node] if targets is None else target in targets:
                    self.take_out(e)
        return 0

    cdef int search(self, Paths *paths) except -1:
        # Applies them, and finds the paths that there are without them: `undo` and paths_free() are the caller's.
        self.apply()
        if paths_init(paths, self.graph) < 0:
            raise MemoryError("no memory to cut edges")
        paths_find(paths, self.graph)
        return 0

    cdef int take_out(self, size_t e) except -1:
        # The root stands in for the target: paths never lead there.
        cdef void *bigger
        if self.count == self.capacity:
            bigger = realloc(self.edges, (2 * self.capacity + 16) * sizeof(CutEdge))
            if bigger == NULL:
                raise MemoryError("no memory to cut edges")
            self.edges = <CutEdge *>bigger
            self.capacity = 2 * self.capacity + 16
        self.edges[self.count].at = e
        self.edges[self.count].target = self.graph.to[e]
        self.count += 1
        self.graph.to[e] = 0
        return 0

    cdef void undo(self) noexcept:
        while self.count > 0:
            self.count -= 1
            self.graph.to[self.edges[self.count].at] = self.edges[self.count].target


# ---- what went ----

cdef struct Went:
    int64_t bytes
    int64_t survivors             # bytes of the wanted scopes among them


cdef inline bint went(Look *l, Paths *p, uint32_t id) noexcept nogil:
    # Reached before, and no more.
    return p.level[id] == LEVEL_NONE and (l.paths.level[id] & LEVEL_MASK) < LEVEL_GARBAGE


cdef void went_find(Look *l, Paths *p, Went *w) noexcept nogil:
    cdef Graph *g = &l.graph
    cdef uint32_t id
    cdef size_t i
    for id in range(1 + g.frame_count, g.count):
        if went(l, p, id):
            if not went_own(l, g.objects[id], w) and l.paths.level[id] & INSIDE and is_estimated(&l.survey, id):
                w.bytes += <int64_t>l.survey.sizes[id]
    for i in range(g.leaf_count):
        if went(l, p, g.leaves[i].node):
            w.bytes += g.leaves[i].size
    for i in range(g.more_count):
        if went(l, p, g.more[i].node):
            went_block(l, more_block(&g.more[i]), w)


cdef void went_blocks_of(Look *l, uint32_t id, Went *w) noexcept nogil:
    # A container that stays, and is emptied.
    cdef size_t i
    for i in range(l.graph.more_count):
        if l.graph.more[i].node == id:
            went_block(l, more_block(&l.graph.more[i]), w)


cdef inline bint went_own(Look *l, PyObject *o, Went *w) noexcept nogil:
    # Where a block starts at the object's address it has no head before it; else the head is of 16 bytes
    # or of 32, and no other block starts inside one.
    cdef int before
    for before in range(0, 48, 16):
        if went_block(l, <char *>o - before, w):
            return True
    return False


cdef bint went_block(Look *l, void *block, Went *w) noexcept nogil:
    # False where the block is not in the ledger.
    cdef Charge c
    cdef int64_t first
    cdef uint32_t g = 0
    if not charge_of(block, &c):
        return False
    first = c.size
    w.bytes += c.size
    if c.stack & ENTRY_GROWN:
        g = table_find(&growth_heads, <uint64_t>block >> 4).value
    while g != 0:
        first -= growths[g].size
        w.survivors += growths[g].size if was_wanted(&l.survey, growths[g].scope) else 0
        g = growths[g].older
    w.survivors += first if was_wanted(&l.survey, c.scope) else 0
    return True


cdef inline bint was_wanted(Survey *s, uint32_t scope) noexcept nogil:
    # There may be scopes since then.
    return scope < s.wanted_count and wanted(s, scope)
