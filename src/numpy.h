/* What reftrack knows of numpy's arrays, scalars and dtypes: these have no tp_traverse, and their data comes from
   malloc. numpy's own headers (ndarraytypes.h, arrayscalars.h) are not needed to build: the structs stand here as
   far as they are read, of numpy 1 and 2. Included by cpython.h; the functions here only read. */

#ifndef REFTRACK_NUMPY_H
#define REFTRACK_NUMPY_H

/* The head of PyArrayObject_fields (numpy's ndarraytypes.h), the same in numpy 1 and 2. */
typedef struct {
    PyObject_HEAD
    char *data;
    int nd;
    Py_ssize_t *dimensions;
    Py_ssize_t *strides;
    PyObject *base;
    PyObject *descr;
    int flags;
} rt_ndarray;

/* The head of PyVoidScalarObject (arrayscalars.h): a record of a structured array, a view of it. */
typedef struct {
    PyObject_VAR_HEAD
    char *obval;
    PyObject *descr;
    int flags;
    PyObject *base;
} rt_void;

/* _arr_descr: what a dtype of subarrays has. */
typedef struct {
    PyObject *base;
    PyObject *shape;
} rt_subarray;

/* PyArray_Descr, as far as it is the same in numpy 1 and 2, ... */
typedef struct {
    PyObject_HEAD
    PyTypeObject *typeobj;
    char kind;
    char type;
    char byteorder;
    unsigned char flags1;
    int type_num;
} rt_dtype;

/* ... in numpy 1 (PyArray_DescrProto), ... */
typedef struct {
    rt_dtype head;
    int elsize;
    int alignment;
    rt_subarray *subarray;
    PyObject *fields;
    PyObject *names;
} rt_dtype1;

/* ... and in numpy 2; from `subarray` on only in those that numpy calls legacy (_PyArray_LegacyDescr). */
typedef struct {
    rt_dtype head;
    uint64_t flags;
    Py_ssize_t elsize;
    Py_ssize_t alignment;
    PyObject *metadata;
    Py_hash_t hash;
    void *reserved[2];
    rt_subarray *subarray;
    PyObject *fields;
    PyObject *names;
} rt_dtype2;

#define RT_NDARRAY_OWNDATA 0x0004
#define RT_DTYPE_REFCOUNT 1       /* NPY_ITEM_REFCOUNT: items have references */
#define RT_DTYPE_OBJECT 17        /* NPY_OBJECT */
#define RT_DTYPE_VOID 20          /* NPY_VOID */
#define RT_DTYPE_DEPTH 32         /* of nested fields that are read */
#define RT_NDARRAY_DIMS 64        /* NPY_MAXDIMS of numpy 2; 32 in numpy 1 */

static inline int rt_is_ndarray(PyTypeObject *type) { return rt_is_a(type, "numpy.ndarray"); }

static inline int rt_is_void(PyTypeObject *type)
{
    return rt_is_a(type, "numpy.void") && type->tp_basicsize >= (Py_ssize_t)sizeof(rt_void);
}

/* Which of the structs above dtypes have: numpy.dtype says so itself, in its tp_members, which tell where
   its `itemsize` is, and as what. 0: neither, or no dtype. */
static inline int rt_dtype_layout(PyTypeObject *type)
{
    static PyTypeObject *known = NULL; /* never freed, being static */
    static int layout = 0;
    PyMemberDef *m;
    while (type->tp_base != NULL && type->tp_base != &PyBaseObject_Type) {
        type = type->tp_base;
    }
    if (type == known || !rt_is_a(type, "numpy.dtype")) {
        return type == known ? layout : 0;
    }
    known = type;
    layout = 0;
    for (m = type->tp_members; m != NULL && m->name != NULL; m++) {
        if (strcmp(m->name, "itemsize") == 0) {
            layout = m->type == T_INT && m->offset == offsetof(rt_dtype1, elsize) ? 1
                : m->type == T_PYSSIZET && m->offset == offsetof(rt_dtype2, elsize) ? 2 : 0;
        }
    }
    return layout;
}

