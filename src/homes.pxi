# Names for what has none on its path: the module in which a value is at home, where several import it, and
# what an object calls itself in attributes of its own. Read from memory, as edges are.


cdef PyObject *attribute_in(PyObject *o, object name):
    # What a plain attribute of that name refers to; NULL where there is none.
    cdef PyDictKeysObject *names = NULL
    cdef PyObject **values = rt_inline_values(o, &names)
    cdef PyTypeObject *type = rt_type(o)
    cdef PyMemberDef *member
    cdef PyObject *key
    cdef PyObject *value
    cdef Py_ssize_t i = 0
    cdef bytes text = (<str>name).encode()
    if values != NULL:
        for i in range(rt_keys_count(names)):
            key = rt_keys_name(names, i)
            if key != NULL and values[i] != NULL and text_equals(key, text):
                return values[i]
    i = 0
    if rt_instance_dict(o) != NULL and PyDict_Check(rt_instance_dict(o)):
        while PyDict_Next(rt_instance_dict(o), &i, &key, &value):
            if PyUnicode_CheckExact(key) and text_equals(key, text):
                return value
    while type != NULL:
        member = rt_type_members(type)
        while member != NULL and member.name != NULL:
            if rt_member_is_object(member) and strcmp(member.name, text) == 0:
                return (<PyObject **>(<char *>o + member.offset))[0]
            member += 1
        type = type.tp_base
    return NULL


cdef object own_names(PyObject *o, tuple attributes):
    # The texts of an object's attributes, "name" or "first.second", with spaces between; None without.
    # What has no text and no name is called by its type.
    cdef PyObject *at
    cdef list found = []
    for attribute in attributes:
        at = o
        for name in attribute.split("."):
            at = attribute_in(at, name) if at != NULL else NULL
        if at != NULL:
            text = exact(at) if PyUnicode_CheckExact(at) else object_name(at)
            found.append(text if text is not None else type_name(rt_type(at)))
    return " ".join(found) if found else None


cdef class Homes:
    """Where what several modules refer to is at home, so that it is called as its author calls it."""

    cdef Graph *graph
    cdef list dicts             # nodes of the modules' dicts, by number
    cdef list names
    cdef dict files             # scope of an import -> file of the module
    cdef Table numbers          # address >> 4 of a value -> number of its module's dict + 1, 0 for none
    cdef bint is_filled
    cdef bint is_whole          # else it has only what was asked for

    def __cinit__(self):
        if table_init(&self.numbers, 1 << 10) < 0:
            raise MemoryError("no memory to tell the paths")

    def __dealloc__(self):
        table_free(&self.numbers)

    cdef int ask(self, PyObject *value) except -1:
        # Modules have ever so many values, and few of them are on a path that is told.
        if table_put(&self.numbers, <uint64_t>value >> 4, 0) < 0:
            raise MemoryError("no memory to tell the paths")
        return 0

    cdef int fill(self, Graph *g, Paths *p, bint whole) except -1:
        cdef size_t e, k
        cdef uint32_t module
        self.graph = g
        self.dicts = []
        self.names = []
        self.is_filled = True
        self.is_whole = whole
        if whole:
            memset(self.numbers.slots, 0, (self.numbers.mask + 1) * sizeof(Slot))
            self.numbers.used = 0
        self.files = {scope: file for scope, file in import_scopes() if file}
        for e in range(g.first[g.modules], g.first[g.modules + 1]):
            module = g.to[e]
            if p.parent[module] != g.modules or not PyModule_Check(g.objects[module]):
                continue
            for k in range(g.first[module], g.first[module + 1]):
                if g.objects[g.to[k]] == PyModule_GetDict(g.objects[module]):
                    if p.parent[g.to[k]] == module:
                        self.add(g.to[k])
                    break
        return 0

    cdef int add(self, uint32_t node) except -1:
        cdef PyObject *namespace = self.graph.objects[node]
        cdef PyObject *key
        cdef PyObject *value
        cdef Py_ssize_t at = 0
        cdef Slot *known
        self.dicts.append(node)
        self.names.append((text_in(namespace, b"__name__"), text_in(namespace, b"__file__")))
        while PyDict_Next(namespace, &at, &key, &value):
            known = table_find(&self.numbers, <uint64_t>value >> 4)
            if known.key == 0 and not self.is_whole:
                continue
            if known.value != 0 and not self.is_home(value, len(self.dicts) - 1):
                continue
            if table_put(&self.numbers, <uint64_t>value >> 4, <uint32_t>len(self.dicts)) < 0:
                raise MemoryError("no memory to tell the paths")
        return 0

    cdef bint is_home(self, PyObject *value, size_t number):
        cdef Charge charge
        name, file = self.names[number]
        if PyFunction_Check(value):
            return PyFunction_GetGlobals(value) == self.graph.objects[<uint32_t>self.dicts[number]]
        if PyType_Check(value):
            return name is not None and text_in(rt_type_dict(<PyTypeObject *>value), b"__module__") == name
        if file is None or PyModule_Check(value) or not charge_of(own_block(value), &charge):
            return False
        return self.files.get(charge.scope) == file

    cdef object name_of(self, PyObject *value):
        # In the module where it is at home; None where it has no home.
        cdef uint32_t node = self.home(value)
        cdef PyObject *key
        cdef PyObject *found
        cdef Py_ssize_t at = 0
        while node != 0 and PyDict_Next(self.graph.objects[node], &at, &key, &found):
            if found == value and PyUnicode_CheckExact(key):
                return exact(key)
        return None

    cdef bint is_known(self, PyObject *value):
        return self.is_whole or table_find(&self.numbers, <uint64_t>value >> 4).key != 0

    cdef uint32_t home(self, PyObject *value):
        # The node of the dict of the module that has it; 0 where no module has.
        cdef uint32_t number = table_find(&self.numbers, <uint64_t>value >> 4).value
        return self.dicts[number - 1] if number != 0 else 0
