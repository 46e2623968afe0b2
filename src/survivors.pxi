# The ledger meets the graph: every live block of the wanted scopes is given to the object that owns
# it, every such object to a region (it and what hangs below it on the paths, of the same scope), and
# regions with the same parent and scope to one group, unless the parent is a namespace: each attribute
# is a group of its own. A group is what one holder keeps of one scope.

cdef enum:
    PIECE_OWN = 1 << 31
    PAGE_BITS = 1 << 20
    TOGETHER = 1 << 29            # no top by itself holds it, but its group's tops together do

cdef struct Row:                  # part of a group: one type, one stack
    PyTypeObject *type            # NULL: `stack` is the outer group that dominates `bytes`
    uint32_t group
    uint32_t stack
    uint32_t objects
    uint32_t unsure               # objects whose line may be that of an earlier life
    int64_t bytes
    uint32_t next

cdef struct Group:
    uint32_t anchor               # the object that refers to what survived, from outside
    uint32_t sample               # the largest survivor of its regions, or the anchor that grew
    uint32_t scope
    uint32_t rows
    uint64_t sample_size
    int64_t bytes
    uint64_t retained
    uint32_t objects
    uint32_t tops

cdef inline bint wanted(Survey *s, uint32_t scope) noexcept nogil:
    return s.wanted[scope] != 0


cdef int survey_init(
    Survey *s, Graph *g, Paths *p, Dominators *d, const uint8_t *scopes, size_t count
) noexcept nogil:
    s.graph = g
    s.paths = p
    s.dominators = d
    s.wanted = <uint8_t *>calloc(scope_count, 1)
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
        or table_init(&s.group_ids, 1 << 10) < 0
        or table_init(&s.row_ids, 1 << 10) < 0
    ):
        survey_free(s)
        return -1
    memcpy(s.wanted, scopes, min(count, <size_t>scope_count))
    s.wanted[0] = 0
    return 0


cdef void survey_free(Survey *s) noexcept nogil:
    free(s.wanted)
    free(s.sizes)
    free(s.region)
    free(s.pages)
    free(s.claims)
    if s.pieces != NULL:
        survey_unclaim(s)
    free(s.pieces)
    free(s.groups)
    free(s.rows)
    table_free(&s.orphans)
    table_free(&s.group_ids)
    table_free(&s.row_ids)
    memset(s, 0, sizeof(Survey))


cdef inline bint entry_wanted(Survey *s, Entry *e) noexcept nogil:
    return wanted(s, e.place & SCOPE_MASK) or e.stack & ENTRY_GROWN and growth_wanted(s, e)


cdef bint growth_wanted(Survey *s, Entry *e) noexcept nogil:
    cdef uint32_t g = table_find(&growth_heads, entry_address(e)).value
    while g != 0:
        if wanted(s, growths[g].scope):
            return True
        g = growths[g].older
    return False


# ---- whose block is it? ----

cdef inline uint64_t page_of(uint64_t address) noexcept nogil:
    # pymalloc's pools are of 16 KiB and hold blocks of one size, mostly of one time.
    return scatter((address >> 10) + 1) & (PAGE_BITS - 1)


cdef inline bint on_wanted_page(Survey *s, void *block) noexcept nogil:
    cdef uint64_t page = page_of(<uint64_t>block >> 4)
    return (s.pages[page >> 6] >> (page & 63)) & 1


cdef int survey_pages(Survey *s) noexcept nogil:
    # Most objects are no survivors, nor is anything near them: a bit tells so without a search.
    cdef Entry *e = entries
    cdef Entry *end = entries + entry_mask + 1
    cdef const uint8_t *wanted = s.wanted
    cdef size_t blocks = 0, found, i
    while e < end:
        # An empty entry is of scope 0, which is never wanted.
        if wanted[e.place & SCOPE_MASK] or e.stack & ENTRY_GROWN and growth_wanted(s, e):
            survey_page(s, page_of(entry_address(e)))
            blocks += 1
        e += 1
    for i in range(pool_mask + 1):
        found = pool_wanted(&pools[i], wanted) if pools[i].live else 0
        if found:
            survey_page(s, page_of(pools[i].key << 10))
            blocks += found
    s.wanted_blocks = blocks
    s.pieces = <Piece *>rt_array(blocks, sizeof(Piece))
    return 0 if s.pieces != NULL else -1


cdef inline void survey_page(Survey *s, uint64_t page) noexcept nogil:
    s.pages[page >> 6] |= <uint64_t>1 << (page & 63)


