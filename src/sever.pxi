# Edges cut for real, in a copy of the process: each reference is found where its owner keeps it, and
# something harmless is put there. No lookup is done and nothing is let go of before all are cut.

from collections import OrderedDict, deque

cdef enum:
    OWN_FIELDS = 16               # of any object, at its start: count and type

cdef class Severed:
    """The references cut so far, each still counted, and those of one owner that are to be cut."""

    cdef Table children           # address >> 4 of what the owner is to refer to no more
    cdef PyObject **owed
    cdef size_t owed_count, owed_capacity
    cdef size_t seen              # references to the children that the owner shows
    cdef PyObject *owner
    cdef list emptied             # what emptied containers had
    cdef bint at_fault

    def __cinit__(self):
        self.owed = NULL
        self.emptied = []

    def __dealloc__(self):
        free(self.owed)
        table_free(&self.children)

    cdef int begin(self, PyObject *owner) except -1:
        self.owner = owner
        table_free(&self.children)
        if table_init(&self.children, 1 << 8) < 0:
            raise MemoryError("no memory to cut edges")
        return 0

    cdef int child(self, PyObject *o) except -1:
        if table_put(&self.children, <uint64_t>o >> 4, 1) < 0:
            raise MemoryError("no memory to cut edges")
        return 0

    cdef inline bint has(self, PyObject *o) noexcept:
        return o != NULL and table_find(&self.children, <uint64_t>o >> 4).key != 0

    cdef int owe(self, PyObject *o) except -1:
        cdef void *bigger
        if self.owed_count == self.owed_capacity:
            bigger = realloc(self.owed, (2 * self.owed_capacity + 64) * sizeof(PyObject *))
            if bigger == NULL:
                raise MemoryError("no memory to cut edges")
            self.owed = <PyObject **>bigger
            self.owed_capacity = 2 * self.owed_capacity + 64
        self.owed[self.owed_count] = o
        self.owed_count += 1
        return 0

    cdef int put(self, PyObject **place, PyObject *instead) except -1:
        # Where a child stands now; `instead` may be NULL.
        if place != NULL and self.has(place[0]):
            self.owe(place[0])
            if instead != NULL:
                Py_INCREF(instead)
            place[0] = instead
        return 0

    cdef int put_slot(self, rt_frame *frame, int i, PyObject *instead) except -1:
        # Also where the frame has only borrowed it, from another of its slots.
        cdef PyObject *held = rt_frame_slot(frame, i)
        if self.has(rt_frame_slot_any(frame, i)):
            if held != NULL:
                self.owe(held)
            if instead != NULL:
                Py_INCREF(instead)
            rt_frame_slot_put(frame, i, instead)
        return 0

    cdef void let_go(self) noexcept:
        while self.owed_count > 0:
            self.owed_count -= 1
            Py_DECREF(self.owed[self.owed_count])
        self.emptied.clear()

    cdef bint empty(self, object container) except -1:
        # By the built-in type's own methods: a subclass may have others. False where it is none of these.
        for base in (OrderedDict, dict, list, set, bytearray, deque):
            if PyType_IsSubtype(rt_type(<PyObject *>container), <PyTypeObject *>base):
                self.emptied.append(list(base.__iter__(container)))
                if PyDict_Check(<PyObject *>container):
                    self.emptied.append(list(dict.values(container)))
                base.clear(container)
                return True
        return False

    # ---- where owners keep references ----

    cdef bint cut_object(self) except -1:
        # False where not all references to the children are found.
        cdef PyObject *o = self.owner
        cdef size_t before = self.owed_count
        cdef size_t shown = self.shown()
        if rt_is_mapping(o):
            self.cut_dict()
        elif PyList_Check(o) or PyTuple_Check(o):
            self.cut_items()
        elif PyAnySet_Check(o):
            self.cut_set()
        elif rt_is_ndarray(rt_type(o)):
            self.cut_ndarray()
        elif rt_object_frame(o) != NULL:
            self.cut_frame(rt_object_frame(o))
        self.cut_attributes()
        if self.owed_count - before < shown and is_deque(rt_type(o)):
            self.cut_deque()
        if self.owed_count - before < shown:
            self.cut_fields(shown - (self.owed_count - before))
        return self.owed_count > before and self.shown() == 0

    cdef size_t shown(self) noexcept:
        cdef PyObject *o = self.owner
        cdef int kinds = visit_kinds(rt_type(o))
        cdef PyDictKeysObject *keys = rt_text_keys(o) if rt_is_mapping(o) else NULL
        cdef Py_ssize_t i
        self.seen = 0
        if kinds & RT_VISITED:
            rt_visit(o, kinds, severed_meet, <void *>self)
        if keys != NULL:
            for i in range(rt_keys_count(keys)):
                self.seen += self.has(rt_keys_name(keys, i))
        return self.seen

    cdef bint cut_frame(self, rt_frame *frame) except -1:
        cdef PyCodeObject *code = rt_frame_code(frame)
        cdef size_t before = self.owed_count
        cdef int i
        if code == NULL:
            return False
        for i in range(rt_frame_slot_count(frame, code)):
            # An unbound local; on the stack there is always an object.
            self.put_slot(frame, i, NULL if i < rt_code_nlocalsplus(code) else <PyObject *>None)
        empty = {}
        self.put(rt_frame_f_locals_place(frame), <PyObject *>empty)
        return self.owed_count > before

    cdef int cut_dict(self) except -1:
        # Keys keep the hash that the table has of them: a string its text, another is as good as any.
        cdef PyObject **key = NULL
        cdef PyObject **value = NULL
        cdef Py_ssize_t i = 0
        while rt_dict_places(self.owner, i, &key, &value):
            self.put(value, <PyObject *>None)
            if key != NULL and self.has(key[0]):
                if rt_dict_is_text(self.owner):
                    other = PyUnicode_FromKindAndData(
                        PyUnicode_KIND(key[0]), PyUnicode_DATA(key[0]), PyUnicode_GET_LENGTH(key[0])
                    )
                    hash(other)
                else:
                    other = object()
                self.put(key, <PyObject *>other)
            i += 1
        rt_dict_touched(self.owner)
        return 0

    cdef int cut_items(self) except -1:
        cdef Py_ssize_t i
        for i in range(items_of(self.owner)):
            self.put(item_place(self.owner, i), <PyObject *>None)
        return 0

    cdef int cut_set(self) except -1:
        cdef Py_ssize_t i = 0
        cdef PyObject **place = rt_set_place(self.owner, 0)
        while place != NULL:
            other = object()
            self.put(place, <PyObject *>other)
            i += 1
            place = rt_set_place(self.owner, i)
        return 0

    cdef int cut_ndarray(self) except -1:
        self.at_fault = False
        rt_ndarray_places(self.owner, severed_place, <void *>self)
        if self.at_fault:
            raise MemoryError("no memory to cut edges")
        return 0

    cdef int cut_attributes(self) except -1:
        cdef PyDictKeysObject *names = NULL
        cdef PyObject **values = rt_inline_values(self.owner, &names)
        cdef PyObject **place = rt_managed_dict_place(self.owner)
        cdef Py_ssize_t i
        if values != NULL:
            for i in range(rt_keys_count(names)):
                self.put(&values[i], <PyObject *>None)
        if place != NULL and self.has(place[0]):
            if values != NULL and rt_refcount(place[0]) == 1:
                self.cut_values_of_dict(values, rt_keys_count(names))
            self.put(place, NULL)
        return 0

    cdef int cut_values_of_dict(self, PyObject **values, Py_ssize_t count) except -1:
        # In 3.13 the values of an instance's dict lie in the instance. Late patch versions show them as
        # the dict's alone: then they go with it.
        cdef Severed inner = Severed()
        cdef Py_ssize_t i
        inner.begin(self.owner)
        for i in range(count):
            if values[i] != NULL:
                inner.child(values[i])
        if inner.shown() == 0:
            for i in range(count):
                if values[i] != NULL:
                    self.owe(values[i])
                    values[i] = NULL
        return 0

    cdef int cut_deque(self) except -1:
        # By the type's own methods: a subclass may have others.
        cdef Py_ssize_t at = 0
        owner = <object>self.owner
        for item in list(deque.__iter__(owner)):
            if self.has(<PyObject *>item):
                Py_INCREF(<PyObject *>item)
                self.owe(<PyObject *>item)
                deque.__setitem__(owner, at, None)
            at += 1
        return 0

    cdef int cut_fields(self, size_t expected) except -1:
        # A C type's: the words of its memory that are a child's address, if they are as many as it shows.
        cdef PyObject *o = self.owner
        cdef PyObject **words = <PyObject **>(<char *>o + OWN_FIELDS)
        cdef size_t count = fields_size(o) // sizeof(PyObject *), k, found = 0
        if PyType_Check(o):
            return 0
        for k in range(count):
            found += self.has(words[k])
        if found != expected:
            return 0
        for k in range(count):
            if self.has(words[k]):
                other = substitute(o, words[k])
                self.put(&words[k], NULL if other is NotImplemented else <PyObject *>other)
        return 0


