# Had a container entries before any test? Those have to stay when it is emptied.

cdef enum:
    ENTRIES_SEEN = 1000         # of a dict or set
    ITEMS_SEEN = 20
    SMALL_TABLE = 192           # bytes: that of a small dict may be one from a free list as well
    OF_UNKNOWN_DATE = 0
    OF_TESTS = 1
    OF_OLDER = 2

cdef int date_of(Survey *s, PyObject *o, bint follow) noexcept nogil:
    # Who made it: a test, or somebody before. Of lists and dicts it is the block with what is in them that
    # tells, of tuples and small dicts what they have: the objects themselves may be old ones, from a free list.
    cdef Charge c
    cdef void *blocks[3]
    cdef void *block = own_block(o)
    cdef int kinds = visit_kinds(rt_type(o))
    if follow and has_items_of_tests(s, o):
        return OF_TESTS
    if has_entries(o) and rt_blocks(o, kinds, blocks) > 0:
        block = blocks[0]
    elif kinds & RT_FREE_LIST and rt_may_be_reused(o):
        return OF_UNKNOWN_DATE
    if not charge_of(block, &c) or c.scope >= s.wanted_count:
        # Small numbers and many strings are the interpreter's, whoever names them.
        return OF_UNKNOWN_DATE if kinds & (RT_LEAF | RT_DICT) else OF_OLDER
    if s.wanted[c.scope] != 0 and s.wanted[c.scope] != WANTED_IMPORT:
        return OF_TESTS
    return OF_UNKNOWN_DATE if kinds & RT_DICT and c.size <= SMALL_TABLE else OF_OLDER


cdef bint is_item_of_tests(Survey *s, PyObject *o) noexcept nogil:
    # Not a list or dict, which may be older than what tests have put into it.
    return not visit_kinds(rt_type(o)) & (RT_LIST | RT_DICT) and date_of(s, o, False) == OF_TESTS


cdef bint has_items_of_tests(Survey *s, PyObject *o) noexcept nogil:
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t at = 0, i
    if PyTuple_CheckExact(o):
        for i in range(min(PyTuple_GET_SIZE(o), <Py_ssize_t>ITEMS_SEEN)):
            if is_item_of_tests(s, PyTuple_GET_ITEM(o, i)):
                return True
    elif PyDict_CheckExact(o):
        for i in range(ITEMS_SEEN):
            if not PyDict_Next(o, &at, &key, &value):
                break
            if is_item_of_tests(s, value):
                return True
    return False


cdef inline bint has_entries(PyObject *o) noexcept nogil:
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t at = 0
    if PyDict_CheckExact(o):
        return PyDict_Next(o, &at, &key, &value)
    return PyList_CheckExact(o) and PyList_GET_SIZE(o) > 0


cdef bint has_older_entries(Survey *s, PyObject *o) noexcept nogil:
    # The items of a list stay charged to who put in the first, since list_resize() makes them longer in place
    # (Objects/listobject.c, 3.11 to 3.15).
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t at = 0, seen = 0
    cdef int of_key, of_value
    cdef bint text_first = False
    if rt_is_mapping(o):
        while seen < ENTRIES_SEEN and PyDict_Next(o, &at, &key, &value):
            of_key = date_of(s, key, True)
            of_value = date_of(s, value, True)
            # What tests have put in under a key that stands in their source is of tests.
            if OF_TESTS in (of_key, of_value):
                if text_first:
                    return True
            elif OF_OLDER in (of_key, of_value):
                return True
            elif PyUnicode_Check(key):
                # A container under a name that stands in the source is as old as that; and entries are
                # in the order in which they came.
                if visit_kinds(rt_type(value)) & (RT_LIST | RT_DICT):
                    return True
                text_first = True
            seen += 1
        return False
    if PyList_Check(o):
        return has_entries(o) and date_of(s, o, False) != OF_TESTS
    if PyAnySet_Check(o):
        while at < ENTRIES_SEEN and rt_set_next(o, &at, &key):
            if date_of(s, key, True) == OF_OLDER:
                return True
    return False
