# Objects that come from a free list: no allocator sees them, and the ledger would still have the block's
# earlier life.
#
# Where the interpreter tells of each object that it makes (PyRefTracer, since 3.13.3 for those as well), such
# a block is charged anew, and all is known of it that is known of any other.
#
# The lists are read as each scope begins or ends: what waits there is no one's (STACK_WAITING: no figures have it).
# Where nobody tells, and of the tables of dicts, which are no objects, what is not there any more the next time is
# of the scope that ran, with no line known. Only what dies in one scope, is of an earlier one, and is reused before
# the first ends, passes unseen; of tables a look learns it (survey_table()).

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
    cdef uint32_t scope, reused = STACK_REUSED
    cdef bint is_known
    if thread == NULL or not storable(block) or ledger_short or not charging:
        return
    is_known = charge_of(block, &c)
    if is_known and c.stack & ~<uint32_t>STACK_MASK:
        return
    link = capture(thread)
    scope = charged_scope(link)
    if is_known and c.scope == scope:
        reused = c.stack & STACK_REUSED  # the scope's own, once more
        if stack_node(c.stack) == link.node:
            return
    if is_known:
        block_gone(block)
    else:
        c.size = <int64_t>rt_size_of_new(o)
    if block_put(block, <size_t>c.size, scope, link.node | reused):
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


cdef inline void objects_follow_again() noexcept nogil:
    # After a tracemalloc.stop() nobody is told any more.
    cdef void *data = NULL
    if objects_told and rt_tracer_of_objects(&data) == NULL:
        rt_trace_objects(object_told, NULL)


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


# ---- what waits ----

cdef enum:
    UNCHANGED = 16                # that many blocks in their old places: what is below has not moved either
    STILL_THERE = 0               # in place of a scope, of what waits or is no scope's,
    MAYBE_TAKEN = 1               # and while a list is compared with what it was

cdef struct Waiting:              # a free list, the next to be taken at the end
    void **blocks                 # as it was last read
    void **now                    # as it is, from `first` on: below it has not changed
    Py_ssize_t count
    Py_ssize_t count_now
    Py_ssize_t first
    Py_ssize_t capacity           # of either
    size_t size                   # of a block

cdef Waiting waiting[RT_FREE_KINDS]
cdef uint64_t waits_read = 0      # waits_ended when the lists were last read
cdef bint lists_disowned = False  # what is taken now is no scope's


cdef void lists_read() noexcept nogil:
    # To be called before another scope runs, and before a look: what has been taken is of the scope that ran. One
    # block may have left a list and be in another: all are compared before anything is said of one.
    cdef int kind
    global waits_read
    cdef uint32_t taker = STILL_THERE if lists_disowned else scope_now
    if not recording or ledger_short or not rt_holds_the_gil_of(main_interp):
        return
    objects_follow_again()
    for kind in range(RT_FREE_KINDS):
        list_compare(kind, &waiting[kind])
    # Where somebody tells of what is taken, what has not been told of is reftrack's own.
    cdef int told_from = RT_FREE_TABLES + 1 if reuse_is_seen() else RT_FREE_KINDS
    for kind in range(told_from):
        list_rewait(&waiting[kind], STILL_THERE, MAYBE_TAKEN)
    for kind in range(RT_FREE_KINDS):
        list_waits(&waiting[kind])
    for kind in range(told_from):
        list_rewait(&waiting[kind], MAYBE_TAKEN, taker)
    for kind in range(RT_FREE_KINDS):
        list_is_read(&waiting[kind])
    waits_read = waits_ended


cdef void lists_disown() noexcept nogil:
    # What a report needs that follows a look is not its scope's: the modules that are imported for it stay.
    global lists_disowned
    lists_read()
    lists_disowned = pause_depth > 0


cdef void lists_own_again() noexcept nogil:
    global lists_disowned
    if lists_disowned:
        lists_read()
        lists_disowned = False


cdef void list_compare(int kind, Waiting *w) noexcept nogil:
    # Each list is a stack: its lower part stays as it is. Not where the collector has emptied it meanwhile, or where
    # each new object is told of: then the ledger may have the blocks otherwise, and is asked.
    cdef rt_free_list now
    cdef Py_ssize_t at
    cdef int same = 0
    cdef void *block
    rt_free_list_begin(&now, main_interp, kind)
    w.size = now.size
    w.first = w.count_now = w.count
    at = max(now.count, <Py_ssize_t>0)
    if waiting_room(w, at) < 0:
        return
    w.count_now = at
    while at > 0 and same < UNCHANGED:
        block = rt_free_list_next(&now)
        at -= 1
        if (
            at < w.count
            and w.blocks[at] == block
            and (waits_ended == waits_read or is_waiting(block, STILL_THERE))
        ):
            same += 1
        else:
            same = 0
        w.now[at] = block
    w.first = at


cdef void list_rewait(Waiting *w, uint32_t before, uint32_t scope) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(w.first, w.count):
        if is_waiting(w.blocks[i], before):
            block_recharge(w.blocks[i], scope, STACK_WAITING)


cdef void list_waits(Waiting *w) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(w.first, w.count_now):
        block_waits(w.now[i], w.size)


cdef void list_is_read(Waiting *w) noexcept nogil:
    if w.count_now > w.first:
        memcpy(&w.blocks[w.first], &w.now[w.first], (w.count_now - w.first) * sizeof(void *))
    w.count = w.count_now


cdef int waiting_room(Waiting *w, Py_ssize_t count) noexcept nogil:
    # In one block: first what was, then what is.
    cdef void **bigger
    if count <= w.capacity:
        return 0
    bigger = <void **>malloc(4 * count * sizeof(void *))
    if bigger == NULL:
        return -1
    if w.count > 0:
        memcpy(bigger, w.blocks, w.count * sizeof(void *))
    free(w.blocks)
    w.blocks = bigger
    w.now = bigger + 2 * count
    w.capacity = 2 * count
    return 0


cdef void waiting_free() noexcept nogil:
    global lists_disowned
    cdef int kind
    for kind in range(RT_FREE_KINDS):
        free(waiting[kind].blocks)
    memset(waiting, 0, sizeof(waiting))
    lists_disowned = False


cdef void block_waits(void *block, size_t size) noexcept nogil:
    cdef Charge c
    if block == NULL or not storable(block):
        return
    if not charge_of(block, &c):
        block_put(block, size, STILL_THERE, STACK_WAITING)
    elif not c.stack & ~<uint32_t>STACK_MASK:
        block_discharge(c.scope, c.stack, c.size)
        block_recharge(block, STILL_THERE, STACK_WAITING)


cdef inline bint is_waiting(void *block, uint32_t scope) noexcept nogil:
    # Not where it has gone, or been made anew.
    cdef Charge c
    return block != NULL and charge_of(block, &c) and c.stack & STACK_MASK == STACK_WAITING and c.scope == scope


cdef void block_recharge(void *block, uint32_t scope, uint32_t stack) noexcept nogil:
    cdef Pool *pool = pool_of(block)
    cdef uint64_t *word = pool_find(pool, block)
    cdef Entry *e
    if word != NULL:
        word_charge(word, scope, stack)
        return
    e = entry_find(block)
    e.place = entry_address(e) << SCOPE_BITS | scope
    e.stack = stack


cdef void waited(uint32_t scope, int64_t size) noexcept nogil:
    # A look has come to the object that a block of a free list has become: it counts from now on.
    scope_adjust(scope, size)
    figures(scope).live_blocks += 1
    if figures(scope).within != 0:
        figures(figures(scope).within).inner_blocks += 1
