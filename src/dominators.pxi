# Immediate dominators and retained sizes: SEMI-NCA (L. Georgiadis, Linear-Time Algorithms for
# Dominators and Related Problems, Princeton 2005, chapter 2), all in depth-first numbers, without
# recursion. Only survivors and what nothing but they lead to are looked at, below the anchors that
# refer to them: all the rest of the heap stands as one root, whose children are the anchors, and the
# survivors that C code or a frame holds by itself. Garbage has no dominator. Objects that refer to nothing (most of a heap: strings,
# numbers) are left out of the search: theirs is the nearest common dominator of what refers to them.

cdef enum:
    LEAF = 1 << 31

cdef void dominators_free(Dominators *d) noexcept nogil:
    free(d.number)
    free(d.node)
    free(d.idom)
    free(d.retained)
    memset(d, 0, sizeof(Dominators))


cdef inline bint below_root(Graph *g, Paths *p, uint32_t id) noexcept nogil:
    if p.level[id] & ENTRY:
        return p.parent[id] == 0 or held_by_c(g, id)
    return p.level[id] & ANCHOR != 0


cdef inline bint is_inside(Paths *p, uint32_t id) noexcept nogil:
    return p.level[id] & INSIDE != 0


cdef inline bint is_leaf(Graph *g, uint32_t id) noexcept nogil:
    return g.first[id] == g.first[id + 1]


cdef void depth_first(
    Dominators *d, Graph *g, Paths *p, uint32_t *parent, uint32_t *cursor
) noexcept nogil:
    cdef uint32_t root, id, target, number, above, k
    d.count = 1
    d.node[0] = 0
    for k in range(p.reached):
        root = p.order[k]
        if d.number[root] != 0 or is_leaf(g, root) or not below_root(g, p, root):
            continue
        number = d.count
        d.number[root] = number
        d.node[number] = root
        parent[number] = 0
        cursor[number] = g.first[root]
        d.count += 1
        while number != 0:
            id = d.node[number]
            if cursor[number] == g.first[id + 1]:
                number = parent[number]
                continue
            target = g.to[cursor[number]]
            cursor[number] += 1
            if is_inside(p, target) and d.number[target] == 0 and not is_leaf(g, target):
                above = number
                number = d.count
                d.number[target] = number
                d.node[number] = target
                parent[number] = above
                cursor[number] = g.first[target]
                d.count += 1


cdef int predecessors(
    Dominators *d, Graph *g, Paths *p, uint32_t **first_out, uint32_t **from_out
) noexcept nogil:
    # Edges turned round, in numbers. Room is made for all edges found to a node, from garbage too;
    # on return first[i] stands behind the last one filled in.
    cdef size_t total = 0, e
    cdef uint32_t i, k
    cdef uint32_t *first = <uint32_t *>rt_array(d.count, sizeof(uint32_t))
    cdef uint32_t *origin = NULL
    if first == NULL:
        return -1
    for i in range(1, d.count):
        first[i] = <uint32_t>total
        total += entries_to(d, g, p, i)
    if total <= <size_t>0xFFFFFFFF:
        origin = <uint32_t *>rt_array(total + 1, sizeof(uint32_t))
    if origin == NULL:
        free(first)
        return -1
    for i in range(1, d.count):
        if below_root(g, p, d.node[i]):
            origin[first[i]] = 0
            first[i] += 1
        for e in range(g.first[d.node[i]], g.first[d.node[i] + 1]):
            k = d.number[g.to[e]] if is_inside(p, g.to[e]) else 0
            if k != 0:
                origin[first[k]] = i
                first[k] += 1
    first_out[0] = first
    from_out[0] = origin
    return 0


cdef inline size_t entries_to(Dominators *d, Graph *g, Paths *p, uint32_t number) noexcept nogil:
    return <size_t>g.found[d.node[number]] + 1


cdef inline uint32_t evaluate(
    uint32_t v, uint32_t last, uint32_t *ancestor, uint32_t *semi, uint32_t *label, uint32_t *stack
) noexcept nogil:
    cdef uint32_t depth = 0, p, best
    if ancestor[v] < last:
        return label[v]
    while ancestor[v] >= last:
        stack[depth] = v
        depth += 1
        v = ancestor[v]
    p = v
    best = label[p]
    while depth > 0:
        depth -= 1
        v = stack[depth]
        ancestor[v] = ancestor[p]
        if semi[best] < semi[label[v]]:
            label[v] = best
        else:
            best = label[v]
        p = v
    return label[v]


cdef void jumps_find(Dominators *d, uint32_t *depth, uint32_t *jump) noexcept nogil:
    # For each number one further up the tree of dominators, so that any is reached in logarithmic time (E. Myers,
    # An Applicative Random-Access Stack, Information Processing Letters 17, 1983).
    cdef uint32_t i, above
    depth[0] = 0
    jump[0] = 0
    for i in range(1, d.count):
        above = d.idom[i]
        depth[i] = depth[above] + 1
        if depth[above] - depth[jump[above]] == depth[jump[above]] - depth[jump[jump[above]]]:
            jump[i] = jump[jump[above]]
        else:
            jump[i] = above


