# Code objects that stacks name. No reference to one is kept: what a line needs is copied when it is first
# seen, and the ledger reports when its block is freed.

cdef enum:
    CODE_PLAIN = 0
    CODE_IMPORT = 1      # importlib's _find_and_load: all that it calls belongs to an import
    CODE_MODULE = 2      # the body of a module
    CODE_LIBRARY = 3     # of one that is no one's own: see `coarse` in ScopeFigures
    LIBRARIES = 32

cdef struct Code:
    uint64_t address     # of the code object; 0 once it is dead
    uint64_t start       # of its instructions
    char *text           # owned: file name, function name, line table, one after the other
    uint32_t file_length # characters
    uint32_t name_length
    uint32_t table_length  # bytes
    int firstlineno
    uint8_t file_kind    # bytes per character: 1, 2, 4
    uint8_t name_kind
    uint8_t role
    uint32_t nodes       # the first of its nodes
    uint32_t scope       # of the import of this module, or 0; next free id once it is given back

cdef Code *codes = NULL
cdef uint32_t code_count = 0        # ids below it are in use or on the free list
cdef uint32_t code_free = 0
cdef uint32_t code_capacity = 0
cdef Table code_ids                 # address of a live code object -> id
cdef size_t code_text_bytes = 0
cdef PyCodeObject *code_of_imports = NULL  # that of CODE_IMPORT, which is frozen into the interpreter
cdef char *libraries[LIBRARIES]     # owned: what the files of libraries begin with
cdef int library_count = 0


cdef int libraries_set(tuple prefixes) except -1:
    # Those beyond LIBRARIES, and those that are not ASCII, are not known as libraries.
    global library_count
    cdef char *copy
    while library_count > 0:
        library_count -= 1
        free(libraries[library_count])
    for prefix in prefixes[:LIBRARIES]:
        if not prefix.isascii():
            continue
        copy = strdup(prefix.encode())
        if copy == NULL:
            raise MemoryError("no memory for the ledger")
        libraries[library_count] = copy
        library_count += 1
    return 0


cdef bint is_in_library(PyObject *file) noexcept nogil:
    cdef int k
    for k in range(library_count):
        if text_begins(file, 1, libraries[k], strlen(libraries[k])):
            return True
    return False


cdef inline size_t unicode_bytes(PyObject *s) noexcept nogil:
    return PyUnicode_GET_LENGTH(s) * PyUnicode_KIND(s)


cdef uint32_t code_add(PyCodeObject *code) noexcept nogil:
    # Copies what lines need; 0 where memory is short.
    global code_text_bytes, code_of_imports
    cdef PyObject *file = rt_code_filename(code)
    cdef PyObject *name = rt_code_qualname(code)
    cdef PyObject *lines = rt_code_linetable(code)
    cdef size_t file_bytes = unicode_bytes(file)
    cdef size_t name_bytes = unicode_bytes(name)
    cdef uint32_t id = code_new()
    cdef Code *c = &codes[id]
    if id == 0:
        return 0
    memset(c, 0, sizeof(Code))
    c.table_length = <uint32_t>PyBytes_GET_SIZE(lines)
    c.text = <char *>malloc(file_bytes + name_bytes + c.table_length + 1)
    if c.text == NULL or table_put(&code_ids, <uint64_t>code, id) < 0:
        free(c.text)
        c.text = NULL
        return 0
    memcpy(c.text, PyUnicode_DATA(file), file_bytes)
    memcpy(c.text + file_bytes, PyUnicode_DATA(name), name_bytes)
    memcpy(c.text + file_bytes + name_bytes, PyBytes_AS_STRING(lines), c.table_length)
    c.text[file_bytes + name_bytes + c.table_length] = 0
    c.address = <uint64_t>code
    c.start = <uint64_t>rt_code_start(code)
    c.file_length = <uint32_t>PyUnicode_GET_LENGTH(file)
    c.file_kind = <uint8_t>PyUnicode_KIND(file)
    c.name_length = <uint32_t>PyUnicode_GET_LENGTH(name)
    c.name_kind = <uint8_t>PyUnicode_KIND(name)
    c.firstlineno = rt_code_firstlineno(code)
    c.role = code_role(file, name)
    if c.role == CODE_IMPORT:
        code_of_imports = code
    code_text_bytes += code_text_size(c)
    ledger_watch_code(<void *>code)
    return id


cdef uint32_t code_new() noexcept nogil:
    global codes, code_count, code_capacity, code_free
    cdef Code *bigger
    cdef uint32_t id = code_free
    if id != 0:
        code_free = codes[id].scope
        return id
    if code_count == code_capacity:
        bigger = <Code *>realloc(codes, 2 * <size_t>code_capacity * sizeof(Code))
        if bigger == NULL:
            return 0
        codes = bigger
        code_capacity *= 2
    code_count += 1
    return code_count - 1


cdef uint8_t code_role(PyObject *file, PyObject *name) noexcept nogil:
    if text_equals(name, b"<module>"):
        return CODE_LIBRARY if is_in_library(file) else CODE_MODULE
    if text_equals(name, b"_find_and_load") and text_equals(file, b"<frozen importlib._bootstrap>"):
        return CODE_IMPORT
    return CODE_PLAIN


cdef inline bint text_begins(PyObject *s, int kind, const void *beginning, size_t length) noexcept nogil:
    # With so many characters, of `kind` bytes each?
    return (
        PyUnicode_KIND(s) == kind
        and <size_t>PyUnicode_GET_LENGTH(s) >= length
        and memcmp(PyUnicode_DATA(s), beginning, length * kind) == 0
    )


cdef bint text_equals(PyObject *s, const char *ascii) noexcept nogil:
    return (
        <size_t>PyUnicode_GET_LENGTH(s) == strlen(ascii)
        and text_begins(s, 1, ascii, strlen(ascii))
    )


cdef void code_died(void *address) noexcept nogil:
    # Its address, and those of its instructions, may come back as another code's.
    cdef Slot *slot = table_find(&code_ids, <uint64_t>address)
    if slot.key != 0:
        node_forget_all(slot.value)
        codes[slot.value].address = 0
        table_delete(&code_ids, <uint64_t>address)
        chain_cut(0)


cdef void codes_sweep() noexcept nogil:
    # Gives back what was copied from dead code objects that no stack names any more.
    global code_free, code_text_bytes
    cdef uint32_t id
    for id in range(1, code_count):
        if codes[id].address == 0 and codes[id].nodes == 0 and codes[id].text != NULL:
            code_text_bytes -= code_text_size(&codes[id])
            free(codes[id].text)
            codes[id].text = NULL
            codes[id].scope = code_free
            code_free = id


cdef inline size_t code_text_size(Code *c) noexcept nogil:
    return c.file_length * c.file_kind + c.name_length * c.name_kind + c.table_length + 1
