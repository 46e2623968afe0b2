# The parts of a block that came later, newest first: what later scopes added by realloc, and the data of
# an array, which numpy has from malloc. No event tells of these; they are charged with the block of the
# array itself, when a look at the heap comes to it.

cdef enum:
    GROWTHS_KEPT = 64

cdef struct Growth:
    uint32_t scope
    uint32_t stack
    int64_t size
    uint32_t older
    bint is_data                # of an array: memory beside the block

cdef Growth *growths = NULL
cdef uint32_t growth_capacity = 0
cdef uint32_t growth_count = 1
cdef uint32_t growth_free = 0
cdef Table growth_heads         # block address -> newest growth


cdef uint32_t growth_new() noexcept nogil:
    global growths, growth_capacity, growth_count, growth_free
    cdef uint32_t g = growth_free
    cdef Growth *bigger
    if g != 0:
        growth_free = growths[g].older
        return g
    if growth_count >= growth_capacity:
        bigger = <Growth *>realloc(growths, 2 * <size_t>growth_capacity * sizeof(Growth))
        if bigger == NULL:
            return 0
        growths = bigger
        growth_capacity *= 2
    growth_count += 1
    return growth_count - 1


cdef inline void growth_drop(uint32_t g) noexcept nogil:
    global growth_free
    growths[g].older = growth_free
    growths[g].is_data = False
    growth_free = g


cdef inline void growth_discharge(uint32_t g, int64_t size) noexcept nogil:
    # So much of a growth has gone.
    global data_total
    scope_discharge(growths[g].scope, size, 0)
    if growths[g].is_data:
        figures(growths[g].scope).data_bytes -= size
        data_total -= size


cdef int growth_length(uint32_t g) noexcept nogil:
    cdef int n = 0
    while g != 0:
        n += 1
        g = growths[g].older
    return n


cdef uint32_t growth_add(uint32_t head, uint32_t scope, uint32_t stack, int64_t size) noexcept nogil:
    # The new head. One scope's parts are one; past GROWTHS_KEPT parts the newest takes it all.
    cdef uint32_t g
    scope_charge(scope, size, 0)
    if head != 0 and growths[head].scope == scope:
        growths[head].size += size
        growths[head].stack = stack
        return head
    g = growth_new() if growth_length(head) < GROWTHS_KEPT else 0
    if g == 0 and head == 0:
        return 0
    if g == 0:
        scope_discharge(growths[head].scope, growths[head].size, 0)
        figures(scope).live_bytes += growths[head].size
        growths[head].size += size
        growths[head].scope = scope
        growths[head].stack = stack
        return head
    growths[g].scope = scope
    growths[g].stack = stack
    growths[g].size = size
    growths[g].older = head
    return g


cdef uint32_t growth_shrink(uint32_t head, int64_t *size) noexcept nogil:
    # Takes `size` bytes off, newest part first; leaves in `size` what the first owner must give.
    cdef uint32_t older
    cdef int64_t part
    while head != 0 and size[0] > 0:
        part = min(size[0], growths[head].size)
        growth_discharge(head, part)
        growths[head].size -= part
        size[0] -= part
        if growths[head].size == 0:
            older = growths[head].older
            growth_drop(head)
            head = older
    return head


cdef inline uint32_t growth_take(void *block, Entry *e) noexcept nogil:
    # Detaches and returns the block's growths.
    cdef uint32_t g = 0
    if e.stack & ENTRY_GROWN:
        g = table_find(&growth_heads, <uint64_t>block >> 4).value
        table_delete(&growth_heads, <uint64_t>block >> 4)
    return g


# ---- the data of arrays ----

cdef uint32_t growth_of_data(void *block, Charge *c) noexcept nogil:
    # Of a block that is in the ledger; 0 where there is none.
    cdef uint32_t g = 0
    if c.stack & ENTRY_GROWN:
        g = table_find(&growth_heads, <uint64_t>block >> 4).value
    while g != 0 and not growths[g].is_data:
        g = growths[g].older
    return g


cdef int64_t block_bytes(void *block) noexcept nogil:
    # What the block itself takes, as can be read; 0 where it is not in the ledger.
    cdef Charge c
    cdef uint32_t g
    if not charge_of(block, &c):
        return 0
    g = growth_of_data(block, &c)
    return c.size - growths[g].size if g != 0 else c.size


cdef void block_has_data(void *block, int64_t size) noexcept nogil:
    # The array whose own block this is has so many bytes of data now, charged to whoever made it.
    global live_total, data_total
    cdef Charge c
    cdef Entry *e
    cdef uint32_t g
    cdef int64_t own, before
    if ledger_short or not charge_of(block, &c):
        return
    g = growth_of_data(block, &c)
    if (growths[g].size if g != 0 else 0) == size:
        return
    block_leave_pool(block)
    e = entry_find(block)
    if e.place == 0 or g == 0 and growth_of_new_data(block, e, &g) < 0:
        return
    before = growths[g].size
    own = c.size - before
    # An entry of 4 GiB or more counts KiB: the data is rounded up with it.
    growths[g].size = <int64_t>charged_size(<size_t>(own + size)) - own
    entry_set_size(e, <size_t>(own + growths[g].size))
    figures(growths[g].scope).live_bytes += growths[g].size - before
    figures(growths[g].scope).data_bytes += growths[g].size - before
    live_total += growths[g].size - before
    data_total += growths[g].size - before


cdef int growth_of_new_data(void *block, Entry *e, uint32_t *g) noexcept nogil:
    cdef uint64_t address = <uint64_t>block >> 4
    g[0] = growth_new()
    if g[0] == 0:
        return -1
    growths[g[0]].scope = e.place & SCOPE_MASK
    growths[g[0]].stack = e.stack & STACK_MASK
    growths[g[0]].size = 0
    growths[g[0]].is_data = True
    growths[g[0]].older = table_find(&growth_heads, address).value if e.stack & ENTRY_GROWN else 0
    if table_put(&growth_heads, address, g[0]) < 0:
        growth_drop(g[0])
        return -1
    e.stack |= ENTRY_GROWN
    return 0
