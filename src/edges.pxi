# What one object calls another: an attribute, a key, an index, a local variable. Read from memory,
# never asked of the object: no user code runs and no `__dict__` is made.

cdef enum:
    KEYS_SEARCHED = 200000        # entries looked through in one container
    KEY = 1 << 31                 # in a position: of the key, not of the value


cdef object text_in(PyObject *namespace, const char *key):
    # The exact string under a key, or None. A lookup could call the __eq__ of other keys (there are
    # namespaces with subclasses of str for keys): the entries are looked through instead.
    cdef Py_ssize_t at = 0
    cdef PyObject *name
    cdef PyObject *value
    if namespace == NULL or not PyDict_Check(namespace):
        return None
    while PyDict_Next(namespace, &at, &name, &value):
        if PyUnicode_CheckExact(name) and text_equals(name, key):
            return <object>value if PyUnicode_CheckExact(value) else None
    return None


cdef object exact(PyObject *text):
    # The text of a string; a subclass of str could run code when it is formatted.
    if PyUnicode_CheckExact(text):
        return <object>text
    return PyUnicode_FromKindAndData(
        PyUnicode_KIND(text), PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text)
    )


cdef object type_name(PyTypeObject *type):
    # "module.Qualified", without the module for builtins.
    cdef PyObject *qualname = rt_type_qualname(type)
    if qualname == NULL:
        return (<bytes>type.tp_name).decode("utf-8", "replace")
    module = text_in(rt_type_dict(type), b"__module__")
    if module is None or module == "builtins":
        return exact(qualname)
    return f"{module}.{exact(qualname)}"


cdef tuple type_bases(PyTypeObject *type):
    # Names of the classes along tp_mro, itself first.
    cdef list names = []
    cdef Py_ssize_t i
    if type.tp_mro == NULL:
        return (type_name(type),)
    for i in range(PyTuple_GET_SIZE(type.tp_mro)):
        names.append(type_name(<PyTypeObject *>PyTuple_GET_ITEM(type.tp_mro, i)))
    return tuple(names)


cdef object object_name(PyObject *o):
    # A module's, class's, function's or code's own name; None for what has none.
    cdef rt_frame *frame
    if o == NULL:
        return None
    if PyModule_Check(o):
        return text_in(PyModule_GetDict(o), b"__name__")
    if PyType_Check(o):
        return type_name(<PyTypeObject *>o)
    if PyFunction_Check(o):
        return function_name(o)
    frame = rt_object_frame(o)
    if frame != NULL and rt_frame_code(frame) != NULL:
        return frame_name(frame)
    if rt_is_cache(o):
        return wrapped_name(o)
    if PyTuple_Check(o) and not PyTuple_CheckExact(o) and PyTuple_GET_SIZE(o) == 3:
        return call_name(o)
    return None


cdef object call_name(PyObject *o):
    cdef PyObject *name
    # A call that a mock has recorded is a tuple of its name, arguments and keyword arguments.
    if type_name(rt_type(o)) != "unittest.mock._Call":
        return None
    name = PyTuple_GET_ITEM(o, 0)
    return exact(name) if PyUnicode_CheckExact(name) else None


cdef object wrapped_name(PyObject *wrapper):
    # functools.update_wrapper() leaves the wrapped function's names with the cache around it.
    qualname = text_in(rt_instance_dict(wrapper), b"__qualname__")
    module = text_in(rt_instance_dict(wrapper), b"__module__")
    return qualname if module is None or qualname is None else f"{module}.{qualname}"


cdef object function_name(PyObject *function):
    cdef PyObject *code = PyFunction_GetCode(function)
    cdef object module = text_in(PyFunction_GetGlobals(function), b"__name__")
    cdef object name = exact(rt_code_qualname(<PyCodeObject *>code))
    return name if module is None else f"{module}.{name}"


cdef object frame_name(rt_frame *frame):
    # "module.function", from the frame's own globals.
    cdef object module = text_in(rt_frame_globals(frame), b"__name__")
    cdef object name = exact(rt_code_qualname(rt_frame_code(frame)))
    return name if module is None else f"{module}.{name}"


cdef bint plain(PyObject *o, int depth):
    # Exact builtin values, whose repr and equality are CPython's own.
    cdef Py_ssize_t i
    if o == NULL:
        return False
    if (
        o == <PyObject *>None
        or PyUnicode_CheckExact(o)
        or PyLong_CheckExact(o)
        or PyBytes_CheckExact(o)
        or PyFloat_CheckExact(o)
        or PyBool_Check(o)
    ):
        return True
    if PyTuple_CheckExact(o) and depth < 2 and PyTuple_GET_SIZE(o) <= 6:
        for i in range(PyTuple_GET_SIZE(o)):
            if not plain(PyTuple_GET_ITEM(o, i), depth + 1):
                return False
        return True
    return False


