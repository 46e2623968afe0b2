# A map from a non-zero 64-bit key to a 32-bit value: open addressing, linear probing, deletion by
# shifting back (Knuth, The Art of Computer Programming 3, 6.4, algorithm R), so no tombstones.

cdef struct Slot:
    uint64_t key  # 0: empty
    uint32_t value

cdef struct Table:
    Slot *slots
    size_t mask
    size_t used

cdef inline uint64_t scatter(uint64_t key) noexcept nogil:
    # Fibonacci hashing; the fold brings the well-mixed high bits down to where the mask looks.
    key *= <uint64_t>0x9E3779B97F4A7C15ULL
    return key ^ (key >> 32)

cdef int table_init(Table *t, size_t capacity) noexcept nogil:
    t.slots = <Slot *>calloc(capacity, sizeof(Slot))
    t.mask = capacity - 1
    t.used = 0
    return 0 if t.slots != NULL else -1

cdef void table_free(Table *t) noexcept nogil:
    free(t.slots)
    t.slots = NULL
    t.mask = 0
    t.used = 0

cdef inline Slot *table_find(Table *t, uint64_t key) noexcept nogil:
    # The slot of the key, or the empty one where it would go.
    cdef size_t i = scatter(key) & t.mask
    while t.slots[i].key != 0 and t.slots[i].key != key:
        i = (i + 1) & t.mask
    return &t.slots[i]

cdef int table_grow(Table *t) noexcept nogil:
    cdef Table bigger
    cdef size_t i
    cdef Slot *slot
    if table_init(&bigger, (t.mask + 1) * 2) < 0:
        return -1
    for i in range(t.mask + 1):
        if t.slots[i].key != 0:
            slot = table_find(&bigger, t.slots[i].key)
            slot[0] = t.slots[i]
    bigger.used = t.used
    free(t.slots)
    t[0] = bigger
    return 0

cdef int table_put(Table *t, uint64_t key, uint32_t value) noexcept nogil:
    cdef Slot *slot
    if (t.used + 1) * 4 > (t.mask + 1) * 3 and table_grow(t) < 0:
        return -1
    slot = table_find(t, key)
    if slot.key == 0:
        slot.key = key
        t.used += 1
    slot.value = value
    return 0

cdef void table_delete(Table *t, uint64_t key) noexcept nogil:
    cdef Slot *slot = table_find(t, key)
    cdef size_t hole, i, home
    if slot.key == 0:
        return
    hole = slot - t.slots
    i = hole
    while True:
        i = (i + 1) & t.mask
        if t.slots[i].key == 0:
            break
        home = scatter(t.slots[i].key) & t.mask
        if ((i - home) & t.mask) >= ((i - hole) & t.mask):
            t.slots[hole] = t.slots[i]
            hole = i
    t.slots[hole].key = 0
    t.used -= 1
