# What CPython's allocators call in place of their own functions. The GIL is held.

cdef void *hook_malloc(void *ctx, size_t size) noexcept nogil:
    global hook_calls
    cdef Hook *hook = <Hook *>ctx
    cdef void *block = hook.below.malloc(hook.below.ctx, size)
    hook_calls += 1
    if recording and block != NULL:
        block_made(block, size)
    return block


cdef void *hook_calloc(void *ctx, size_t count, size_t size) noexcept nogil:
    cdef Hook *hook = <Hook *>ctx
    cdef void *block = hook.below.calloc(hook.below.ctx, count, size)
    if recording and block != NULL:
        block_made(block, count * size)
    return block


cdef void *hook_realloc(void *ctx, void *old, size_t size) noexcept nogil:
    cdef Hook *hook = <Hook *>ctx
    cdef void *new = hook.below.realloc(hook.below.ctx, old, size)
    if recording and new != NULL and rt_holds_the_gil_of(main_interp):
        if old == NULL:
            block_made(new, size)
        else:
            block_moved(old, new, size)
    return new


cdef void hook_free(void *ctx, void *block) noexcept nogil:
    cdef Hook *hook = <Hook *>ctx
    if recording and rt_holds_the_gil_of(main_interp):
        block_gone(block)
    hook.below.free(hook.below.ctx, block)


# ---- put in place, and taken out ----

cdef void hook_fill(PyMemAllocatorEx *allocator, Hook *hook) noexcept nogil:
    allocator.ctx = hook
    allocator.malloc = hook_malloc
    allocator.calloc = hook_calloc
    allocator.realloc = hook_realloc
    allocator.free = hook_free


cdef PyMemAllocatorDomain hook_domain(int i) noexcept nogil:
    return PYMEM_DOMAIN_OBJ if i == 0 else PYMEM_DOMAIN_MEM


cdef void hooks_install() noexcept nogil:
    # A domain whose allocations still come by our hook keeps it where it is in the chain: put on top
    # as well it would call itself.
    cdef PyMemAllocatorEx mine
    cdef int i
    for i in range(2):
        if not hook_reached(i):
            PyMem_GetAllocator(hook_domain(i), &hooks[i].below)
            hook_fill(&mine, &hooks[i])
            PyMem_SetAllocator(hook_domain(i), &mine)


cdef void hooks_remove() noexcept nogil:
    # Only what is on top; else another tool calls through our hook, which stays and passes on.
    cdef PyMemAllocatorEx top
    cdef int i
    for i in range(2):
        PyMem_GetAllocator(hook_domain(i), &top)
        if top.ctx == &hooks[i]:
            PyMem_SetAllocator(hook_domain(i), &hooks[i].below)


cdef bint hook_reached(int i) noexcept nogil:
    # Do allocations of the domain come by our hook? Another tool may have lifted it, by putting back
    # the allocator that it once found.
    cdef uint64_t before = hook_calls
    if i == 0:
        PyObject_Free(PyObject_Malloc(1))
    else:
        PyMem_Free(PyMem_Malloc(1))
    return hook_calls != before