cdef inline size_t pool_wanted(Pool *pool, const uint8_t *wanted) noexcept nogil:
    cdef size_t found = 0
    cdef uint32_t place
    for place in range(pool.places):
        found += wanted[word_scope(pool.words[place])] != 0
    return found


cdef Piece *claim(Survey *s, void *block, uint32_t node) noexcept nogil:
    # Notes a wanted block as the node's; NULL where it is no wanted one, or another's already.
    cdef Pool *pool
    cdef uint64_t *word
    cdef Entry *e
    if not storable(block):
        return NULL
    pool = pool_of(block)
    word = pool_find(pool, block)
    if word != NULL:
        if word[0] & WORD_CLAIMED or not wanted(s, word_scope(word[0])):
            return NULL
        word[0] |= WORD_CLAIMED
        return piece_add(s, block, node, word_scope(word[0]), word_stack(word[0]), word_size(word[0]))
    e = entry_find(block)
    if e.place == 0 or e.stack & ENTRY_CLAIMED or not entry_wanted(s, e):
        return NULL
    e.stack |= ENTRY_CLAIMED
    return piece_add(s, block, node, e.place & SCOPE_MASK, e.stack, entry_size(e))


cdef inline Piece *piece_add(
    Survey *s, void *block, uint32_t node, uint32_t scope, uint32_t stack, int64_t size
) noexcept nogil:
    cdef Piece *piece = &s.pieces[s.piece_count]
    piece.node = node
    piece.scope = scope
    piece.stack = stack
    piece.address = <uint64_t>block >> 4
    piece.size = size
    s.piece_count += 1
    return piece


cdef void survey_unclaim(Survey *s) noexcept nogil:
    # Where little was claimed, block by block; nothing has moved since.
    cdef size_t i
    cdef uint32_t place
    cdef void *block
    cdef uint64_t *word
    if 8 * s.piece_count < entry_used + pool_live:
        for i in range(s.piece_count):
            block = <void *>(s.pieces[i].address << 4)
            word = pool_find(pool_of(block), block)
            if word != NULL:
                word[0] &= ~<uint64_t>WORD_CLAIMED
            else:
                entry_find(block).stack &= ~<uint32_t>ENTRY_CLAIMED
        return
    for i in range(entry_mask + 1):
        entries[i].stack &= ~<uint32_t>ENTRY_CLAIMED
    for i in range(pool_mask + 1):
        for place in range(pools[i].places):
            pools[i].words[place] &= ~<uint64_t>WORD_CLAIMED


cdef inline void *own_block(PyObject *o) noexcept nogil:
    return <char *>o - rt_preheader(rt_type(o))


cdef inline bint survey_is_near(Survey *s, PyObject *leaf, int kinds) noexcept nogil:
    # May a block of this object, one that refers to nothing, be a wanted one?
    cdef void *blocks[3]
    cdef int k
    if on_wanted_page(s, leaf):
        return True
    if kinds & RT_MORE_BLOCKS:
        for k in range(rt_blocks(leaf, kinds, blocks)):
            if on_wanted_page(s, blocks[k]):
                return True
    return False


cdef inline void survey_offer(Survey *s, void *block, uint32_t node) noexcept nogil:
    if on_wanted_page(s, block):
        s.claims[s.claim_count].block = block
        s.claims[s.claim_count].node = node
        s.claim_count += 1


cdef inline void survey_object(
    Survey *s, uint32_t id, PyObject *o, int kinds
) noexcept nogil:
    # Called as the graph comes to an object, while its head is in the cache.
    cdef void *blocks[3]
    cdef int k
    survey_offer(s, own_block(o), id | <uint32_t>PIECE_OWN)
    if kinds & RT_MORE_BLOCKS:
        for k in range(rt_blocks(o, kinds, blocks)):
            survey_offer(s, blocks[k], id)


cdef void survey_claims(Survey *s) noexcept nogil:
    # What a batch of nodes offered is looked up in the ledger, a few places ahead of the cache.
    cdef size_t k
    cdef Piece *piece
    for k in range(s.claim_count):
        rt_prefetch(pool_of(s.claims[k].block).words)
        entry_fetch(s.claims[k].block)
    for k in range(s.claim_count):
        piece = claim(s, s.claims[k].block, s.claims[k].node)
        if piece != NULL and piece.node & PIECE_OWN and wanted(s, piece.scope):
            s.graph.date[piece.node & ~<uint32_t>PIECE_OWN] = piece.scope
    s.claim_count = 0