cdef object label_of(PyObject *key):
    # The key itself where that is safe; else a list with the name of its type.
    return <object>key if plain(key, 0) else [type_name(rt_type(key))]


cdef tuple edge_between(Graph *g, uint32_t parent_id, uint32_t child_id):
    # (kind, label)
    cdef PyObject *parent = g.objects[parent_id]
    cdef PyObject *child = g.objects[child_id]
    if parent == NULL:
        return frame_edge(g.frames[parent_id], child)
    if rt_is_mapping(parent):
        return dict_edge(parent, child)
    if PyList_Check(parent) or PyTuple_Check(parent):
        return sequence_edge(parent, child)
    if PyAnySet_Check(parent):
        return "member", None
    if PyModule_Check(parent):
        return ("dict", None) if PyModule_GetDict(parent) == child else ("ref", None)
    if PyType_Check(parent):
        return class_edge(<PyTypeObject *>parent, child)
    if PyFunction_Check(parent):
        return function_edge(parent, child)
    if PyCell_Check(parent):
        return "cell", None
    if PyFrame_Check(parent) and PyFrame_Check(child):
        return "slot", "f_back"
    if rt_object_frame(parent) != NULL and rt_frame_code(rt_object_frame(parent)) != NULL:
        return frame_edge(rt_object_frame(parent), child)
    return instance_edge(parent, child)


cdef tuple frame_edge(rt_frame *frame, PyObject *child):
    cdef PyCodeObject *code = rt_frame_code(frame)
    cdef PyObject *cell
    cdef int i
    if child == <PyObject *>code:
        return "slot", "f_code"
    for i in range(rt_code_nlocalsplus(code)):
        if rt_frame_slot(frame, i) == child:
            return "local", exact(rt_code_slot_name(code, i))
    if child == rt_frame_f_locals(frame):
        return "slot", "f_locals"
    return "local", None


cdef tuple dict_edge(PyObject *dict_, PyObject *child):
    cdef Py_ssize_t at = 0, seen = 0
    cdef PyObject *key
    cdef PyObject *value
    while seen < KEYS_SEARCHED and PyDict_Next(dict_, &at, &key, &value):
        seen += 1
        if value == child:
            return "key", label_of(key)
    at = seen = 0
    while seen < KEYS_SEARCHED and PyDict_Next(dict_, &at, &key, &value):
        seen += 1
        if key == child:
            return "keys", None
    return unfound_edge(dict_, child)


cdef tuple sequence_edge(PyObject *sequence, PyObject *child):
    cdef Py_ssize_t i
    for i in range(min(items_of(sequence), <Py_ssize_t>KEYS_SEARCHED)):
        if item_of(sequence, i) == child:
            return "index", i
    return unfound_edge(sequence, child)


cdef tuple unfound_edge(PyObject *container, PyObject *child):
    # Of what is not among the entries looked through: beyond them, or an attribute of a subclass's.
    if PyDict_CheckExact(container):
        return "key", None
    if PyList_CheckExact(container) or PyTuple_CheckExact(container):
        return "index", None
    return instance_edge(container, child)


cdef class Positions:
    """Where the values (and keys) of one container lie: asked for one by one, those of a registry to
    which each test adds something would be searched for from its beginning every time."""

    cdef PyObject *container
    cdef Table found            # address >> 4 -> position + 1, with KEY where it is a key

    def __dealloc__(self):
        table_free(&self.found)

    cdef int fill(self, PyObject *container) except -1:
        cdef Py_ssize_t at = 0, position = 0, seen = 0
        cdef PyObject *key = NULL
        cdef PyObject *value
        self.container = container
        if table_init(&self.found, 1 << 8) < 0:
            raise MemoryError("no memory to tell the paths")
        if not rt_is_mapping(container):
            for at in range(min(items_of(container), <Py_ssize_t>KEYS_SEARCHED)):
                self.note(item_of(container, at), <uint32_t>at + 1)
            return 0
        while seen < KEYS_SEARCHED and PyDict_Next(container, &at, &key, &value):
            self.note(key, <uint32_t>position + 1 | <uint32_t>KEY)
            self.note(value, <uint32_t>position + 1)
            position = at
            seen += 1
        return 0

    cdef int note(self, PyObject *o, uint32_t position) except -1:
        # The first place counts, and a value before a key.
        cdef Slot *known = table_find(&self.found, <uint64_t>o >> 4)
        if known.key != 0 and (not known.value & KEY or position & KEY):
            return 0
        if o != NULL and table_put(&self.found, <uint64_t>o >> 4, position) < 0:
            raise MemoryError("no memory to tell the paths")
        return 0

    cdef tuple edge(self, PyObject *child):
        # As edge_between() tells it.
        cdef uint32_t known = table_find(&self.found, <uint64_t>child >> 4).value
        cdef Py_ssize_t at = <Py_ssize_t>(known & ~<uint32_t>KEY) - 1
        cdef PyObject *key
        cdef PyObject *value
        if known == 0:
            return unfound_edge(self.container, child)
        if not rt_is_mapping(self.container):
            return "index", at
        if known & KEY:
            return "keys", None
        PyDict_Next(self.container, &at, &key, &value)
        return "key", label_of(key)


