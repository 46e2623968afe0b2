# What each scope has alive and has allocated: figures that charges and discharges keep up to date.

cdef enum:
    SCOPE_BITS = 20
    SCOPE_MASK = (1 << 20) - 1
    SCOPE_CHUNK = 4096

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
    uint32_t outer              # the one that ran when this one was made, and may go on when it is over
    bint coarse                 # of the import of a library: calls within it stand for the line of its body
    int64_t inner_bytes         # of scopes within this one: live bytes ...
    int64_t inner_blocks        # ... and blocks,
    uint64_t inner_allocated    # all that they allocated

cdef ScopeFigures *scope_chunks[256]  # SCOPE_MASK / SCOPE_CHUNK
cdef uint32_t scope_count = 0
cdef uint32_t scope_now = 0
cdef ScopeFigures *figures_now = NULL  # of that scope: nearly all events are its own
cdef uint64_t waits_ended = 0   # blocks of free lists that are freed, or charged, since the start
cdef uint32_t releaser = 0      # the scope that is told to have released what goes now
cdef int64_t live_total = 0     # live bytes of all scopes
cdef int64_t data_total = 0     # of these, arrays' data


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
    figures(scope_count).outer = scope_now
    scope_count += 1
    return scope_count - 1


cdef bint began_in(uint32_t scope, uint32_t outer) noexcept nogil:
    # Did a scope run when this one began? What it makes may be newer, though its number is lower.
    while scope > outer:
        scope = figures(scope).outer
    return scope == outer


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