cdef int survey_orphans(Survey *s) noexcept nogil:
    # Blocks of the wanted scopes that no rule gives to an object (a deque's, a C extension's): they
    # belong to the object whose own blocks hold their address. Only such blocks are looked for, so
    # a stale word in unused memory can mislead nothing else.
    cdef size_t i
    cdef uint32_t place
    cdef uint64_t word
    if s.piece_count == s.wanted_blocks:
        return 0
    for i in range(entry_mask + 1):
        if entry_wanted(s, &entries[i]) and not entries[i].stack & ENTRY_CLAIMED:
            if orphan_add(s, entry_address(&entries[i])) < 0:
                return -1
    for i in range(pool_mask + 1):
        for place in range(pools[i].places if pools[i].live else 0):
            word = pools[i].words[place]
            if wanted(s, word_scope(word)) and not word & WORD_CLAIMED:
                if orphan_add(s, <uint64_t>pool_block(&pools[i], place) >> 4) < 0:
                    return -1
    survey_scan_objects(s)
    return 0


cdef int orphan_add(Survey *s, uint64_t address) noexcept nogil:
    if table_put(&s.orphans, address, 0) < 0:
        return -1
    s.bloom[scatter(address) >> 53] |= <uint64_t>1 << ((scatter(address) >> 47) & 63)
    return 0


cdef void survey_scan_objects(Survey *s) noexcept nogil:
    cdef Graph *g = s.graph
    cdef PyObject *o
    cdef Charge c
    cdef uint32_t id
    cdef size_t found
    for id in range(1 + g.frame_count, g.count):
        o = g.objects[id]
        if visit_kinds(rt_type(o)) & RT_BLOCKS_KNOWN:
            continue
        found = s.piece_count
        if charge_of(own_block(o), &c) and c.size != 0:
            survey_scan(s, id, <void **>own_block(o), <size_t>c.size)
        else:
            survey_scan(s, id, <void **>o, rt_readable_size(o))
        while found < s.piece_count:
            # What was found may lead on: a deque's blocks are linked.
            survey_scan(
                s, id, <void **>(s.pieces[found].address << 4), <size_t>s.pieces[found].size
            )
            found += 1


