# One look at the heap, from the graph to plain records. The GIL is kept and the collector is off from
# beginning to end, so that no object looked at can go; Python objects are made only for the answer.


cdef class TracemallocStacks:
    """tracemalloc's tracebacks, numbered: the other source of allocating lines.

    tracemalloc traces what is allocated here too, so it is asked once per stack of the ledger, and
    once per block only for objects that may come from a free list (`exact`).
    """

    cdef dict ids
    cdef dict of_stack
    cdef list stacks

    def __cinit__(self):
        self.ids = {}
        self.of_stack = {}
        self.stacks = [None]

    cdef uint32_t stack_of(self, void *block, uint32_t stack, bint exact):
        if stack != NODE_UNKNOWN and not exact:
            known = self.of_stack.get(stack)
            if known is None:
                known = self.of_stack[stack] = self.number_of(block)
            return known
        return self.number_of(block)

    cdef uint32_t number_of(self, void *block):
        cdef object traceback = rt_tracemalloc_traceback(block)
        if traceback is None:
            return 0
        number = self.ids.get(traceback)
        if number is None:
            number = self.ids[traceback] = len(self.stacks)
            self.stacks.append(traceback)
        return number


cdef int look_build(Look *l, const uint8_t *scopes, size_t scope_count):
    # Returns -1 where memory is short.
    cdef Graph *g = &l.graph
    cdef Survey *s = &l.survey
    if survey_init(s, g, &l.paths, &l.dominators, scopes, scope_count) < 0:
        return -1
    if survey_pages(s) < 0 or graph_init(g, entry_used + pool_live) < 0:
        return -1
    if roles_find(g) < 0 or graph_build(g, s) < 0 or s.short_of_memory:
        return -1
    return 0


cdef int look(
    Look *l, const uint8_t *scopes, size_t scope_count, PyObject *own_folder, double *seconds
):
    cdef Graph *g = &l.graph
    cdef double started = rt_seconds()
    if look_build(l, scopes, scope_count) < 0:
        return -1
    seconds[0] = rt_seconds() - started
    if graph_mark_own(g, own_folder) < 0 or paths_init(&l.paths, g) < 0:
        return -1
    return look_on(l, seconds, started)


cdef int look_on(Look *l, double *seconds, double started) noexcept nogil:
    # From the graph on.
    cdef Graph *g = &l.graph
    cdef Survey *s = &l.survey
    paths_find(&l.paths, g)
    paths_find_garbage(&l.paths, g)
    seconds[1] = rt_seconds() - started
    # The tree of dominators is what needs most memory: what it can do without comes later.
    if dominators_find(&l.dominators, g, &l.paths) < 0:
        return -1
    seconds[2] = rt_seconds() - started
    if survey_regions(s) < 0 or survey_sizes(s) < 0:
        return -1
    if dominators_retain(&l.dominators, g, &l.paths, s.sizes) < 0:
        return -1
    seconds[3] = rt_seconds() - started
    return 0


cdef void look_free(Look *l) noexcept nogil:
    survey_free(&l.survey)
    dominators_free(&l.dominators)
    paths_free(&l.paths)
    graph_free(&l.graph)


cdef void look_lighten(Look *l) noexcept nogil:
    # Once all is charged: the answer is told of groups and paths alone.
    survey_lighten(&l.survey)
    dominators_free(&l.dominators)
    free(l.paths.entries)
    free(l.paths.waiting)
    free(l.paths.odd)
    l.paths.entries = NULL
    l.paths.waiting = NULL
    l.paths.odd = NULL


cdef void look_trim(Look *l) noexcept nogil:
    # Leaves what Explanation.cut() needs: the graph, and for each node its level and the one before it.
    survey_trim(&l.survey)
    free(l.paths.order)
    l.paths.order = NULL


cdef list orphan_records(Survey *s, TracemallocStacks lines):
    # Blocks that no object owns, as [(scope, stack, bytes, blocks, interned as), ...].
    cdef dict sums = {}
    cdef size_t i
    cdef Charge c
    for i in range(s.orphans.mask + 1):
        block = s.orphans.slots[i].key << 4
        if block == 0 or is_claimed(<void *><size_t>block):
            continue
        interned = interned_as(s.orphans.slots[i].value)
        charge_of(<void *><size_t>block, &c)
        if c.stack & STACK_REUSED and not c.stack & ~<uint32_t>STACK_MASK:
            continue  # from a free list, and nobody refers to it: a tuple of arguments, or dead
        stack = stack_node(c.stack)
        if lines is not None:
            stack = lines.stack_of(<void *><size_t>block, stack, False)
        key = (c.scope, stack, interned)
        size, count = sums.get(key, (0, 0))
        sums[key] = (size + c.size, count + 1)
    return [(scope, stack, *sums[scope, stack, interned], interned) for scope, stack, interned in sums]


def explain(
    bytes scopes not None, str own_folder not None, int limit, bint tracemalloc, dict named_by=None
):
    """Who holds what the wanted scopes left alive: an Explanation.

    `scopes` has a byte per scope whose blocks count as survivors: 1 for a test or fixture, 2 for an import,
    3 for a class or module, and 0 for the others; frames of files below
    `own_folder` are taken for reftrack's own; the `limit` largest groups are described, the others
    summed; `tracemalloc` takes the stacks from there, by true block address; `named_by` says by which
    attributes, ("name", "other.name"), objects of a type are named.

    Raises MemoryError; RuntimeError where the ledger is not started.
    """
    cdef Quiet quiet
    cdef double seconds[4]
    cdef Explanation answer = Explanation()
    cdef Look *l = &answer.look
    if entries == NULL:
        raise RuntimeError("the ledger is not started")
    cdef TracemallocStacks lines = TracemallocStacks() if tracemalloc else None
    quiet_begin(&quiet)
    cdef double started = rt_seconds()
    lists_disown()
    try:
        if look(l, <const uint8_t *><char *>scopes, len(scopes), <PyObject *>own_folder, seconds) < 0:
            raise MemoryError("no memory to look at the heap")
        charge_all(&l.survey, lines)
        if retained_groups(&l.survey) < 0:
            raise MemoryError("no memory to look at the heap")
        answer.orphans = orphan_records(&l.survey, lines)
        look_lighten(l)
        answer.take(limit, named_by or {})
        answer.stacks = lines.stacks if lines is not None else None
        answer.seconds = rt_seconds() - started
        answer.timings = (seconds[0], seconds[1], seconds[2], seconds[3])
        answer.telling.forget()
        look_trim(l)
        answer.is_open = True
        return answer
    finally:
        if not answer.is_open:
            look_free(l)
        quiet_end(&quiet)
