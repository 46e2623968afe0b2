# Shortest paths from the roots, by breadth-first search in levels. A path through a traceback or a
# frame says where a reference happens to pass, not who keeps it: such nodes wait for the next level,
# so they are taken only where nothing else leads to a survivor. Level 0 starts from the modules,
# 1 from running frames, 2 from what C code holds, 3 from reftrack's own frames, 4 from garbage. What
# has only references that may be none (see lost.pxi) waits for level 2.
#
# First the search goes round the survivors and notes where it meets them (the entries); then it goes
# on inside. What it reaches only then hangs on survivors: dominators are needed for nothing else.

cdef enum:
    LEVEL_MODULES = 0
    LEVEL_FRAMES = 1
    LEVEL_C = 2
    LEVEL_OWN = 3
    LEVEL_GARBAGE = 4
    LEVEL_NONE = 15
    LEVEL_MASK = 15
    LOWERED = 16                  # outside, and on the path of a survivor that a module keeps
    ANCHOR = 32                   # outside, and refers to a survivor
    ENTRY = 64
    INSIDE = 128


cdef int paths_init(Paths *p, Graph *g) noexcept nogil:
    p.parent = <uint32_t *>rt_zeroed_array(g.count, sizeof(uint32_t))
    p.level = <uint8_t *>rt_array(g.count, 1)
    p.odd = odd_nodes(g)
    p.order = <uint32_t *>rt_array(g.count, sizeof(uint32_t))
    p.entries = <uint32_t *>rt_array(g.count, sizeof(uint32_t))
    p.waiting = <uint32_t *>rt_array(g.count, sizeof(uint32_t))
    p.reached = 0
    p.entry_count = 0
    p.waiting_count = 0
    if (
        p.parent == NULL
        or p.level == NULL
        or p.odd == NULL
        or p.order == NULL
        or p.entries == NULL
        or p.waiting == NULL
    ):
        paths_free(p)
        return -1
    memset(p.level, LEVEL_NONE, g.count)
    return 0


cdef void paths_free(Paths *p) noexcept nogil:
    free(p.parent)
    free(p.level)
    free(p.odd)
    free(p.order)
    free(p.entries)
    free(p.waiting)
    memset(p, 0, sizeof(Paths))


