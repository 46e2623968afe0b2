# The ledger: every live block allocated under a scope, with its size, scope and stack. It is fed by
# hooks on the allocators of the OBJ and MEM domains (RAW is what pymalloc asks for large blocks:
# hooking it would count them twice). The hooks run with the GIL held, so nothing here is locked.

cdef enum:
    SCOPE_BITS = 20
    SCOPE_MASK = (1 << 20) - 1
    SCOPE_CHUNK = 4096
    ENTRIES_LEAST = 1 << 16
    ENTRY_KIB = 1 << 31         # `size` counts KiB: a block of 4 GiB or more
    ENTRY_GROWN = 1 << 30       # parts of the block are charged to later scopes
    ENTRY_CODE = 1 << 29        # the block is a code object that a stack names
    ENTRY_CLAIMED = 1 << 28     # an object owns the block (only while the heap is looked at)
    STACK_MASK = (1 << 28) - 1
    STACK_REUSED = 1 << 27      # the block came to its scope by a free list; see reuse.pxi
    STACK_WAITING = STACK_MASK  # and no figures have it yet
    NODE_MASK = (1 << 27) - 1

cdef struct Entry:              # 16 bytes
    uint64_t place              # address >> 4 in the high 44 bits, scope in the low 20; 0: empty, as `stack`
    uint32_t size
    uint32_t stack              # node id, ENTRY_ and STACK_ flags

cdef struct ScopeFigures:
    int64_t live_bytes
    int64_t live_blocks
    uint64_t allocated_bytes
    int64_t peak_bytes
    int64_t ended_bytes         # live when the scope ended; -1 while it runs
    int64_t collected_bytes     # freed while the collector ran, since the scope last ran itself
    int64_t data_bytes          # of the live ones, those of arrays' data; see arrays.pxi
    int64_t data_gone           # of its arrays that have died, seen by a look or not
    int64_t data_gone_then      # the same, when it ended
    uint32_t data_gone_by       # the scope that released the last of them
    uint32_t released_by        # the scope in which half of that had gone, or 0
    uint32_t within             # the scope that this one is to be moved to, or 0; see within.pxi
    bint coarse                 # of the import of a library: calls within it stand for the line of its body
    int64_t inner_bytes         # of scopes within this one: live bytes ...
    int64_t inner_blocks        # ... and blocks,
    uint64_t inner_allocated    # all that they allocated

cdef struct Hook:
    PyMemAllocatorEx below

cdef Entry *entries = NULL
cdef size_t entry_mask = 0
cdef size_t entry_used = 0

cdef ScopeFigures *scope_chunks[256]  # SCOPE_MASK / SCOPE_CHUNK
cdef uint32_t scope_count = 0
cdef uint32_t scope_now = 0
cdef ScopeFigures *figures_now = NULL  # of that scope: nearly all events are its own
cdef uint64_t waits_ended = 0   # blocks of free lists that are freed, or charged, since the start
cdef uint32_t releaser = 0      # the scope that is told to have released what goes now
cdef int64_t live_total = 0     # live bytes of all scopes
cdef int64_t data_total = 0     # of these, arrays' data

cdef Hook hooks[2]
cdef bint recording = False
cdef PyThreadState *paused_thread = NULL
cdef int pause_depth = 0
cdef PyInterpreterState *main_interp = NULL
cdef uint64_t hook_calls = 0
cdef bint charging = True      # False: what is made is not recorded, only what goes
cdef uint64_t ledger_number = 0 # of the ledger that there is: each has its own
cdef bint ledger_short = False  # memory for the ledger itself ran out: it no longer records
cdef size_t entry_peak_bytes = 0


# ---- scopes ----