cdef void survey_scan(Survey *s, uint32_t owner, void **words, size_t size) noexcept nogil:
    cdef size_t k
    cdef uint64_t address
    cdef Slot *slot
    for k in range(size // sizeof(void *)):
        if <uint64_t>words[k] & 15:
            continue
        address = <uint64_t>words[k] >> 4
        if not (s.bloom[scatter(address) >> 53] >> ((scatter(address) >> 47) & 63)) & 1:
            continue
        slot = table_find(&s.orphans, address) if address != 0 else NULL
        if slot != NULL and slot.key != 0 and slot.value == 0:
            slot.value = owner
            claim(s, words[k], owner)


# ---- regions ----

cdef int survey_regions(Survey *s) noexcept nogil:
    # In the order of the paths, so that a parent is settled before its children.
    cdef Graph *g = s.graph
    cdef uint32_t k, id, above, scope
    s.region = <uint32_t *>rt_zeroed_array(g.count, sizeof(uint32_t))
    if s.region == NULL:
        return -1
    for k in range(s.paths.outside, s.paths.reached):
        id = s.paths.order[k]
        if g.objects[id] == NULL:
            continue
        above = s.region[s.paths.parent[id]]
        scope = s.graph.date[id]
        if above != 0 and scope == s.graph.date[above]:
            s.region[id] = above
        elif above != 0 and scope <= s.graph.date[above] and visit_kinds(rt_type(g.objects[id])) & RT_FREE_LIST:
            # The block is older than what holds it, and may have been reused: the object was made
            # no earlier than the block; it goes with its region.
            s.region[id] = above
        elif wanted(s, scope):
            s.region[id] = id
    return 0


cdef int survey_sizes(Survey *s) noexcept nogil:
    # Of what hangs on survivors: the ledger's figures, for older objects CPython's rules.
    cdef Graph *g = s.graph
    cdef size_t k
    cdef uint32_t id
    s.sizes = <uint64_t *>rt_zeroed_array(g.count, sizeof(uint64_t))
    if s.sizes == NULL:
        return -1
    for k in range(s.piece_count):
        s.sizes[s.pieces[k].node & ~<uint32_t>PIECE_OWN] += <uint64_t>s.pieces[k].size
    for k in range(s.paths.outside, s.paths.reached):
        id = s.paths.order[k]
        if g.date[id] == 0 and g.objects[id] != NULL:
            s.sizes[id] += rt_basic_size(g.objects[id])
        s.sizes[id] += g.leaf_bytes[id]
    return 0


# ---- groups ----

cdef bint is_namespace(Survey *s, uint32_t id) noexcept nogil:
    # A module's, class's or instance's attributes, a frame's locals: each has a name of its own.
    cdef PyObject *o = s.graph.objects[id]
    cdef PyObject *owner = s.graph.objects[s.paths.parent[id]]
    if o == NULL:
        return True
    if PyDict_Check(o):
        return owner != NULL and rt_namespace(owner) == o
    return not (PyList_Check(o) or PyTuple_Check(o) or PyAnySet_Check(o) or rt_is_container(o))


cdef uint32_t group_of_top(Survey *s, uint32_t top) noexcept nogil:
    cdef uint32_t anchor = s.paths.parent[top]
    if is_namespace(s, anchor):
        return group_of(s, <uint64_t>1 << 42 | top, anchor, s.graph.date[top])
    return group_of(s, anchor, anchor, s.graph.date[top])


cdef uint32_t group_of(Survey *s, uint64_t which, uint32_t anchor, uint32_t scope) noexcept nogil:
    cdef uint64_t key = <uint64_t>1 << 63 | which << SCOPE_BITS | scope
    cdef Slot *slot = table_find(&s.group_ids, key)
    cdef Group *group
    cdef void *bigger
    if slot.key != 0:
        return slot.value
    if s.group_count == s.group_capacity:
        bigger = realloc(s.groups, 2 * <size_t>s.group_capacity * sizeof(Group))
        if bigger == NULL:
            s.short_of_memory = True
            return 0
        s.groups = <Group *>bigger
        s.group_capacity *= 2
    if table_put(&s.group_ids, key, s.group_count) < 0:
        s.short_of_memory = True
        return 0
    group = &s.groups[s.group_count]
    memset(group, 0, sizeof(Group))
    group.anchor = anchor
    group.sample = anchor
    group.scope = scope
    s.group_count += 1
    return s.group_count - 1


cdef inline Row *row_of(
    Survey *s, uint32_t group, PyTypeObject *type, uint32_t stack
) noexcept nogil:
    cdef Row *last = &s.rows[s.row_last]
    if last.group == group and last.type == type and last.stack == stack and s.row_last != 0:
        return last
    return row_search(s, group, type, stack)


cdef Row *row_search(
    Survey *s, uint32_t group, PyTypeObject *type, uint32_t stack
) noexcept nogil:
    cdef uint64_t key = scatter(
        scatter(<uint64_t>type ^ <uint64_t>group << 17) ^ <uint64_t>stack << 20 ^ group
    ) | 1
    cdef Slot *slot
    cdef Row *row
    cdef void *bigger
    while True:
        slot = table_find(&s.row_ids, key)
        if slot.key == 0:
            break
        row = &s.rows[slot.value]
        if row.group == group and row.type == type and row.stack == stack:
            s.row_last = slot.value
            return row
        key += 2
    if s.row_count == s.row_capacity:
        bigger = realloc(s.rows, 2 * <size_t>s.row_capacity * sizeof(Row))
        if bigger == NULL:
            s.short_of_memory = True
            return NULL
        s.rows = <Row *>bigger
        s.row_capacity *= 2
    if table_put(&s.row_ids, key, s.row_count) < 0:
        s.short_of_memory = True
        return NULL
    row = &s.rows[s.row_count]
    memset(row, 0, sizeof(Row))
    row.type = type
    row.group = group
    row.stack = stack
    row.next = s.groups[group].rows
    s.groups[group].rows = s.row_count
    s.row_last = s.row_count
    s.row_count += 1
    return row


cdef void charge(
    Survey *s, uint32_t id, uint32_t scope, uint32_t stack, int64_t size, int objects, bint unsure
) noexcept nogil:
    # Adds a piece of a node: to its region where that is of the piece's scope, else (an old
    # container that grew) to the node itself.
    cdef uint32_t top = s.region[id], group
    cdef bint inside = top != 0 and s.graph.date[top] == scope
    cdef Row *row
    group = group_of_top(s, top) if inside else group_of(s, id, id, scope)
    row = row_of(s, group, rt_type(s.graph.objects[id]), stack) if group != 0 else NULL
    if row == NULL:
        return
    row.bytes += size
    row.objects += objects
    row.unsure += objects if unsure else 0
    s.groups[group].bytes += size
    s.groups[group].objects += objects
    if inside and s.sizes[id] > s.groups[group].sample_size:
        s.groups[group].sample_size = s.sizes[id]
        s.groups[group].sample = id
    # A region's top adds its retained size later; here what no top accounts for.
    if top == 0 or s.dominators.number[top] == 0:
        s.groups[group].retained += <uint64_t>size


cdef void charge_block(Survey *s, Piece *piece, TracemallocStacks lines):
    # A block beside the object's own: its first part, and what later scopes added.
    cdef int64_t first = piece.size
    cdef uint32_t g = 0, stack = piece.stack & STACK_MASK, id = piece.node
    if lines is not None:
        stack = lines.stack_of(<void *>(piece.address << 4), stack, False)
    if piece.stack & ENTRY_GROWN:
        g = table_find(&growth_heads, piece.address).value
    while g != 0:
        first -= growths[g].size
        if wanted(s, growths[g].scope):
            charge(
                s, id, growths[g].scope, stack if lines is not None else growths[g].stack,
                growths[g].size, 0, False,
            )
        g = growths[g].older
    if wanted(s, piece.scope):
        charge(s, id, piece.scope, stack, first, 0, False)


cdef void charge_own(Survey *s, Piece *piece, TracemallocStacks lines):
    cdef uint32_t id = piece.node & ~<uint32_t>PIECE_OWN
    cdef uint32_t scope = piece.scope, stack = piece.stack & STACK_MASK
    cdef bint unsure = visit_kinds(rt_type(s.graph.objects[id])) & RT_FREE_LIST != 0
    if s.region[id] != 0 and s.graph.date[s.region[id]] != scope:
        scope = s.graph.date[s.region[id]]  # a reused block: its stack is of an earlier life
        stack = NODE_UNKNOWN
    if lines is not None:
        stack = lines.stack_of(<void *>(piece.address << 4), stack, unsure)
        unsure = False
    charge(s, id, scope, stack, piece.size, 1, unsure)


cdef void charge_all(Survey *s, TracemallocStacks lines):
    cdef size_t k
    for k in range(s.piece_count):
        if k + 16 < s.piece_count:
            rt_prefetch(s.graph.objects[s.pieces[k + 16].node & ~<uint32_t>PIECE_OWN])
        if s.pieces[k].node & PIECE_OWN:
            charge_own(s, &s.pieces[k], lines)
        else:
            charge_block(s, &s.pieces[k], lines)


cdef int retained_add(
    Survey *s, uint32_t id, uint32_t dominator, uint32_t *nearest, uint64_t size
) noexcept nogil:
    # Adds what a node retains to the group of its region where it is the top, or where several tops
    # lead to it and the anchor is the first that all its paths have in common: together they hold it.
    # `nearest` of its dominator says what counts it already. Returns the node's own `nearest`.
    cdef uint32_t top = s.region[id], group, flag = 0
    cdef Row *row
    if top != id:
        if top == 0 or not s.paths.level[s.dominators.node[dominator]] & ANCHOR:
            return <int>nearest[dominator]
        flag = TOGETHER
    group = group_of_top(s, top)
    row = row_of(s, group, NULL, nearest[dominator] | (flag << 1))
    if row == NULL:
        return -1
    row.bytes += <int64_t>size
    if flag == 0:
        s.groups[group].retained += size
        s.groups[group].tops += 1
    return <int>(group | flag)


cdef int retained_groups(Survey *s) noexcept nogil:
    # nearest[i] is the group (and TOGETHER) that the nearest dominator of number i counts for, so
    # that nothing is counted twice under one holder.
    cdef Dominators *d = s.dominators
    cdef uint32_t i, k, id
    cdef int answer
    cdef uint32_t *nearest = <uint32_t *>calloc(d.count, sizeof(uint32_t))
    if nearest == NULL:
        return -1
    for i in range(1, d.count):
        answer = retained_add(s, d.node[i], d.idom[i], nearest, d.retained[i])
        if answer < 0:
            break
        nearest[i] = <uint32_t>answer
    for k in range(s.paths.outside, s.paths.reached):
        id = s.paths.order[k]
        if d.number[id] & LEAF and not s.short_of_memory:
            retained_add(s, id, d.number[id] & ~<uint32_t>LEAF, nearest, s.sizes[id])
    free(nearest)
    return -1 if s.short_of_memory else 0