cdef inline Py_ssize_t items_of(PyObject *sequence) noexcept nogil:
    return PyList_GET_SIZE(sequence) if PyList_Check(sequence) else PyTuple_GET_SIZE(sequence)


cdef inline PyObject *item_of(PyObject *sequence, Py_ssize_t i) noexcept nogil:
    return PyList_GET_ITEM(sequence, i) if PyList_Check(sequence) else PyTuple_GET_ITEM(sequence, i)


cdef tuple class_edge(PyTypeObject *type, PyObject *child):
    if rt_type_dict(type) == child:
        return "dict", None
    if type.tp_base == <PyTypeObject *>child:
        return "slot", "__base__"
    if type.tp_bases == child:
        return "slot", "__bases__"
    if type.tp_mro == child:
        return "slot", "__mro__"
    if rt_type_subclasses(type) == child:
        return "slot", "__subclasses__()"
    return instance_edge(<PyObject *>type, child)


cdef tuple function_edge(PyObject *function, PyObject *child):
    if PyFunction_GetGlobals(function) == child:
        return "slot", "__globals__"
    if PyFunction_GetClosure(function) == child:
        return "closure", rt_code_freevars(<PyCodeObject *>PyFunction_GetCode(function))
    if PyFunction_GetDefaults(function) == child:
        return "defaults", default_names(<PyCodeObject *>PyFunction_GetCode(function), child)
    if PyFunction_GetKwDefaults(function) == child:
        return "slot", "__kwdefaults__"
    if PyFunction_GetCode(function) == child:
        return "slot", "__code__"
    if rt_function_annotations(function) == child:
        return "slot", "__annotations__"
    if rt_function_annotate(function) == child:
        return "slot", "__annotate__"
    return instance_edge(function, child)


cdef object default_names(PyCodeObject *code, PyObject *defaults):
    # Defaults are those of the last positional arguments.
    cdef int count = <int>PyTuple_GET_SIZE(defaults), last = rt_code_argcount(code), i
    return tuple([exact(rt_code_slot_name(code, i)) for i in range(max(last - count, 0), last)])


cdef object rt_code_freevars(PyCodeObject *code):
    cdef int total = rt_code_nlocalsplus(code), free = rt_code_nfreevars(code), i
    return tuple([exact(rt_code_slot_name(code, i)) for i in range(total - free, total)])


cdef tuple instance_edge(PyObject *o, PyObject *child):
    cdef PyDictKeysObject *names = NULL
    cdef PyObject **values = rt_inline_values(o, &names)
    cdef PyTypeObject *type = rt_type(o)
    cdef PyMemberDef *member
    cdef PyObject *name
    cdef Py_ssize_t i
    if values != NULL:
        for i in range(rt_keys_count(names)):
            if values[i] == child:
                name = rt_keys_name(names, i)
                return "attr", exact(name) if name != NULL else None
    if rt_instance_dict(o) == child:
        return "dict", None
    if child == <PyObject *>type:
        return "type", None
    while type != NULL:
        member = rt_type_members(type)
        while member != NULL and member.name != NULL:
            if rt_member_is_object(member) and (
                (<PyObject **>(<char *>o + member.offset))[0] == child
            ):
                return "attr", (<bytes>member.name).decode("utf-8", "replace")
            member += 1
        type = type.tp_base
    return special_edge(o, child)


cdef tuple special_edge(PyObject *o, PyObject *child):
    cdef PyObject *variable
    cdef const char *attribute = rt_sqlite_attribute(o, child)
    if attribute != NULL:
        return "attr", (<bytes>attribute).decode()
    if PyMethod_Check(o):
        return ("slot", "__self__") if PyMethod_GET_SELF(o) == child else ("slot", "__func__")
    if PyCFunction_Check(o):
        return "slot", "__self__"
    if rt_weakref_callback(o) == child:
        return "slot", "__callback__"
    variable = rt_context_variable(o, child)
    if variable != NULL:
        return "context", exact(rt_variable_name(variable))
    if PyTraceBack_Check(o):
        return ("slot", "tb_frame") if PyFrame_Check(child) else ("slot", "tb_next")
    if PyExceptionInstance_Check(o):
        return rt_exception_edge(o, child)
    if rt_ndarray_base(o) == child:
        return "slot", "base"
    if rt_is_ndarray(rt_type(o)):
        return array_edge(o, child)
    return "ref", None


cdef tuple rt_exception_edge(PyObject *o, PyObject *child):
    cdef int which = rt_exception_field(o, child)
    if which == 0:
        return "ref", None
    return "slot", ("__traceback__", "__context__", "__cause__", "args")[which - 1]
