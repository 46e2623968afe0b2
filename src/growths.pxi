# The parts of a block that came later, newest first: what later scopes added by realloc, and what an array
# has beside it (arrays.pxi).

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
        scope_adjust(scope, growths[head].size)
        scope_peak(figures(scope))
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
