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


cdef enum:
    PATH_START = 120
    PATH_END = 30


cdef struct Look:
    Graph graph
    Paths paths
    Dominators dominators
    Survey survey


cdef int look(
    Look *l, const uint8_t *scopes, size_t scope_count, PyObject *own_folder, double *seconds
):
    cdef Graph *g = &l.graph
    cdef Survey *s = &l.survey
    memset(l, 0, sizeof(Look))
    cdef double started = rt_seconds()
    if survey_init(s, g, &l.paths, &l.dominators, scopes, scope_count) < 0:
        return -1
    if survey_pages(s) < 0 or graph_init(g, entry_used + pool_live) < 0 or graph_build(g, s) < 0 or s.short_of_memory:
        return -1
    seconds[0] = rt_seconds() - started
    if paths_init(&l.paths, g) < 0:
        return -1
    paths_find(&l.paths, g, own_folder)
    seconds[1] = rt_seconds() - started
    if survey_orphans(s) < 0 or survey_regions(s) < 0 or survey_sizes(s) < 0:
        return -1
    seconds[2] = rt_seconds() - started
    if dominators_find(&l.dominators, g, &l.paths, s.sizes) < 0:
        return -1
    seconds[3] = rt_seconds() - started
    return 0


cdef void look_free(Look *l) noexcept nogil:
    survey_free(&l.survey)
    dominators_free(&l.dominators)
    paths_free(&l.paths)
    graph_free(&l.graph)


cdef tuple step(Look *l, uint32_t id, dict steps):
    # (edge that leads here, its label, name of the type, the object's own name)
    cdef Graph *g = &l.graph
    cdef uint32_t above
    found = steps.get(id)
    if found is not None:
        return found
    above = l.paths.parent[id]
    edge = edge_between(g, above, id) if above != 0 else root_of(l, id)
    if g.objects[id] == NULL:
        found = (edge[0], edge[1], "frame", frame_name(g.frames[id]))
    else:
        found = (edge[0], edge[1], type_name(rt_type(g.objects[id])), object_name(g.objects[id]))
    steps[id] = found
    return found


cdef tuple root_of(Look *l, uint32_t id):
    cdef Graph *g = &l.graph
    if g.objects[id] == NULL:
        return "frame", exact(rt_code_filename(rt_frame_code(g.frames[id])))
    if (l.paths.level[id] & LEVEL_MASK) == LEVEL_MODULES:
        return "modules", None
    if (l.paths.level[id] & LEVEL_MASK) == LEVEL_GARBAGE:
        return "garbage", None
    return "c", max(<int64_t>references(g, id) - <int64_t>g.found[id], 0)


cdef list path_to(Look *l, uint32_t id, dict steps):
    # From the root; of a very long path (a linked list) the middle is one step "gap", which counts
    # the objects left out and bears the names of the last of them.
    cdef list path = []
    cdef uint32_t depth = 0, at = id, left
    while at != 0:
        depth += 1
        at = l.paths.parent[at]
    left = depth
    while id != 0:
        if PATH_START < left <= depth - PATH_END:
            path.append(("gap", left - PATH_START, *step(l, id, steps)[2:]))
            while left > PATH_START:
                id = l.paths.parent[id]
                left -= 1
        else:
            path.append(step(l, id, steps))
            id = l.paths.parent[id]
            left -= 1
    path.reverse()
    return path


cdef tuple group_record(Look *l, uint32_t index, dict steps, dict names, dict bases):
    cdef Survey *s = &l.survey
    cdef Group *group = &s.groups[index]
    cdef uint32_t r = group.rows
    cdef Row *row
    cdef list rows = [], outer = []
    while r != 0:
        row = &s.rows[r]
        if row.type == NULL:
            outer.append(
                (
                    row.stack & <uint32_t>(TOGETHER - 1),
                    bool(row.stack & TOGETHER),
                    bool(row.stack & (TOGETHER << 1)),
                    row.bytes,
                )
            )
        else:
            rows.append(
                (name_of(row.type, names, bases), row.stack, row.objects, row.bytes, row.unsure)
            )
        r = row.next
    collect_bases(l, group.sample, names, bases)
    return (
        index, group.scope, group.bytes, group.objects, group.retained, group.tops,
        anchor_depth(l, group), path_to(l, group.sample, steps), rows, outer,
    )


cdef int anchor_depth(Look *l, Group *group) noexcept nogil:
    # The place of the anchor on the sample's path.
    cdef int depth = -1
    cdef uint32_t id = group.anchor
    while id != 0:
        depth += 1
        id = l.paths.parent[id]
    return depth


