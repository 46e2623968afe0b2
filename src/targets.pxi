# Objects that somebody has in hand take the place of survivors: who holds them, and what goes with them? A
# scope of their own, one beyond the ledger's, stands for them. What the question itself refers to them by
# leads nowhere.

cdef int stand_ins = 0          # looks that are open while an empty ledger stands in for one


cdef int stand_in_begin() noexcept:
    # Without a ledger an empty one, which records nothing, says of all blocks that they are not known.
    global stand_ins
    if entries == NULL:
        stand_ins = 0
        if ledger_init(1) < 0:
            return -1
        stand_ins = 1
    elif stand_ins > 0:
        stand_ins += 1
    return 0


cdef void stand_in_end() noexcept:
    global stand_ins
    if stand_ins > 0:
        stand_ins -= 1
        if stand_ins == 0:
            ledger_free()


cdef class Targets:
    """Objects, each held by a reference of its own, so that whoever else refers to one is no single referrer."""

    cdef PyObject **objects
    cdef size_t count

    def __cinit__(self, tuple objects):
        cdef size_t k
        cdef size_t count = len(objects)
        self.objects = <PyObject **>malloc((count + 1) * sizeof(PyObject *))
        if self.objects == NULL:
            raise MemoryError("no memory to look at the heap")
        for k in range(count):
            self.objects[k] = <PyObject *>objects[k]
            Py_INCREF(self.objects[k])
        self.count = count

    def __dealloc__(self):
        cdef size_t k
        for k in range(self.count):
            Py_DECREF(self.objects[k])
        free(self.objects)


cdef int targets_add(Graph *g, Survey *s) noexcept nogil:
    # Their nodes, before any other reference to them is met.
    cdef size_t k
    cdef uint32_t id
    for k in range(s.target_count):
        id = graph_node(g, s.targets[k])
        if id == 0:
            return -1
        g.date[id] = s.target_scope
        g.found[id] += 1
    return 0


