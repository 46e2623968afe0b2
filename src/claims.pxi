# Whose block is it? Each live block of the wanted scopes is claimed for the object that owns it: by
# CPython's own rules while the graph comes to the object, else by the address that its memory holds.

cdef enum:
    PIECE_OWN = 1 << 31
    PAGE_BITS = 1 << 20

cdef inline bint wanted(Survey *s, uint32_t scope) noexcept nogil:
    return s.wanted[scope] != 0 and s.wanted[scope] != KNOWN_ONLY


cdef inline bint entry_wanted(Survey *s, Entry *e) noexcept nogil:
    return wanted(s, e.place & SCOPE_MASK) or e.stack & ENTRY_GROWN and growth_wanted(s, e)


cdef bint growth_wanted(Survey *s, Entry *e) noexcept nogil:
    cdef uint32_t g = table_find(&growth_heads, entry_address(e)).value
    while g != 0:
        if wanted(s, growths[g].scope):
            return True
        g = growths[g].older
    return False


cdef inline uint64_t page_of(uint64_t address) noexcept nogil:
    # pymalloc's pools are of 16 KiB and hold blocks of one size, mostly of one time. Neighbours have
    # their bits side by side; pages share one only where they lie 16 GiB apart.
    return address >> 10 & (PAGE_BITS - 1)


cdef inline bint on_wanted_page(Survey *s, void *block) noexcept nogil:
    return is_page_wanted(s, page_of(<uint64_t>block >> 4))


cdef inline bint is_page_wanted(Survey *s, uint64_t page) noexcept nogil:
    return (s.pages[page >> 6] >> (page & 63)) & 1


cdef int survey_pages(Survey *s) noexcept nogil:
    # Most objects are no survivors, nor is anything near them: a bit tells so without a search.
    cdef size_t blocks = 0, found, i
    for i in range(entry_mask + 1):
        # An empty entry is of scope 0, which is never wanted.
        if entry_wanted(s, &entries[i]):
            survey_page(s, page_of(entry_address(&entries[i])))
            blocks += 1
    for i in range(pool_mask + 1):
        found = pool_wanted(&pools[i], s.wanted) if pools[i].live else 0
        if found:
            survey_page(s, page_of(pools[i].key << 10))
            blocks += found
    s.wanted_blocks = s.piece_capacity = blocks
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


cdef Piece *claim(Survey *s, void *block, Pool *pool, uint32_t node) noexcept nogil:
    # Notes a wanted block, whose pool is that of pool_of(), as the node's; NULL where it is no wanted
    # one, or another's already.
    cdef uint64_t *word
    cdef Entry *e
    if not storable(block):
        return NULL
    word = pool_find(pool, block)
    if word != NULL:
        if word[0] & WORD_CLAIMED or not wanted(s, word_scope(word[0])):
            return NULL
        if word_stack(word[0]) == STACK_WAITING:
            waited(word_scope(word[0]), word_size(word[0]))
            word_charge(word, word_scope(word[0]), STACK_REUSED)
        word[0] |= WORD_CLAIMED
        return piece_add(
            s, block, node, word_scope(word[0]), word_stack(word[0]), <uint32_t>word_size(word[0])
        )
    e = entry_find(block)
    if e.place == 0 or e.stack & ENTRY_CLAIMED or not entry_wanted(s, e):
        return NULL
    if e.stack & STACK_MASK == STACK_WAITING:
        waited(e.place & SCOPE_MASK, entry_size(e))
        e.stack = e.stack & ~<uint32_t>STACK_MASK | STACK_REUSED
    e.stack |= ENTRY_CLAIMED
    return piece_add(s, block, node, e.place & SCOPE_MASK, e.stack, e.size)


cdef inline Piece *piece_add(
    Survey *s, void *block, uint32_t node, uint32_t scope, uint32_t stack, uint32_t size
) noexcept nogil:
    cdef Piece *piece = &s.pieces[s.piece_count]
    piece.node = node
    piece.stack = stack
    piece.size = size
    piece.place = (<uint64_t>block >> 4) << SCOPE_BITS | scope
    s.piece_count += 1
    return piece