cdef uint64_t *odd_nodes(Graph *g) noexcept nogil:
    # Most nodes are none of these; the search is spared three reads far apart for each of them.
    cdef uint64_t *odd = <uint64_t *>rt_zeroed_array(g.count // 64 + 1, sizeof(uint64_t))
    cdef uint32_t id
    if odd != NULL:
        for id in range(g.count):
            odd[id >> 6] |= <uint64_t>(g.date[id] != 0 or is_passage(g, id) or is_lost(g, id)) << (id & 63)
    return odd


cdef inline bint is_odd(Paths *p, uint32_t id) noexcept nogil:
    return (p.odd[id >> 6] >> (id & 63)) & 1


cdef inline void paths_fetch(Paths *p, Graph *g, uint32_t at) noexcept nogil:
    # Where the edges of what comes later in the order are, then the edges.
    if at + AHEAD < p.reached:
        rt_prefetch(&g.first[p.order[at + AHEAD]])
    if at + NEAR < p.reached:
        rt_prefetch(&g.to[g.first[p.order[at + NEAR]]])


cdef inline void paths_reach(Paths *p, uint32_t id, uint8_t level) noexcept nogil:
    p.level[id] = level
    p.order[p.reached] = id
    p.reached += 1


cdef inline void paths_wait(Paths *p, uint32_t id, uint8_t level) noexcept nogil:
    p.level[id] = level
    p.waiting[p.waiting_count] = id
    p.waiting_count += 1


cdef inline void paths_enter(Paths *p, uint32_t id, int level) noexcept nogil:
    p.level[id] = <uint8_t>(ENTRY | level)
    p.entries[p.entry_count] = id
    p.entry_count += 1


cdef inline void paths_seed(Paths *p, Graph *g, uint32_t id, int level) noexcept nogil:
    if p.level[id] != LEVEL_NONE:
        return
    if g.date[id] != 0:
        paths_enter(p, id, level)
    else:
        paths_reach(p, id, <uint8_t>level)


cdef void paths_spread_outside(Paths *p, Graph *g, uint32_t start, int level) noexcept nogil:
    cdef uint32_t at = start, id, target
    cdef size_t e
    while at < p.reached:
        paths_fetch(p, g, at)
        id = p.order[at]
        at += 1
        for e in range(g.first[id], g.first[id + 1]):
            target = g.to[e]
            if p.level[target] != LEVEL_NONE:
                if p.level[target] & ENTRY:
                    p.level[id] |= ANCHOR
                continue
            if not is_odd(p, target):
                p.parent[target] = id
                paths_reach(p, target, <uint8_t>level)
                continue
            if level < LEVEL_C and is_lost(g, target):
                continue
            p.parent[target] = id
            if g.date[target] != 0:
                p.level[id] |= ANCHOR
                paths_enter(p, target, level)
            elif level < LEVEL_C and is_passage(g, target):
                paths_wait(p, target, <uint8_t>(level + 1))
            else:
                paths_reach(p, target, <uint8_t>level)


cdef void paths_spread_inside(Paths *p, Graph *g, uint32_t start, int level) noexcept nogil:
    cdef uint32_t at = start, id, target
    cdef uint8_t known
    cdef size_t e
    while at < p.reached:
        paths_fetch(p, g, at)
        id = p.order[at]
        at += 1
        for e in range(g.first[id], g.first[id + 1]):
            target = g.to[e]
            known = p.level[target]
            if known != LEVEL_NONE and (known & INSIDE or not known & ENTRY):
                if level == LEVEL_MODULES and is_lower(g, target, known):
                    paths_lower(p, g, id, target)
                continue
            if level < LEVEL_C and is_lost(g, target) and known == LEVEL_NONE:
                continue
            p.parent[target] = id
            known = INSIDE | (known & ENTRY)
            if level < LEVEL_C and is_passage(g, target):
                paths_wait(p, target, known | <uint8_t>(level + 1))
            else:
                paths_reach(p, target, known | <uint8_t>level)


cdef inline bint is_lower(Graph *g, uint32_t id, uint8_t known) noexcept nogil:
    # Has it been reached outside, but from no module, as the survivors are that lead to it?
    return (
        not known & INSIDE and known != LEVEL_NONE and known & LEVEL_MASK != LEVEL_MODULES
        and not is_passage(g, id) and not is_lost(g, id)
    )


cdef void paths_lower(Paths *p, Graph *g, uint32_t above, uint32_t id) noexcept nogil:
    # A survivor that a module keeps leads to something older, a tuple from a free list for one, that is not
    # its own alone: a frame or C code has that as well. What it leads to goes by the survivor's path. The
    # end of `waiting` is the stack.
    cdef uint32_t top = g.count, target
    cdef uint8_t known
    cdef size_t e
    while True:
        p.parent[id] = above
        p.level[id] = <uint8_t>((p.level[id] & ~LEVEL_MASK) | LOWERED | LEVEL_MODULES)
        for e in range(g.first[id], g.first[id + 1]):
            target = g.to[e]
            known = p.level[target]
            if not is_lower(g, target, known):
                continue
            p.parent[target] = id
            if known & ENTRY:
                paths_reach(p, target, <uint8_t>(INSIDE | ENTRY | LEVEL_MODULES))
            elif top > p.waiting_count:
                p.level[target] = <uint8_t>((known & ~LEVEL_MASK) | LEVEL_MODULES)
                top -= 1
                p.waiting[top] = target
        if top == g.count:
            return
        id = p.waiting[top]
        above = p.parent[id]
        top += 1


cdef void paths_seed_lost(Paths *p, Graph *g) noexcept nogil:
    # What was put off, of what has been reached outside.
    cdef FoundEdge *edge
    cdef size_t k
    for k in range(g.lost_count):
        edge = &g.lost[k]
        if p.level[edge.node] == LEVEL_NONE or p.level[edge.node] & ENTRY or not lost_stands(g, edge):
            continue
        if p.level[edge.to] == LEVEL_NONE:
            p.parent[edge.to] = edge.node
            paths_seed(p, g, edge.to, LEVEL_C)
        if p.level[edge.to] & ENTRY:
            p.level[edge.node] |= ANCHOR


cdef void paths_reach_lost(Paths *p, Graph *g) noexcept nogil:
    # The same inside.
    cdef FoundEdge *edge
    cdef size_t k
    for k in range(g.lost_count):
        edge = &g.lost[k]
        if p.level[edge.node] & INSIDE and p.level[edge.to] == LEVEL_NONE and lost_stands(g, edge):
            p.parent[edge.to] = edge.node
            paths_reach(p, edge.to, INSIDE | LEVEL_C)


cdef uint32_t paths_resume(Paths *p) noexcept nogil:
    # What waited for this level; returns where the level starts in `order`.
    cdef uint32_t start = p.reached, k
    for k in range(p.waiting_count):
        p.order[p.reached] = p.waiting[k]
        p.reached += 1
    p.waiting_count = 0
    return start


cdef void paths_find(Paths *p, Graph *g) noexcept nogil:
    # From all roots but garbage: what is not reached is left at LEVEL_NONE.
    cdef uint32_t id, start, entry = 0
    cdef int level
    p.level[0] = LEVEL_MODULES
    for level in range(LEVEL_GARBAGE):
        start = paths_resume(p)
        if level == LEVEL_MODULES:
            paths_seed(p, g, g.modules, level)
        elif level == LEVEL_C:
            paths_seed_lost(p, g)
            for id in range(1 + g.frame_count, g.count):
                if held_by_c(g, id):
                    paths_seed(p, g, id, level)
        else:
            for id in range(1, 1 + g.frame_count):
                if g.own[id] == (level == LEVEL_OWN):
                    paths_seed(p, g, id, level)
        paths_spread_outside(p, g, start, level)
    p.outside = p.reached
    for level in range(LEVEL_GARBAGE):
        start = paths_resume(p)
        while entry < p.entry_count:
            id = p.entries[entry]
            if not p.level[id] & INSIDE:
                if (p.level[id] & LEVEL_MASK) > level:
                    break
                if level < LEVEL_C and is_passage(g, id):
                    paths_wait(p, id, <uint8_t>(INSIDE | ENTRY | (level + 1)))
                else:
                    paths_reach(p, id, <uint8_t>(INSIDE | ENTRY | level))
            entry += 1
        if level == LEVEL_C:
            paths_reach_lost(p, g)
        paths_spread_inside(p, g, start, level)


cdef void paths_find_garbage(Paths *p, Graph *g) noexcept nogil:
    cdef uint32_t id, at, target
    cdef size_t e
    for id in range(1 + g.frame_count, g.count):
        if p.level[id] != LEVEL_NONE:
            continue
        at = p.reached
        paths_reach(p, id, LEVEL_GARBAGE)
        while at < p.reached:
            for e in range(g.first[p.order[at]], g.first[p.order[at] + 1]):
                target = g.to[e]
                if p.level[target] == LEVEL_NONE:
                    p.parent[target] = p.order[at]
                    paths_reach(p, target, LEVEL_GARBAGE)
            at += 1


cdef int graph_mark_own(Graph *g, PyObject *own_folder) noexcept nogil:
    cdef uint32_t id
    g.own = <uint8_t *>calloc(1 + g.frame_count, 1)
    if g.own == NULL:
        return -1
    for id in range(1, 1 + g.frame_count):
        g.own[id] = own_frame(g.frames[id], own_folder)
    return 0


cdef bint own_frame(rt_frame *frame, PyObject *own_folder) noexcept nogil:
    return text_begins(
        rt_code_filename(rt_frame_code(frame)),
        PyUnicode_KIND(own_folder),
        PyUnicode_DATA(own_folder),
        PyUnicode_GET_LENGTH(own_folder),
    )
