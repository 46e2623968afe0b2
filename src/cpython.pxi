# What the rooms use of cpython.h and Python.h.

cdef extern from "cpython.h" nogil:
    ctypedef struct PyObject:
        pass
    ctypedef void (*destructor)(PyObject *) noexcept nogil
    ctypedef struct PyTypeObject:
        const char *tp_name
        PyObject *tp_mro
        PyObject *tp_bases
        PyTypeObject *tp_base
        destructor tp_dealloc
    ctypedef struct PyCodeObject:
        pass
    ctypedef struct PyThreadState:
        pass
    ctypedef struct PyInterpreterState:
        pass
    ctypedef struct PyGC_Head:
        pass
    ctypedef struct PyDictKeysObject:
        pass
    ctypedef struct PyMemberDef:
        const char *name
        int type
        Py_ssize_t offset
    ctypedef struct rt_frame:
        pass
    ctypedef struct PyMemAllocatorEx:
        void *ctx
        void *(*malloc)(void *, size_t) noexcept nogil
        void *(*calloc)(void *, size_t, size_t) noexcept nogil
        void *(*realloc)(void *, void *, size_t) noexcept nogil
        void (*free)(void *, void *) noexcept nogil
    ctypedef struct PyObjectArenaAllocator:
        void *ctx
        void *(*alloc)(void *, size_t) noexcept nogil
        void (*free)(void *, void *, size_t) noexcept nogil
    ctypedef enum PyMemAllocatorDomain:
        PYMEM_DOMAIN_MEM
        PYMEM_DOMAIN_OBJ
    ctypedef int (*visitproc)(PyObject *, void *) noexcept nogil

    void PyMem_GetAllocator(PyMemAllocatorDomain, PyMemAllocatorEx *)
    void PyMem_SetAllocator(PyMemAllocatorDomain, PyMemAllocatorEx *)
    void PyObject_GetArenaAllocator(PyObjectArenaAllocator *)
    void PyObject_SetArenaAllocator(PyObjectArenaAllocator *)
    void *PyObject_Malloc(size_t)
    void PyObject_Free(void *)
    void *PyMem_Malloc(size_t)
    void PyMem_Free(void *)
    PyInterpreterState *PyInterpreterState_Main()
    PyThreadState *PyInterpreterState_ThreadHead(PyInterpreterState *)
    PyThreadState *PyThreadState_Next(PyThreadState *)
    PyObject *PyImport_GetModuleDict()
    void rt_gc_pause(int *)
    void rt_gc_resume(int)
    bint rt_gc_collecting(PyInterpreterState *)
    PyGC_Head *rt_gc_frozen(PyInterpreterState *)

    Py_ssize_t PyUnicode_GET_LENGTH(PyObject *)
    int PyUnicode_KIND(PyObject *)
    void *PyUnicode_DATA(PyObject *)
    Py_ssize_t PyBytes_GET_SIZE(PyObject *)
    char *PyBytes_AS_STRING(PyObject *)

    PyThreadState *rt_thread()
    PyInterpreterState *rt_thread_interp(PyThreadState *)
    bint rt_holds_the_gil_of(PyInterpreterState *)
    rt_frame *rt_frame_current(PyThreadState *)
    rt_frame *rt_frame_previous(rt_frame *)
    void *rt_frame_instr(rt_frame *)
    PyCodeObject *rt_frame_code(rt_frame *)
    bint rt_frame_incomplete(rt_frame *, PyCodeObject *)
    char *rt_code_start(PyCodeObject *)
    PyObject *rt_code_filename(PyCodeObject *)
    PyObject *rt_code_qualname(PyCodeObject *)
    PyObject *rt_code_linetable(PyCodeObject *)
    bint rt_code_is_function(PyCodeObject *)
    bint rt_code_is_generator(PyCodeObject *)
    int rt_code_firstlineno(PyCodeObject *)
    int rt_code_nlocalsplus(PyCodeObject *)
    int rt_code_nfreevars(PyCodeObject *)
    int rt_code_argcount(PyCodeObject *)
    PyObject *rt_code_slot_name(PyCodeObject *, int)
    PyObject *rt_frame_slot(rt_frame *, int)
    int rt_frame_slot_count(rt_frame *, PyCodeObject *)
    PyObject *rt_frame_slot_any(rt_frame *, int)
    void rt_frame_slot_put(rt_frame *, int, PyObject *)
    PyObject **rt_frame_f_locals_place(rt_frame *)
    bint rt_dict_places(PyObject *, Py_ssize_t, PyObject ***, PyObject ***)
    bint rt_dict_is_text(PyObject *)
    void rt_dict_touched(PyObject *)
    PyObject **rt_list_place(PyObject *, Py_ssize_t)
    PyObject **rt_tuple_place(PyObject *, Py_ssize_t)
    PyObject **rt_set_place(PyObject *, Py_ssize_t)
    bint rt_set_next(PyObject *, Py_ssize_t *, PyObject **)
    PyObject **rt_managed_dict_place(PyObject *)
    PyObject *rt_frame_f_locals(rt_frame *)
    PyObject *rt_frame_globals(rt_frame *)
    void rt_frame_visit(rt_frame *, visitproc, void *)
    rt_frame *rt_object_frame(PyObject *)
    PyObject *rt_frame_object(rt_frame *)
    PyObject *rt_frame_generator(rt_frame *)
    bint rt_is_cell(PyObject *)
    size_t rt_values_bytes(PyObject *)
    bint rt_frame_is_call(rt_frame *)

    enum:
        RT_GENERATIONS
    PyGC_Head *rt_gc_list(PyInterpreterState *, int)
    PyGC_Head *rt_gc_next(PyGC_Head *)
    PyGC_Head *rt_gc_previous(PyGC_Head *)
    PyObject *rt_gc_object(PyGC_Head *)
    void rt_gc_mark(PyGC_Head *, uint32_t)
    void rt_gc_unmark(PyObject *, PyGC_Head *)
    void rt_gc_relink(PyGC_Head *)
    PyGC_Head *rt_gc_head(PyObject *)
    uint32_t rt_gc_number(PyObject *)
    bint rt_is_gc(PyObject *)

    PyTypeObject *rt_type(PyObject *)
    bint rt_is_mapping(PyObject *)
    Py_ssize_t rt_mapping_size(PyObject *)
    void rt_prefetch(const void *)
    void rt_fetch_inside(PyObject *, int)
    void *rt_opaque(void *)
    void *rt_array(size_t, size_t)
    void *rt_zeroed_array(size_t, size_t)
    uint32_t rt_refcount(PyObject *)
    uint64_t rt_type_word(const uint64_t *, size_t)
    bint rt_is_untracked_container(const uint64_t *, size_t)
    bint rt_begins_blocks_of(PyTypeObject *, size_t)
    bint rt_is_interned_for_good(void *, size_t)
    PyObject *rt_interned_table(PyInterpreterState *)
    bint rt_may_be_reused(PyObject *)
    void *rt_table_of_dict(PyObject *)
    bint rt_is_without_contents(PyObject *)
    ctypedef int (*rt_object_tracer)(PyObject *, int, void *) noexcept nogil
    int RT_OBJECT_MADE
    bint rt_tells_of_all_objects()
    rt_object_tracer rt_tracer_of_objects(void **)
    int rt_trace_objects(rt_object_tracer, void *)
    size_t rt_size_of_new(PyObject *)
    ctypedef struct rt_free_list:
        Py_ssize_t count
        size_t size
    int RT_FREE_TABLES
    int RT_FREE_TABLES_KEPT
    enum: RT_FREE_KINDS
    void rt_free_list_begin(rt_free_list *, PyInterpreterState *, int)
    void *rt_free_list_next(rt_free_list *)
    int RT_FREE_LIST
    int RT_MADE_AFTER
    unsigned rt_free_list_length(PyTypeObject *)
    int RT_BLOCKS_KNOWN
    int RT_VISITED
    int RT_VISIT_NDARRAY
    int RT_LIST
    int RT_DICT
    int RT_VISIT_TYPE
    int RT_LISTABLE
    int RT_LEAF
    int RT_MORE_BLOCKS
    int RT_PASSAGE
    int RT_CACHE_LINK
    int RT_VISITS_OWN
    size_t rt_preheader(PyTypeObject *)
    size_t rt_basic_size(PyObject *)
    size_t rt_buffer_size(PyObject *)
    size_t rt_readable_size(PyObject *)
    double rt_seconds()
    Py_ssize_t rt_collect()
    int PyGC_IsEnabled()
    PyObject *rt_function_annotations(PyObject *)
    int visit_kinds "rt_kinds_of"(PyTypeObject *)
    void rt_kinds_forget(PyTypeObject *, int)
    PyObject *rt_function_annotate(PyObject *)
    void rt_visit(PyObject *, int, visitproc, void *)
    size_t rt_plain_count(PyObject *)
    size_t rt_plain_read(PyObject *, PyObject **, PyObject *)
    int rt_blocks(PyObject *, int, void **)
    PyObject *rt_type_dict(PyTypeObject *)
    PyObject *rt_type_qualname(PyTypeObject *)
    PyObject *rt_type_subclasses(PyTypeObject *)
    PyObject **rt_inline_values(PyObject *, PyDictKeysObject **)
    PyObject *rt_instance_dict(PyObject *)
    PyObject *rt_namespace(PyObject *)
    bint rt_is_container(PyObject *)
    bint rt_is_thread_local(PyTypeObject *)
    bint rt_is_cache(PyObject *)
    bint rt_cache_entries(PyObject *, Py_ssize_t *, Py_ssize_t *)
    const char *rt_sqlite_attribute(PyObject *, PyObject *)
    bint rt_deque_entries(PyObject *, Py_ssize_t *, Py_ssize_t *)
    ctypedef void (*rt_tell)(PyObject *, const char *, void *) noexcept nogil
    void rt_interpreter_objects(PyInterpreterState *, rt_tell, void *)
    bint rt_is_main_thread(PyThreadState *)
    PyObject *rt_context_variable(PyObject *, PyObject *)
    PyObject *rt_variable_name(PyObject *)
    PyObject *rt_weakref_callback(PyObject *)
    Py_ssize_t rt_keys_count(PyDictKeysObject *)
    PyDictKeysObject *rt_text_keys(PyObject *)
    PyObject *rt_keys_name(PyDictKeysObject *, Py_ssize_t)
    PyMemberDef *rt_type_members(PyTypeObject *)
    bint rt_member_is_object(PyMemberDef *)
    int rt_exception_field(PyObject *, PyObject *)
    bint rt_is_ndarray(PyTypeObject *)
    bint rt_is_heap_type(PyTypeObject *)
    bint rt_is_static_type(PyObject *)
    ctypedef struct rt_ndarray:
        char *data
        int nd
        Py_ssize_t *dimensions
        Py_ssize_t *strides
        PyObject *descr
    ctypedef struct rt_subarray:
        PyObject *base
    ctypedef struct rt_items:
        Py_ssize_t size
        bint is_object
        rt_subarray *subarray
        PyObject *fields
    ctypedef int (*rt_place_visit)(char *, void *) noexcept nogil
    int64_t rt_ndarray_bytes(PyObject *)
    PyObject *rt_ndarray_base(PyObject *)
    bint rt_ndarray_places(PyObject *, rt_place_visit, void *)
    PyObject *rt_place_object(char *)
    bint rt_dtype_read(PyObject *, rt_items *)
    bint rt_field_read(PyObject *, PyObject *, Py_ssize_t, rt_items *, Py_ssize_t *)

    bint PyDict_Check(PyObject *)
    bint PyDict_CheckExact(PyObject *)
    bint PyList_Check(PyObject *)
    bint PyList_CheckExact(PyObject *)
    bint PyTuple_Check(PyObject *)
    bint PyTuple_CheckExact(PyObject *)
    bint PyAnySet_Check(PyObject *)
    bint PyModule_Check(PyObject *)
    bint PyType_Check(PyObject *)
    bint PyFunction_Check(PyObject *)
    bint PyCell_Check(PyObject *)
    bint PyMethod_Check(PyObject *)
    bint PyCFunction_Check(PyObject *)
    bint PyTraceBack_Check(PyObject *)
    bint PyFrame_Check(PyObject *)
    bint PyExceptionInstance_Check(PyObject *)
    bint PyUnicode_Check(PyObject *)
    bint PyUnicode_CheckExact(PyObject *)
    bint PyLong_CheckExact(PyObject *)
    bint PyBytes_CheckExact(PyObject *)
    bint PyFloat_CheckExact(PyObject *)
    bint PyBool_Check(PyObject *)
    bint PyDict_Next(PyObject *, Py_ssize_t *, PyObject **, PyObject **)
    PyObject *PyModule_GetDict(PyObject *)
    PyObject *PyFunction_GetCode(PyObject *)
    PyObject *PyFunction_GetGlobals(PyObject *)
    PyObject *PyFunction_GetClosure(PyObject *)
    PyObject *PyFunction_GetDefaults(PyObject *)
    PyObject *PyFunction_GetKwDefaults(PyObject *)
    PyObject *PyMethod_GET_SELF(PyObject *)
    PyObject *PyList_GET_ITEM(PyObject *, Py_ssize_t)
    PyObject *PyTuple_GET_ITEM(PyObject *, Py_ssize_t)
    Py_ssize_t PyList_GET_SIZE(PyObject *)
    Py_ssize_t PyTuple_GET_SIZE(PyObject *)

