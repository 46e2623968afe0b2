# Stacks of calls, interned as a tree: a node is (parent node, instruction), its path to the root is
# the stack.

cdef enum:
    NODE_UNKNOWN = 0     # no Python frame
    NODE_DEEP = 1        # stands for the outer part of a stack deeper than CHAIN_FRAMES
    NODE_RECENT = 1024
    NODE_INDEX_LEAST = 1 << 15
    NODE_SCOPED = 1 << 31  # in a NodeKey: the node has a scope

cdef struct Node:
    uint32_t parent
    uint32_t code        # 0: the id is free
    uint32_t sibling     # next node of the same code
    uint32_t scope       # scope of the import that this stack is part of, or 0
    uint32_t offset      # of the instruction in its code, bytes

cdef struct NodeKey:     # a look-up reads this alone
    uint64_t instr
    uint32_t parent
    uint32_t id          # with NODE_SCOPED; 0: empty

cdef Node *nodes = NULL
cdef uint32_t node_count = 0        # ids below it are in use or on the free list
cdef uint32_t node_capacity = 0
cdef uint32_t node_live = 0
cdef uint32_t node_free = 0         # head of the list of free ids, linked by `parent`
cdef uint32_t node_limit = 0        # a sweep is due beyond it
cdef NodeKey *node_index = NULL     # by hash of (parent, instr)
cdef size_t node_mask = 0
cdef NodeKey node_recent[NODE_RECENT]  # found lately, one per place: what a loop comes by fits the cache
cdef uint32_t import_scope = 0      # what the import machinery itself allocates


cdef int stacks_init() noexcept nogil:
    global nodes, node_count, node_capacity, node_live, node_free, node_limit, node_index, node_mask
    global codes, code_count, code_capacity, code_free
    stacks_free()
    node_capacity = 1 << 14
    nodes = <Node *>calloc(node_capacity, sizeof(Node))
    node_mask = NODE_INDEX_LEAST - 1
    node_index = <NodeKey *>rt_zeroed_array(node_mask + 1, sizeof(NodeKey))
    node_count = 2
    node_live = 2
    node_free = 0
    node_limit = 1 << 14
    memset(node_recent, 0, sizeof(node_recent))
    code_capacity = 1 << 12
    codes = <Code *>calloc(code_capacity, sizeof(Code))
    code_count = 1
    code_free = 0
    if nodes == NULL or node_index == NULL or codes == NULL or table_init(&code_ids, 1 << 13) < 0:
        stacks_free()
        return -1
    return 0


cdef void stacks_free() noexcept nogil:
    global nodes, node_index, codes, code_count, code_text_bytes
    cdef uint32_t i
    for i in range(code_count):
        if codes != NULL:
            free(codes[i].text)
    free(nodes)
    free(node_index)
    free(codes)
    table_free(&code_ids)
    nodes = NULL
    node_index = NULL
    codes = NULL
    code_count = 0
    code_text_bytes = 0


cdef void node_forget_all(uint32_t code_id) noexcept nogil:
    # The nodes of a code keep their lines, and are found no more.
    cdef uint32_t id = codes[code_id].nodes
    cdef NodeKey *recent
    while id != 0:
        recent = node_place(nodes[id].parent, node_instr(id))
        if recent.id & ~<uint32_t>NODE_SCOPED == id:
            memset(recent, 0, sizeof(NodeKey))
        node_index_delete(id)
        id = nodes[id].sibling


cdef void node_index_delete(uint32_t id) noexcept nogil:
    # Shifts the keys behind it back (Knuth 6.4, algorithm R): code that is made and dropped in a loop comes to
    # the same addresses again and again, and what stayed there would have to be passed each time.
    cdef size_t hole = node_hash(nodes[id].parent, node_instr(id)) & node_mask, i, home
    while node_index[hole].id & ~<uint32_t>NODE_SCOPED != id:
        if node_index[hole].id == 0:
            return
        hole = (hole + 1) & node_mask
    i = hole
    while True:
        i = (i + 1) & node_mask
        if node_index[i].id == 0:
            break
        home = node_hash(node_index[i].parent, <void *>node_index[i].instr) & node_mask
        if ((i - home) & node_mask) >= ((i - hole) & node_mask):
            node_index[hole] = node_index[i]
            hole = i
    memset(&node_index[hole], 0, sizeof(NodeKey))


