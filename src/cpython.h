/* All that reftrack knows of CPython's internals, version by version (3.11 to 3.15).

   Nothing outside this header may name a private structure, flag or function of the interpreter.
   It is one file, however long, so that whoever adds a version of CPython has one place to look.
   The functions here only read: none allocates, takes a reference, or runs Python code. Only those of the
   last section write, and they are for a copy of the process (seal.h). */

#ifndef REFTRACK_CPYTHON_H
#define REFTRACK_CPYTHON_H

#include <Python.h>
#include <structmember.h>

#include "platform.h"

#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x03100000
#error "reftrack supports CPython 3.11 to 3.15"
#endif
#ifdef Py_GIL_DISABLED
#error "reftrack does not support free-threaded builds of CPython"
#endif

/* Python.h, included before Py_BUILD_CORE is set, defines these as macros for outsiders. */
#undef _PyGC_FINALIZED
#undef _PyObject_LookupSpecial
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#define Py_BUILD_CORE 1
#include "internal/pycore_code.h"
#include "internal/pycore_context.h"
#include "internal/pycore_dict.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"
#if PY_VERSION_HEX >= 0x030E0000
#include "internal/pycore_freelist_state.h"
#include "internal/pycore_interpframe.h"
#include "internal/pycore_stackref.h"
#endif
#include "internal/pycore_object.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"
#undef Py_BUILD_CORE
#pragma GCC diagnostic pop

typedef struct _PyInterpreterFrame rt_frame;

/* ---- thread states and frames ------------------------------------------------------------- */

static inline PyThreadState *rt_thread(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyThreadState_GetUnchecked();
#elif PY_VERSION_HEX >= 0x030C0000
    return _PyThreadState_UncheckedGet();
#else
    return _PyThreadState_GET(); /* reads _PyRuntime, where the function above would be called */
#endif
}

static inline PyInterpreterState *rt_thread_interp(PyThreadState *ts) { return ts->interp; }

/* Is what runs here kept apart from what runs in that interpreter? Up to 3.11 there is one GIL for all;
   since 3.12 another may have its own (PEP 684). Where there is no thread state the allocator is called
   with the GIL held all the same: while the interpreter starts or ends. */
static inline int rt_holds_the_gil_of(PyInterpreterState *interp)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyThreadState *ts = rt_thread();
    return ts == NULL || ts->interp == interp;
#else
    (void)interp;
    return 1;
#endif
}

/* Innermost frame of a thread; Python-to-Python calls make no PyFrameObject since 3.11. */
static inline rt_frame *rt_frame_current(PyThreadState *ts)
{
#if PY_VERSION_HEX >= 0x030D0000
    return ts->current_frame;
#else
    return ts->cframe != NULL ? ts->cframe->current_frame : NULL;
#endif
}

static inline rt_frame *rt_frame_previous(rt_frame *f) { return f->previous; }

/* The instruction that runs: it identifies code object and line as long as the code lives.
   Stored at the start of each instruction (INSTRUCTION_START in ceval). */
static inline void *rt_frame_instr(rt_frame *f)
{
#if PY_VERSION_HEX >= 0x030D0000
    return f->instr_ptr;
#else
    return f->prev_instr;
#endif
}

/* Is it one of those that C pushes below each entry into the eval loop (3.12+)? Less of them is filled in.
   3.15 has one more of them below all others, in the thread's state. */
static inline int rt_frame_is_of_c(rt_frame *f)
{
#if PY_VERSION_HEX >= 0x030E0000
    return f->owner >= FRAME_OWNED_BY_INTERPRETER;
#elif PY_VERSION_HEX >= 0x030C0000
    return f->owner == FRAME_OWNED_BY_CSTACK;
#else
    (void)f;
    return 0;
#endif
}

/* What a frame has in its slots. From 3.14 on it is an address with two bits of its own (pycore_stackref.h): no
   object at all, or an integer, where the second is set; a borrowed reference, which no count has, where
   the first is. An argument may be borrowed from the caller's variable, what is on the stack from a variable of
   the same frame or from the code's constants (LOAD_FAST_BORROW in Python/bytecodes.c): whoever has the counted
   reference holds the object, and for as long. */
#if PY_VERSION_HEX >= 0x030E0000
typedef _PyStackRef rt_slot;

static inline PyObject *rt_slot_object(rt_slot slot)
{
    return slot.bits & 2 ? NULL : (PyObject *)(slot.bits & ~(uintptr_t)3);
}

static inline int rt_slot_is_counted(rt_slot slot) { return (slot.bits & 3) == 0; }

static inline rt_slot rt_slot_of(PyObject *o)
{
    return o == NULL ? PyStackRef_NULL : PyStackRef_FromPyObjectSteal(o);
}
#else
typedef PyObject *rt_slot;

static inline PyObject *rt_slot_object(rt_slot slot) { return slot; }
static inline int rt_slot_is_counted(rt_slot slot) { (void)slot; return 1; }
static inline rt_slot rt_slot_of(PyObject *o) { return o; }
#endif

/* The object of a counted reference; else NULL. */
static inline PyObject *rt_slot_held(rt_slot slot)
{
    return rt_slot_is_counted(slot) ? rt_slot_object(slot) : NULL;
}

