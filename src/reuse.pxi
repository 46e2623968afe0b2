# Objects that come from a free list: no allocator sees them, and the ledger would still have the block's
# earlier life.
#
# Where the interpreter tells of each object that it makes (PyRefTracer, since 3.13.3 for those as well), such
# a block is charged anew, and all is known of it that is known of any other.
#
# Elsewhere, and for the tables of dicts, which are no objects, the lists are read as each scope begins or ends. What waits there is no one's (its scope's figures
# do without it), and what becomes of it is of the scope that runs: its line is not known (STACK_WAITING). Only
# what dies in one scope, is of an earlier one, and is reused before the first ends, passes unseen.

cdef void *block_told = NULL      # the block of the last event, until its object is told of
cdef bint objects_told = False    # is our function the one that is told?
cdef rt_object_tracer tracer_below = NULL
cdef void *tracer_below_data = NULL


cdef int object_told(PyObject *o, int event, void *data) noexcept nogil:
    global block_told
    cdef void *block
    if event == RT_OBJECT_MADE and recording:
        block = own_block(o)
        if block != block_told and rt_free_list_length(rt_type(o)):
            block_reused(block, o)
        block_told = NULL  # it may die, and come back from its free list
    return 0 if tracer_below == NULL else tracer_below(o, event, tracer_below_data)


cdef void block_reused(void *block, PyObject *o) noexcept nogil:
    # One that the ledger does not have is from before it was there. What the object has in it is not made yet.
    cdef PyThreadState *thread = recorded_thread()
    cdef Charge c
    cdef Link *link
    cdef uint32_t scope
    cdef bint is_known
    if thread == NULL or not storable(block) or ledger_short or not charging:
        return
    is_known = charge_of(block, &c)
    if is_known and c.stack & ~<uint32_t>STACK_MASK:
        return
    link = capture(thread)
    scope = link.scope if link.scope != 0 else scope_now
    if is_known and c.scope == scope and c.stack == link.node:
        return
    if is_known:
        block_gone(block)
    else:
        c.size = <int64_t>rt_size_of_new(o)
    if block_put(block, <size_t>c.size, scope, link.node):
        scope_charge(scope, c.size, 1)


cdef void objects_follow() noexcept:
    # Whoever is told already is told on. tracemalloc is, where it traces (Python/tracemalloc.c, 3.13).
    global objects_told, tracer_below, tracer_below_data
    cdef void *data = NULL
    cdef rt_object_tracer now = rt_tracer_of_objects(&data)
    if now == object_told or not rt_tells_of_all_objects():
        return
    tracer_below, tracer_below_data = now, data
    objects_told = rt_trace_objects(object_told, NULL) == 0


cdef void objects_follow_no_more() noexcept:
    # Where another tool has taken our place it stays: it does not call us.
    global objects_told, tracer_below, tracer_below_data
    cdef void *data = NULL
    if objects_told and rt_tracer_of_objects(&data) == object_told:
        rt_trace_objects(tracer_below, tracer_below_data)
    objects_told = False
    tracer_below, tracer_below_data = NULL, NULL


cdef bint reuse_is_seen() noexcept nogil:
    # Not where another tool has taken our place meanwhile.
    cdef void *data = NULL
    return objects_told and rt_tracer_of_objects(&data) == object_told


# ---- where nobody tells ----

cdef uint32_t waiting_scope = 0   # of what waits while the lists are read


cdef void lists_read(uint32_t scope) noexcept nogil:
    # To be called as the scope that runs changes. While the heap is looked at what waits is of none.
    global waiting_scope
    waiting_scope = scope
    if not recording or not rt_holds_the_gil_of(main_interp):
        return
    rt_visit_free_tables(main_interp, block_waits)
    if not reuse_is_seen():
        rt_visit_free_lists(main_interp, block_waits)


cdef void block_waits(void *block, size_t size) noexcept nogil:
    cdef Charge c
    cdef Entry *e
    cdef uint64_t *word
    if not storable(block) or ledger_short:
        return
    if not charge_of(block, &c):
        block_put(block, size, waiting_scope, STACK_WAITING)
    elif not c.stack & ~<uint32_t>STACK_MASK:
        block_discharge(c.scope, c.stack, c.size)
        word = pool_find(pool_of(block), block)
        if word != NULL:
            word_charge(word, waiting_scope, STACK_WAITING)
        else:
            e = entry_find(block)
            e.place = entry_address(e) << SCOPE_BITS | waiting_scope
            e.stack = STACK_WAITING


cdef void waited(uint32_t scope, int64_t size) noexcept nogil:
    # A look has come to the object that a block of a free list has become: it counts from now on.
    scope_adjust(scope, size)
    figures(scope).live_blocks += 1
    if figures(scope).within != 0:
        figures(figures(scope).within).inner_blocks += 1
