# Objects whose blocks may be of an earlier life, dated by what they refer to: from 3.14 on bound methods, functions of
# C's and iterators come from free lists (pycore_freelist_state.h), and are no older than that.

cdef void graph_add_made_after(Graph *g, uint32_t id) noexcept nogil:
    cdef size_t capacity = 2 * g.made_after_capacity + (1 << 8)
    cdef void *bigger
    if g.made_after_count == g.made_after_capacity:
        bigger = realloc(g.made_after, capacity * sizeof(uint32_t))
        if bigger == NULL:
            g.short_of_memory = True
            return
        g.made_after = <uint32_t *>bigger
        g.made_after_capacity = capacity
    g.made_after[g.made_after_count] = id
    g.made_after_count += 1


cdef void graph_date_by_referents(Graph *g) noexcept nogil:
    # Once their edges are known.
    cdef size_t k, e
    cdef uint32_t id
    for k in range(g.made_after_count):
        id = g.made_after[k]
        for e in range(g.first[id], g.first[id + 1]):
            g.date[id] = max(g.date[id], g.date[g.to[e]])