static inline PyCodeObject *rt_frame_code(rt_frame *f)
{
    if (rt_frame_is_of_c(f)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030E0000
    PyObject *code = rt_slot_object(f->f_executable);
    return code != NULL && PyCode_Check(code) ? (PyCodeObject *)code : NULL;
#elif PY_VERSION_HEX >= 0x030D0000
    return PyCode_Check(f->f_executable) ? (PyCodeObject *)f->f_executable : NULL;
#else
    return f->f_code;
#endif
}

static inline char *rt_code_start(PyCodeObject *code) { return (char *)_PyCode_CODE(code); }

/* A frame that has not reached its first traceable instruction shows in no Python traceback
   (_PyFrame_IsIncomplete, pycore_frame.h). */
static inline int rt_frame_incomplete(rt_frame *f, PyCodeObject *code)
{
    return f->owner != FRAME_OWNED_BY_GENERATOR
        && (_Py_CODEUNIT *)rt_frame_instr(f) < _PyCode_CODE(code) + code->_co_firsttraceable;
}

static inline PyObject *rt_frame_function(rt_frame *f)
{
#if PY_VERSION_HEX >= 0x030E0000
    return rt_frame_is_of_c(f) ? NULL : rt_slot_object(f->f_funcobj);
#elif PY_VERSION_HEX >= 0x030C0000
    return rt_frame_is_of_c(f) ? NULL : f->f_funcobj;
#else
    return (PyObject *)f->f_func;
#endif
}

static inline PyObject *rt_frame_f_locals(rt_frame *f)
{
    return rt_frame_is_of_c(f) ? NULL : f->f_locals;
}

/* 1 where gen_traverse visits the slots itself: a suspended frame's stacktop is set, a running one's is -1
   (_PyFrame_GetStackPointer clears it). From 3.14 on it visits a running one's as well, as rt_generator_visit()
   does. */
static inline int rt_frame_slots_traversed(rt_frame *f)
{
#if PY_VERSION_HEX >= 0x030E0000
    return f->owner == FRAME_OWNED_BY_GENERATOR;
#else
    return f->owner == FRAME_OWNED_BY_GENERATOR && f->stacktop > 0;
#endif
}

/* The generator or coroutine that a frame is part of, or NULL (_PyFrame_GetGenerator, pycore_frame.h). */
static inline PyObject *rt_frame_generator(rt_frame *f)
{
    return f->owner == FRAME_OWNED_BY_GENERATOR
        ? (PyObject *)((char *)f - offsetof(PyGenObject, gi_iframe)) : NULL;
}

static inline int rt_is_cell(PyObject *o) { return PyCell_Check(o); }

/* Of a call: a generator's frame lasts while it is suspended, and goes on under another caller. */
static inline int rt_frame_is_call(rt_frame *f)
{
    return f->owner == FRAME_OWNED_BY_THREAD;
}

static inline PyObject *rt_frame_object(rt_frame *f)
{
    return rt_frame_is_of_c(f) ? NULL : (PyObject *)f->frame_obj;
}

/* How many slots of a frame hold something: its locals, and what is on its stack. Up to 3.13 the stack of one
   that calls C code is not known; from 3.14 on whatever can call or wait notes its end before. */
static inline int rt_frame_slot_count(rt_frame *f, PyCodeObject *code)
{
    int n = code->co_nlocalsplus;
#if PY_VERSION_HEX >= 0x030E0000
    Py_ssize_t top = f->stackpointer != NULL ? f->stackpointer - f->localsplus : 0;
#else
    Py_ssize_t top = f->stacktop;
#endif
    return top > n && top <= n + code->co_stacksize ? (int)top : n;
}

static inline int rt_frame_visit_slots(rt_frame *f, PyCodeObject *code, visitproc visit, void *arg)
{
    int n = rt_frame_slot_count(f, code);
    for (int i = 0; i < n; i++) {
        Py_VISIT(rt_slot_held(f->localsplus[i]));
    }
    return 0;
}

/* What a running frame refers to: no object in 3.11+, so no traverse function visits it. */
static inline int rt_frame_visit(rt_frame *f, visitproc visit, void *arg)
{
    PyCodeObject *code = rt_frame_code(f);
    if (code == NULL) {
        return 0;
    }
#if PY_VERSION_HEX >= 0x030E0000
    if (rt_frame_slots_traversed(f)) {
        return 0; /* all of it is visited with its generator */
    }
    Py_VISIT(rt_slot_held(f->f_executable));
    Py_VISIT(rt_slot_held(f->f_funcobj));
#else
    Py_VISIT((PyObject *)code);
    Py_VISIT(rt_frame_function(f));
#endif
    Py_VISIT(rt_frame_f_locals(f));
    Py_VISIT(rt_frame_object(f));
    return rt_frame_slots_traversed(f) ? 0 : rt_frame_visit_slots(f, code, visit, arg);
}

static inline int rt_code_nlocalsplus(PyCodeObject *code) { return code->co_nlocalsplus; }
static inline PyObject *rt_frame_slot(rt_frame *f, int i) { return rt_slot_held(f->localsplus[i]); }

static inline PyObject *rt_code_slot_name(PyCodeObject *code, int i)
{
    return PyTuple_GET_ITEM(code->co_localsplusnames, i);
}

static inline int rt_code_argcount(PyCodeObject *code) { return code->co_argcount; }
static inline PyObject *rt_code_filename(PyCodeObject *code) { return code->co_filename; }
static inline PyObject *rt_code_qualname(PyCodeObject *code) { return code->co_qualname; }
static inline PyObject *rt_code_linetable(PyCodeObject *code) { return code->co_linetable; }
/* Else it is the body of a module or a class, which have their names in a dict (compute_code_flags(),
   Python/compile.c, 3.11). */
static inline int rt_code_is_function(PyCodeObject *code) { return (code->co_flags & CO_OPTIMIZED) != 0; }
static inline int rt_code_is_generator(PyCodeObject *code)
{
    return (code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}
static inline int rt_code_firstlineno(PyCodeObject *code) { return code->co_firstlineno; }
/* Code objects have no tp_traverse, yet hold what the module's constants are. */
static inline int rt_code_visit(PyCodeObject *code, visitproc visit, void *arg)
{
    Py_VISIT(code->co_consts);
    Py_VISIT(code->co_names);
    Py_VISIT(code->co_exceptiontable);
    Py_VISIT(code->co_localsplusnames);
    Py_VISIT(code->co_localspluskinds);
    Py_VISIT(code->co_filename);
    Py_VISIT(code->co_name);
    Py_VISIT(code->co_qualname);
    Py_VISIT(code->co_linetable);
    /* What its attributes gave when they were asked for. */
#if PY_VERSION_HEX >= 0x030C0000
    if (code->_co_cached != NULL) {
        Py_VISIT(code->_co_cached->_co_code);
        Py_VISIT(code->_co_cached->_co_varnames);
        Py_VISIT(code->_co_cached->_co_cellvars);
        Py_VISIT(code->_co_cached->_co_freevars);
    }
#else
    Py_VISIT(code->_co_code);
#endif
    return 0;
}

static inline void *rt_code_block(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030C0000
    return code->_co_cached;
#else
    return code->_co_linearray;
#endif
}

static inline int rt_code_nfreevars(PyCodeObject *code) { return code->co_nfreevars; }
/* NULL for 3.13's trampolines: _PyFrame_PushTrampolineUnchecked sets neither function nor globals. */
static inline PyObject *rt_frame_globals(rt_frame *f)
{
    PyObject *function = rt_frame_function(f);
    return function != NULL && PyFunction_Check(function) ? f->f_globals : NULL;
}

/* The frame inside a frame object or a generator; NULL when it is cleared. */
static inline rt_frame *rt_object_frame(PyObject *o)
{
    if (PyFrame_Check(o)) {
        return ((PyFrameObject *)o)->f_frame;
    }
    if (PyGen_CheckExact(o) || PyCoro_CheckExact(o) || PyAsyncGen_CheckExact(o)) {
        PyGenObject *gen = (PyGenObject *)o;
        /* No state comes after FRAME_CLEARED; the frame's memory is part of the generator. */
#if PY_VERSION_HEX >= 0x030E0000
        return gen->gi_frame_state < FRAME_CLEARED ? &gen->gi_iframe : NULL;
#else
        return gen->gi_frame_state < FRAME_CLEARED ? (rt_frame *)gen->gi_iframe : NULL;
#endif
    }
    return NULL;
}

#if PY_VERSION_HEX >= 0x030E0000
/* As gen_traverse and async_gen_traverse (Objects/genobject.c) do, but for borrowed references: those they show to
   all but the collector's own visitors. */
static inline int rt_generator_visit(PyObject *o, visitproc visit, void *arg)
{
    PyGenObject *gen = (PyGenObject *)o;
    rt_frame *f = rt_object_frame(o);
    Py_VISIT(gen->gi_name);
    Py_VISIT(gen->gi_qualname);
    Py_VISIT(gen->gi_exc_state.exc_value);
    if (PyAsyncGen_CheckExact(o)) {
        Py_VISIT(gen->gi_origin_or_finalizer); /* not even NULL of a generator */
    }
    Py_VISIT(rt_slot_held(gen->gi_iframe.f_executable));
    if (f == NULL) {
        return 0;
    }
    Py_VISIT(rt_slot_held(f->f_funcobj));
    Py_VISIT(f->f_locals);
    Py_VISIT((PyObject *)f->frame_obj);
    PyCodeObject *code = rt_frame_code(f);
    return code != NULL ? rt_frame_visit_slots(f, code, visit, arg) : 0;
}
#endif

/* ---- the collector's lists ---------------------------------------------------------------- */

#define RT_GENERATIONS (NUM_GENERATIONS + 1)

/* 3.14.0 to 3.14.4 have an incremental collector, of which no later version has anything left; its young and its
   two old lists lie where the three generations do in later ones (gh-148726; pycore_interp_structs.h keeps
   their places). */
static inline PyGC_Head *rt_gc_list(PyInterpreterState *interp, int i)
{
#if PY_VERSION_HEX >= 0x030E0000 && PY_VERSION_HEX < 0x030E0500
    struct gc_generation *generations = &interp->gc.young;
#else
    struct gc_generation *generations = interp->gc.generations;
#endif
    return i < NUM_GENERATIONS ? &generations[i].head : &interp->gc.permanent_generation.head;
}

/* Without the flags that the incremental collector has there, also where the build knows nothing of it. */
static inline PyGC_Head *rt_gc_next(PyGC_Head *g)
{
    return (PyGC_Head *)(g->_gc_next & ~(uintptr_t)3);
}

static inline PyGC_Head *rt_gc_previous(PyGC_Head *g) { return _PyGCHead_PREV(g); }

/* While the heap is looked at, an object on the lists bears its number where the collector keeps its
   own count during a collection (update_refs() in gcmodule.c): in `_gc_prev`, above the two flags,
   below a mark that no address has. rt_gc_unmark() undoes it. */
#define RT_GC_MARK ((uintptr_t)0x35AA55A5 << 34)

static inline void rt_gc_mark(PyGC_Head *g, uint32_t number)
{
    g->_gc_prev = RT_GC_MARK | (uintptr_t)number << 2 | (g->_gc_prev & ~_PyGC_PREV_MASK);
}

/* 0 where the object is on no list, or on another interpreter's. */
static inline uint32_t rt_gc_number(PyObject *o)
{
    uintptr_t word = _Py_AS_GC(o)->_gc_prev;
    return word >> 34 == RT_GC_MARK >> 34 ? (uint32_t)(word >> 2) : 0;
}

static inline int rt_is_gc(PyObject *o) { return PyObject_IS_GC(o); }

static inline void rt_gc_unmark(PyObject *o, PyGC_Head *before)
{
    PyGC_Head *g = _Py_AS_GC(o);
    g->_gc_prev = (uintptr_t)before | (g->_gc_prev & ~_PyGC_PREV_MASK);
}

/* The same for a whole list, whether its objects bear numbers or not. */
static inline void rt_gc_relink(PyGC_Head *head)
{
    for (PyGC_Head *before = head, *g = rt_gc_next(head); g != head; g = rt_gc_next(g)) {
        g->_gc_prev = (uintptr_t)before | (g->_gc_prev & ~_PyGC_PREV_MASK);
        before = g;
    }
}

static inline PyGC_Head *rt_gc_head(PyObject *o) { return _Py_AS_GC(o); }
static inline PyObject *rt_gc_object(PyGC_Head *g) { return (PyObject *)(g + 1); }

/* Set around each collection, whatever began it, its finalizers and callbacks included. */
static inline int rt_gc_collecting(PyInterpreterState *interp) { return interp->gc.collecting; }

/* The list that gc.freeze() moves all others to. */
static inline PyGC_Head *rt_gc_frozen(PyInterpreterState *interp)
{
    return &interp->gc.permanent_generation.head;
}

static inline void rt_gc_pause(int *was_enabled) { *was_enabled = PyGC_Disable(); }
static inline void rt_gc_resume(int was_enabled)
{
    if (was_enabled) {
        PyGC_Enable();
    }
}

/* ---- objects ------------------------------------------------------------------------------ */

/* 0 for immortal objects (3.12+), whose count says nothing. */
static inline uint32_t rt_refcount(PyObject *o)
{
#if PY_VERSION_HEX >= 0x030C0000
    if (_Py_IsImmortal(o)) {
        return 0;
    }
#endif
    Py_ssize_t n = o->ob_refcnt;
    return n > 0x1fffffff ? 0 : (uint32_t)n;
}

/* What a live block of that size has where an object without a collector's head has its type; 0 where the word
   before it is no count of references (PyObject_HEAD in Include/object.h) but an address, a hash, or an
   immortal object's. What pymalloc and malloc leave in a free block's first word is never so small. From 3.14 on
   the word has flags as well, which only immortal and static objects have (Include/object.h). */
static inline uint64_t rt_type_word(const uint64_t *block, size_t size)
{
    if (size < sizeof(PyObject) || block[0] == 0 || block[0] >= (1 << 24) || block[1] & 15) {
        return 0;
    }
    return block[1];
}

/* Is that a live block of a tuple or dict that the collector does not list? Its head links to nothing then
   (_PyObject_GC_UNTRACK() in Include/internal/pycore_object.h). */
static inline int rt_is_untracked_container(const uint64_t *block, size_t size)
{
    if (size < sizeof(PyGC_Head) + sizeof(PyVarObject) || block[0] != 0) {
        return 0;
    }
    PyTypeObject *type = (PyTypeObject *)rt_type_word(block + 2, size - sizeof(PyGC_Head));
    return type == &PyTuple_Type || type == &PyDict_Type;
}

/* Is a live block of that size a string that the interpreter keeps for good? Interned strings can be immortal
   from 3.12 on; before, the table only borrows them (unicode_dealloc() in Objects/unicodeobject.c). */
static inline int rt_is_interned_for_good(void *block, size_t size)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyObject *o = (PyObject *)block;
    return size > sizeof(PyASCIIObject) && Py_IS_TYPE(o, &PyUnicode_Type) && _Py_IsImmortal(o)
        && ((PyASCIIObject *)o)->state.interned != 0;
#else
    (void)block;
    (void)size;
    return 0;
#endif
}

/* The interpreter's table of interned strings, of whose references a string's count has none. From 3.14 on the
   collector lists it, as it does every dict. */
static inline PyObject *rt_interned_table(PyInterpreterState *interp)
{
#if PY_VERSION_HEX >= 0x030E0000
    return interp->cached_objects.interned_strings;
#else
    (void)interp;
    return NULL;
#endif
}

/* Bytes between the start of an object's block and its address: the GC head, and for instances
   with a managed dict two more pointers (_PyType_PreHeaderSize). */
static inline size_t rt_preheader(PyTypeObject *type)
{
    size_t n = PyType_IS_GC(type) ? sizeof(PyGC_Head) : 0;
#if PY_VERSION_HEX >= 0x030C0000
    if (type->tp_flags & Py_TPFLAGS_PREHEADER) {
        n += 2 * sizeof(PyObject *);
    }
#else
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        n += 2 * sizeof(PyObject *);
    }
#endif
    return n;
}

