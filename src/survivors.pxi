# The ledger meets the graph: every object that owns a block of the wanted scopes belongs to a region (it
# and what hangs below it on the paths, of the same scope), and regions to groups (groups.pxi).

cdef enum:
    WANTED = 1                    # a test or fixture
    WANTED_IMPORT = 2
    WANTED_AROUND = 3             # a class or module: what it made is there before its tests
    KNOWN_ONLY = 4                # a scope that is not asked about: what it made is no older than tests

cdef int survey_init(
    Survey *s, Graph *g, Paths *p, Dominators *d, const uint8_t *scopes, size_t count
) noexcept nogil:
    s.graph = g
    s.paths = p
    s.dominators = d
    s.wanted = <uint8_t *>calloc(scope_count + 1, 1)
    s.pages = <uint64_t *>calloc(PAGE_BITS // 64, sizeof(uint64_t))
    s.claims = <Claim *>malloc(4 * BATCH_NODES * sizeof(Claim))
    s.group_capacity = 1024
    s.groups = <Group *>malloc(s.group_capacity * sizeof(Group))
    s.group_count = 1
    s.row_capacity = 1024
    s.rows = <Row *>malloc(s.row_capacity * sizeof(Row))
    s.row_count = 1
    if (
        s.wanted == NULL
        or s.pages == NULL
        or s.claims == NULL
        or s.groups == NULL
        or s.rows == NULL
        or table_init(&s.orphans, 1 << 10) < 0
        or table_init(&s.lost, 1 << 10) < 0
        or table_init(&s.reused, 1 << 10) < 0
        or table_init(&s.group_ids, 1 << 10) < 0
        or table_init(&s.row_ids, 1 << 10) < 0
    ):
        survey_free(s)
        return -1
    if count > 0:
        memcpy(s.wanted, scopes, min(count, <size_t>scope_count))
    s.wanted[0] = 0
    s.wanted_count = scope_count
    return 0


cdef void survey_free(Survey *s) noexcept nogil:
    survey_trim(s)
    free(s.wanted)
    free(s.sizes)
    memset(s, 0, sizeof(Survey))


cdef void survey_lighten(Survey *s) noexcept nogil:
    # Frees what is of no use once all is charged. The sizes become those of the objects alone, and those of
    # objects that no wanted scope made what was estimated.
    cdef size_t k
    cdef uint32_t id
    for k in range(s.piece_count):
        id = s.pieces[k].node & ~<uint32_t>PIECE_OWN
        if s.graph.date[id] == 0 and s.sizes != NULL and not is_own_estimated(s, &s.pieces[k]):
            s.sizes[id] -= <uint64_t>piece_size(&s.pieces[k])
    if s.sizes_with_leaves:
        s.sizes_with_leaves = False
        for k in range(s.graph.leaf_count):
            if is_sized(s.paths, s.graph.leaves[k].node):
                s.sizes[s.graph.leaves[k].node] -= s.graph.leaves[k].size
    table_free(&s.group_ids)
    table_free(&s.row_ids)
    free(s.region)
    free(s.pages)
    free(s.claims)
    if s.pieces != NULL:
        survey_unclaim(s)
    free(s.pieces)
    table_free(&s.orphans)
    table_free(&s.lost)
    s.region = NULL
    s.piece_count = 0
    s.pages = NULL
    s.claims = NULL
    s.pieces = NULL


cdef void survey_trim(Survey *s) noexcept nogil:
    # Frees what is of no use once the answer is told.
    survey_lighten(s)
    free(s.groups)
    free(s.rows)
    table_free(&s.reused)
    s.groups = NULL
    s.rows = NULL


# ---- regions ----

cdef int survey_regions(Survey *s) noexcept nogil:
    # In the order of the paths, so that a parent is settled before its children.
    cdef Graph *g = s.graph
    cdef uint32_t k, id, above, scope
    cdef bint named
    s.region = <uint32_t *>rt_zeroed_array(g.count, sizeof(uint32_t))
    if s.region == NULL:
        return -1
    for k in range(s.paths.outside, s.paths.reached):
        id = s.paths.order[k]
        if g.objects[id] == NULL:
            continue
        above = s.region[s.paths.parent[id]]
        scope = g.date[id]
        # The attributes of an older object, whose dict is newer: each has a name of its own.
        named = above != 0 and above == s.paths.parent[id] and is_attributes(s, above)
        if above != 0 and scope == g.date[above]:
            s.region[id] = id if named else above
        elif above != 0 and scope <= g.date[above] and visit_kinds(rt_type(g.objects[id])) & RT_FREE_LIST:
            # The block is older than what holds it, and may have been reused: the object was made
            # no earlier than the block; it goes with its region, or is as new as that.
            if not named:
                s.region[id] = above
            elif scope != 0:
                g.date[id] = g.date[above]
                s.region[id] = id
        elif wanted(s, scope):
            s.region[id] = id
    return 0


cdef uint32_t *survey_tops(Survey *s) noexcept nogil:
    # Of each node the first on its path that a test or fixture made, 0 where none did; what an import
    # made was there before, and an object's __dict__ is no object of its own. NULL where memory is short.
    cdef Graph *g = s.graph
    cdef uint32_t k, id, above
    cdef uint32_t *tops = <uint32_t *>rt_zeroed_array(g.count, sizeof(uint32_t))
    if tops == NULL:
        return NULL
    for k in range(s.paths.outside, s.paths.reached):
        id = s.paths.order[k]
        above = s.paths.parent[id]
        while s.paths.level[above] & LOWERED:
            above = s.paths.parent[above]
        tops[id] = tops[above]
        if tops[id] == 0 and s.wanted[g.date[id]] == WANTED and not is_attributes(s, id):
            tops[id] = id
    return tops


cdef inline uint32_t made_with(Survey *s, uint32_t id) noexcept nogil:
    # A bound method or the like that leads to what a test made is no older than that, though its block, from a
    # free list, may be (3.14+): the first of those on the path, or the object itself.
    cdef Graph *g = s.graph
    cdef uint32_t above = s.paths.parent[id]
    while (
        id != 0
        and g.objects[above] != NULL
        and g.date[above] != g.date[id]
        and visit_kinds(rt_type(g.objects[above])) & RT_MADE_AFTER
    ):
        id = above
        above = s.paths.parent[id]
    return id


cdef inline bint is_estimated(Survey *s, uint32_t id) noexcept nogil:
    # No scope that is asked about has made it: the ledger need not know it.
    return s.graph.date[id] == 0 or s.graph.date[id] == s.target_scope and s.target_count > 0


cdef inline bint is_own_estimated(Survey *s, Piece *piece) noexcept nogil:
    # An object's own block, known though it bears no date: the estimate has it.
    return piece.node & PIECE_OWN and s.graph.date[piece.node & ~<uint32_t>PIECE_OWN] == 0


cdef inline bint is_sized(Paths *p, uint32_t id) noexcept nogil:
    # Those of order[outside:].
    return p.level[id] & INSIDE or p.level[id] & LEVEL_MASK == LEVEL_GARBAGE


cdef int survey_sizes(Survey *s) noexcept nogil:
    # Of what hangs on survivors: the ledger's figures, for older objects CPython's rules.
    cdef Graph *g = s.graph
    cdef size_t k
    cdef uint32_t id
    s.sizes = <uint64_t *>rt_zeroed_array(g.count, sizeof(uint64_t))
    if s.sizes == NULL:
        return -1
    for k in range(s.piece_count):
        if not is_own_estimated(s, &s.pieces[k]):
            s.sizes[s.pieces[k].node & ~<uint32_t>PIECE_OWN] += <uint64_t>piece_size(&s.pieces[k])
    for k in range(s.paths.outside, s.paths.reached):
        id = s.paths.order[k]
        if is_estimated(s, id) and g.objects[id] != NULL:
            # Its buffer may be in the ledger although the object, from a free list, is not.
            s.sizes[id] += rt_basic_size(g.objects[id]) - min(s.sizes[id], rt_buffer_size(g.objects[id]))
            if visit_kinds(rt_type(g.objects[id])) & RT_VISIT_NDARRAY:
                s.sizes[id] += <uint64_t>rt_ndarray_bytes(g.objects[id])
    for k in range(g.leaf_count):
        if is_sized(s.paths, g.leaves[k].node):
            s.sizes[g.leaves[k].node] += g.leaves[k].size
    s.sizes_with_leaves = True
    return 0
