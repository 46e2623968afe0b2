# What the groups of each holder come to: sums of many small figures by (holder, key), the largest told.

cdef struct Sum:
    uint32_t holder
    uint32_t key                # a stack, a type or a scope
    uint32_t type               # where stacks are summed type by type, else 0
    uint32_t objects
    uint32_t unsure             # objects whose line may be that of an earlier life
    uint32_t tables             # of dicts, of which the same is true
    uint32_t sure               # blocks whose line is not: an object's other blocks among them
    int64_t bytes


cdef int by_key(const void *a, const void *b) noexcept nogil:
    cdef const Sum *x = <const Sum *>a
    cdef const Sum *y = <const Sum *>b
    if x.holder != y.holder:
        return -1 if x.holder < y.holder else 1
    if x.key != y.key:
        return -1 if x.key < y.key else 1
    return (x.type > y.type) - (x.type < y.type)


cdef int by_bytes(const void *a, const void *b) noexcept nogil:
    # Largest first; by key where they are equal, so that an answer can be given twice.
    cdef const Sum *x = <const Sum *>a
    cdef const Sum *y = <const Sum *>b
    if x.holder != y.holder:
        return -1 if x.holder < y.holder else 1
    if x.bytes != y.bytes:
        return -1 if x.bytes > y.bytes else 1
    return (x.key > y.key) - (x.key < y.key)


cdef size_t sums_merge(Sum *sums, size_t count) noexcept nogil:
    # Adds up what has the same holder, key and type; returns how many are left.
    cdef size_t k, last = 0
    if count == 0:
        return 0
    qsort(sums, count, sizeof(Sum), by_key)
    for k in range(1, count):
        if by_key(&sums[k], &sums[last]) == 0:
            sums[last].objects += sums[k].objects
            sums[last].unsure += sums[k].unsure
            sums[last].tables += sums[k].tables
            sums[last].sure += sums[k].sure
            sums[last].bytes += sums[k].bytes
        else:
            last += 1
            sums[last] = sums[k]
    return last + 1


cdef list sums_told(Sum *sums, size_t count, list limits, list names):
    # For each holder, from 1 on, a list of the (key, or its name, bytes, objects) with most bytes, no
    # longer than its limit.
    cdef list told = [[] for _ in limits]
    cdef size_t k
    cdef uint32_t holder = 0
    cdef Py_ssize_t left = 0
    qsort(sums, count, sizeof(Sum), by_bytes)
    for k in range(count):
        if sums[k].holder != holder:
            holder = sums[k].holder
            left = limits[holder]
            of_holder = <list>told[holder]
        if left > 0:
            left -= 1
            key = sums[k].key if names is None else names[sums[k].key]
            of_holder.append((key, sums[k].bytes, sums[k].objects))
    return told


cdef Sum *groups_by_size(Survey *s) noexcept nogil:
    # All groups, from 1 on, by number in `key`, the largest first; NULL where memory is short.
    cdef Sum *order = <Sum *>calloc(s.group_count, sizeof(Sum))
    cdef uint32_t g
    if order == NULL:
        return NULL
    for g in range(1, s.group_count):
        order[g].key = g
        order[g].bytes = s.groups[g].bytes
        order[g].objects = s.groups[g].objects
    qsort(&order[1], s.group_count - 1, sizeof(Sum), by_bytes)
    return order
