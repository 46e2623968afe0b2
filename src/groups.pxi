# Regions with the same parent and scope are one group, unless the parent is a namespace: each attribute is a
# group of its own. A group is what one holder keeps of one scope; blocks are charged to it, and what they retain.

cdef enum:
    MANY_REUSED = 1000            # as many groups of their own cost some hundredths of a second
    TOGETHER = 1 << 29            # no top by itself holds it, but its group's tops together do

cdef bint is_namespace(Survey *s, uint32_t id) noexcept nogil:
    # A module's, class's or instance's attributes, a frame's locals: each has a name of its own. So has what
    # is among the loaded modules.
    cdef PyObject *o = s.graph.objects[id]
    cdef PyObject *owner = s.graph.objects[s.paths.parent[id]]
    if o == NULL or id == s.graph.modules:
        return True
    if rt_is_mapping(o):
        return owner != NULL and rt_namespace(owner) == o
    return not (PyList_Check(o) or PyTuple_Check(o) or PyAnySet_Check(o) or rt_is_container(o))


cdef bint is_attributes(Survey *s, uint32_t id) noexcept nogil:
    # A threading.local has a dict for each thread, in a dict by weak references (Modules/_threadmodule.c).
    cdef uint32_t above = s.paths.parent[id]
    cdef PyObject *o = s.graph.objects[id]
    cdef PyObject *owner = s.graph.objects[above]
    cdef PyObject *local = s.graph.objects[s.paths.parent[above]]
    if o == NULL or owner == NULL or not PyDict_Check(o):
        return False
    return rt_namespace(owner) == o or (local != NULL and rt_is_thread_local(rt_type(local)))


cdef inline uint32_t group_of_top(Survey *s, uint32_t top) noexcept nogil:
    # What survives side by side is mostly of one region.
    if top != s.last_top or s.last_group == 0:
        s.last_group = group_below_anchor(s, top)
        s.last_top = top
    return s.last_group


cdef uint32_t group_below_anchor(Survey *s, uint32_t top) noexcept nogil:
    return group_below(s, made_with(s, top), top, s.graph.date[top])


cdef inline bint are_many_reused(Survey *s) noexcept nogil:
    return s.reused.used > MANY_REUSED


cdef uint32_t group_below(Survey *s, uint32_t id, uint32_t top, uint32_t scope) noexcept nogil:
    # Where there are thousands of containers from free lists, what has these and what is in them is one place.
    cdef uint32_t anchor = s.paths.parent[id], above = anchor
    while are_many_reused(s) and reused_in(s, above) == scope and not is_namespace(s, above):
        top = above
        above = s.paths.parent[above]
    if s.target_count > 0 or is_namespace(s, above):
        return group_of(s, <uint64_t>1 << 42 | top, anchor, scope)
    return group_of(s, above, anchor, scope)


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
    if s.row_last != 0 and last.group == group and last.type == type and last.stack == stack:
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
    cdef bint reused = not inside and reused_in(s, id) == scope
    cdef Row *row
    if inside:
        group = group_of_top(s, top)
    elif reused and are_many_reused(s):
        group = group_below(s, id, id, scope)
    else:
        group = group_of(s, id, id, scope)
    row = row_of(s, group, rt_type(s.graph.objects[id]), stack) if group != 0 else NULL
    if row == NULL:
        return
    row.bytes += size
    row.objects += objects
    row.unsure += objects if unsure else 0
    row.tables += unsure and objects == 0
    row.sure += 0 if unsure else 1
    s.groups[group].bytes += size
    s.groups[group].objects += objects
    if (inside or reused and s.groups[group].anchor != id) and (
        s.sizes[id] > s.groups[group].sample_size or s.groups[group].sample == s.groups[group].anchor
    ):
        s.groups[group].sample_size = s.sizes[id]
        s.groups[group].sample = id
        s.groups[group].anchor = s.paths.parent[made_with(s, top) if inside else id]
    # A region's top adds its retained size later; here what no top accounts for, or another group's does.
    if top == 0 or s.dominators.number[top] == 0:
        s.groups[group].retained += <uint64_t>size
    elif not inside:
        row = row_of(s, group, NULL, group_of_top(s, top) | (TOGETHER << 1))
        if row != NULL:
            row.bytes += size


cdef int64_t charge_growths(Survey *s, Piece *piece, TracemallocStacks lines):
    # What later scopes added to a block is charged to them; returns how much that is, wanted or not.
    cdef int64_t grown = 0
    cdef uint32_t g = 0, stack
    if piece.stack & ENTRY_GROWN:
        g = table_find(&growth_heads, piece_address(piece)).value
    while g != 0:
        grown += growths[g].size
        if wanted(s, growths[g].scope):
            stack = growths[g].stack
            if lines is not None:
                stack = lines.stack_of(<void *>(piece_address(piece) << 4), stack, False)
            charge(
                s, piece.node & ~<uint32_t>PIECE_OWN, growths[g].scope, stack, growths[g].size, 0, False
            )
        g = growths[g].older
    return grown


cdef void charge_block(Survey *s, Piece *piece, TracemallocStacks lines):
    # A block beside the object's own. One that is older than what it belongs to is a small table of a dict, from
    # the free list of these (Objects/dictobject.c, free_keys_object(), 3.11).
    cdef uint32_t stack = stack_node(piece.stack), scope = piece_scope(piece), made
    cdef int64_t first = piece_size(piece) - charge_growths(s, piece, lines)
    cdef bint unsure = rt_table_of_dict(s.graph.objects[piece.node]) != NULL and first <= SMALL_TABLE
    if lines is not None:
        stack = lines.stack_of(<void *>(piece_address(piece) << 4), stack, unsure)
    made = max(s.graph.date[s.region[piece.node]], s.graph.date[piece.node], reused_in(s, piece.node))
    if unsure and scope < made and not began_in(made, scope):
        scope, stack = made, NODE_UNKNOWN
    if unsure and piece.stack & STACK_REUSED:
        stack = NODE_UNKNOWN  # tracemalloc is told of objects alone
    if wanted(s, scope):
        charge(s, piece.node, scope, stack, first, 0, unsure)


cdef void charge_own(Survey *s, Piece *piece, TracemallocStacks lines):
    cdef uint32_t id = piece.node & ~<uint32_t>PIECE_OWN
    cdef uint32_t scope = piece_scope(piece), stack = stack_node(piece.stack)
    cdef PyObject *o = s.graph.objects[id]
    cdef bint unsure = visit_kinds(rt_type(o)) & RT_FREE_LIST and rt_may_be_reused(o)
    cdef int64_t first = piece_size(piece) - charge_growths(s, piece, lines)
    if not wanted(s, scope):
        return  # an old object whose own block grew
    if s.region[id] != 0 and s.graph.date[s.region[id]] != scope and not piece.stack & STACK_REUSED:
        scope = s.graph.date[s.region[id]]  # a reused block: its stack is of an earlier life
        stack = NODE_UNKNOWN
    if lines is not None:
        stack = lines.stack_of(<void *>(piece_address(piece) << 4), stack, unsure)
        unsure = False
    charge(s, id, scope, stack, first, 1, unsure)


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