cdef inline uint32_t piece_scope(Piece *piece) noexcept nogil:
    return piece.place & SCOPE_MASK


cdef inline uint64_t piece_address(Piece *piece) noexcept nogil:
    return piece.place >> SCOPE_BITS


cdef inline int64_t piece_size(Piece *piece) noexcept nogil:
    return <int64_t>piece.size << 10 if piece.stack & ENTRY_KIB else <int64_t>piece.size


cdef void survey_unclaim(Survey *s) noexcept nogil:
    # Where little was claimed, block by block; nothing has moved since.
    cdef size_t i
    cdef uint32_t place
    cdef void *block
    cdef uint64_t *word
    if 8 * s.piece_count < entry_used + pool_live:
        for i in range(s.piece_count):
            block = <void *>(piece_address(&s.pieces[i]) << 4)
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
            graph_add_block(s.graph, id, blocks[k])
            survey_offer(s, blocks[k], id)


cdef void survey_claims(Survey *s) noexcept nogil:
    # What a batch of nodes offered is looked up in the ledger, a few places ahead of the cache.
    cdef size_t k
    cdef Claim *c
    cdef Piece *piece
    for k in range(s.claim_count):
        c = &s.claims[k]
        c.pool = pool_of(c.block)
        if c.pool.units != 0:
            pool_fetch(c.pool, c.block)
        else:
            entry_fetch(c.block)
    for k in range(s.claim_count):
        piece = claim(s, s.claims[k].block, s.claims[k].pool, s.claims[k].node)
        if piece != NULL and piece.node & PIECE_OWN and wanted(s, piece_scope(piece)):
            survey_date(s, piece)
            survey_table(s, s.claims[k].node & ~<uint32_t>PIECE_OWN, piece_scope(piece))
    s.claim_count = 0


cdef inline void survey_date(Survey *s, Piece *piece) noexcept nogil:
    # A container from a free list bears no date: nearly all of these just pass something on, and paths are
    # looked for as if they were older. What is in its own block is charged all the same.
    cdef uint32_t id = piece.node & ~<uint32_t>PIECE_OWN
    cdef PyObject *o = s.graph.objects[id]
    cdef uint32_t scope
    if piece.stack & STACK_REUSED and not reuse_is_seen():
        scope = newest_within(o)
        if scope > piece_scope(piece) and wanted(s, scope):
            piece.place += scope - piece_scope(piece)
    if not piece.stack & STACK_REUSED or rt_is_without_contents(o):
        s.graph.date[id] = piece_scope(piece)
    elif table_put(&s.reused, id, piece_scope(piece)) < 0:
        s.short_of_memory = True


cdef inline void survey_table(Survey *s, uint32_t id, uint32_t made) noexcept nogil:
    # No table of a dict's own is older than the dict (dict_new(), new_keys_object() in Objects/dictobject.c, 3.11). One
    # that seems to be, of a scope that is not asked about, died and was taken from the free list in the dict's
    # scope, or later. What no list has shown is learned here: from now on it is that scope's.
    cdef void *table = rt_table_of_dict(s.graph.objects[id])
    cdef Charge c
    if table == NULL or not charge_of(table, &c) or c.scope >= made or c.size > SMALL_TABLE or wanted(s, c.scope):
        return
    if began_in(made, c.scope) and (figures(c.scope).outer != 0 or figures(made).within != 0):
        return  # a test's, around a fixture; a session's are not told from those that died
    if c.stack & ~<uint32_t>STACK_MASK or not pieces_room(s):
        return
    block_discharge(c.scope, c.stack, c.size)
    block_recharge(table, made, STACK_WAITING)
    claim(s, table, pool_of(table), id)


cdef bint pieces_room(Survey *s) noexcept nogil:
    # For one more than there were wanted blocks. False where memory is short.
    cdef size_t capacity = s.piece_capacity + s.piece_capacity // 8 + 64
    cdef void *bigger
    s.wanted_blocks += 1
    if s.wanted_blocks <= s.piece_capacity:
        return True
    bigger = realloc(s.pieces, capacity * sizeof(Piece))
    if bigger == NULL:
        s.short_of_memory = True
        return False
    s.pieces = <Piece *>bigger
    s.piece_capacity = capacity
    return True


