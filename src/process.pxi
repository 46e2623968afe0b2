# The process beside the ledger: how much memory it has in all, how much of that is accounted for, and
# how much the allocators keep though nobody uses it.

cdef extern from "process.h" nogil:
    int64_t rt_resident_bytes()
    int64_t rt_malloc_idle()
    void rt_malloc_trim()

cdef PyObjectArenaAllocator arena_below
cdef bint arenas_counted = False
cdef int64_t arena_bytes = 0    # of pymalloc's arenas, those from before the first start not among them


cdef void *arena_alloc(void *ctx, size_t size) noexcept nogil:
    global arena_bytes
    cdef void *arena = arena_below.alloc(arena_below.ctx, size)
    if arena != NULL:
        arena_bytes += <int64_t>size
    return arena


cdef void arena_free(void *ctx, void *arena, size_t size) noexcept nogil:
    global arena_bytes
    arena_bytes -= <int64_t>size
    arena_below.free(arena_below.ctx, arena, size)


cdef void arenas_count() noexcept nogil:
    # Once and for good: it only passes on, and an arena that it has seen is freed by it as well.
    global arenas_counted
    cdef PyObjectArenaAllocator mine
    if not arenas_counted:
        arenas_counted = True
        PyObject_GetArenaAllocator(&arena_below)
        mine.ctx = NULL
        mine.alloc = arena_alloc
        mine.free = arena_free
        PyObject_SetArenaAllocator(&mine)


cdef int64_t pools_live_bytes() noexcept nogil:
    cdef int64_t total = 0, size
    cdef size_t i
    cdef uint32_t place
    for i in range(pool_mask + 1):
        if pools[i].live == 0:
            continue
        # Without a branch, as there are many: the size of an empty word is -1.
        for place in range(pools[i].places):
            total += word_size(pools[i].words[place])
        total += <int64_t>pools[i].places - pools[i].live
    for i in range(entry_mask + 1):
        if entries[i].place == 0:
            continue
        # Those that the table has because of their growths and flags.
        if entry_size(&entries[i]) <= POOL_SMALL or entries[i].stack & ENTRY_GROWN:
            size = block_bytes(<void *>(entry_address(&entries[i]) << 4))
            total += size if size <= POOL_SMALL else 0
    return total


def footprint():
    """(bytes of the process in RAM without files, those that the ledger accounts for: all live blocks
    and its own memory, without the data of arrays). The first is -1 where the system does not say.
    Costs a few microseconds."""
    return rt_resident_bytes(), live_total - data_total + <int64_t>ledger_memory()


def idle_bytes():
    """Bytes that the allocators keep though no live block has them: free chunks of malloc (0 where it
    does not say), and the rest of pymalloc's arenas. Reads the whole ledger."""
    if pools == NULL:
        return 0
    return rt_malloc_idle() + max(<int64_t>0, arena_bytes - pools_live_bytes())


def has_room(size_t size):
    """Could so many bytes be allocated now? They are not touched."""
    cdef void *room = malloc(size)
    free(room)
    return room != NULL


def trim():
    """Give back to the system what malloc keeps free, where it can be asked to."""
    with nogil:
        rt_malloc_trim()
