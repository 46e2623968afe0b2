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