cdef inline ScopeFigures *figures(uint32_t scope) noexcept nogil:
    return &scope_chunks[scope // SCOPE_CHUNK][scope % SCOPE_CHUNK]


cdef inline ScopeFigures *figures_of(uint32_t scope) noexcept nogil:
    return figures_now if scope == scope_now else figures(scope)


cdef inline void scope_run(uint32_t scope) noexcept nogil:
    # What follows is charged to it.
    global scope_now, figures_now
    scope_now = scope
    figures_now = figures(scope)


cdef uint32_t scope_new() noexcept nogil:
    # Past the last id, or out of memory, scopes share the newest one.
    global scope_count
    cdef ScopeFigures *chunk
    if scope_count > SCOPE_MASK:
        return SCOPE_MASK
    if scope_count % SCOPE_CHUNK == 0:
        chunk = <ScopeFigures *>calloc(SCOPE_CHUNK, sizeof(ScopeFigures))
        if chunk == NULL:
            return scope_count - 1 if scope_count > 0 else 0
        scope_chunks[scope_count // SCOPE_CHUNK] = chunk
    figures(scope_count).ended_bytes = -1
    scope_count += 1
    return scope_count - 1


cdef inline void scope_peak(ScopeFigures *f) noexcept nogil:
    if f.live_bytes + f.inner_bytes > f.peak_bytes:
        f.peak_bytes = f.live_bytes + f.inner_bytes


cdef inline void scope_charge(uint32_t scope, int64_t size, int64_t blocks) noexcept nogil:
    global live_total
    cdef ScopeFigures *f = figures_of(scope)
    live_total += size
    f.live_bytes += size
    f.live_blocks += blocks
    f.allocated_bytes += <uint64_t>size
    scope_peak(f)
    if f.within != 0:
        inner_charge(figures(f.within), size, blocks)


cdef inline void inner_charge(ScopeFigures *outer, int64_t size, int64_t blocks) noexcept nogil:
    outer.inner_bytes += size
    outer.inner_blocks += blocks
    outer.inner_allocated += <uint64_t>size
    scope_peak(outer)


cdef inline void scope_adjust(uint32_t scope, int64_t size) noexcept nogil:
    # What is alive changes by what is no allocation: another's part taken over, an array's data.
    cdef ScopeFigures *f = figures(scope)
    live_total_add(size)
    f.live_bytes += size
    if f.within != 0:
        figures(f.within).inner_bytes += size


cdef inline void live_total_add(int64_t size) noexcept nogil:
    global live_total
    live_total += size


cdef inline void scope_discharge(uint32_t scope, int64_t size, int64_t blocks) noexcept nogil:
    global live_total
    cdef ScopeFigures *f = figures_of(scope)
    live_total -= size
    f.live_bytes -= size
    f.live_blocks -= blocks
    if scope != scope_now or f.within != 0:
        scope_discharged(f, scope, size, blocks)


cdef void scope_discharged(ScopeFigures *f, uint32_t scope, int64_t size, int64_t blocks) noexcept nogil:
    # The rest, for a scope that does not run or runs within another.
    if f.ended_bytes > 0 and f.released_by == 0 and 2 * f.live_bytes < f.ended_bytes:
        f.released_by = releaser
    if f.within != 0:
        figures(f.within).inner_bytes -= size
        figures(f.within).inner_blocks -= blocks
    # Within another scope it counts as that one's own.
    if scope != scope_now and rt_gc_collecting(main_interp) and (f.within == 0 or f.within != scope_now):
        f.collected_bytes += size


cdef inline void wait_ends(uint32_t scope) noexcept nogil:
    # Of what is no scope's: it is in a free list, or was when these were last read.
    global waits_ended
    waits_ended += scope == 0


cdef inline void block_discharge(uint32_t scope, uint32_t stack, int64_t size) noexcept nogil:
    # What came by a free list is in no figures.
    if stack & STACK_MASK != STACK_WAITING:
        scope_discharge(scope, size, 1)
    else:
        wait_ends(scope)


cdef inline uint32_t stack_node(uint32_t stack) noexcept nogil:
    return NODE_UNKNOWN if stack & STACK_MASK == STACK_WAITING else stack & NODE_MASK


# ---- entries ----

cdef inline size_t entry_home(uint64_t address) noexcept nogil:
    return scatter(address) & entry_mask


cdef inline uint64_t entry_address(Entry *e) noexcept nogil:
    return e.place >> SCOPE_BITS


cdef inline int64_t entry_size(Entry *e) noexcept nogil:
    return <int64_t>e.size << 10 if e.stack & ENTRY_KIB else <int64_t>e.size


cdef inline void entry_fetch(void *block) noexcept nogil:
    rt_prefetch(&entries[entry_home(<uint64_t>block >> 4)])


cdef inline Entry *entry_find(void *block) noexcept nogil:
    # The block's entry, or the empty one (place 0) where it would go.
    cdef uint64_t address = <uint64_t>block >> 4
    cdef size_t i = entry_home(address)
    while entries[i].place != 0 and entries[i].place >> SCOPE_BITS != address:
        i = (i + 1) & entry_mask
    return &entries[i]


cdef int entries_resize(size_t capacity) noexcept nogil:
    global entries, entry_mask, entry_peak_bytes
    cdef size_t old_mask = entry_mask, i, k
    cdef Entry *old = entries
    cdef Entry *bigger = <Entry *>rt_zeroed_array(capacity, sizeof(Entry))
    if bigger == NULL:
        return -1
    entry_mask = capacity - 1
    for i in range(old_mask + 1):
        if old[i].place != 0:
            k = entry_home(entry_address(&old[i]))
            while bigger[k].place != 0:
                k = (k + 1) & entry_mask
            bigger[k] = old[i]
    entries = bigger
    free(old)
    entry_peak_bytes = max(entry_peak_bytes, capacity * sizeof(Entry))
    return 0


cdef void ledger_lighten() noexcept nogil:
    # After a peak. Each time costs no more than the growth before it did.
    cdef size_t capacity = ENTRIES_LEAST
    if entry_mask + 1 > ENTRIES_LEAST and 8 * entry_used < entry_mask + 1:
        while capacity < 2 * entry_used:
            capacity *= 2
        entries_resize(capacity)
    if are_pools_heavy():
        pools_lighten()


cdef inline void entry_delete(Entry *e) noexcept nogil:
    # Shifts the entries behind it back (Knuth 6.4, algorithm R): no tombstones.
    global entry_used
    cdef size_t hole = e - entries, i = hole, home
    while True:
        i = (i + 1) & entry_mask
        if entries[i].place == 0:
            break
        home = entry_home(entry_address(&entries[i]))
        if ((i - home) & entry_mask) >= ((i - hole) & entry_mask):
            entries[hole] = entries[i]
            hole = i
    entries[hole].place = 0
    entries[hole].stack = 0
    entry_used -= 1


cdef inline size_t charged_size(size_t size) noexcept nogil:
    # An entry has 32 bits for the size: from 4 GiB on it counts KiB, rounded up.
    return size if size >> 32 == 0 else (size + 1023) & ~<size_t>1023


cdef inline void entry_set_size(Entry *e, size_t size) noexcept nogil:
    if size >> 32:
        e.size = <uint32_t>(size >> 10)
        e.stack |= <uint32_t>ENTRY_KIB
    else:
        e.size = <uint32_t>size
        e.stack &= ~<uint32_t>ENTRY_KIB


cdef inline bint storable(void *block) noexcept nogil:
    return (<uint64_t>block & 15) == 0 and <uint64_t>block >> 48 == 0


cdef Entry *entry_put(void *block, size_t size, uint32_t scope, uint32_t stack) noexcept nogil:
    global entry_used, ledger_short
    cdef Entry *e
    if 4 * (entry_used + 1) > 3 * (entry_mask + 1) and entries_resize(2 * (entry_mask + 1)) < 0:
        ledger_short = True
        return NULL
    e = entry_find(block)
    if e.place == 0:
        entry_used += 1
    else:
        # A free that we were not told of (hooks lifted for a while by another tool).
        block_forget(block, e)
    e.place = (<uint64_t>block >> 4) << SCOPE_BITS | scope
    e.stack = stack
    entry_set_size(e, size)
    return e


cdef void ledger_watch_code(void *code) noexcept nogil:
    # Has the ledger report the end of a code object: its entry is marked, made if there is none.
    cdef Entry *e
    if not storable(code):
        return  # part of the interpreter's own binary: never freed
    block_leave_pool(code)
    e = entry_find(code)
    if e.place == 0:
        e = entry_put(code, 0, 0, NODE_UNKNOWN)
    if e != NULL:
        e.stack |= ENTRY_CODE


cdef void ledger_sweep(uint32_t kept) noexcept nogil:
    # Drops the stacks that no live block names; not the one that is about to get another node, which a chain
    # begun anew in the middle of a deep stack does not have.
    global node_limit
    cdef uint8_t *marks = <uint8_t *>calloc(node_count, 1)
    cdef size_t i
    cdef uint32_t g
    if marks == NULL:
        node_limit *= 2
        return
    pools_mark(marks)
    chain_mark(marks)
    marks[kept] = 1
    for i in range(entry_mask + 1):
        if entries[i].place != 0:
            marks[stack_node(entries[i].stack)] = 1
            if entries[i].stack & ENTRY_GROWN:
                g = table_find(&growth_heads, entry_address(&entries[i])).value
                while g != 0:
                    marks[growths[g].stack] = 1
                    g = growths[g].older
    stacks_sweep(marks)
    free(marks)
    # A sweep reads the whole ledger: let enough stacks come in between to pay for it.
    cdef size_t limit = node_live + max(<size_t>node_live // 2, (entry_used + pool_live) // 16)
    node_limit = <uint32_t>max(<size_t>(1 << 14), limit)


# ---- a block's charge, wherever it is noted ----

cdef struct Charge:
    uint32_t scope
    uint32_t stack              # with the ENTRY_ and STACK_ flags
    int64_t size


cdef bint charge_of(void *block, Charge *c) noexcept nogil:
    # False where the block is not in the ledger.
    cdef uint64_t *word
    cdef Entry *e
    if not storable(block):
        return False
    word = pool_find(pool_of(block), block)
    if word != NULL:
        c.scope = word_scope(word[0])
        c.stack = word_stack(word[0])
        c.size = word_size(word[0])
        return True
    e = entry_find(block)
    c.scope = e.place & SCOPE_MASK
    c.stack = e.stack
    c.size = entry_size(e)
    return e.place != 0


cdef inline bint block_put(void *block, size_t size, uint32_t scope, uint32_t stack) noexcept nogil:
    # False where memory is short.
    if size <= POOL_SMALL and pool_put(pool_of(block), block, size, scope, stack):
        return True
    return entry_put(block, size, scope, stack) != NULL


cdef void block_leave_pool(void *block) noexcept nogil:
    # Into the table, where a block can have growths and flags.
    cdef Pool *pool = pool_of(block)
    cdef uint64_t *word = pool_find(pool, block)
    cdef uint64_t was
    if word != NULL:
        was = word[0]
        pool_clear(pool, word)
        if entry_put(block, <size_t>word_size(was), word_scope(was), word_stack(was)) == NULL:
            block_discharge(word_scope(was), word_stack(was), word_size(was))


# ---- events ----

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
