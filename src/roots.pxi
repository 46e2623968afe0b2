# What the interpreter itself refers to, outside all objects: callbacks of atexit, signal handlers, contexts.
# No edge leads to these; each is a root by its count of references, and has a name here.

from _signal import NSIG as signal_count
from _signal import getsignal as signal_handler

cdef enum:
    ROLES = 1024


cdef void role_add(PyObject *o, const char *name, void *arg) noexcept nogil:
    cdef Graph *g = <Graph *>arg
    if o == NULL or o == <PyObject *>None or g.role_count == ROLES:
        return
    g.roles[g.role_count].object = o
    g.roles[g.role_count].name = name
    g.role_count += 1


cdef int roles_find(Graph *g):
    # Python's own signal handlers are C data and are asked for, of a function in C.
    g.role_count = 0
    g.roles = <Role *>malloc(ROLES * sizeof(Role))
    if g.roles == NULL:
        return -1
    rt_interpreter_objects(PyInterpreterState_Main(), role_add, g)
    for number in range(1, signal_count):
        try:
            handler = signal_handler(number)
        except (OSError, ValueError):
            continue
        if not isinstance(handler, int):
            role_add(<PyObject *>handler, b"signal handlers", g)
    return 0


cdef int roles_add(Graph *g) noexcept nogil:
    # Some are on no list of the collector's: a tuple of arguments.
    cdef uint32_t i
    for i in range(g.role_count):
        if graph_node(g, g.roles[i].object) == 0:
            return -1
    return 0


cdef const char *role_of(Graph *g, PyObject *o) noexcept nogil:
    cdef uint32_t i
    for i in range(g.role_count):
        if g.roles[i].object == o:
            return g.roles[i].name
    return NULL
