# The ledger's face towards Python.

cdef void ledger_free() noexcept nogil:
    global entries, entry_mask, entry_used, growths, growth_capacity, growth_count, growth_free
    global scope_count, scope_now, releaser, live_total, data_total, ledger_short, ledger_number
    cdef uint32_t i
    for i in range((scope_count + <uint32_t>SCOPE_CHUNK - 1) // <uint32_t>SCOPE_CHUNK):
        free(scope_chunks[i])
        scope_chunks[i] = NULL
    free(entries)
    pools_free()
    waiting_free()
    free(growths)
    table_free(&growth_heads)
    stacks_free()
    entries = NULL
    growths = NULL
    entry_mask = 0
    entry_used = 0
    growth_capacity = 0
    growth_count = 1
    growth_free = 0
    scope_count = 0
    scope_now = 0
    releaser = 0
    live_total = 0
    data_total = 0
    ledger_short = False
    ledger_number += 1


cdef int ledger_init(int frames) noexcept nogil:
    global entries, entry_mask, growths, growth_capacity, import_scope, node_limit
    ledger_free()
    entries = <Entry *>calloc(ENTRIES_LEAST, sizeof(Entry))
    entry_mask = ENTRIES_LEAST - 1
    growth_capacity = 256
    growths = <Growth *>calloc(growth_capacity, sizeof(Growth))
    if (
        entries == NULL
        or growths == NULL
        or table_init(&growth_heads, 256) < 0
        or pools_init() < 0
        or stacks_init() < 0
    ):
        ledger_free()
        return -1
    chain_init(frames)
    scope_new()  # 0: what was there before, or is no one's
    if scope_chunks[0] == NULL:
        ledger_free()
        return -1
    scope_run(0)
    import_scope = scope_new()
    figures(import_scope).coarse = library_count > 0
    return 0


def start(int frames, tuple libraries=()):
    """Begin to record allocations, with up to `frames` frames each; an earlier ledger is dropped.
    While a module is imported whose file begins with one of `libraries`, only the line of its body
    is recorded, with none of the calls that it makes: nobody can change what they allocate.

    Raises ValueError where `frames` is not between 1 and 256, MemoryError where there is no
    memory for the ledger. Starting a started ledger begins anew.
    """
    global recording, charging, main_interp, stand_ins
    if not 1 <= frames <= 256:
        raise ValueError("frames must be between 1 and 256")
    recording = False
    charging = True
    stand_ins = 0
    libraries_set(libraries)
    if ledger_init(frames) < 0:
        raise MemoryError("no memory for the ledger")
    main_interp = PyInterpreterState_Main()
    arenas_count()
    hooks_install()
    objects_follow()
    recording = True


def stop():
    """Stop recording and drop the ledger. Stopping twice does nothing."""
    global recording, paused_thread, pause_depth, stand_ins
    recording = False
    stand_ins = 0
    paused_thread = NULL
    pause_depth = 0
    objects_follow_no_more()
    hooks_remove()
    ledger_free()


def recording_now():
    """Is the ledger recording in this process?"""
    return recording


def charge_no_more():
    """What is allocated from now on is not recorded, what goes still is: cheap, for as long as somebody
    may ask what is left. Until `charge_again`, or `start`."""
    global charging
    charging = False


def charge_again():
    """Ends `charge_no_more`."""
    global charging
    charging = True


def ledger_id():
    """The number of the ledger that there is: another one when it has been started anew or stopped."""
    return ledger_number


def attached():
    """Do allocations still reach the ledger? False when another tool has lifted its hooks, or when
    the ledger had no memory left for itself."""
    return bool(recording and not ledger_short and hook_reached(0) and hook_reached(1))


def silence():
    """Record nothing any more in this process (a forked child), and leave the memory as it is."""
    global recording
    recording = False


def new_scope():
    """A new scope's id."""
    if entries == NULL:
        raise RuntimeError("the ledger is not started")
    return scope_new()


def enter_scope(uint32_t scope, uint32_t released_by=0):
    """Charge what follows to `scope`; returns the scope that was charged until now. What goes
    meanwhile counts as released by it too, or by `released_by`, if that is given."""
    global releaser
    if scope >= scope_count:
        raise ValueError(f"no scope {scope}")
    cdef uint32_t before = scope_now
    lists_read()
    ledger_lighten()
    scope_run(scope)
    releaser = released_by if released_by else scope
    figures(scope).ended_bytes = -1
    figures(scope).collected_bytes = 0
    return before


def waiting_depth(str own_folder not None):
    """The depth, as `sys._getframe` counts from the caller, of the frame that called the innermost one
    which is no generator's and whose file is not in `own_folder`; -1 where there is none."""
    cdef PyObject *own = <PyObject *>own_folder
    cdef rt_frame *frame = rt_frame_current(rt_thread())
    cdef PyCodeObject *code
    cdef bint is_next = False
    cdef int depth = 0
    while frame != NULL:
        code = rt_frame_code(frame)
        if code != NULL and not rt_frame_incomplete(frame, code):
            if is_next:
                return depth
            is_next = not (rt_code_is_generator(code) or own_frame(frame, own))
            depth += 1
        frame = rt_frame_previous(frame)
    return -1


def stand_on(frame):
    """Take a frame of this thread for one that waits long for what it has called: captures of stacks
    need not look at it and its callers again. Returns whether it runs in this thread; one that does
    not, or soon does no more, costs time and nothing else."""
    cdef PyThreadState *thread = rt_thread()
    if entries == NULL or not PyFrame_Check(<PyObject *>frame):
        return False
    return rt_thread_interp(thread) == main_interp and chain_stand_on(thread, <PyObject *>frame)


def end_scope(uint32_t scope):
    """Remember what is alive of a scope, so that `counters` can tell which later one released it."""
    if scope >= scope_count:
        raise ValueError(f"no scope {scope}")
    figures(scope).ended_bytes = figures(scope).live_bytes
    figures(scope).data_gone_then = figures(scope).data_gone


def counters(uint32_t scope):
    """(live bytes, live blocks, allocated bytes, peak of live bytes, releasing scope or 0), with those of
    scopes within it."""
    if scope >= scope_count:
        raise ValueError(f"no scope {scope}")
    cdef ScopeFigures *f = figures(scope)
    return (
        f.live_bytes + f.inner_bytes,
        f.live_blocks + f.inner_blocks,
        f.allocated_bytes + f.inner_allocated,
        f.peak_bytes,
        f.released_by,
    )


def alive_by_scope():
    """The live bytes of every scope, by its number; those of scopes within it are theirs."""
    return [figures(scope).live_bytes for scope in range(scope_count)]


def collected_bytes(uint32_t scope):
    """Of what a scope left, the bytes that were freed while the cyclic collector ran."""
    if scope >= scope_count:
        raise ValueError(f"no scope {scope}")
    return figures(scope).collected_bytes


def collect():
    """A full garbage collection, also where the program has disabled the collector. What it frees
    counts as collected, of the scope that is open now as well, and as released by no scope. The
    interpreter's cache of attributes lets go of their names (Objects/typeobject.c, type_cache)."""
    global releaser
    cdef uint32_t before = scope_now, releasing = releaser
    scope_run(0)
    releaser = 0
    PyType_ClearCache()
    rt_collect()
    scope_run(before)
    releaser = releasing


def collecting():
    """Is the collector enabled?"""
    return bool(PyGC_IsEnabled())


def frozen_mark():
    """Changes when objects are frozen by `gc.freeze()` or thawed; 0 while there are none. It may
    change, too, when a frozen object dies."""
    cdef PyGC_Head *list = rt_gc_frozen(PyInterpreterState_Main())
    cdef PyGC_Head *last = rt_gc_previous(list)
    return 0 if last == list else <size_t>last


def frozen_objects():
    """How many objects `gc.freeze()` has taken from the collector. Counts them one by one."""
    cdef PyGC_Head *list = rt_gc_frozen(PyInterpreterState_Main())
    cdef PyGC_Head *g = rt_gc_next(list)
    cdef size_t count = 0
    while g != list:
        count += 1
        g = rt_gc_next(g)
    return count


def now():
    """Seconds of a steady clock, which no suite can patch."""
    return rt_seconds()


def live_bytes():
    """Bytes of all live blocks in the ledger, and of arrays' data as of the last look at the heap."""
    return live_total


def left_bytes(uint32_t scope):
    """The bytes that a scope had alive when it ended; 0 while it runs.

    Raises ValueError for a scope that there is not.
    """
    if scope >= scope_count:
        raise ValueError(f"no scope {scope}")
    return max(figures(scope).ended_bytes, 0)


def import_scopes():
    """The scopes that the ledger made itself: [(id, file of the module), ...]; the machinery's own
    comes first, with an empty file name."""
    cdef list found = [(import_scope, "")]
    cdef uint32_t i
    cdef Quiet quiet
    quiet_begin(&quiet)
    try:
        for i in range(1, code_count):
            if codes[i].scope != 0 and codes[i].text != NULL and codes[i].role >= CODE_MODULE:
                found.append((codes[i].scope, code_file(&codes[i])))
        return found
    finally:
        quiet_end(&quiet)


cdef object code_file(Code *c):
    return PyUnicode_FromKindAndData(c.file_kind, c.text, c.file_length)


cdef object code_function(Code *c):
    return PyUnicode_FromKindAndData(
        c.name_kind, c.text + c.file_length * c.file_kind, c.name_length
    )


cdef int code_line(Code *c, uint32_t offset) noexcept nogil:
    # The location table of Objects/locations.md (PEP 657), format the same in 3.11 to 3.15.
    # 0 where an instruction has no line.
    cdef uint8_t *p = <uint8_t *>c.text + c.file_length * c.file_kind + c.name_length * c.name_kind
    cdef uint8_t *end = p + c.table_length
    cdef uint32_t at = 0
    cdef int line = c.firstlineno, kind, delta
    while p < end:
        kind = (p[0] >> 3) & 15
        at += 2 * ((p[0] & 7) + 1)
        p += 1
        delta = 0
        if (kind == 13 or kind == 14) and p < end:
            p = signed_varint(p, end, &delta)
        elif 10 <= kind <= 12:
            delta = kind - 10
        line += delta
        while p < end and not p[0] & 128:
            p += 1
        if at > offset:
            return 0 if kind == 15 else line
    return 0


cdef uint8_t *signed_varint(uint8_t *p, uint8_t *end, int *value) noexcept nogil:
    # Tables come from the compiler, or from a program that made up its own: nothing is taken on trust.
    cdef uint32_t u = p[0] & 63
    cdef int shift = 6
    while p < end and p[0] & 64:
        p += 1
        if shift <= 24 and p < end:
            u |= <uint32_t>(p[0] & 63) << shift
        shift += 6
    value[0] = -<int>(u >> 1) if u & 1 else <int>(u >> 1)
    return p + 1


def stack_frames(uint32_t stack, int limit, dict known=None):
    """The frames of a stack, at most `limit`: [(file, function, line), ...], most recent call last.

    `known` keeps what was read, for other stacks with the same callers, as long as nothing is swept.
    """
    cdef list frames = []
    known = {} if known is None else known
    cdef Node *node
    cdef Quiet quiet
    quiet_begin(&quiet)
    try:
        while 1 < stack < node_count and len(frames) < limit:
            node = &nodes[stack]
            if node.code == 0:
                break
            line = known.get(stack)
            if line is None:
                line = known[stack] = (
                    code_file(&codes[node.code]),
                    code_function(&codes[node.code]),
                    code_line(&codes[node.code], node.offset),
                )
            frames.append(line)
            stack = node.parent
        frames.reverse()
        return frames
    finally:
        quiet_end(&quiet)


def block_charge(size_t address):
    """(bytes, scope, stack) of the live block that starts at an address, or None. For tests."""
    cdef Charge c
    if entries == NULL or not charge_of(<void *>address, &c):
        return None
    return c.size, c.scope, stack_node(c.stack)


def memory():
    """The ledger's own memory: {"blocks": live blocks, "bytes": all of it, "entry_bytes": what
    is kept of the blocks, "stacks": live stack nodes, "stack_bytes": their memory and the copied line tables}."""
    return {
        "blocks": entry_used + pool_live,
        "bytes": ledger_memory(),
        "entry_bytes": entry_memory(),
        "stacks": node_live,
        "stack_bytes": stack_memory(),
    }


cdef size_t ledger_memory() noexcept nogil:
    cdef size_t growth = growth_capacity * sizeof(Growth) + (growth_heads.mask + 1) * sizeof(Slot)
    return entry_memory() + stack_memory() + growth + scope_memory()


cdef size_t scope_memory() noexcept nogil:
    # Of those that there are: what a chunk has beyond them was never written, and is not in RAM.
    return scope_count * sizeof(ScopeFigures)


cdef size_t entry_memory() noexcept nogil:
    if entries == NULL:
        return 0
    return (entry_mask + 1) * sizeof(Entry) + (pool_mask + 1) * sizeof(Pool) + pool_bytes


cdef size_t stack_memory() noexcept nogil:
    return (
        node_capacity * sizeof(Node)
        + (node_mask + 1) * sizeof(NodeKey)
        + code_capacity * sizeof(Code)
        + (code_ids.mask + 1) * sizeof(Slot)
        + code_text_bytes
    )
