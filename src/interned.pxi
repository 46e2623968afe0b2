# What the interpreter has interned. Its table of strings (the dict `interned` of Objects/unicodeobject.c: a static
# variable in 3.11, later a field of the interpreter) is no object that the collector lists (or, from 3.14 on,
# one that is not looked into), and no Python object refers to it. It is known by its entries: a block that
# has a string of our own, which nobody else knows, as the key and the value of one.

cdef enum:
    # In place of an owner's node, of which there are fewer.
    INTERNED_TABLE = 0xFFFFFFFE
    INTERNED_STRING = 0xFFFFFFFF
    INTERNED_LEAST = 512          # bytes; the interpreter itself interns hundreds of names

cdef object interned_mark = PyUnicode_InternFromString(b"reftrack: it is by this that the table is known")
cdef void *interned_mark_at = <void *><PyObject *>interned_mark


cdef void survey_interned(Survey *s) noexcept nogil:
    # Of blocks without an owner. They are live, and read as far as the ledger has them.
    cdef size_t i, size
    cdef void **words
    cdef bint is_found = False
    for i in range(s.orphans.mask + 1):
        if s.orphans.slots[i].key == 0 or s.orphans.slots[i].value != 0:
            continue
        words = <void **>(s.orphans.slots[i].key << 4)
        size = <size_t>block_bytes(words)
        if rt_is_interned_for_good(words, size):
            s.orphans.slots[i].value = <uint32_t>INTERNED_STRING
        elif not is_found and size >= INTERNED_LEAST and has_mark(words, size):
            s.orphans.slots[i].value = <uint32_t>INTERNED_TABLE
            is_found = True


cdef inline bint has_mark(void **words, size_t size) noexcept nogil:
    cdef size_t k
    for k in range(size // sizeof(void *) - 1):
        if words[k] == interned_mark_at and words[k + 1] == interned_mark_at:
            return True
    return False


cdef inline str interned_as(uint32_t owner):
    if owner == <uint32_t>INTERNED_TABLE:
        return "table"
    return "string" if owner == <uint32_t>INTERNED_STRING else ""