cdef inline uint64_t node_hash(uint32_t parent, void *instr) noexcept nogil:
    # What one call allocates is near in its code: four keys fill a line of the cache.
    cdef uint64_t where = <uint64_t>instr
    return scatter(where >> 6 ^ <uint64_t>parent << 36) << 2 | (where >> 4) & 3


cdef inline void *node_instr(uint32_t id) noexcept nogil:
    return <void *>(codes[nodes[id].code].start + nodes[id].offset)


cdef inline uint32_t node_flagged(uint32_t id) noexcept nogil:
    return id | <uint32_t>NODE_SCOPED if nodes[id].scope != 0 else id


cdef inline void node_fetch(uint32_t parent, rt_frame *frame) noexcept nogil:
    # The key arrives while the callers are compared.
    rt_prefetch(&node_index[node_hash(parent, rt_frame_instr(frame)) & node_mask])


cdef inline NodeKey *node_place(uint32_t parent, void *instr) noexcept nogil:
    # Its place among the recent ones.
    return &node_recent[(<uint64_t>instr >> 1 ^ parent * <uint32_t>0x9E3779B1 >> 20) & (NODE_RECENT - 1)]


cdef inline uint32_t node_find(uint32_t parent, rt_frame *frame) noexcept nogil:
    # With NODE_SCOPED where its scope has to be looked up: few have one, and that is another line of
    # the cache.
    cdef void *instr = rt_frame_instr(frame)
    cdef NodeKey *recent = node_place(parent, instr)
    if recent.instr == <uint64_t>instr and recent.parent == parent:
        return recent.id
    return node_search(parent, frame)


cdef uint32_t node_search(uint32_t parent, rt_frame *frame) noexcept nogil:
    cdef void *instr = rt_frame_instr(frame)
    cdef size_t i = node_hash(parent, instr) & node_mask
    cdef NodeKey *key
    if nodes[parent].scope != 0 and figures(nodes[parent].scope).coarse and is_plain(frame):
        return node_flagged(parent)
    while True:
        key = &node_index[i]
        if key.instr == <uint64_t>instr and key.parent == parent:
            node_place(parent, instr)[0] = key[0]
            return key.id
        if key.id == 0:
            return node_add(parent, frame)
        i = (i + 1) & node_mask


cdef inline bint is_plain(rt_frame *frame) noexcept nogil:
    # A function's, but for the one that begins an import. (A class's body makes nodes: there are few.)
    cdef PyCodeObject *code = rt_frame_code(frame)
    return code == NULL or rt_code_is_function(code) and code != code_of_imports


cdef uint32_t node_add(uint32_t parent, rt_frame *frame) noexcept nogil:
    # A frame that shows in no traceback, or that cannot be stored, stands for its caller.
    cdef PyCodeObject *code = rt_frame_code(frame)
    cdef Slot *slot
    cdef uint32_t code_id, id
    if code == NULL or rt_frame_incomplete(frame, code):
        return node_flagged(parent)
    if node_live > node_limit:
        ledger_sweep(parent)
    slot = table_find(&code_ids, <uint64_t>code)
    code_id = slot.value if slot.key != 0 else code_add(code)
    if code_id == 0:
        return node_flagged(parent)
    id = node_new()
    if id == 0:
        return node_flagged(parent)
    nodes[id].parent = parent
    nodes[id].code = code_id
    nodes[id].offset = <uint32_t>(<uint64_t>rt_frame_instr(frame) - codes[code_id].start)
    nodes[id].scope = node_scope(parent, code_id)
    node_link(id)
    node_index_put(id)
    return node_flagged(id)