/* Do objects of that type begin where their blocks do, and fit into so many bytes? */
static inline int rt_begins_blocks_of(PyTypeObject *type, size_t size)
{
    return rt_preheader(type) == 0 && (size_t)type->tp_basicsize <= size;
}

static inline PyTypeObject *rt_type(PyObject *o) { return Py_TYPE(o); }

/* A frozendict (3.15) has a dict's struct and is none by its type (Objects/dictobject.c). */
static inline int rt_is_dict_type(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030F0000
    if (PyType_IsSubtype(type, &PyFrozenDict_Type)) {
        return 1;
    }
#endif
    return (type->tp_flags & Py_TPFLAGS_DICT_SUBCLASS) != 0;
}

/* Has it a dict's entries, whether they can be changed or not? */
static inline int rt_is_mapping(PyObject *o) { return rt_is_dict_type(Py_TYPE(o)); }

static inline Py_ssize_t rt_mapping_size(PyObject *mapping) { return ((PyDictObject *)mapping)->ma_used; }

/* The block in which a bytearray has its bytes. From 3.15 on that is a bytes object which nobody else has, or the
   empty one of all (Objects/bytearrayobject.c). */
static inline void *rt_bytearray_block(PyObject *o)
{
#if PY_VERSION_HEX >= 0x030F0000
    PyObject *bytes = ((PyByteArrayObject *)o)->ob_bytes_object;
    return bytes != NULL && Py_REFCNT(bytes) == 1 ? bytes : NULL;
#else
    return ((PyByteArrayObject *)o)->ob_bytes;
#endif
}

/* What a container has in a block beside its own. */
static inline size_t rt_buffer_size(PyObject *o)
{
    if (Py_IS_TYPE(o, &PyList_Type)) {
        return (size_t)((PyListObject *)o)->allocated * sizeof(PyObject *);
    }
    if (Py_IS_TYPE(o, &PyByteArray_Type)) {
#if PY_VERSION_HEX >= 0x030F0000
        return (size_t)((PyByteArrayObject *)o)->ob_alloc + sizeof(PyBytesObject);
#else
        return (size_t)((PyByteArrayObject *)o)->ob_alloc;
#endif
    }
    if (PyAnySet_CheckExact(o) && ((PySetObject *)o)->table != ((PySetObject *)o)->smalltable) {
        return (size_t)(((PySetObject *)o)->mask + 1) * sizeof(setentry);
    }
    return 0;
}

/* What an object without an entry in the ledger takes, roughly: it was there before. */
static inline size_t rt_basic_size(PyObject *o)
{
    PyTypeObject *type = Py_TYPE(o);
    if (PyType_Check(o) && !(((PyTypeObject *)o)->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        return 0; /* part of a library's data */
    }
    size_t n = rt_preheader(type) + (size_t)type->tp_basicsize;
    if (type == &PyUnicode_Type) {
        PyASCIIObject *s = (PyASCIIObject *)o;
        return (s->state.ascii ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject))
             + (size_t)(s->length + 1) * s->state.kind;
    }
    if (type == &PyBytes_Type || type == &PyTuple_Type) {
        return n + (size_t)Py_SIZE(o) * (size_t)type->tp_itemsize;
    }
    return n + rt_buffer_size(o);
}

/* The size of an object that is made at this moment: all that can be read of it is its type, and a tuple's
   length (tuple_alloc(), Objects/tupleobject.c, 3.13). */
static inline size_t rt_size_of_new(PyObject *o)
{
    size_t items = Py_TYPE(o) == &PyTuple_Type ? (size_t)Py_SIZE(o) : 0;
    return rt_preheader(Py_TYPE(o)) + (size_t)Py_TYPE(o)->tp_basicsize + items * sizeof(PyObject *);
}

/* Bytes that can be read from an object's address on. A static type is a bare PyTypeObject in some
   library's data, shorter than the heap types that type's tp_basicsize is for. */
static inline size_t rt_readable_size(PyObject *o)
{
    if (PyType_Check(o) && !(((PyTypeObject *)o)->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        return sizeof(PyTypeObject);
    }
    /* A type that allocates by itself may leave out its last fields: a naive datetime's tzinfo. */
    if (Py_TYPE(o)->tp_alloc != PyType_GenericAlloc) {
        return 0;
    }
    return (size_t)Py_TYPE(o)->tp_basicsize;
}

/* A full collection, even where the program has disabled the collector: PyGC_Collect() does nothing
   then. Returns how many objects it collected. */
static inline Py_ssize_t rt_collect(void)
{
    int enabled = PyGC_Enable();
    Py_ssize_t collected = PyGC_Collect();
    if (!enabled) {
        PyGC_Disable();
    }
    return collected;
}

/* PyFunction_GetAnnotations() would make a dict of the tuple that the compiler left there. */
static inline PyObject *rt_function_annotations(PyObject *o)
{
    return ((PyFunctionObject *)o)->func_annotations;
}

/* From 3.14 on a function has a callable that makes them (PEP 649), and no tuple of them. */
static inline PyObject *rt_function_annotate(PyObject *o)
{
#if PY_VERSION_HEX >= 0x030E0000
    return ((PyFunctionObject *)o)->func_annotate;
#else
    (void)o;
    return NULL;
#endif
}

static inline int rt_member_is_object(PyMemberDef *m)
{
    return m->type == T_OBJECT || m->type == T_OBJECT_EX;
}

/* 1 to 4: __traceback__, __context__, __cause__, args; 0: none of them. */
static inline int rt_exception_field(PyObject *o, PyObject *child)
{
    PyBaseExceptionObject *e = (PyBaseExceptionObject *)o;
    return e->traceback == child ? 1 : e->context == child ? 2 : e->cause == child ? 3
         : e->args == child ? 4 : 0;
}

/* Are all the blocks of a type's objects told by rt_blocks()? So with the builtin types below and with
   classes made by a `class` statement on top of them (`python_class` is one of those: they share
   subtype_dealloc). */
static inline int rt_blocks_known(PyTypeObject *type, PyTypeObject *python_class)
{
    while (type->tp_dealloc == python_class->tp_dealloc && type->tp_base != NULL) {
        type = type->tp_base;
    }
#if PY_VERSION_HEX >= 0x030F0000
    if (type == &PyFrozenDict_Type) {
        return 1;
    }
#endif
    return type == &PyBaseObject_Type || type == &PyUnicode_Type || type == &PyBytes_Type
        || type == &PyLong_Type || type == &PyFloat_Type || type == &PyBool_Type
        || type == &PyList_Type || type == &PyDict_Type || type == &PyTuple_Type
        || type == &PySet_Type || type == &PyFrozenSet_Type || type == &PyByteArray_Type
        || type == &PyFunction_Type || type == &PyCell_Type || type == &PyCode_Type
        || type == &PyMethod_Type || type == &PyCFunction_Type || type == &PyMethodDescr_Type
        || type == &PyWrapperDescr_Type || type == &PyGetSetDescr_Type || type == &PyProperty_Type
        || type == &PyStaticMethod_Type || type == &PyClassMethod_Type || type == &PyGen_Type
        || type == &PyCoro_Type || type == &PyAsyncGen_Type || type == &PyFrame_Type
        || type == &_PyWeakref_RefType || type == &PyMemberDescr_Type;
}

static inline int rt_is_static_type(PyObject *o)
{
    return PyType_Check(o) && !(((PyTypeObject *)o)->tp_flags & Py_TPFLAGS_HEAPTYPE);
}

static inline PyObject *rt_type_dict(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
    return _PyType_GetDict(type);
#else
    return type->tp_dict;
#endif
}

/* The dict of weak references behind type.__subclasses__(), which type_traverse() does not visit; NULL where
   there is none, or where it is not certain. From 3.12 on that of a static builtin type lies with the
   interpreter, and the type has its index + 1 (lookup_tp_subclasses() in Objects/typeobject.c). A
   patch version may have laid out that table otherwise: an entry counts only if it is this type's and
   has its dict. */
static inline PyObject *rt_type_subclasses(PyTypeObject *type)
{
    PyObject *subclasses = NULL;
    if (!(type->tp_flags & Py_TPFLAGS_READY)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030C0000
    if (type->tp_flags & _Py_TPFLAGS_STATIC_BUILTIN) {
        size_t at = (size_t)type->tp_subclasses - 1;
#if PY_VERSION_HEX >= 0x030D0000
        if (at >= _Py_MAX_MANAGED_STATIC_BUILTIN_TYPES) {
            return NULL; /* of an extension module: in another table */
        }
        managed_static_type_state *state = &PyInterpreterState_Main()->types.builtins.initialized[at];
#else
        if (at >= _Py_MAX_STATIC_BUILTIN_TYPES) {
            return NULL;
        }
        static_builtin_state *state = &PyInterpreterState_Main()->types.builtins[at];
#endif
        if (state->type != type || state->tp_dict == NULL || state->tp_dict != rt_type_dict(type)) {
            return NULL;
        }
        subclasses = state->tp_subclasses;
    }
    else {
        subclasses = (PyObject *)type->tp_subclasses;
    }
#else
    subclasses = type->tp_subclasses;
#endif
    return subclasses != NULL && PyDict_CheckExact(subclasses) ? subclasses : NULL;
}

/* type_traverse() refuses static types with a fatal error: visit theirs here. */
static inline int rt_static_type_visit(PyTypeObject *type, visitproc visit, void *arg)
{
    Py_VISIT(rt_type_dict(type));
    Py_VISIT(type->tp_base);
    return 0;
}

static inline PyObject *rt_type_qualname(PyTypeObject *type)
{
    return type->tp_flags & Py_TPFLAGS_HEAPTYPE ? ((PyHeapTypeObject *)type)->ht_qualname : NULL;
}

/* Attribute values that live beside the instance and not in a dict; NULL when a dict was made.
   `names` are the keys shared by the class. */
static inline PyObject **rt_inline_values(PyObject *o, PyDictKeysObject **names)
{
    PyTypeObject *type = Py_TYPE(o);
    if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        return NULL;
    }
    *names = ((PyHeapTypeObject *)type)->ht_cached_keys;
    if (*names == NULL) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030D0000
    if (!(type->tp_flags & Py_TPFLAGS_INLINE_VALUES)) {
        return NULL;
    }
    PyDictValues *values = _PyObject_InlineValues(o);
    return values->valid ? values->values : NULL;
#elif PY_VERSION_HEX >= 0x030C0000
    if (!(type->tp_flags & Py_TPFLAGS_MANAGED_DICT)) {
        return NULL;
    }
    PyDictOrValues *dorv = _PyObject_DictOrValuesPointer(o);
    return _PyDictOrValues_IsValues(*dorv) ? _PyDictOrValues_GetValues(*dorv)->values : NULL;
#else
    if (!(type->tp_flags & Py_TPFLAGS_MANAGED_DICT)) {
        return NULL;
    }
    PyDictValues *values = *_PyObject_ValuesPointer(o);
    return values != NULL ? values->values : NULL;
#endif
}

/* The dict of an instance if there is one; never makes it. */
static inline PyObject *rt_instance_dict(PyObject *o)
{
    PyTypeObject *type = Py_TYPE(o);
#if PY_VERSION_HEX >= 0x030D0000
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        return (PyObject *)_PyObject_ManagedDictPointer(o)->dict;
    }
#elif PY_VERSION_HEX >= 0x030C0000
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        PyDictOrValues *dorv = _PyObject_DictOrValuesPointer(o);
        return _PyDictOrValues_IsValues(*dorv) ? NULL : _PyDictOrValues_GetDict(*dorv);
    }
