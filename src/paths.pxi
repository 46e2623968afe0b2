# Shortest paths from the roots, by breadth-first search in levels. A path through a traceback or a
# frame says where a reference happens to pass, not who keeps it: such nodes wait for the next level,
# so they are taken only where nothing else leads to a survivor. Level 0 starts from the modules,
# 1 from running frames, 2 from what C code holds, 3 from reftrack's own frames, 4 from garbage.

cdef enum:
    LEVEL_MODULES = 0
    LEVEL_FRAMES = 1
    LEVEL_C = 2
    LEVEL_OWN = 3
    LEVEL_GARBAGE = 4
    LEVEL_NONE = 255

cdef struct Paths:
    uint32_t *parent
    uint8_t *level
    uint32_t *order               # nodes in the order they were reached
    uint32_t reached
    uint32_t *waiting             # nodes put off to the next level
    uint32_t waiting_count


cdef int paths_init(Paths *p, Graph *g) noexcept nogil:
    p.parent = <uint32_t *>calloc(g.count, sizeof(uint32_t))
    p.level = <uint8_t *>malloc(g.count)
    p.order = <uint32_t *>malloc(g.count * sizeof(uint32_t))
    p.waiting = <uint32_t *>malloc(g.count * sizeof(uint32_t))
    p.reached = 0
    p.waiting_count = 0
    if p.parent == NULL or p.level == NULL or p.order == NULL or p.waiting == NULL:
        paths_free(p)
        return -1
    memset(p.level, LEVEL_NONE, g.count)
    return 0


cdef void paths_free(Paths *p) noexcept nogil:
    free(p.parent)
    free(p.level)
    free(p.order)
    free(p.waiting)
    memset(p, 0, sizeof(Paths))


cdef inline void paths_seed(Paths *p, uint32_t id, int level) noexcept nogil:
    if p.level[id] == LEVEL_NONE:
        p.level[id] = level
        p.parent[id] = 0
        p.order[p.reached] = id
        p.reached += 1


cdef void paths_spread(Paths *p, Graph *g, uint32_t start, int level) noexcept nogil:
    cdef uint32_t at = start, id, target
    cdef size_t e
    while at < p.reached:
        id = p.order[at]
        at += 1
        for e in range(g.first[id], g.first[id + 1]):
            target = g.to[e]
            if p.level[target] == LEVEL_NONE:
                p.parent[target] = id
                if level < LEVEL_C and rt_is_passage(g.objects[target]):
                    p.level[target] = level + 1
                    p.waiting[p.waiting_count] = target
                    p.waiting_count += 1
                else:
                    p.level[target] = level
                    p.order[p.reached] = target
                    p.reached += 1


cdef void paths_find(Paths *p, Graph *g, uint32_t modules, PyObject *own_folder) noexcept nogil:
    cdef uint32_t id, start, k, waiting
    cdef int level
    p.level[0] = LEVEL_MODULES
    for level in range(LEVEL_GARBAGE + 1):
        start = p.reached
        waiting = p.waiting_count
        p.waiting_count = 0
        for k in range(waiting):
            p.order[p.reached] = p.waiting[k]
            p.reached += 1
        if level == LEVEL_MODULES:
            paths_seed(p, modules, level)
        elif level == LEVEL_FRAMES or level == LEVEL_OWN:
            for id in range(1, 1 + g.frame_count):
                if own_frame(g.frames[id], own_folder) == (level == LEVEL_OWN):
                    paths_seed(p, id, level)
        elif level == LEVEL_C:
            for id in range(1 + g.frame_count, g.count):
                if held_by_c(g, id):
                    paths_seed(p, id, level)
        elif level == LEVEL_GARBAGE:
            for id in range(1 + g.frame_count, g.count):
                paths_seed(p, id, level)
                paths_spread(p, g, start, level)
                start = p.reached
            return
        paths_spread(p, g, start, level)


cdef bint own_frame(rt_frame *frame, PyObject *own_folder) noexcept nogil:
    cdef PyObject *file = rt_code_filename(rt_frame_code(frame))
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(own_folder)
    return (
        PyUnicode_KIND(file) == PyUnicode_KIND(own_folder)
        and PyUnicode_GET_LENGTH(file) > length
        and memcmp(
            PyUnicode_DATA(file), PyUnicode_DATA(own_folder), length * PyUnicode_KIND(file)
        ) == 0
    )
