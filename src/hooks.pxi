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
    cdef PyThreadState *thread = rt_thread() if recording else NULL
    if thread != NULL and rt_thread_interp(thread) != main_interp:
        return new
    if recording and new != NULL:
        if old == NULL:
            block_made(new, size)
        else:
            block_moved(old, new, size)
    return new


cdef void hook_free(void *ctx, void *block) noexcept nogil:
    cdef Hook *hook = <Hook *>ctx
    cdef PyThreadState *thread
    if recording:
        thread = rt_thread()
        if thread == NULL or rt_thread_interp(thread) == main_interp:
            block_gone(block)
    hook.below.free(hook.below.ctx, block)