/* Has it fields, or subarrays? */
static inline int rt_dtype_is_record(PyObject *o, int layout)
{
    return layout != 0 && ((rt_dtype *)o)->type_num == RT_DTYPE_VOID && Py_TYPE(o)->tp_basicsize
        >= (Py_ssize_t)(layout == 1 ? sizeof(rt_dtype1) : sizeof(rt_dtype2));
}

/* What is read of a dtype; the last three only where its items have references. */
typedef struct {
    Py_ssize_t size;       /* of an item, in bytes */
    int is_object;         /* an item is a reference */
    rt_subarray *subarray; /* an item is several of these */
    PyObject *fields;      /* an item has these, a dict: name or title -> (dtype, offset[, title]) */
} rt_items;

/* False where nothing is known of it. */
static inline int rt_dtype_read(PyObject *o, rt_items *items)
{
    int layout = o != NULL ? rt_dtype_layout(Py_TYPE(o)) : 0;
    rt_dtype1 *one = (rt_dtype1 *)o;
    rt_dtype2 *two = (rt_dtype2 *)o;
    memset(items, 0, sizeof(*items));
    if (layout == 0) {
        return 0;
    }
    items->size = layout == 1 ? one->elsize : two->elsize;
    if (!((layout == 1 ? one->head.flags1 : two->flags) & RT_DTYPE_REFCOUNT)) {
        return items->size >= 0;
    }
    if (one->head.type_num == RT_DTYPE_OBJECT) {
        items->is_object = items->size == (Py_ssize_t)sizeof(PyObject *);
    }
    else if (rt_dtype_is_record(o, layout)) {
        items->subarray = layout == 1 ? one->subarray : two->subarray;
        items->fields = layout == 1 ? one->fields : two->fields;
        if (items->fields != NULL && !PyDict_CheckExact(items->fields)) {
            items->fields = NULL;
        }
    }
    return items->size >= 0;
}

/* One entry of a dtype's fields: what its items are, and where in an item of `size` bytes. A field with a
   title has two entries; that of the title does not count. False: none. */
static inline int rt_field_read(
    PyObject *key, PyObject *value, Py_ssize_t size, rt_items *items, Py_ssize_t *offset)
{
    int overflow = 0;
    if (!PyTuple_CheckExact(value) || PyTuple_GET_SIZE(value) < 2
        || !PyLong_CheckExact(PyTuple_GET_ITEM(value, 1))
        || (PyTuple_GET_SIZE(value) > 2 && PyTuple_GET_ITEM(value, 2) == key)) {
        return 0;
    }
    *offset = PyLong_AsLongAndOverflow(PyTuple_GET_ITEM(value, 1), &overflow);
    return overflow == 0 && rt_dtype_read(PyTuple_GET_ITEM(value, 0), items) && *offset >= 0
        && items->size <= size && *offset <= size - items->size;
}

/* Bytes of the data that an array has by itself, as numpy reckons them when it frees them (array_dealloc).
   0 where it is another's, or not known. */
static inline int64_t rt_ndarray_bytes(PyObject *o)
{
    rt_ndarray *a = (rt_ndarray *)o;
    rt_items items;
    int64_t size;
    int i;
    if (a->data == NULL || !(a->flags & RT_NDARRAY_OWNDATA) || !rt_dtype_read(a->descr, &items)
        || a->nd < 0 || a->nd > RT_NDARRAY_DIMS || (a->nd > 0 && a->dimensions == NULL)) {
        return 0;
    }
    size = items.size;
    for (i = 0; i < a->nd; i++) {
        if (a->dimensions[i] < 0 || rt_mul_overflows(size, (int64_t)a->dimensions[i], &size)) {
            return 0;
        }
    }
    return size >> 47 == 0 ? size : 0;
}

/* Called with each place where a reference stands, which need not be aligned; not 0 ends it. */
typedef int (*rt_place_visit)(char *place, void *arg);

static int rt_places(
    const rt_items *items, char *data, Py_ssize_t bytes, int depth, rt_place_visit visit, void *arg);