#else
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        return *_PyObject_ManagedDictPointer(o);
    }
#endif
    if (type->tp_dictoffset > 0) {
        return *(PyObject **)((char *)o + type->tp_dictoffset);
    }
    return NULL;
}

/* The dict in which a module, class or instance keeps its attributes, if it has one. */
static inline PyObject *rt_namespace(PyObject *o)
{
    if (PyModule_Check(o)) {
        return PyModule_GetDict(o);
    }
    return PyType_Check(o) ? rt_type_dict((PyTypeObject *)o) : rt_instance_dict(o);
}

/* The name of the context variable under which a node of a context's table keeps a value. The nodes
   are bitmaps (hamt.c; the struct is in pycore_hamt.h from 3.12 on): variable and value side by side
   behind the head of a variable-sized object and 32 bits; NULL beside a node further down. Nodes for
   equal hashes look the same. */
static inline PyObject *rt_context_variable(PyObject *node, PyObject *value)
{
    PyObject **pairs = (PyObject **)((char *)node + sizeof(PyVarObject) + sizeof(void *));
    Py_ssize_t i;
    if (strcmp(Py_TYPE(node)->tp_name, "hamt_bitmap_node") != 0
        && strcmp(Py_TYPE(node)->tp_name, "hamt_collision_node") != 0) {
        return NULL;
    }
    for (i = 0; i + 1 < Py_SIZE(node); i += 2) {
        if (pairs[i + 1] == value && pairs[i] != NULL && PyContextVar_CheckExact(pairs[i])) {
            return pairs[i];
        }
    }
    return NULL;
}

static inline PyObject *rt_variable_name(PyObject *variable) { return ((PyContextVar *)variable)->var_name; }

static inline PyObject *rt_weakref_callback(PyObject *o)
{
    return PyWeakref_Check(o) ? ((PyWeakReference *)o)->wr_callback : NULL;
}

/* What the interpreter itself refers to by names of its own: calls `tell` for each. */
typedef void (*rt_tell)(PyObject *o, const char *role, void *arg);

#if PY_VERSION_HEX >= 0x030E0000
/* Those of atexit are a list of tuples (function, arguments, keyword arguments), with None for one that is gone. */
static inline void rt_tell_callbacks(PyObject *callbacks, rt_tell tell, void *arg)
{
    tell(callbacks, "atexit callbacks", arg);
}
#endif

static inline void rt_interpreter_objects(PyInterpreterState *interp, rt_tell tell, void *arg)
{
    PyThreadState *ts;
#if PY_VERSION_HEX >= 0x030E0000
    rt_tell_callbacks(interp->atexit.callbacks, tell, arg);
#else
    for (int i = 0; i < interp->atexit.ncallbacks; i++) {
        if (interp->atexit.callbacks[i] != NULL) {
            tell(interp->atexit.callbacks[i]->func, "atexit callbacks", arg);
            tell(interp->atexit.callbacks[i]->args, "atexit callbacks", arg);
            tell(interp->atexit.callbacks[i]->kwargs, "atexit callbacks", arg);
        }
    }
#endif
#if PY_VERSION_HEX >= 0x030D0000
    tell(interp->codecs.search_path, "codecs.register", arg);
    tell(interp->codecs.error_registry, "codecs.register_error", arg);
#else
    tell(interp->codec_search_path, "codecs.register", arg);
    tell(interp->codec_error_registry, "codecs.register_error", arg);
#endif
    tell(interp->before_forkers, "os.register_at_fork", arg);
    tell(interp->after_forkers_parent, "os.register_at_fork", arg);
    tell(interp->after_forkers_child, "os.register_at_fork", arg);
    tell(interp->audit_hooks, "sys.addaudithook", arg);
#if PY_VERSION_HEX >= 0x030F0000
    tell(interp->imports.lazy_imports_filter, "sys.set_lazy_imports_filter", arg);
#endif
#if PY_VERSION_HEX >= 0x030C0000
    for (int tool = 0; tool < PY_MONITORING_TOOL_IDS; tool++) {
        for (int event = 0; event < _PY_MONITORING_EVENTS; event++) {
            tell(interp->monitoring_callables[tool][event], "sys.monitoring", arg);
        }
    }
#endif
    for (ts = PyInterpreterState_ThreadHead(interp); ts != NULL; ts = PyThreadState_Next(ts)) {
        tell(ts->context, "context", arg);
        tell(ts->dict, "thread-local data", arg);
        tell(ts->c_profileobj, "sys.setprofile", arg);
        tell(ts->c_traceobj, "sys.settrace", arg);
#if PY_VERSION_HEX >= 0x030E0000
        tell(((_PyThreadStateImpl *)ts)->asyncio_running_loop, "asyncio's running loop", arg);
        tell(((_PyThreadStateImpl *)ts)->asyncio_running_task, "asyncio's running task", arg);
#endif
    }
}

static inline int rt_is_main_thread(PyThreadState *ts)
{
    return ts->thread_id == (unsigned long)_PyRuntime.main_thread;
}

/* Containers of C types whose members have no names: collections.deque and lru_cache's links. */
static inline int rt_is_cache(PyObject *o)
{
    return strcmp(Py_TYPE(o)->tp_name, "functools._lru_cache_wrapper") == 0;
}

static inline int rt_is_cache_link(PyTypeObject *type)
{
    return strcmp(type->tp_name, "functools._lru_list_elem") == 0;
}

/* The wrapper that lru_cache() makes (lru_cache_object in Modules/_functoolsmodule.c, the same in 3.11 to
   3.15). Its head is a link of the list of entries. */
typedef struct {
    PyObject_HEAD
    void *previous;
    void *next;
    Py_hash_t hash;
    PyObject *key;
    PyObject *result;
    void *wrapper;
    int typed;
    PyObject *cache;
    Py_ssize_t hits;
    PyObject *func;
    Py_ssize_t maxsize;
    Py_ssize_t misses;
    PyObject *kwd_mark;
    PyTypeObject *link_type;
    PyObject *cache_info_type;
    PyObject *dict;
    PyObject *weakreflist;
} rt_lru_cache;

/* How many entries a cache has, and may have: -1 where there is no bound. 0 where the wrapper is not what is
   expected: its layout is private. */
