# What each event does to the ledger: a block is made, moved by a realloc, or freed.

cdef inline PyThreadState *recorded_thread() noexcept nogil:
    # The thread whose events count: not one inside reftrack, nor another interpreter's (since 3.12
    # these may have a GIL of their own, and the ledger has no lock).
    cdef PyThreadState *thread = rt_thread()
    if (
        thread == NULL
        or thread == paused_thread
        or rt_thread_interp(thread) != main_interp
    ):
        return NULL
    return thread


cdef inline uint32_t charged_scope(Link *link) noexcept nogil:
    # Of what is allocated there: an import's, or the one that runs.
    return link.scope if link.scope != 0 else scope_now


cdef inline void block_made(void *block, size_t size) noexcept nogil:
    global block_told
    cdef PyThreadState *thread = recorded_thread()
    cdef Link *stack
    cdef Pool *pool = NULL
    cdef uint32_t scope
    block_told = block
    if thread == NULL or not storable(block) or ledger_short or not charging:
        return
    # The block's place arrives while the stack is captured.
    if size <= POOL_SMALL:
        pool = pool_of(block)
        pool_fetch(pool, block)
    else:
        entry_fetch(block)
        size = charged_size(size)
    stack = capture(thread)
    scope = charged_scope(stack)
    if (
        pool != NULL and pool_put(pool, block, size, scope, stack.node)
        or entry_put(block, size, scope, stack.node) != NULL
    ):
        scope_charge(scope, <int64_t>size, 1)


cdef void block_forget(void *block, Entry *e) noexcept nogil:
    # Undoes the charges of a block and leaves its entry to the caller.
    cdef uint32_t scope = e.place & SCOPE_MASK
    cdef uint32_t g, older
    cdef int64_t size = entry_size(e)
    if e.stack & ENTRY_GROWN:
        g = growth_take(block, e)
        while g != 0:
            growth_discharge(g, growths[g].size)
            size -= growths[g].size
            older = growths[g].older
            growth_drop(g)
            g = older
    if e.stack & ENTRY_CODE and e.size == 0:
        scope_discharge(scope, size, 0)
    else:
        block_discharge(scope, e.stack, size)
    if e.stack & ENTRY_CODE:
        code_died(block)


cdef inline void block_gone(void *block) noexcept nogil:
    cdef Entry *e
    cdef Pool *pool
    cdef uint64_t *word
    if block == NULL or not storable(block):
        return
    pool = pool_of(block)
    word = pool_find(pool, block)
    if word != NULL:
        block_discharge(word_scope(word[0]), word_stack(word[0]), word_size(word[0]))
        pool_clear(pool, word)
        return
    e = entry_find(block)
    if e.place == 0:
        return
    if e.stack & (ENTRY_GROWN | ENTRY_CODE):
        block_forget(block, e)
        e = entry_find(block)
    else:
        block_discharge(e.place & SCOPE_MASK, e.stack, entry_size(e))
    entry_delete(e)


cdef void block_begins(void *block, size_t size, Link *link) noexcept nogil:
    # An object from a free list is made longer while it is built (_PyTuple_Resize(), tupleobject.c, 3.11).
    cdef uint32_t scope = charged_scope(link)
    if block_put(block, size, scope, link.node):
        scope_charge(scope, <int64_t>size, 1)


cdef inline bint word_moved(void *old, void *new, size_t size, Link *link) noexcept nogil:
    # A small block of the scope that goes on with it, or one that shrinks: it has no growths.
    cdef Pool *pool = pool_of(old)
    cdef uint64_t *word = pool_find(pool, old)
    cdef uint32_t scope, stack
    cdef int64_t delta
    if word == NULL:
        return False
    if word_stack(word[0]) == STACK_WAITING:
        wait_ends(word_scope(word[0]))
        pool_clear(pool, word)
        block_begins(new, size, link)
        return True
    scope = word_scope(word[0])
    delta = <int64_t>size - word_size(word[0])
    if delta > 0 and scope != charged_scope(link):
        return False
    stack = link.node if delta > 0 else word_stack(word[0])
    pool_clear(pool, word)
    if not block_put(new, size, scope, stack):
        scope_discharge(scope, <int64_t>size - delta, 1)
    elif delta > 0:
        scope_charge(scope, delta, 0)
    else:
        scope_discharge(scope, -delta, 0)
    return True


cdef void block_moved(void *old, void *new, size_t size) noexcept nogil:
    # After a realloc. A growing buffer stays charged to the scope that made it; what a later scope
    # adds is charged to that scope, so that one append does not take over a whole buffer.
    cdef PyThreadState *thread = recorded_thread()
    cdef Entry *e
    cdef Link *link
    cdef uint32_t scope, stack, head, now
    cdef int64_t before, delta
    if thread == NULL or not storable(new) or ledger_short:
        block_gone(old)
        return
    size = charged_size(size)
    link = capture(thread) if charging else &no_link
    stack = link.node
    if charging and word_moved(old, new, size, link):
        return
    block_leave_pool(old)
    e = entry_find(old)
    if e.place == 0 and not charging:
        return
    if not charging:
        size = min(size, <size_t>entry_size(e))
    if e.place == 0:
        # Made before the ledger was there: the part that is new is not known; charged to no test.
        if block_put(new, size, 0, stack):
            scope_charge(0, size, 1)
        return
    if e.stack & STACK_MASK == STACK_WAITING:
        wait_ends(e.place & SCOPE_MASK)
        entry_delete(e)
        block_begins(new, size, link)
        return
    scope = e.place & SCOPE_MASK
    before = entry_size(e)
    delta = <int64_t>size - before
    now = charged_scope(link)
    head = growth_take(old, e)
    if delta > 0 and now != scope:
        head = growth_add(head, now, stack, delta)
        stack = e.stack & STACK_MASK
    elif delta > 0:
        scope_charge(scope, delta, 0)
    else:
        delta = -delta
        head = growth_shrink(head, &delta)
        scope_discharge(scope, delta, 0)
        stack = e.stack & STACK_MASK
    entry_delete(e)
    if head == 0:
        block_put(new, size, scope, stack)
        return
    e = entry_put(new, size, scope, stack)
    if e == NULL:
        return
    if table_put(&growth_heads, <uint64_t>new >> 4, head) == 0:
        e.stack |= ENTRY_GROWN