cdef object name_of(PyTypeObject *type, dict names, dict bases):
    name = names.get(<size_t>type)
    if name is None:
        name = names[<size_t>type] = type_name(type)
        bases.setdefault(name, type_bases(type))
    return name


cdef void collect_bases(Look *l, uint32_t id, dict names, dict bases):
    # Of the types along a path, so that a TestCase can be told.
    while id != 0:
        if l.graph.objects[id] != NULL:
            name_of(rt_type(l.graph.objects[id]), names, bases)
            if PyType_Check(l.graph.objects[id]):
                name_of(<PyTypeObject *>l.graph.objects[id], names, bases)
        id = l.paths.parent[id]


cdef list orphan_records(Survey *s, TracemallocStacks lines):
    # Blocks that no object owns, as [(scope, stack, bytes, blocks), ...].
    cdef dict sums = {}
    cdef size_t i
    cdef Charge c
    for i in range(s.orphans.mask + 1):
        if s.orphans.slots[i].key == 0 or s.orphans.slots[i].value != 0:
            continue
        block = s.orphans.slots[i].key << 4
        charge_of(<void *><size_t>block, &c)
        stack = c.stack & STACK_MASK
        if lines is not None:
            stack = lines.stack_of(<void *><size_t>block, stack, False)
        key = (c.scope, stack)
        size, count = sums.get(key, (0, 0))
        sums[key] = (size + c.size, count + 1)
    return [(scope, stack, size, count) for (scope, stack), (size, count) in sums.items()]


def explain(bytes scopes, str own_folder, int limit, bint tracemalloc):
    """Who holds what the wanted scopes left alive.

    `scopes` has a byte per scope, not 0 where its blocks count as survivors; frames of files below
    `own_folder` are taken for reftrack's own; the `limit` largest groups are described, the others
    summed; `tracemalloc` takes the stacks from there, by true block address.

    Returns a dict: "groups", a list of (id, scope, bytes, objects, retained bytes, tops,
    index of the anchor on the path, path, rows, outer), where path is a list of (edge, label, type,
    name) from the root, rows of (type, stack, objects, bytes, unsure objects), outer of (dominating group or 0, whether that
    group's tops hold it together only, whether this group's do, retained bytes; those held together
    are not among the group's own); "others", (groups, bytes, objects) not described; "orphans", blocks without an owner as
    (scope, stack, bytes, blocks); "bases", type name -> names along its MRO; "stacks", tracemalloc's
    tracebacks by number, or None; "nodes", "edges", "seconds", "garbage" (objects without a root).

    Raises MemoryError; RuntimeError where the ledger is not started.
    """
    cdef Look l
    cdef int collector
    cdef uint32_t k
    cdef double seconds[4]
    if entries == NULL:
        raise RuntimeError("the ledger is not started")
    lines = TracemallocStacks() if tracemalloc else None
    pause()
    rt_gc_pause(&collector)
    cdef double started = rt_seconds()
    try:
        if look(&l, <const uint8_t *><char *>scopes, len(scopes), <PyObject *>own_folder, seconds) < 0:
            raise MemoryError("no memory to look at the heap")
        charge_all(&l.survey, lines)
        if retained_groups(&l.survey) < 0:
            raise MemoryError("no memory to look at the heap")
        answer = look_records(&l, limit, lines)
        answer["seconds"] = rt_seconds() - started
        answer["steps"] = (seconds[0], seconds[1], seconds[2], seconds[3])
        return answer
    finally:
        look_free(&l)
        rt_gc_resume(collector)
        resume()


cdef dict look_records(Look *l, int limit, TracemallocStacks lines):
    cdef Survey *s = &l.survey
    cdef uint32_t k, garbage = 0
    cdef dict steps = {}, names = {}, bases = {}
    order = sorted(range(1, s.group_count), key=lambda k: -s.groups[<uint32_t>k].bytes)
    for k in range(1 + l.graph.frame_count, l.graph.count):
        garbage += (l.paths.level[k] & LEVEL_MASK) == LEVEL_GARBAGE
    return {
        "groups": [group_record(l, k, steps, names, bases) for k in order[:limit]],
        "others": (
            max(len(order) - limit, 0),
            sum([s.groups[<uint32_t>k].bytes for k in order[limit:]]),
            sum([s.groups[<uint32_t>k].objects for k in order[limit:]]),
        ),
        "orphans": orphan_records(s, lines),
        "bases": bases,
        "stacks": lines.stacks if lines is not None else None,
        "nodes": l.graph.count,
        "edges": l.graph.edge_count,
        "garbage": garbage,
    }
