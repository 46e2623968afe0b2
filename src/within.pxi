# A scope within another, for a while: what is charged to it is found by itself, and all figures of the one
# around it, its peak too, come out as if there were none, once it is moved there.

def enter_within(uint32_t inner=0):
    """Charge what follows to a new scope within the one that is charged now, or to `inner` again, made so
    before: (the scope within, the one around it).

    What is in it counts to the figures of that one, and is moved there by `move_scope`. What goes meanwhile
    is released by that one. Raises ValueError where there is no such scope within it, or it is within one
    itself; RuntimeError where the ledger is not started or has no scope left.
    """
    cdef uint32_t outer = scope_now
    if entries == NULL or (inner == 0 and scope_count > SCOPE_MASK):
        raise RuntimeError("the ledger is not started, or has no scope left")
    if figures(outer).within != 0 or inner != 0 and (
        inner >= scope_count or figures(inner).within != outer
    ):
        raise ValueError(f"scope {outer} cannot have that scope within it")
    if inner == 0:
        inner = scope_new()
        if inner + 1 != scope_count:
            raise RuntimeError("no memory for a scope")
        figures(inner).within = outer
    scope_run(inner)
    return inner, outer


def leave_within(uint32_t inner):
    """Charge the scope around `inner` again, if that is charged now."""
    if inner == scope_now and entries != NULL:
        scope_run(figures(inner).within)


def move_scope(uint32_t inner, uint32_t outer):
    """Charge all live blocks of a scope to the one that it is within, or of one within none to scope 0, and add
    up their figures; the first has none then.

    Raises ValueError where there is no such scope, where it is not within that one, and where others that have
    figures are within it: these go first.
    """
    global releaser
    if inner == outer or inner >= scope_count or figures(inner).within != outer or is_around(inner):
        raise ValueError(f"scope {inner} cannot be moved to {outer}")
    move_blocks(inner, outer)
    move_figures(figures(inner), figures(outer))
    scope_run(outer if scope_now == inner else scope_now)
    releaser = outer if releaser == inner else releaser


cdef bint is_around(uint32_t scope) noexcept nogil:
    # Do scopes within it have figures that it would lose?
    cdef ScopeFigures *f = figures(scope)
    return f.inner_bytes != 0 or f.inner_blocks != 0 or f.inner_allocated != 0


cdef void move_blocks(uint32_t inner, uint32_t outer) noexcept nogil:
    cdef size_t i
    cdef uint32_t k
    cdef uint64_t *word
    for i in range(pool_mask + 1):
        for k in range(pools[i].places if pools[i].live else 0):
            word = &pools[i].words[k]
            if word[0] != 0 and word_scope(word[0]) == inner:
                word[0] = word[0] & ((<uint64_t>1 << WORD_SCOPE) - 1) | <uint64_t>outer << WORD_SCOPE
    for i in range(entry_mask + 1):
        if entries[i].place != 0 and entries[i].place & SCOPE_MASK == inner:
            entries[i].place = entries[i].place & ~<uint64_t>SCOPE_MASK | outer
    for i in range(growth_count):
        if growths[i].scope == inner:
            growths[i].scope = outer


cdef void move_figures(ScopeFigures *inner, ScopeFigures *outer) noexcept nogil:
    # Their sum has been the outer one's peak all along; that of scope 0, which is around none, may be now.
    if inner.within != 0:
        outer.inner_bytes -= inner.live_bytes
        outer.inner_blocks -= inner.live_blocks
        outer.inner_allocated -= inner.allocated_bytes
    outer.live_bytes += inner.live_bytes
    outer.live_blocks += inner.live_blocks
    outer.allocated_bytes += inner.allocated_bytes
    outer.collected_bytes += inner.collected_bytes
    outer.data_bytes += inner.data_bytes
    outer.data_gone += inner.data_gone
    if inner.data_gone_by != 0:
        outer.data_gone_by = inner.data_gone_by
    scope_peak(outer)
    memset(inner, 0, sizeof(ScopeFigures))
    inner.ended_bytes = -1


def blocks(uint32_t scope, bint tracemalloc=False):
    """The live blocks of a scope, and parts that it added to others': ([(bytes, stack), ...], stacks).

    `tracemalloc` takes the stacks from there, by true block address: a list of its tracebacks by number;
    else that is None. Raises ValueError where there is no such scope.
    """
    cdef TracemallocStacks lines = TracemallocStacks() if tracemalloc else None
    cdef list found = []
    cdef Quiet quiet
    if scope >= scope_count:
        raise ValueError(f"no scope {scope}")
    quiet_begin(&quiet)
    try:
        blocks_of_pools(scope, found, lines)
        blocks_of_table(scope, found, lines)
        return found, lines.stacks if lines is not None else None
    finally:
        quiet_end(&quiet)


cdef int block_found(
    list found, int64_t size, void *block, uint32_t stack, TracemallocStacks lines
) except -1:
    # What waits in a free list is nobody's; what came from one bears no date.
    if size > 0 and stack != STACK_WAITING:
        found.append((size, stack_node(stack) if lines is None else lines.number_of(block)))
    return 0


cdef int blocks_of_pools(uint32_t scope, list found, TracemallocStacks lines) except -1:
    # Nothing is put into the ledger meanwhile, and nothing of it goes: its arrays stay where they are.
    cdef size_t i
    cdef uint32_t k
    cdef uint64_t word
    for i in range(pool_mask + 1):
        for k in range(pools[i].places if pools[i].live else 0):
            word = pools[i].words[k]
            if word != 0 and word_scope(word) == scope:
                block_found(found, word_size(word), pool_block(&pools[i], k), word_stack(word), lines)
    return 0


cdef int blocks_of_table(uint32_t scope, list found, TracemallocStacks lines) except -1:
    cdef size_t i
    cdef uint32_t g
    cdef Entry *e
    cdef void *block
    cdef int64_t first
    for i in range(entry_mask + 1):
        e = &entries[i]
        if e.place == 0:
            continue
        block = <void *><size_t>(entry_address(e) << 4)
        first = entry_size(e)
        g = table_find(&growth_heads, entry_address(e)).value if e.stack & ENTRY_GROWN else 0
        while g != 0:
            first -= growths[g].size
            if growths[g].scope == scope:
                block_found(found, growths[g].size, block, growths[g].stack, lines)
            g = growths[g].older
        if e.place & SCOPE_MASK == scope:
            block_found(found, first, block, e.stack & STACK_MASK, lines)
    return 0
