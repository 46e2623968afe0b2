# Had a container entries before any test? Those have to stay when it is emptied.

cdef enum:
    MEMBERS_SEEN = 1000         # places of a set


cdef bint is_of_tests(Survey *s, PyObject *o) noexcept nogil:
    # Of a list by its items: the list itself may be an old one, from a free list.
    cdef Charge c
    cdef bint has_items = PyList_Check(o) and PyList_GET_SIZE(o) > 0
    cdef void *block = <void *>rt_list_place(o, 0) if has_items else own_block(o)
    if not charge_of(block, &c) or c.scope >= s.wanted_count:
        return False
    return wanted(s, c.scope) and s.wanted[c.scope] != WANTED_IMPORT


cdef bint has_older_entries(Survey *s, PyObject *o) noexcept nogil:
    # What is older stands first in a dict. The items of a list stay charged to who put in the first, since
    # list_resize() makes them longer in place (Objects/listobject.c, 3.11 to 3.13).
    cdef PyObject *key
    cdef PyObject *value
    cdef PyObject *member
    cdef Py_ssize_t at = 0
    if PyDict_Check(o):
        return PyDict_Next(o, &at, &key, &value) and not is_of_tests(s, key) and not is_of_tests(s, value)
    if PyList_Check(o):
        return PyList_GET_SIZE(o) > 0 and not is_of_tests(s, o)
    if PyAnySet_Check(o):
        while at < MEMBERS_SEEN and rt_set_next(o, &at, &member):
            if not is_of_tests(s, member):
                return True
    return False
