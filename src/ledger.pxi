# The ledger: every live block allocated under a scope, with its size, scope and stack. It is fed by
# hooks on the allocators of the OBJ and MEM domains (RAW is what pymalloc asks for large blocks:
# hooking it would count them twice). The hooks run with the GIL held, so nothing here is locked.

cdef enum:
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

cdef struct Hook:
    PyMemAllocatorEx below

cdef Entry *entries = NULL
cdef size_t entry_mask = 0
cdef size_t entry_used = 0

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