static inline int rt_field_places(
    const rt_items *items, char *item, int depth, rt_place_visit visit, void *arg)
{
    rt_items inner;
    PyObject *key, *value;
    Py_ssize_t at = 0, offset;
    int ended = 0;
    while (!ended && PyDict_Next(items->fields, &at, &key, &value)) {
        if (rt_field_read(key, value, items->size, &inner, &offset)) {
            ended = rt_places(&inner, item + offset, inner.size, depth, visit, arg);
        }
    }
    return ended;
}

static int rt_places(
    const rt_items *items, char *data, Py_ssize_t bytes, int depth, rt_place_visit visit, void *arg)
{
    rt_items inner;
    char *item;
    int ended = 0;
    if (depth > RT_DTYPE_DEPTH || items->size == 0
        || (items->subarray != NULL && !rt_dtype_read(items->subarray->base, &inner))
        || !(items->is_object || items->subarray != NULL || items->fields != NULL)) {
        return 0;
    }
    for (item = data; !ended && item - data <= bytes - items->size; item += items->size) {
        ended = items->is_object ? visit(item, arg)
            : items->subarray != NULL ? rt_places(&inner, item, items->size, depth + 1, visit, arg)
            : rt_field_places(items, item, depth + 1, visit, arg);
    }
    return ended;
}

/* The places in an array's own data. A view's are its base's. */
static inline int rt_ndarray_places(PyObject *o, rt_place_visit visit, void *arg)
{
    rt_ndarray *a = (rt_ndarray *)o;
    Py_ssize_t bytes = (Py_ssize_t)rt_ndarray_bytes(o);
    rt_items items;
    return bytes > 0 && rt_dtype_read(a->descr, &items)
        ? rt_places(&items, a->data, bytes, 0, visit, arg) : 0;
}

static inline PyObject *rt_place_object(char *place)
{
    PyObject *o;
    memcpy(&o, place, sizeof(o));
    return o;
}

/* ---- visiting ---------------------------------------------------------------------------- */

typedef struct {
    visitproc visit;
    void *arg;
} rt_visitor;

static inline int rt_place_visited(char *place, void *visitor)
{
    rt_visitor *v = (rt_visitor *)visitor;
    PyObject *o = rt_place_object(place);
    return o != NULL ? v->visit(o, v->arg) : 0;
}

static inline int rt_ndarray_visit(PyObject *o, visitproc visit, void *arg)
{
    rt_ndarray *a = (rt_ndarray *)o;
    rt_visitor visitor = {visit, arg};
    Py_VISIT(a->base);
    Py_VISIT(a->descr);
    return rt_ndarray_places(o, rt_place_visited, &visitor);
}

static inline int rt_void_visit(PyObject *o, visitproc visit, void *arg)
{
    rt_void *v = (rt_void *)o;
    Py_VISIT(v->base);
    Py_VISIT(v->descr);
    return 0;
}

/* A record dtype's tables. */
static inline int rt_dtype_visit(PyObject *o, visitproc visit, void *arg)
{
    int layout = rt_dtype_layout(Py_TYPE(o));
    rt_dtype1 *one = (rt_dtype1 *)o;
    rt_dtype2 *two = (rt_dtype2 *)o;
    rt_subarray *subarray;
    if (!rt_dtype_is_record(o, layout)) {
        return 0;
    }
    Py_VISIT(layout == 1 ? one->fields : two->fields);
    Py_VISIT(layout == 1 ? one->names : two->names);
    subarray = layout == 1 ? one->subarray : two->subarray;
    if (subarray != NULL) {
        Py_VISIT(subarray->base);
        Py_VISIT(subarray->shape);
    }
    return 0;
}

/* What a view is one of: of an array, or the array of a record. */
static inline PyObject *rt_ndarray_base(PyObject *o)
{
    return rt_is_ndarray(Py_TYPE(o)) ? ((rt_ndarray *)o)->base
        : rt_is_void(Py_TYPE(o)) ? ((rt_void *)o)->base : NULL;
}

#endif