cdef inline uint32_t reused_in(Survey *s, uint32_t id) noexcept nogil:
    # The scope of a container from a free list that bears no date, else 0.
    return table_find(&s.reused, id).value if id != 0 and s.reused.used else 0


cdef uint32_t newest_within(PyObject *o) noexcept nogil:
    # A tuple or list that died and was made anew in one scope is no older than what it has. (A dict that grew has a
    # newer table.)
    cdef void *blocks[3]
    cdef Charge c
    cdef uint32_t newest = 0
    cdef Py_ssize_t i
    if PyList_CheckExact(o):
        if rt_blocks(o, visit_kinds(rt_type(o)), blocks) > 0 and charge_of(blocks[0], &c):
            newest = c.scope
        return newest
    for i in range(PyTuple_GET_SIZE(o) if PyTuple_CheckExact(o) and rt_may_be_reused(o) else 0):
        if PyTuple_GET_ITEM(o, i) != NULL and charge_of(own_block(PyTuple_GET_ITEM(o, i)), &c):
            newest = max(newest, c.scope)
    return newest


cdef int survey_orphans(Survey *s) noexcept nogil:
    # Blocks of the wanted scopes that no rule gives to an object (a deque's, a C extension's): they
    # belong to the object whose own blocks hold their address. Only such blocks are looked for, and
    # survivors with references that were not found, so a stale word in unused memory can mislead
    # nothing else.
    cdef size_t i
    cdef uint32_t place
    cdef uint64_t word
    s.graph.lost = <FoundEdge *>malloc(LOST_SEEN * sizeof(FoundEdge))
    if s.graph.lost == NULL or lost_find(s) < 0:
        return -1
    for i in range(entry_mask + 1):
        if entry_wanted(s, &entries[i]) and not entries[i].stack & ENTRY_CLAIMED:
            if orphan_add(s, entry_address(&entries[i])) < 0:
                return -1
    for i in range(pool_mask + 1):
        if not pools[i].live or not is_page_wanted(s, page_of(pools[i].key << 10)):
            continue
        for place in range(pools[i].places):
            word = pools[i].words[place]
            if wanted(s, word_scope(word)) and not word & WORD_CLAIMED:
                if orphan_add(s, <uint64_t>pool_block(&pools[i], place) >> 4) < 0:
                    return -1
    survey_scan_objects(s)
    survey_interned(s)
    return 0


cdef int orphan_add(Survey *s, uint64_t address) noexcept nogil:
    bloom_add(s, address)
    return table_put(&s.orphans, address, 0)


cdef inline void bloom_add(Survey *s, uint64_t address) noexcept nogil:
    s.bloom[scatter(address) >> 53] |= <uint64_t>1 << ((scatter(address) >> 47) & 63)


cdef void survey_scan_objects(Survey *s) noexcept nogil:
    cdef Graph *g = s.graph
    cdef PyObject *o
    cdef void **words
    cdef uint32_t id
    cdef size_t found, size
    for id in range(1 + g.frame_count, g.count):
        if not g.refs[id] & <uint32_t>SCANNED:
            continue
        o = g.objects[id]
        found = s.piece_count
        size = <size_t>block_bytes(own_block(o))
        if size != 0:
            survey_scan(s, id, <void **>own_block(o), size)
        else:
            survey_scan(s, id, <void **>o, rt_readable_size(o))
        while found < s.piece_count:
            # What was found may lead on: a deque's blocks are linked.
            words = <void **>(piece_address(&s.pieces[found]) << 4)
            survey_scan(s, id, words, <size_t>block_bytes(words))
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
        if s.lost.used:
            lost_meet(s, owner, address)
        slot = table_find(&s.orphans, address) if address != 0 else NULL
        if slot != NULL and slot.key != 0 and slot.value == 0:
            slot.value = owner
            graph_add_block(s.graph, owner, words[k])
            claim(s, words[k], pool_of(words[k]), owner)
