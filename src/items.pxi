# What an array calls what its items refer to: an index, and in records the names of fields.

cdef struct Search:
    PyObject *child
    char *place
    Py_ssize_t left               # places to look at


cdef int search_place(char *place, void *arg) noexcept nogil:
    cdef Search *search = <Search *>arg
    if rt_place_object(place) == search.child:
        search.place = place
        return 1
    search.left -= 1
    return search.left == 0


cdef tuple array_edge(PyObject *o, PyObject *child):
    # ("index", number or numbers) of an array of objects, ("item", (the same, field, ...)) of records.
    cdef rt_ndarray *a = <rt_ndarray *>o
    cdef rt_items items
    cdef Search search
    cdef Py_ssize_t offset
    search.child = child
    search.place = NULL
    search.left = KEYS_SEARCHED
    rt_ndarray_places(o, search_place, &search)
    if search.place == NULL or not rt_dtype_read(a.descr, &items):
        return "ref", None
    offset = search.place - a.data
    index = index_at(a, offset // items.size * items.size)
    if items.is_object:
        return "index", index
    return "item", (index, *fields_at(&items, offset % items.size))


cdef object index_at(rt_ndarray *a, Py_ssize_t offset):
    # Of the item that starts there, by the axes from the longest stride on: an array that owns its data
    # has all of it side by side, in whatever order.
    cdef Py_ssize_t stride
    cdef list index = [0] * a.nd
    cdef int k
    for _, axis in sorted([(-a.strides[k], k) for k in range(a.nd)]):
        stride = a.strides[<int>axis]
        if stride > 0 and a.dimensions[<int>axis] > 1:
            index[axis] = offset // stride
            offset %= stride
    return index[0] if len(index) == 1 else tuple(index)


cdef list fields_at(rt_items *items, Py_ssize_t offset):
    # The names of nested fields, and numbers in subarrays, that lead to an offset in an item.
    cdef rt_items inner
    cdef rt_items found
    cdef PyObject *key
    cdef PyObject *value
    cdef PyObject *name = NULL
    cdef Py_ssize_t at = 0, start, begins = 0
    if items.subarray != NULL and rt_dtype_read(items.subarray.base, &inner) and inner.size > 0:
        return [offset // inner.size, *fields_at(&inner, offset % inner.size)]
    if items.fields == NULL:
        return []
    while PyDict_Next(items.fields, &at, &key, &value):
        if rt_field_read(key, value, items.size, &inner, &start) and start <= offset < start + inner.size:
            name = key
            begins = start
            found = inner
    if name == NULL or not PyUnicode_Check(name):
        return []
    return [exact(name), *fields_at(&found, offset - begins)]