cdef uint32_t node_scope(uint32_t parent, uint32_t code_id) noexcept nogil:
    cdef Code *code = &codes[code_id]
    cdef uint32_t scope = nodes[parent].scope
    if code.role == CODE_IMPORT:
        return import_scope  # also within a module's body: what it imports is none of its own
    if code.role >= CODE_MODULE and scope != 0:
        if code.scope == 0:
            code.scope = scope_new()
            figures(code.scope).coarse = code.role == CODE_LIBRARY
        return code.scope
    return scope


cdef uint32_t node_new() noexcept nogil:
    global nodes, node_count, node_capacity, node_live, node_free
    cdef uint32_t id
    cdef Node *bigger
    # Also for an id that is given out again: the index is made to fit after a sweep, and must never be full.
    if 4 * <size_t>(node_live + 1) > 3 * node_mask and node_index_resize(2 * (node_mask + 1)) < 0:
        return 0
    if node_free != 0:
        id = node_free
        node_free = nodes[id].parent
        node_live += 1
        return id
    if node_count == node_capacity:
        if node_capacity >= <uint32_t>NODE_MASK // 2:
            return 0
        bigger = <Node *>realloc(nodes, (<size_t>node_capacity + node_capacity // 2) * sizeof(Node))
        if bigger == NULL:
            return 0
        nodes = bigger
        node_capacity += node_capacity // 2
    node_count += 1
    node_live += 1
    return node_count - 1


cdef inline void node_link(uint32_t id) noexcept nogil:
    nodes[id].sibling = codes[nodes[id].code].nodes
    codes[nodes[id].code].nodes = id


cdef inline void node_index_put(uint32_t id) noexcept nogil:
    cdef size_t i = node_hash(nodes[id].parent, node_instr(id)) & node_mask
    while node_index[i].id != 0:
        i = (i + 1) & node_mask
    node_index[i].instr = <uint64_t>node_instr(id)
    node_index[i].parent = nodes[id].parent
    node_index[i].id = node_flagged(id)


cdef void node_index_fill() noexcept nogil:
    cdef uint32_t id
    for id in range(2, node_count):
        if nodes[id].code != 0 and codes[nodes[id].code].address != 0:
            node_index_put(id)


cdef int node_index_resize(size_t capacity) noexcept nogil:
    global node_index, node_mask
    cdef NodeKey *bigger = <NodeKey *>rt_zeroed_array(capacity, sizeof(NodeKey))
    if bigger == NULL:
        return -1
    free(node_index)
    node_index = bigger
    node_mask = capacity - 1
    node_index_fill()
    return 0


cdef void node_index_fit() noexcept nogil:
    # Filled anew, with room for twice as many as there are.
    cdef size_t capacity = NODE_INDEX_LEAST
    while 3 * capacity < 8 * <size_t>node_live:
        capacity *= 2
    if capacity > node_mask or node_index_resize(capacity) < 0:
        memset(node_index, 0, (node_mask + 1) * sizeof(NodeKey))
        node_index_fill()


cdef void stacks_sweep(uint8_t *marks) noexcept nogil:
    # Drops the nodes that no live block and no running frame needs; `marks` has a byte per node,
    # set for
    # the stacks of live blocks and of the thread that runs.
    global node_free, node_live
    cdef uint32_t id, parent
    for id in range(2, node_count):
        if marks[id] == 1:
            parent = nodes[id].parent
            while parent > 1 and marks[parent] == 0:
                marks[parent] = 2
                parent = nodes[parent].parent
    node_free = 0
    node_live = 2
    for id in range(1, code_count):
        codes[id].nodes = 0
    for id in range(2, node_count):
        if marks[id] != 0 and nodes[id].code != 0:
            node_live += 1
            node_link(id)
        else:
            nodes[id].code = 0
            nodes[id].parent = node_free
            node_free = id
    memset(node_recent, 0, sizeof(node_recent))
    node_index_fit()
    codes_sweep()
