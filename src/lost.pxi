# References that a type's tp_traverse does not show: StringIO's list of what was written (3.11), the decoder behind a
# stream. Survivors to which no reference was found are looked for, by their address, in the memory of
# objects of which not all is known. So a word there that is no reference, such as one of an earlier life
# in what an object's block has unused, can mislead for such a survivor alone, and never for more than it has
# references. What else leads to it, and all that is below it, goes before (see paths.pxi).

cdef enum:
    LOST_SEEN = 1 << 16           # edges that are added at most


cdef int lost_find(Survey *s) noexcept nogil:
    # The survivors that are looked for. Those from a free list may bear no date, and what the interpreter
    # has itself has its reference there.
    cdef Graph *g = s.graph
    cdef uint32_t id, k
    cdef uint64_t address
    for id in range(1 + g.frame_count, g.count):
        if g.found[id] != 0 or references(g, id) == 0:
            continue
        if g.date[id] == 0 and not visit_kinds(rt_type(g.objects[id])) & RT_FREE_LIST:
            continue
        address = <uint64_t>g.objects[id] >> 4
        if table_put(&s.lost, address, id) < 0:
            return -1
        bloom_add(s, address)
    for k in range(g.role_count):
        table_find(&s.lost, <uint64_t>g.roles[k].object >> 4).value = 0
    return 0


cdef void lost_meet(Survey *s, uint32_t owner, uint64_t address) noexcept nogil:
    # The owner's memory has the address of a survivor, if it is one that is looked for.
    cdef Graph *g = s.graph
    cdef uint32_t id = table_find(&s.lost, address).value
    cdef size_t e
    if id == 0 or id == owner or references(g, id) <= g.found[id] or g.lost_count == LOST_SEEN:
        return
    for e in range(g.first[owner], g.first[owner + 1]):
        if g.to[e] == id:
            return
    g.lost[g.lost_count].node = owner
    g.lost[g.lost_count].to = id
    g.lost_count += 1
    g.refs[id] |= <uint32_t>LOST
    g.found[id] += 1


cdef int lost_add(Graph *g) noexcept nogil:
    # To the edges. They come by the number of the node that they start from: from the end on, all move up.
    cdef FoundEdge *more = g.lost
    cdef size_t count = g.lost_count
    cdef size_t at = g.edge_count + count, k = count, e
    cdef uint32_t id = g.count
    if count == 0:
        return 0
    if at > g.edge_capacity and graph_edges_grow(g, at) < 0:
        return -1
    e = g.edge_count
    g.edge_count = at
    g.first[g.count] = <uint32_t>at
    while k > 0 and id > 0:
        id -= 1
        while k > 0 and more[k - 1].node == id:
            k -= 1
            at -= 1
            g.to[at] = more[k].to
        while e > g.first[id]:
            e -= 1
            at -= 1
            g.to[at] = g.to[e]
        g.first[id] = <uint32_t>at
    return 0


cdef inline bint is_lost(Graph *g, uint32_t id) noexcept nogil:
    # Does no other reference lead to it than such?
    return g.refs[id] & <uint32_t>LOST != 0


cdef bint lost_stands(Graph *g, FoundEdge *edge) noexcept nogil:
    # Also while edges are cut.
    cdef size_t e
    for e in range(g.first[edge.node], g.first[edge.node + 1]):
        if g.to[e] == edge.to:
            return True
    return False