cdef inline uint32_t nearest_common(
    Dominators *d, uint32_t *jump, uint32_t a, uint32_t b
) noexcept nogil:
    # Climbing the tree of dominators meets at the nearest common one (K. Cooper, T. Harvey,
    # K. Kennedy, A Simple, Fast Dominance Algorithm, 2001): a dominator's number is the smaller. So
    # a jump that ends at no smaller number than the other's does not go past it.
    while a != b:
        if a > b:
            a = jump[a] if jump[a] >= b else d.idom[a]
        else:
            b = jump[b] if jump[b] >= a else d.idom[b]
    return a


cdef void dominators_of_leaves(
    Dominators *d, Graph *g, Paths *p, uint64_t *sizes, uint32_t *jump
) noexcept nogil:
    cdef uint32_t i, id, a, k
    cdef size_t e
    for k in range(p.entry_count):
        if is_leaf(g, p.entries[k]) and below_root(g, p, p.entries[k]):
            d.number[p.entries[k]] = LEAF
    for i in range(1, d.count):
        for e in range(g.first[d.node[i]], g.first[d.node[i] + 1]):
            id = g.to[e]
            if not is_inside(p, id) or not is_leaf(g, id):
                continue
            a = d.number[id]
            if a == 0:
                d.number[id] = LEAF | i
                continue
            d.number[id] = LEAF | nearest_common(d, jump, a & ~<uint32_t>LEAF, i)
    for k in range(p.outside, p.reached):
        id = p.order[k]
        if d.number[id] & LEAF:
            d.retained[d.number[id] & ~<uint32_t>LEAF] += sizes[id]


cdef int dominators_find(Dominators *d, Graph *g, Paths *p) noexcept nogil:
    # The tree. What only it needs is gone when this returns.
    cdef size_t n = g.count
    cdef size_t begin = 0, k
    cdef uint32_t i, u
    cdef uint32_t *parent = <uint32_t *>rt_array(n, sizeof(uint32_t))
    cdef uint32_t *cursor = <uint32_t *>rt_array(n, sizeof(uint32_t))
    cdef uint32_t *semi = NULL
    cdef uint32_t *label = NULL
    cdef uint32_t *first = NULL
    cdef uint32_t *origin = NULL
    cdef int result = -1
    d.number = <uint32_t *>rt_zeroed_array(n, sizeof(uint32_t))
    d.node = <uint32_t *>rt_array(n, sizeof(uint32_t))
    if parent != NULL and cursor != NULL and d.number != NULL and d.node != NULL:
        depth_first(d, g, p, parent, cursor)
        n = d.count
        semi = <uint32_t *>rt_array(n, sizeof(uint32_t))
        label = <uint32_t *>rt_array(n, sizeof(uint32_t))
        d.idom = <uint32_t *>rt_array(n, sizeof(uint32_t))
        if (
            semi != NULL
            and label != NULL
            and d.idom != NULL
            and predecessors(d, g, p, &first, &origin) == 0
        ):
            result = 0
    if result == 0:
        parent[0] = 0
        for i in range(<uint32_t>n):
            semi[i] = i
            label[i] = i
            d.idom[i] = parent[i]
            if i > 0:
                begin += entries_to(d, g, p, i)
        for i in range(<uint32_t>n - 1, 0, -1):
            begin -= entries_to(d, g, p, i)
            for k in range(begin, first[i]):
                u = semi[evaluate(origin[k], i + 1, parent, semi, label, cursor)]
                if u < semi[i]:
                    semi[i] = u
        for i in range(1, <uint32_t>n):
            while d.idom[i] > semi[i]:
                d.idom[i] = d.idom[d.idom[i]]
    else:
        dominators_free(d)
    free(parent)
    free(cursor)
    free(semi)
    free(label)
    free(first)
    free(origin)
    return result


cdef int dominators_retain(Dominators *d, Graph *g, Paths *p, uint64_t *sizes) noexcept nogil:
    # Leaves into the tree, and sums from its leaves up.
    cdef uint32_t i
    cdef uint32_t *depth = <uint32_t *>rt_array(d.count, sizeof(uint32_t))
    cdef uint32_t *jump = <uint32_t *>rt_array(d.count, sizeof(uint32_t))
    d.retained = <uint64_t *>rt_array(d.count, sizeof(uint64_t))
    if depth == NULL or jump == NULL or d.retained == NULL:
        free(depth)
        free(jump)
        return -1
    jumps_find(d, depth, jump)
    free(depth)
    for i in range(d.count):
        d.retained[i] = sizes[d.node[i]]
    dominators_of_leaves(d, g, p, sizes, jump)
    free(jump)
    for i in range(d.count - 1, 0, -1):
        d.retained[d.idom[i]] += d.retained[i]
    return 0