cdef int severed_meet(PyObject *o, void *severed) noexcept nogil:
    with gil:
        (<Severed>severed).seen += (<Severed>severed).has(o)
    return 0


cdef int severed_place(char *place, void *severed) noexcept nogil:
    # The place need not be aligned. Not 0 where memory is short.
    cdef PyObject *value = rt_place_object(place)
    with gil:
        try:
            (<Severed>severed).put(&value, <PyObject *>None)
        except MemoryError:
            (<Severed>severed).at_fault = True
            return 1
    memcpy(place, &value, sizeof(value))
    return 0


cdef inline PyObject **item_place(PyObject *sequence, Py_ssize_t i) noexcept:
    return rt_list_place(sequence, i) if PyList_Check(sequence) else rt_tuple_place(sequence, i)


cdef bint is_deque(PyTypeObject *type) noexcept:
    while type != NULL:
        if strcmp(type.tp_name, b"collections.deque") == 0:
            return True
        type = type.tp_base
    return False


cdef size_t fields_size(PyObject *o) noexcept:
    # Bytes from the object's own fields to its end.
    cdef size_t size = <size_t>block_bytes(own_block(o))
    size = size - rt_preheader(rt_type(o)) if size != 0 else rt_readable_size(o)
    return size - OWN_FIELDS if size > OWN_FIELDS else 0


cdef object substitute(PyObject *owner, PyObject *child):
    # What a field of a C type can hold instead: code may take the type of what it finds there for
    # granted. NotImplemented: nothing at all.
    if PyDict_CheckExact(child):
        return {}
    if PyList_CheckExact(child):
        return []
    if PyTuple_CheckExact(child):
        if PyFunction_Check(owner) and PyFunction_GetClosure(owner) == child:
            return tuple([PyCell_New(NULL) for _ in range(PyTuple_GET_SIZE(child))])
        return ()
    if PyCell_Check(child):
        return PyCell_New(NULL)
    if PyExceptionInstance_Check(owner) or PyTraceBack_Check(owner) or PyCell_Check(owner):
        return NotImplemented
    return None