static inline int rt_cache_entries(PyObject *o, Py_ssize_t *entries, Py_ssize_t *bound)
{
    rt_lru_cache *cache = (rt_lru_cache *)o;
    PyTypeObject *type = Py_TYPE(o);
    if (!rt_is_cache(o) || type->tp_basicsize != (Py_ssize_t)sizeof(rt_lru_cache)
        || type->tp_dictoffset != (Py_ssize_t)offsetof(rt_lru_cache, dict)
        || cache->cache == NULL || !PyDict_CheckExact(cache->cache)) {
        return 0;
    }
    *entries = PyDict_GET_SIZE(cache->cache);
    *bound = cache->maxsize;
    return 1;
}

/* pysqlite_Connection of Modules/_sqlite/connection.c. Its attributes that users set have no PyMemberDef in late
   patch versions of 3.13 and in later ones; they are taken for that only where the type's size fits. */
typedef struct {
    PyObject_HEAD
#if PY_VERSION_HEX >= 0x030F0000
    void *before[9];
#else
    void *before[11];
#endif
    PyObject *row_factory;
    PyObject *text_factory;
    void *behind[13];
} rt_sqlite;

static inline const char *rt_sqlite_attribute(PyObject *o, PyObject *child)
{
    rt_sqlite *connection = (rt_sqlite *)o;
    PyTypeObject *type = Py_TYPE(o);
    while (type != NULL && strcmp(type->tp_name, "sqlite3.Connection") != 0) {
        type = type->tp_base;
    }
    if (type == NULL || type->tp_basicsize != (Py_ssize_t)sizeof(rt_sqlite)) {
        return NULL;
    }
    return connection->row_factory == child ? "row_factory"
        : connection->text_factory == child ? "text_factory" : NULL;
}

/* dequeobject of Modules/_collectionsmodule.c, as far as its bound; the same in 3.11 to 3.15. */
typedef struct {
    PyObject_VAR_HEAD
    void *leftblock;
    void *rightblock;
    Py_ssize_t leftindex;
    Py_ssize_t rightindex;
    size_t state;
    Py_ssize_t maxlen;
} rt_deque;

/* The same of a deque that has a bound; 0 of any other, and where its layout is not what is expected: its size tells,
   and that it has no more entries than it may. */
static inline int rt_deque_entries(PyObject *o, Py_ssize_t *entries, Py_ssize_t *bound)
{
    PyTypeObject *type = Py_TYPE(o);
    while (type != NULL && strcmp(type->tp_name, "collections.deque") != 0) {
        type = type->tp_base;
    }
    if (type == NULL || type->tp_basicsize != (Py_ssize_t)(sizeof(rt_deque) + 18 * sizeof(void *))) {
        return 0;
    }
    *entries = Py_SIZE(o);
    *bound = ((rt_deque *)o)->maxlen;
    return 0 < *bound && *entries <= *bound;
}

/* threading.local, which is on the heap (PyType_FromModuleAndSpec()), or derived from it. */
static inline int rt_is_thread_local(PyTypeObject *type)
{
    for (; type != NULL; type = type->tp_base) {
        if (strcmp(type->tp_name, "_thread._local") == 0) {
            return 1;
        }
    }
    return 0;
}

static inline int rt_is_container(PyObject *o)
{
    PyTypeObject *type = Py_TYPE(o);
    return (type->tp_flags & Py_TPFLAGS_SEQUENCE) != 0 || rt_is_cache(o) || rt_is_cache_link(type);
}

static inline Py_ssize_t rt_keys_count(PyDictKeysObject *keys) { return keys->dk_nentries; }

static inline PyObject *rt_keys_name(PyDictKeysObject *keys, Py_ssize_t i)
{
    return DK_IS_UNICODE(keys) ? DK_UNICODE_ENTRIES(keys)[i].me_key : NULL;
}

/* The keys of a table with no key but strings, of which dict_traverse shows the values alone
   (dictobject.c, 3.11 to 3.15): a dict's own, or those that the instances of a class share. */
static inline PyDictKeysObject *rt_text_keys(PyObject *o)
{
    PyDictKeysObject *keys = NULL;
    if (rt_is_mapping(o)) {
        keys = ((PyDictObject *)o)->ma_values == NULL ? ((PyDictObject *)o)->ma_keys : NULL;
    }
    else if (PyType_Check(o) && ((PyTypeObject *)o)->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        keys = ((PyHeapTypeObject *)o)->ht_cached_keys;
    }
    return keys != NULL && DK_IS_UNICODE(keys) ? keys : NULL;
}

/* The named object fields (`__slots__`, and what C types declare in tp_members) of one class of
   an object's MRO. */
static inline PyMemberDef *rt_type_members(PyTypeObject *type)
{
    return type->tp_members;
}

/* ---- the blocks an object owns beside its own --------------------------------------------- */

#define RT_MAX_BLOCKS 3

static inline void *rt_array(size_t count, size_t size)
{
    return rt_huge(malloc(count * size + 1), count * size);
}

/* calloc() leaves fresh pages to the kernel, which hands them out zeroed. */
static inline void *rt_zeroed_array(size_t count, size_t size)
{
    return rt_huge(calloc(count + 1, size), count * size);
}

static inline void *rt_values_block(PyObject **values)
{
#if PY_VERSION_HEX >= 0x030D0000
    (void)values;
    return NULL; /* inside the instance's own block */
#else
    /* new_values(): the byte before the values holds the size of the prefix. */
    return (char *)values - ((uint8_t *)values)[-1];
#endif
}

/* What the values take: that block, of new_values() in Objects/dictobject.c (3.11, 3.12), or a part of the
   instance's own, which object.__sizeof__ of 3.13.0 leaves out. */
static inline size_t rt_values_bytes(PyObject *o)
{
#if PY_VERSION_HEX >= 0x030D0000
    return Py_TYPE(o)->tp_flags & Py_TPFLAGS_INLINE_VALUES ? _PyInlineValuesSize(Py_TYPE(o)) : 0;
#else
    PyDictKeysObject *names;
    PyObject **values = rt_inline_values(o, &names);
    if (values == NULL) {
        return 0;
    }
    return ((uint8_t *)values)[-1] + (size_t)(names->dk_nentries + names->dk_usable) * sizeof(PyObject *);
#endif
}

/* Objects of these types may come from a free list without a call of the allocator
   (pycore_floatobject.h, _list.h, _dict.h, _tuple.h, _context.h, _genobject.h in 3.11 to 3.13, since then
   pycore_freelist_state.h): the ledger then still shows the block's previous life. Their block was made no
   later than they. So many are kept at most (of tuples of one length). */
static inline unsigned rt_free_list_length(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030E0000
    if (type == &PyLong_Type) {
        return Py_ints_MAXFREELIST;
    }
    if (type == &PyMethod_Type) {
        return Py_pymethodobjects_MAXFREELIST;
    }
    if (type == &PyCFunction_Type) {
        return Py_pycfunctionobject_MAXFREELIST;
    }
    if (type == &PyRange_Type) {
        return Py_ranges_MAXFREELIST;
    }
    if (type == &PyListIter_Type || type == &PyTupleIter_Type) {
        return Py_list_iters_MAXFREELIST;
    }
    if (type == &PyRangeIter_Type) {
        return Py_range_iters_MAXFREELIST;
    }
#endif
#if PY_VERSION_HEX >= 0x030F0000
    if (type == &PyComplex_Type) {
        return Py_complexes_MAXFREELIST;
    }
#endif
    return type == &PyTuple_Type ? 2000
        : type == &PyContext_Type ? 255
        : type == &PyFloat_Type ? 100
        : type == &PyList_Type || type == &PyDict_Type ? 80
        : type == &PySlice_Type;
}

/* May an object of such a type have come from a free list? Of tuples only those of up to 20 items may
   (PyTuple_MAXSAVESIZE in Include/internal/pycore_tuple.h, 3.11), of integers only those of one digit
   (_PyLong_ExactDealloc() in Objects/longobject.c, 3.14). A module's functions in C are made with it, before
   there is much to reuse. */
static inline int rt_may_be_reused(PyObject *o)
{
#if PY_VERSION_HEX >= 0x030E0000
    if (PyLong_CheckExact(o)) {
        return _PyLong_IsCompact((PyLongObject *)o);
    }
    if (PyCFunction_CheckExact(o)) {
        PyObject *self = ((PyCFunctionObject *)o)->m_self;
        return self == NULL || !PyModule_Check(self);
    }
#endif
    return !PyTuple_CheckExact(o) || Py_SIZE(o) <= 20;
}

/* The table of keys and values that is this dict's alone; NULL where the values are an instance's, which may be
   older than the dict, and the keys its class's. */
static inline void *rt_table_of_dict(PyObject *o)
{
    if (!PyDict_CheckExact(o) || ((PyDictObject *)o)->ma_values != NULL) {
        return NULL;
    }
    return ((PyDictObject *)o)->ma_keys;
}

/* Does an object of a type with free lists refer to nothing? */
static inline int rt_is_without_contents(PyObject *o)
{
    if (PyTuple_CheckExact(o) || PyList_CheckExact(o)) {
        return Py_SIZE(o) == 0;
    }
    return PyDict_CheckExact(o) ? ((PyDictObject *)o)->ma_used == 0 : !PyType_IS_GC(Py_TYPE(o));
}

/* ---- objects as they are made -------------------------------------------------------------- */

typedef int (*rt_object_tracer)(PyObject *, int event, void *data);

#if PY_VERSION_HEX >= 0x030D0000
#define RT_OBJECT_MADE PyRefTracer_CREATE
#else
#define RT_OBJECT_MADE 0
#endif

/* Does the interpreter that runs tell of each object that it makes? 3.13.0 to 3.13.2 do not tell of those
   from free lists. */