cdef void targets_near(Survey *s, bint every_leaf) noexcept nogil:
    # So that those which refer to nothing become nodes, or all such objects do.
    cdef size_t k
    if every_leaf:
        memset(s.pages, 255, PAGE_BITS // 8)
    for k in range(s.target_count):
        survey_page(s, page_of(<uint64_t>s.targets[k] >> 4))


cdef int targets_look(
    Look *l, Targets targets, PyObject *own_folder, bint every_leaf
) noexcept:
    # The graph. Returns -1 where memory is short.
    cdef Graph *g = &l.graph
    cdef Survey *s = &l.survey
    if scope_count > SCOPE_MASK:
        return -1
    if survey_init(s, g, &l.paths, &l.dominators, NULL, 0) < 0:
        return -1
    s.targets = targets.objects
    s.target_count = targets.count
    s.target_scope = scope_count
    s.wanted[scope_count] = WANTED
    s.wanted_count = scope_count + 1
    targets_near(s, every_leaf)
    if graph_init(g, entry_used + pool_live) < 0:
        return -1
    if roles_find(g) < 0 or graph_build(g, s) < 0 or s.short_of_memory:
        return -1
    return graph_mark_own(g, own_folder)


# ---- references of the question itself ----

cdef struct Question:
    uint32_t given                # the node of the container in which the objects were given, or 0
    uint32_t objects              # that of the tuple that reftrack has them in

cdef inline bint is_asked(Graph *g, Question *q, uint32_t id) noexcept nogil:
    return g.date[id] != 0 or id == q.given and id != 0


cdef void lead_nowhere(Graph *g, Question *q, uint32_t id, bint to_all) noexcept nogil:
    # The root stands in for what is left out, as in Cuts.
    cdef size_t e
    for e in range(g.first[id], g.first[id + 1]):
        if to_all or is_asked(g, q, g.to[e]):
            g.to[e] = 0


cdef void variables_lead_nowhere(Graph *g, Question *q, uint32_t id) noexcept nogil:
    # Those, too, that functions defined there have in common with it; these may keep them.
    cdef size_t e, k
    cdef uint32_t cell
    lead_nowhere(g, q, id, False)
    for e in range(g.first[id], g.first[id + 1]):
        cell = g.to[e]
        if g.objects[cell] == NULL or not rt_is_cell(g.objects[cell]):
            continue
        for k in range(g.first[cell], g.first[cell + 1]):
            if is_asked(g, q, g.to[k]):
                g.to[e] = 0
                break


cdef uint32_t node_of_frame(Graph *g, rt_frame *frame) noexcept nogil:
    cdef uint32_t id
    for id in range(1, 1 + g.frame_count):
        if g.frames[id] == frame:
            return id
    return 0


cdef uint32_t node_of_object(Graph *g, PyObject *o) noexcept nogil:
    cdef uint32_t id
    for id in range(1 + g.frame_count, g.count if o != NULL else 0):
        if g.objects[id] == o:
            return id
    return 0


cdef void question_leads_nowhere(
    Graph *g, PyObject *objects, PyObject *given, PyObject *own_folder, bint aside
) noexcept nogil:
    # reftrack's own frames and its tuple; and where `aside`, the variables of the frame that asks, in whatever
    # they are kept: its slots, its generator's, a dict. The container in which the objects were given holds
    # them only where something else holds that.
    cdef rt_frame *frame = rt_frame_current(rt_thread())
    cdef uint32_t id
    cdef Question q
    q.given = node_of_object(g, given)
    q.objects = node_of_object(g, objects)
    if q.given != 0 and references(g, q.given) > g.found[q.given]:
        # The stack of a frame that calls C code is not known: ours refers to it from there.
        g.found[q.given] = references(g, q.given)
    if q.objects != 0:
        lead_nowhere(g, &q, q.objects, True)
    while frame != NULL and (rt_frame_code(frame) == NULL or own_frame(frame, own_folder)):
        id = node_of_frame(g, frame)
        if id != 0:
            lead_nowhere(g, &q, id, True)
        frame = rt_frame_previous(frame)
    if not aside or frame == NULL:
        return
    id = node_of_frame(g, frame)
    if id != 0:
        variables_lead_nowhere(g, &q, id)
    id = node_of_object(g, rt_frame_generator(frame))
    if id != 0:
        variables_lead_nowhere(g, &q, id)
    id = node_of_object(g, rt_frame_f_locals(frame))
    if id != 0:
        lead_nowhere(g, &q, id, False)


# ---- the questions ----

cdef void charge_targets(Survey *s, TracemallocStacks lines):
    # Each is a group by itself.
    cdef Graph *g = s.graph
    cdef uint32_t id, stack
    cdef Charge c
    for id in range(1 + g.frame_count, g.count):
        if g.date[id] == 0 or s.region[id] == 0:
            continue
        stack = NODE_UNKNOWN
        if lines is not None:
            stack = lines.number_of(own_block(g.objects[id]))
        elif recording and charge_of(own_block(g.objects[id]), &c):
            stack = stack_node(c.stack)
        charge(s, id, s.target_scope, stack, max(<int64_t>s.sizes[id], <int64_t>1), 1, False)


def explain_objects(
    tuple objects not None,
    object given,
    str own_folder not None,
    bint aside,
    bint tracemalloc,
    dict named_by=None,
):
    """Who holds these objects: (an Explanation, the scope that stands for them in it).

    What frames below `own_folder` refer to does not count, nor with `aside` do the variables of the frame that
    called these: those that are one of the objects, or `given`, the container in which they were given (or
    None). For `tracemalloc` and `named_by` see `explain`. It needs no ledger. Raises MemoryError.
    """
    cdef Quiet quiet
    cdef double seconds[4]
    cdef PyObject *given_one = NULL if given is None else <PyObject *>given
    cdef Explanation answer = Explanation()
    cdef Look *l = &answer.look
    cdef TracemallocStacks lines = TracemallocStacks() if tracemalloc else None
    cdef Targets targets = Targets(objects)
    quiet_begin(&quiet)
    cdef double started = rt_seconds()
    try:
        if stand_in_begin() < 0:
            raise MemoryError("no memory to look at the heap")
        answer.stands_in = stand_ins > 0
        if targets_look(l, targets, <PyObject *>own_folder, False) < 0:
            raise MemoryError("no memory to look at the heap")
        question_leads_nowhere(
            &l.graph, <PyObject *>objects, given_one, <PyObject *>own_folder, aside
        )
        if paths_init(&l.paths, &l.graph) < 0:
            raise MemoryError("no memory to look at the heap")
        if look_on(l, seconds, started) < 0:
            raise MemoryError("no memory to look at the heap")
        charge_targets(&l.survey, lines)
        if retained_groups(&l.survey) < 0:
            raise MemoryError("no memory to look at the heap")
        look_lighten(l)
        answer.take(len(objects), named_by or {})
        answer.orphans = []
        answer.stacks = lines.stacks if lines is not None else None
        answer.seconds = rt_seconds() - started
        answer.timings = (0.0, seconds[1], seconds[2], seconds[3])
        answer.telling.forget()
        look_trim(l)
        answer.is_open = True
        return answer, l.survey.target_scope
    finally:
        if not answer.is_open:
            answer.close()
        quiet_end(&quiet)


def retained(object target, str own_folder not None):
    """The bytes that go with an object: its own, and those of what nothing but it leads to.

    Figures are the ledger's where it has an object, else what the object's type says of itself. It needs no
    ledger. Raises MemoryError.
    """
    cdef Quiet quiet
    cdef Look l
    cdef Targets targets = Targets((target,))
    cdef uint32_t k
    cdef size_t at
    cdef int64_t total = 0
    cdef bint found = False, stands_in = False
    cdef dict known = {}
    memset(&l, 0, sizeof(Look))
    quiet_begin(&quiet)
    try:
        if stand_in_begin() < 0:
            raise MemoryError("no memory to look at the heap")
        stands_in = stand_ins > 0
        if (
            targets_look(&l, targets, <PyObject *>own_folder, True) < 0
            or paths_init(&l.paths, &l.graph) < 0
        ):
            raise MemoryError("no memory to look at the heap")
        paths_find(&l.paths, &l.graph)
        for k in range(l.paths.outside, l.paths.reached):
            if l.graph.objects[l.paths.order[k]] != NULL:
                total += size_of(l.graph.objects[l.paths.order[k]], known)
                found = found or l.graph.objects[l.paths.order[k]] == <PyObject *>target
        for at in range(l.graph.leaf_count):
            if l.paths.level[l.graph.leaves[at].node] & INSIDE:
                total += l.graph.leaves[at].size
        return total if found else size_of(<PyObject *>target, known)
    finally:
        look_free(&l)
        if stands_in:
            stand_in_end()
        quiet_end(&quiet)


def instances(tuple types not None):
    """All objects that there are of these types or types derived from them, listed by the collector or not;
    classes only of metaclasses. Raises MemoryError, TypeError."""
    cdef Quiet quiet
    cdef Look l
    cdef uint32_t id
    cdef list found = []
    cdef bint stands_in = False
    cdef Targets nothing = Targets(())
    for type_ in types:
        if not PyType_Check(<PyObject *>type_):
            raise TypeError("a class is needed")
    memset(&l, 0, sizeof(Look))
    quiet_begin(&quiet)
    try:
        if stand_in_begin() < 0:
            raise MemoryError("no memory to look at the heap")
        stands_in = stand_ins > 0
        if targets_look(&l, nothing, <PyObject *>"", True) < 0:
            raise MemoryError("no memory to look at the heap")
        for id in range(1 + l.graph.frame_count, l.graph.count):
            if rt_refcount(l.graph.objects[id]) > 0 and is_of(l.graph.objects[id], types):
                found.append(<object>l.graph.objects[id])
        return found
    finally:
        look_free(&l)
        if stands_in:
            stand_in_end()
        quiet_end(&quiet)


cdef bint is_of(PyObject *o, tuple types):
    # By the type's own memory: no __instancecheck__ is called, no __class__ asked for.
    for type_ in types:
        if PyType_IsSubtype(rt_type(o), <PyTypeObject *><PyObject *>type_):
            return not PyType_Check(o) or type.__subclasscheck__(type, type_)
    return False


# ---- sizes ----

cdef int64_t size_of(PyObject *o, dict known) except -1:
    cdef Charge c
    cdef void *blocks[3]
    cdef int kinds = visit_kinds(rt_type(o)), k
    cdef int64_t size
    if not recording or not kinds & RT_BLOCKS_KNOWN or not charge_of(own_block(o), &c):
        return size_told(o, kinds, known)
    size = c.size
    for k in range(rt_blocks(o, kinds, blocks)):
        size += c.size if charge_of(blocks[k], &c) else 0
    return size


cdef int64_t size_told(PyObject *o, int kinds, dict known) except -1:
    # By the type's own __sizeof__ where that is Python's, in C; a program's own could do anything.
    cdef PyTypeObject *type = rt_type(o)
    cdef int64_t size = <int64_t>rt_basic_size(o)
    if rt_is_static_type(o):
        return 0
    sizeof_ = known.get(<size_t>type, 0)
    if sizeof_ == 0:
        sizeof_ = known[<size_t>type] = sizeof_of(<object><PyObject *>type)
    if sizeof_ is not None:
        size = sizeof_(<object>o) + <int64_t>rt_preheader(type)
    elif kinds & RT_VISIT_NDARRAY:
        size += rt_ndarray_bytes(o)
    return size + <int64_t>rt_values_bytes(o)


cdef object _bases_of = type.__dict__["__mro__"].__get__
cdef object _names_of = type.__dict__["__dict__"].__get__
cdef object _method = type(list.append)
cdef frozenset _standard = frozenset(__import__("sys").stdlib_module_names)


cdef object sizeof_of(object type_):
    # The first __sizeof__ among a type's bases that is written in C and of the standard library, or None:
    # object's own says no more than rt_basic_size().
    cdef str home
    for base in _bases_of(type_):
        found = _names_of(base).get("__sizeof__")
        if type(found) is _method and base is not object:
            home = type_name(<PyTypeObject *><PyObject *>base).partition(".")[0]
            if home in _standard or not rt_is_heap_type(<PyTypeObject *><PyObject *>base):
                return found
    return None
