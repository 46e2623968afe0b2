# The data of numpy's arrays, which numpy has from malloc: no hook sees it come or go. What a look at the
# heap finds is charged with the block of the array object, to the scope and stack that made it, as a growth
# of that block; so it goes when the block goes. What arrays have that die unseen by any look is told as they
# die: numpy.ndarray's tp_dealloc is called by way of ours.

cdef destructor array_dealloc_below = NULL


cdef uint32_t growth_of_data(void *block, Charge *c) noexcept nogil:
    # Of a block that is in the ledger; 0 where there is none.
    cdef uint32_t g = 0
    if c.stack & ENTRY_GROWN:
        g = table_find(&growth_heads, <uint64_t>block >> 4).value
    while g != 0 and not growths[g].is_data:
        g = growths[g].older
    return g


cdef int64_t block_bytes(void *block) noexcept nogil:
    # What the block itself takes, as can be read; 0 where it is not in the ledger.
    cdef Charge c
    cdef uint32_t g
    if not charge_of(block, &c):
        return 0
    g = growth_of_data(block, &c)
    return c.size - growths[g].size if g != 0 else c.size


cdef void block_has_data(void *block, int64_t size) noexcept nogil:
    # The array whose own block this is has so many bytes of data now, charged to whoever made it.
    global data_total
    cdef Charge c
    cdef Entry *e
    cdef uint32_t g
    cdef int64_t own, before
    if ledger_short or not charge_of(block, &c):
        return
    g = growth_of_data(block, &c)
    if (growths[g].size if g != 0 else 0) == size:
        return
    block_leave_pool(block)
    e = entry_find(block)
    if e.place == 0 or g == 0 and growth_of_new_data(block, e, &g) < 0:
        return
    before = growths[g].size
    own = c.size - before
    # An entry of 4 GiB or more counts KiB: the data is rounded up with it.
    growths[g].size = <int64_t>charged_size(<size_t>(own + size)) - own
    entry_set_size(e, <size_t>(own + growths[g].size))
    scope_adjust(growths[g].scope, growths[g].size - before)
    figures(growths[g].scope).data_bytes += growths[g].size - before
    data_total += growths[g].size - before


cdef int growth_of_new_data(void *block, Entry *e, uint32_t *g) noexcept nogil:
    cdef uint64_t address = <uint64_t>block >> 4
    g[0] = growth_new()
    if g[0] == 0:
        return -1
    growths[g[0]].scope = e.place & SCOPE_MASK
    growths[g[0]].stack = stack_node(e.stack)
    growths[g[0]].size = 0
    growths[g[0]].is_data = True
    growths[g[0]].older = table_find(&growth_heads, address).value if e.stack & ENTRY_GROWN else 0
    if table_put(&growth_heads, address, g[0]) < 0:
        growth_drop(g[0])
        return -1
    e.stack |= ENTRY_GROWN
    return 0


# ---- arrays that die ----

cdef void array_dealloc(PyObject *o) noexcept nogil:
    # The GIL is held, and the array is still whole.
    cdef PyThreadState *thread = rt_thread()
    cdef bint counts = recording and thread != NULL and rt_thread_interp(thread) == main_interp
    cdef int64_t size = rt_ndarray_bytes(o) if counts else 0
    cdef Charge c
    if size > 0 and charge_of(own_block(o), &c):
        figures(c.scope).data_gone += size
        figures(c.scope).data_gone_by = releaser
    array_dealloc_below(o)


def follow_arrays(cls):
    """Be told of the arrays that die from now on; `cls` is numpy.ndarray. It goes on for good, and
    anything else than that class, or a second time, does nothing."""
    global array_dealloc_below
    cdef PyTypeObject *type = <PyTypeObject *><PyObject *>cls
    if array_dealloc_below != NULL or not PyType_Check(<PyObject *>cls):
        return
    if strcmp(type.tp_name, b"numpy.ndarray") == 0 and rt_is_ndarray(type) and not rt_is_heap_type(type):
        array_dealloc_below = type.tp_dealloc
        type.tp_dealloc = array_dealloc


def array_bytes(uint32_t scope):
    """Of a scope's live bytes, those of arrays' data: numpy has them by malloc, and what is known of
    them is as of the last look at the heap.

    Raises ValueError for a scope that there is not.
    """
    if scope >= scope_count:
        raise ValueError(f"no scope {scope}")
    return figures(scope).data_bytes


def arrays_gone(uint32_t scope):
    """What arrays had that a scope made and that have died: (bytes of them all, of those since it ended,
    the scope in which the last of them died or 0).

    Raises ValueError for a scope that there is not.
    """
    if scope >= scope_count:
        raise ValueError(f"no scope {scope}")
    cdef ScopeFigures *f = figures(scope)
    return f.data_gone, f.data_gone - f.data_gone_then, f.data_gone_by