static inline int rt_tells_of_all_objects(void) { return Py_Version >= 0x030D0300; }

static inline rt_object_tracer rt_tracer_of_objects(void **data)
{
#if PY_VERSION_HEX >= 0x030D0000
    return (rt_object_tracer)PyRefTracer_GetTracer(data);
#else
    *data = NULL;
    return NULL;
#endif
}

/* 0 where the function is told of each object from now on. */
static inline int rt_trace_objects(rt_object_tracer tracer, void *data)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyRefTracer_SetTracer((PyRefTracer)tracer, data);
#else
    (void)tracer;
    (void)data;
    return -1;
#endif
}

/* ---- free lists --------------------------------------------------------------------------- */

/* One of them while it is read, from the end from which the next object is taken: blocks of `size` that begin
   `before` bytes ahead of what waits; in an array, or each leads to the next. */
typedef struct {
    void *next;
    void **array;
    Py_ssize_t count;
    size_t before;
    size_t size;
    enum { RT_NEXT_IS_TYPE, RT_NEXT_IS_ITEM, RT_NEXT_IS_FIRST } link;
} rt_free_list;

#define RT_FREE_TABLES 0
#define RT_FREE_TABLES_KEPT 80  /* at most: DICT_KEYS_MAXFREELIST, PyDict_MAXFREELIST and the like */
#define RT_FREE_FLOATS 1
#define RT_FREE_LISTS 2
#define RT_FREE_DICTS 3
#define RT_FREE_TUPLES 4        /* of one item, and up to twenty */
#define RT_FREE_INTS 24         /* 3.14+ */
#define RT_FREE_KINDS 25

#if PY_VERSION_HEX >= 0x030D0000
#define RT_FREE(interp, before, now) (&(interp)->object_state.freelists.now)
#define RT_FREE_ARRAY items
#else
#define RT_FREE(interp, before, now) (&(interp)->before)
#define RT_FREE_ARRAY free_list
#endif

static inline size_t rt_tuple_size(int items)
{
    return sizeof(PyTupleObject) + (size_t)(items - 1) * sizeof(PyObject *);
}

/* Tables of dicts are no objects: eight places for five entries whose keys are strings (free_keys_object(),
   dictobject.c, 3.11). Layout: pycore_floatobject.h, _list.h, _dict.h (3.12: _dict_state.h), _tuple.h; 3.13:
   _freelist.h; 3.14: _freelist_state.h, where an object's first word leads to the next. */
static inline void rt_free_list_begin(rt_free_list *l, PyInterpreterState *interp, int which)
{
    memset(l, 0, sizeof(rt_free_list));
    if (which == RT_FREE_TABLES) {
        l->size = sizeof(PyDictKeysObject) + 8 + 5 * sizeof(PyDictUnicodeEntry);
#if PY_VERSION_HEX >= 0x030E0000
        l->link = RT_NEXT_IS_FIRST;
        l->next = interp->object_state.freelists.dictkeys.freelist;
        l->count = interp->object_state.freelists.dictkeys.size;
#elif PY_VERSION_HEX >= 0x030D0000
        l->array = (void **)interp->object_state.freelists.dictkeys.items;
        l->count = interp->object_state.freelists.dictkeys.numfree;
#else
        l->array = (void **)interp->dict_state.keys_free_list;
        l->count = interp->dict_state.keys_numfree;
#endif
    }
#if PY_VERSION_HEX >= 0x030E0000
    else {
        struct _Py_freelists *all = &interp->object_state.freelists;
        struct _Py_freelist *waiting = which == RT_FREE_FLOATS ? &all->floats
            : which == RT_FREE_INTS ? &all->ints
            : which == RT_FREE_LISTS ? &all->lists
            : which == RT_FREE_DICTS ? &all->dicts
                                     : &all->tuples[which - RT_FREE_TUPLES];
        int is_number = which == RT_FREE_FLOATS || which == RT_FREE_INTS;
        l->size = which == RT_FREE_FLOATS ? sizeof(PyFloatObject)
            : which == RT_FREE_INTS ? sizeof(PyLongObject)
            : which == RT_FREE_LISTS ? sizeof(PyListObject)
            : which == RT_FREE_DICTS ? sizeof(PyDictObject)
                                     : rt_tuple_size(which - RT_FREE_TUPLES + 1);
        l->before = is_number ? 0 : sizeof(PyGC_Head);
        l->size += l->before;
        l->link = RT_NEXT_IS_FIRST;
        l->next = waiting->freelist;
        l->count = waiting->size;
    }
#else
    else if (which == RT_FREE_FLOATS) {
        l->size = sizeof(PyFloatObject);
        l->link = RT_NEXT_IS_TYPE;
        l->next = RT_FREE(interp, float_state, floats)->RT_FREE_ARRAY;
        l->count = RT_FREE(interp, float_state, floats)->numfree;
    }
    else if (which == RT_FREE_LISTS) {
        l->size = sizeof(PyGC_Head) + sizeof(PyListObject);
        l->array = (void **)RT_FREE(interp, list, lists)->RT_FREE_ARRAY;
        l->count = RT_FREE(interp, list, lists)->numfree;
    }
    else if (which == RT_FREE_DICTS) {
        l->size = sizeof(PyGC_Head) + sizeof(PyDictObject);
        l->array = (void **)RT_FREE(interp, dict_state, dicts)->RT_FREE_ARRAY;
        l->count = RT_FREE(interp, dict_state, dicts)->numfree;
    }
    else if (which < RT_FREE_INTS) {
        l->size = sizeof(PyGC_Head) + rt_tuple_size(which - RT_FREE_TUPLES + 1);
        l->link = RT_NEXT_IS_ITEM;
        l->next = RT_FREE(interp, tuple, tuples)->RT_FREE_ARRAY[which - RT_FREE_TUPLES];
        l->count = RT_FREE(interp, tuple, tuples)->numfree[which - RT_FREE_TUPLES];
    }
    l->before = which == RT_FREE_TABLES || which == RT_FREE_FLOATS ? 0 : sizeof(PyGC_Head);
#endif
}

/* The block of the next that waits, NULL where there is none. Only read. */
static inline void *rt_free_list_next(rt_free_list *l)
{
    void *o;
    if (l->count <= 0) {
        return NULL;
    }
    l->count--;
    if (l->array != NULL) {
        return (char *)l->array[l->count] - l->before;
    }
    o = l->next;
    if (o == NULL) {
        l->count = 0;
        return NULL;
    }
    l->next = l->link == RT_NEXT_IS_TYPE ? (void *)Py_TYPE((PyObject *)o)
        : l->link == RT_NEXT_IS_ITEM ? (void *)((PyTupleObject *)o)->ob_item[0]
                                     : *(void **)o;
    return (char *)o - l->before;
}

/* ---- by kind of object: how it is visited, which blocks it has ----------------------------- */