cdef extern from "cpython.h":
    object rt_tracemalloc_traceback(void *)
    void rt_go_on_alone()
    int PySys_SetObject(const char *, object) except -1
    void PyType_Modified(PyTypeObject *)
    void PyObject_GC_Track(void *)
    void PyObject_GC_UnTrack(void *)
    unsigned int PyType_ClearCache()
    int PyType_IsSubtype(PyTypeObject *, PyTypeObject *)
    object PyCell_New(PyObject *)
    void Py_INCREF(PyObject *)
    void Py_DECREF(PyObject *)
    int PyErr_CheckSignals() except -1
    PyInterpreterState *PyInterpreterState_Head()
    PyInterpreterState *PyInterpreterState_Next(PyInterpreterState *)

cdef extern from "seal.h" nogil:
    ctypedef struct rt_told:
        int ready
        int outcome
        int number
        int64_t bytes
        char word[80]
    int RT_CAN_COPY
    int RT_COPY_COUNTED
    int RT_COPY_UNSEALED
    int RT_COPY_UNCUT
    rt_told *rt_told_new()
    void rt_told_free(rt_told *)
    int rt_copy()
    int rt_await(int, int, int *)
    int rt_kill(int)
    int rt_signal_of(int)
    void rt_end()
    int rt_seal(rt_told *)
    void rt_settled(rt_told *)

cdef extern from "Python.h":
    object PyUnicode_FromKindAndData(int kind, const void *data, Py_ssize_t size)
    object PyUnicode_InternFromString(const char *)
