# Objects that no list of the collector's has and no object refers to: a `bytes` whose last reference
# C code has lost. Only their blocks tell of them. A block without an owner is such an object if it begins as
# one does, with a plausible count of references and the address of a type that the graph has.
#
# Most have no collector's head: what a freed block has in its first word is the allocator's, so nothing of an
# earlier life is taken for one. Tuples and dicts have one, and are unlisted if all in them is plain
# (gc_untrack() in Modules/gcmodule.c, 3.11). What lies behind a head could be of an earlier life: no address in
# it is followed but to blocks that are live and without an owner.

cdef enum:
    INSIDE_ANOTHER = 2


cdef int graph_add_hidden(Graph *g, Survey *s) noexcept nogil:
    # Those that refer to others first: what they refer to is theirs, and not hidden. So is what others have beside
    # their own blocks: a bytearray's bytes would pass for an object (3.15).
    cdef Table types
    if s.orphans.used == 0:
        return 0
    if types_find(g, s, &types) < 0:
        return -1
    hidden_search(g, s, &types, RT_VISITED, 0)
    hidden_add_plain_containers(g, s)
    hidden_search(g, s, &types, RT_MORE_BLOCKS, RT_VISITED)
    hidden_search(g, s, &types, 0, RT_VISITED | RT_MORE_BLOCKS)
    table_free(&types)
    return -1 if g.short_of_memory else 0


cdef int types_find(Graph *g, Survey *s, Table *types) noexcept nogil:
    # What the blocks have where their types would be, with 1 where it is one.
    cdef size_t i
    cdef uint32_t id
    cdef uint64_t word
    cdef Slot *slot
    if table_init(types, 1 << 10) < 0:
        return -1
    for i in range(s.orphans.mask + 1):
        word = type_word(<void *>(s.orphans.slots[i].key << 4))
        if word != 0 and table_put(types, word, 0) < 0:
            table_free(types)
            return -1
    for id in range(1 + g.frame_count, g.count):
        slot = table_find(types, <uint64_t>g.objects[id])
        if slot.key != 0:
            slot.value = visit_kinds(rt_type(g.objects[id])) & RT_VISIT_TYPE != 0
    return 0


cdef inline uint64_t type_word(void *block) noexcept nogil:
    return rt_type_word(<uint64_t *>block, <size_t>block_bytes(block)) if block != NULL else 0


cdef void hidden_search(Graph *g, Survey *s, Table *types, int any_of, int none_of) noexcept nogil:
    # Those of the kinds `any_of`, or of all where there are none, that are not of `none_of`.
    cdef size_t i
    cdef uint32_t seen = g.count
    cdef int kinds
    cdef void *block
    for i in range(s.orphans.mask + 1):
        if s.orphans.slots[i].value == 0 and not g.short_of_memory:
            block = <void *>(s.orphans.slots[i].key << 4)
            if block != NULL and not is_claimed(block) and begins_as_object(block, types):
                kinds = visit_kinds(rt_type(<PyObject *>block))
                if not kinds & none_of and (kinds & any_of or not any_of):
                    graph_node(g, <PyObject *>block)
    graph_search(g, s, seen)


cdef bint begins_as_object(void *block, Table *types) noexcept nogil:
    cdef uint64_t type = type_word(block)
    return (
        type != 0
        and table_find(types, type).value != 0
        and rt_begins_blocks_of(<PyTypeObject *>type, <size_t>block_bytes(block))
    )


cdef bint is_claimed(void *block) noexcept nogil:
    cdef uint64_t *word = pool_find(pool_of(block), block)
    if word != NULL:
        return word[0] & WORD_CLAIMED != 0
    return entry_find(block).stack & ENTRY_CLAIMED != 0


# ---- tuples and dicts with plain things in them ----

cdef void hidden_add_plain_containers(Graph *g, Survey *s) noexcept nogil:
    cdef Table containers
    cdef size_t i
    if table_init(&containers, 1 << 6) < 0:
        g.short_of_memory = True
        return
    for i in range(s.orphans.mask + 1):
        if s.orphans.slots[i].value == 0 and is_plain_container(s.orphans.slots[i].key << 4):
            if table_put(&containers, s.orphans.slots[i].key + 1, 0) < 0:
                g.short_of_memory = True
    for i in range(containers.mask + 1):
        if containers.slots[i].key != 0:
            mark_inner(s, &containers, containers.slots[i].key - 1, True)
    for i in range(containers.mask + 1):
        if containers.slots[i].key != 0 and containers.slots[i].value != INSIDE_ANOTHER:
            hidden_add_container(g, s, &containers, <PyObject *>(containers.slots[i].key << 4))
    table_free(&containers)


cdef inline bint is_plain_container(uint64_t block) noexcept nogil:
    if block == 0 or is_claimed(<void *>block):
        return False
    return rt_is_untracked_container(<uint64_t *>block, <size_t>block_bytes(<void *>block))


cdef void mark_inner(Survey *s, Table *containers, uint64_t address, bint follow) noexcept nogil:
    # Also of a dict, whose entries are in a block of their own.
    cdef uint64_t *words = <uint64_t *>(address << 4)
    cdef size_t k
    cdef Slot *slot
    for k in range(<size_t>block_bytes(words) // sizeof(uint64_t)):
        if words[k] & 15 or words[k] == 0:
            continue
        slot = table_find(containers, words[k] >> 4)
        if slot.key != 0:
            slot.value = INSIDE_ANOTHER
        elif follow and is_orphan(s, words[k] >> 4):
            mark_inner(s, containers, words[k] >> 4, False)


cdef inline bint is_orphan(Survey *s, uint64_t address) noexcept nogil:
    cdef Slot *slot = table_find(&s.orphans, address)
    return slot.key != 0 and slot.value == 0 and not is_claimed(<void *>(address << 4))


cdef void hidden_add_container(
    Graph *g, Survey *s, Table *containers, PyObject *o
) noexcept nogil:
    # A node without edges; the blocks of what is in it count as its own.
    cdef uint32_t id = graph_node(g, o)
    cdef size_t at = s.piece_count
    cdef Piece *own
    if id == 0:
        return
    g.first[id] = <uint32_t>g.edge_count
    g.refs[id] = rt_refcount(o)  # a tuple or dict: all of its blocks are known
    own = claim(s, own_block(o), pool_of(own_block(o)), id | <uint32_t>PIECE_OWN)
    if own != NULL and wanted(s, piece_scope(own)):
        g.date[id] = piece_scope(own)
    while at < s.piece_count:
        claim_contents(s, containers, id, piece_address(&s.pieces[at]))
        at += 1


cdef void claim_contents(
    Survey *s, Table *containers, uint32_t id, uint64_t address
) noexcept nogil:
    cdef uint64_t *words = <uint64_t *>(address << 4)
    cdef uint64_t to
    cdef size_t k
    for k in range(<size_t>block_bytes(words) // sizeof(uint64_t)):
        if words[k] & 15 or words[k] == 0:
            continue
        to = words[k] >> 4
        if table_find(containers, to).key != 0:
            to -= 1
        if is_orphan(s, to):
            claim(s, <void *>(to << 4), pool_of(<void *>(to << 4)), id)