/* A class of C's, by its name: those of Python code are on the heap. */
static inline int rt_is_a(PyTypeObject *type, const char *name)
{
    for (; type != NULL; type = type->tp_base) {
        if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE) && strcmp(type->tp_name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

static inline int rt_is_heap_type(PyTypeObject *type)
{
    return (type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0;
}

#include "numpy.h"

/* What streams have and do not show. Up to 3.11 that is the bytes object of a BytesIO, which shares it with who asked
   for its value (bytesio_traverse, Modules/_io/bytesio.c). From 3.14 on it is the text of a StringIO, in a
   writer beside it (stringio, Modules/_io/stringio.c; 3.12 and 3.13 have the writer in the stream). */
#if PY_VERSION_HEX < 0x030C0000
typedef struct {
    PyObject_HEAD
    PyObject *content;
} rt_stream;

#define RT_STREAM "_io.BytesIO"
#define RT_STREAM_IS_KNOWN(type) 1

static inline PyObject *rt_stream_content(PyObject *o) { return ((rt_stream *)o)->content; }
#elif PY_VERSION_HEX >= 0x030E0000
typedef struct {
    PyObject_HEAD
    void *text;
    Py_ssize_t position;
    Py_ssize_t length;
    size_t capacity;
    int state;             /* STATE_ACCUMULATING is 2 */
    PyObject **writer;     /* its first field is the text so far */
    char flags[4];
    PyObject *others[6];
} rt_stream;

#define RT_STREAM "_io.StringIO"
#define RT_STREAM_IS_KNOWN(type) ((type)->tp_basicsize == (Py_ssize_t)sizeof(rt_stream))

static inline PyObject *rt_stream_content(PyObject *o)
{
    rt_stream *stream = (rt_stream *)o;
    return stream->state == 2 && stream->writer != NULL ? *stream->writer : NULL;
}
#else
#define RT_STREAM ""
#define RT_STREAM_IS_KNOWN(type) 0

static inline PyObject *rt_stream_content(PyObject *o)
{
    (void)o;
    return NULL;
}
#endif

static inline int rt_hides_content(PyTypeObject *type)
{
    while (type != NULL && strcmp(type->tp_name, RT_STREAM) != 0) {
        type = type->tp_base;
    }
    return type != NULL && RT_STREAM_IS_KNOWN(type);
}

/* What is to be known of a type's objects: first what they need beside, or instead of, tp_traverse. */
#define RT_VISIT_TRAVERSE 1
#define RT_VISIT_TYPE 2
#define RT_VISIT_CODE 4
#define RT_VISIT_NDARRAY 8
#define RT_VISITED (15 | RT_VISIT_STREAM | RT_VISIT_VOID | RT_VISIT_DTYPE | RT_VISIT_GENERATOR)
#define RT_BLOCKS_KNOWN 16
#define RT_FREE_LIST 32
#define RT_LISTABLE 64     /* each has a collector's head, whether it is on a list or not */
#define RT_LEAF 128        /* refers to nothing, and its blocks are known: its own starts at its address */
#define RT_PASSAGE 256
#define RT_VISITS_OWN 512 /* every reference visited is one that is counted */
/* What blocks it may have beside its own. */
#define RT_TEXT 1024
#define RT_LIST 2048
#define RT_DICT 4096
#define RT_SET 8192
#define RT_BYTEARRAY 16384
#define RT_INLINE_VALUES 32768
#define RT_CODE 1048576
#define RT_MORE_BLOCKS (64512 | RT_CODE)
/* A bounded cache's links have two references, of its dict and of its list, which lru_cache_tp_traverse
   does not visit (_functoolsmodule.c). */
#define RT_CACHE_LINK 65536
#define RT_VISIT_STREAM 131072
#define RT_VISIT_VOID 262144
#define RT_VISIT_DTYPE 524288
#define RT_VISIT_GENERATOR 2097152
/* May be from a free list, and refers to nothing but what was there when it was made: bound methods, iterators. */
#define RT_MADE_AFTER 4194304

static inline int rt_block_kinds(PyTypeObject *type)
{
    int kinds = 0;
    if (type->tp_flags & Py_TPFLAGS_UNICODE_SUBCLASS) {
        kinds |= RT_TEXT;
    }
    else if (type->tp_flags & Py_TPFLAGS_LIST_SUBCLASS) {
        kinds |= RT_LIST;
    }
    else if (rt_is_dict_type(type)) {
        kinds |= RT_DICT;
    }
    else if (PyType_IsSubtype(type, &PySet_Type) || PyType_IsSubtype(type, &PyFrozenSet_Type)) {
        kinds |= RT_SET;
    }
    else if (PyType_IsSubtype(type, &PyByteArray_Type)) {
        kinds |= RT_BYTEARRAY;
    }
    else if (type == &PyCode_Type) {
        kinds |= RT_CODE;
    }
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        kinds |= RT_INLINE_VALUES;
    }
    return kinds;
}

static inline int rt_visit_kinds(PyTypeObject *type, PyTypeObject *python_class)
{
    if (type->tp_flags & Py_TPFLAGS_TYPE_SUBCLASS) {
        return RT_VISIT_TYPE | rt_block_kinds(type); /* static types have no collector's head: type_is_gc() */
    }
    int kinds = rt_blocks_known(type, python_class) ? RT_BLOCKS_KNOWN : 0;
    if (rt_free_list_length(type)) {
        kinds |= RT_FREE_LIST;
        if (type == &PyMethod_Type || type == &PyCFunction_Type || type == &PyListIter_Type
            || type == &PyTupleIter_Type) {
            kinds |= RT_MADE_AFTER;
        }
    }
#if PY_VERSION_HEX >= 0x030E0000
    if (type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type) {
        kinds |= RT_VISIT_GENERATOR;
    }
    else
#endif
    if (PyType_IS_GC(type) && type->tp_traverse != NULL) {
        kinds |= RT_VISIT_TRAVERSE;
    }
    if (PyType_IS_GC(type) && type->tp_is_gc == NULL) {
        kinds |= RT_LISTABLE;
    }
    if (type == &PyCode_Type) {
        kinds |= RT_VISIT_CODE;
    }
    if (rt_is_ndarray(type)) {
        kinds |= RT_VISIT_NDARRAY;
    }
    if (rt_is_void(type)) {
        kinds |= RT_VISIT_VOID;
    }
    if (rt_is_a(type, "numpy.dtype")) {
        kinds |= RT_VISIT_DTYPE;
    }
    if (rt_hides_content(type)) {
        kinds |= RT_VISIT_STREAM;
    }
    if ((kinds & ~RT_FREE_LIST) == RT_BLOCKS_KNOWN && rt_preheader(type) == 0) {
        kinds |= RT_LEAF;
    }
    if (!(kinds & RT_VISITED) || type == &PyTuple_Type || type == &PyDict_Type
        || type == &PyCode_Type) {
        kinds |= RT_VISITS_OWN;
    }
    kinds |= rt_block_kinds(type);
    if (type == &PyFrame_Type || type == &PyTraceBack_Type) {
        kinds |= RT_PASSAGE;
    }
    if (rt_is_cache_link(type)) {
        kinds |= RT_CACHE_LINK;
    }
    return kinds;
}

/* What rt_visit_kinds() says of types, remembered. A class is a block of about 1 KiB, or stands in a library's
   data. In line, since it is asked several times for each reference there is. */
#define RT_KINDS_KNOWN 1024

typedef struct {
    PyTypeObject *type;
    int kinds;
} rt_kinds;

static rt_kinds rt_kinds_known[RT_KINDS_KNOWN];
static PyTypeObject *rt_kinds_python_class;
static int rt_kinds_left_out;

/* To be called at the start of each look: a type may have gone, and another be at its address. What is
   in `left_out` is no kind of any type. */
static inline void rt_kinds_forget(PyTypeObject *python_class, int left_out)
{
    rt_kinds_left_out = left_out;
    memset(rt_kinds_known, 0, sizeof(rt_kinds_known));
    rt_kinds_python_class = python_class;
}

static int rt_kinds_found(rt_kinds *known, PyTypeObject *type)
{
    known->kinds = rt_visit_kinds(type, rt_kinds_python_class) & ~rt_kinds_left_out;
    known->type = type;
    return known->kinds;
}

#if defined(__GNUC__)
__attribute__((always_inline))
#endif
static inline int rt_kinds_of(PyTypeObject *type)
{
    uintptr_t at = (uintptr_t)type >> 5;
    rt_kinds *known = &rt_kinds_known[(at ^ at >> 10) & (RT_KINDS_KNOWN - 1)];
    return known->type == type ? known->kinds : rt_kinds_found(known, type);
}

/* Where the references of an object lie, if not in its own block, is fetched into the cache. */
static inline void rt_fetch_inside(PyObject *o, int kinds)
{
    if (kinds & RT_DICT) {
        char *keys = (char *)((PyDictObject *)o)->ma_keys;
        rt_prefetch(keys);
        rt_prefetch(keys + 64);
        if (((PyDictObject *)o)->ma_values != NULL) {
            rt_prefetch(((PyDictObject *)o)->ma_values);
        }
    }
    else if (kinds & RT_LIST) {
        rt_prefetch(((PyListObject *)o)->ob_item);
    }
    else if (kinds & RT_SET) {
        rt_prefetch(((PySetObject *)o)->table);
    }
    else if (kinds & RT_INLINE_VALUES) {
        PyDictKeysObject *names;
        rt_prefetch(rt_inline_values(o, &names));
    }
    else {
        rt_prefetch((char *)o + 64);
        rt_prefetch((char *)o + 128);
    }
}

/* Fills `blocks` with the starts of the further blocks of an object; returns how many. */
static inline int rt_blocks(PyObject *o, int kinds, void *blocks[RT_MAX_BLOCKS])
{
    int n = 0;
    if (kinds & RT_TEXT) {
        PyASCIIObject *s = (PyASCIIObject *)o;
        if (!s->state.compact && ((PyUnicodeObject *)o)->data.any != NULL) {
            blocks[n++] = ((PyUnicodeObject *)o)->data.any;
        }
        if (!(s->state.compact && s->state.ascii)) {
            PyCompactUnicodeObject *c = (PyCompactUnicodeObject *)o;
            if (c->utf8 != NULL && (void *)c->utf8 != (n ? blocks[0] : NULL)) {
                blocks[n++] = c->utf8;
            }
        }
    }
    else if (kinds & RT_LIST) {
        if (((PyListObject *)o)->ob_item != NULL) {
            blocks[n++] = ((PyListObject *)o)->ob_item;
        }
    }
    else if (kinds & RT_DICT) {
        PyDictObject *dict = (PyDictObject *)o;
        /* The keys of a split table (one with values) are the class's. */
        if (dict->ma_values == NULL) {
            blocks[n++] = dict->ma_keys;
        }
        else {
#if PY_VERSION_HEX >= 0x030D0000
            if (!dict->ma_values->embedded) {
                blocks[n++] = (char *)dict->ma_values;
            }
#else
            blocks[n++] = rt_values_block(dict->ma_values->values);
#endif
        }
    }
    else if (kinds & RT_SET) {
        PySetObject *set = (PySetObject *)o;
        if (set->table != set->smalltable) {
            blocks[n++] = set->table;
        }
    }
    else if (kinds & RT_BYTEARRAY) {
        if (rt_bytearray_block(o) != NULL) {
            blocks[n++] = rt_bytearray_block(o);
        }
    }
    else if (kinds & RT_CODE) {
        if (rt_code_block((PyCodeObject *)o) != NULL) {
            blocks[n++] = rt_code_block((PyCodeObject *)o);
        }
    }
    if (kinds & RT_INLINE_VALUES) {
        PyDictKeysObject *names;
        PyObject **values = rt_inline_values(o, &names);
        void *block = values != NULL ? rt_values_block(values) : NULL;
        if (block != NULL) {
            blocks[n++] = block;
        }
    }
    return n;
}

#if PY_VERSION_HEX >= 0x030D0000
/* From 3.13 on an instance may have both its values in place and a dict made of them, which shares these.
   PyObject_VisitManagedDict() (Objects/dictobject.c) visits the dict alone in 3.13.13, 3.14.4 and later ones
   (gh-130327), and what is in it is the dict's. It visited the values and not the dict before: so these are
   the instance's, as long as nothing but the instance has the dict, which visits them once more. The version
   that runs tells, not that of the build. */
static inline int rt_values_are_the_instances(void)
{
    return Py_Version < 0x030D0D00 || (Py_Version >= 0x030E0000 && Py_Version < 0x030E0400);
}

static inline PyObject *rt_dict_beside_values(PyObject *o)
{
    PyDictKeysObject *names;
    return rt_values_are_the_instances() && rt_inline_values(o, &names) != NULL ? rt_instance_dict(o) : NULL;
}

static inline int rt_has_its_owners_values(PyObject *o)
{
    PyDictValues *values = ((PyDictObject *)o)->ma_values;
    return values != NULL && values->embedded && Py_REFCNT(o) == 1 && rt_values_are_the_instances();
}
#endif

/* All the references of an object that can be known. */
static inline int rt_visit(PyObject *o, int kinds, visitproc visit, void *arg)
{
    PyTypeObject *type = Py_TYPE(o);
    if (kinds & RT_VISIT_TYPE) {
        Py_VISIT(rt_type_subclasses((PyTypeObject *)o));
        if (rt_is_static_type(o)) {
            return rt_static_type_visit((PyTypeObject *)o, visit, arg);
        }
        return type->tp_traverse(o, visit, arg);
    }
#if PY_VERSION_HEX >= 0x030D0000
    if (kinds & RT_INLINE_VALUES) {
        Py_VISIT(rt_dict_beside_values(o));
    }
    if (kinds & RT_DICT && rt_has_its_owners_values(o)) {
        return 0;
    }
#endif
    if (kinds & RT_VISIT_TRAVERSE) {
        type->tp_traverse(o, visit, arg);
    }
#if PY_VERSION_HEX >= 0x030E0000
    if (kinds & RT_VISIT_GENERATOR) {
        rt_generator_visit(o, visit, arg);
    }
#endif
    if (kinds & RT_VISIT_CODE) {
        rt_code_visit((PyCodeObject *)o, visit, arg);
    }
    if (kinds & RT_VISIT_NDARRAY) {
        rt_ndarray_visit(o, visit, arg);
    }
    if (kinds & RT_VISIT_VOID) {
        rt_void_visit(o, visit, arg);
    }
    if (kinds & RT_VISIT_DTYPE) {
        rt_dtype_visit(o, visit, arg);
    }
    if (kinds & RT_VISIT_STREAM) {
        Py_VISIT(rt_stream_content(o));
    }
    return 0;
}

/* How many references a tuple, list or dict has at most; 0 for an empty one, and for what rt_visit() has to be
   asked of: the layouts are those of 3.11 to 3.13. */
static inline size_t rt_plain_count(PyObject *o)
{
#if PY_VERSION_HEX < 0x030E0000
    if (Py_IS_TYPE(o, &PyTuple_Type)) {
        return (size_t)Py_SIZE(o);
    }
    if (Py_IS_TYPE(o, &PyDict_Type)) {
#if PY_VERSION_HEX >= 0x030D0000
        if (rt_has_its_owners_values(o)) {
            return 0;
        }
#endif
        return 2 * (size_t)((PyDictObject *)o)->ma_keys->dk_nentries;
    }
    if (Py_IS_TYPE(o, &PyList_Type)) {
        return (size_t)Py_SIZE(o);
    }
#endif
    (void)o;
    return 0;
}

/* Writes them to `to`, as tp_traverse would show them (tupletraverse(), list_traverse(), dict_traverse()), but for
   one that is left out; returns how many there are. */
static inline size_t rt_plain_read(PyObject *o, PyObject **to, PyObject *left_out)
{
    size_t n = 0;
#define RT_READ(object)                                                                            \
    do {                                                                                           \
        PyObject *read_ = (object);                                                                \
        to[n] = read_;                                                                             \
        n += read_ != NULL && read_ != left_out;                                                   \
    } while (0)
#if PY_VERSION_HEX < 0x030E0000
    Py_ssize_t i;
    if (Py_IS_TYPE(o, &PyTuple_Type)) {
        for (i = 0; i < Py_SIZE(o); i++) {
            RT_READ(((PyTupleObject *)o)->ob_item[i]);
        }
    }
    else if (Py_IS_TYPE(o, &PyList_Type)) {
        for (i = 0; i < Py_SIZE(o); i++) {
            RT_READ(((PyListObject *)o)->ob_item[i]);
        }
    }
    else {
        PyDictObject *dict = (PyDictObject *)o;
        PyDictKeysObject *keys = dict->ma_keys;
        Py_ssize_t count = keys->dk_nentries;
        if (dict->ma_values != NULL) {
            for (i = 0; i < count; i++) {
                RT_READ(dict->ma_values->values[i]);
            }
        }
        else if (DK_IS_UNICODE(keys)) {
            for (i = 0; i < count; i++) {
                RT_READ(DK_UNICODE_ENTRIES(keys)[i].me_value);
            }
        }
        else {
            for (i = 0; i < count; i++) {
                if (DK_ENTRIES(keys)[i].me_value != NULL) {
                    RT_READ(DK_ENTRIES(keys)[i].me_value);
                    RT_READ(DK_ENTRIES(keys)[i].me_key);
                }
            }
        }
    }
#endif
#undef RT_READ
    (void)o;
    (void)to;
    (void)left_out;
    return n;
}

/* ---- tracemalloc -------------------------------------------------------------------------- */

/* The traceback that tracemalloc keeps for a block, ((file, line), ...) with the most recent call
   first, or None; a new reference. The domain of pymalloc's three users is 0. */
#if PY_VERSION_HEX >= 0x030D0000
PyAPI_FUNC(PyObject *) _PyTraceMalloc_GetTraceback(unsigned int domain, uintptr_t ptr);
#endif

static inline PyObject *rt_tracemalloc_traceback(void *block)
{
    return _PyTraceMalloc_GetTraceback(0, (uintptr_t)block);
}

/* ---- in a copy of the process: writing ---------------------------------------------------- */

static inline PyObject *rt_frame_slot_any(rt_frame *f, int i) { return rt_slot_object(f->localsplus[i]); }

/* Puts a new reference, or none, in a slot; the caller has the one that was counted there. */
static inline void rt_frame_slot_put(rt_frame *f, int i, PyObject *o) { f->localsplus[i] = rt_slot_of(o); }
static inline PyObject **rt_frame_f_locals_place(rt_frame *f) { return &f->f_locals; }

/* The places of entry i of a dict: where its key and its value stand, NULL where there is none. Returns
   whether there is such an entry. */
static inline int rt_dict_places(PyObject *o, Py_ssize_t i, PyObject ***key, PyObject ***value)
{
    PyDictObject *dict = (PyDictObject *)o;
    PyDictKeysObject *keys = dict->ma_keys;
    if (i >= keys->dk_nentries) {
        return 0;
    }
    *key = NULL;
    if (dict->ma_values != NULL) {
        *value = &dict->ma_values->values[i]; /* the keys are the class's */
    }
    else if (DK_IS_UNICODE(keys)) {
        *key = &DK_UNICODE_ENTRIES(keys)[i].me_key;
        *value = &DK_UNICODE_ENTRIES(keys)[i].me_value;
    }
    else {
        *key = &DK_ENTRIES(keys)[i].me_key;
        *value = &DK_ENTRIES(keys)[i].me_value;
    }
    return 1;
}

/* Are all of a dict's keys strings, as its lookups take for granted then? */
static inline int rt_dict_is_text(PyObject *o) { return DK_IS_UNICODE(((PyDictObject *)o)->ma_keys); }

/* Cython modules remember a namespace's values by its version, up to 3.11; no other dict's starts so. */
static inline void rt_dict_touched(PyObject *o)
{
#if PY_VERSION_HEX < 0x030C0000
    static uint64_t versions = 0;
    ((PyDictObject *)o)->ma_version_tag = ~(uint64_t)0 - versions++;
#else
    (void)o;
#endif
}

static inline PyObject **rt_list_place(PyObject *o, Py_ssize_t i)
{
    return &((PyListObject *)o)->ob_item[i];
}

static inline PyObject **rt_tuple_place(PyObject *o, Py_ssize_t i)
{
    return &((PyTupleObject *)o)->ob_item[i];
}

static inline PyObject **rt_set_place(PyObject *o, Py_ssize_t i)
{
    PySetObject *set = (PySetObject *)o;
    return i <= set->mask ? &set->table[i].key : NULL;
}

/* The next member of a set from place *i on, which goes on; whether there is one. A place that was emptied
   has a dummy with the hash -1, which no object has (set_discard_entry(), Objects/setobject.c). */
static inline int rt_set_next(PyObject *o, Py_ssize_t *i, PyObject **member)
{
    PySetObject *set = (PySetObject *)o;
    while (*i <= set->mask) {
        setentry *entry = &set->table[(*i)++];
        if (entry->key != NULL && entry->hash != -1) {
            *member = entry->key;
            return 1;
        }
    }
    return 0;
}

/* Where an instance's dict stands in front of it; NULL where there is none. */
static inline PyObject **rt_managed_dict_place(PyObject *o)
{
    if (!(Py_TYPE(o)->tp_flags & Py_TPFLAGS_MANAGED_DICT) || rt_instance_dict(o) == NULL) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030D0000
    return (PyObject **)&_PyObject_ManagedDictPointer(o)->dict;
#elif PY_VERSION_HEX >= 0x030C0000
    return &_PyObject_DictOrValuesPointer(o)->dict;
#else
    return _PyObject_ManagedDictPointer(o);
#endif
}

/* To be called right after the copy was made: the interpreter goes on with this thread alone.
   PyOS_AfterFork_Child() (posixmodule.c) makes its locks anew. It would also clear the states of the other
   threads, and with them what threads keep for themselves, which has not gone in the parent: so they are
   taken off the list. The at-fork handlers of Python code are not called. It expects the import lock to be
   held (_PyImport_ReleaseLock() in 3.13 is a fatal error otherwise). */
static inline void rt_go_on_alone(void)
{
    PyThreadState *own = rt_thread();
    PyInterpreterState *interp = own->interp;
    interp->after_forkers_child = NULL;
    interp->threads.head = own;
    own->prev = NULL;
    own->next = NULL;
    PyOS_AfterFork_Child();
}

#endif
