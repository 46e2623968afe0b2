# Blocks of up to 512 bytes, which pymalloc hands out from pools of 16 KiB with blocks of one size: an
# array per pool, a word per block, so that blocks that lie side by side have their words side by side
# (a table by hash would have each in a line of the cache of its own). Nothing is taken on trust: a
# block that finds no place here, whoever allocated it, goes to the ledger's table.

cdef enum:
    POOL_SMALL = 512
    POOL_SHIFT = 10               # of an address >> 4, to its pool of 16 KiB
    POOL_UNITS = 1024             # of 16 bytes
    # A word, from the highest bit: scope 20, stack 28 with its STACK_ flags, size + 1 in 10, claimed 1, and in 5 the units
    # between the start of the block's place in the array and its own. 0: empty.
    WORD_SCOPE = 44
    WORD_STACK = 16
    WORD_SIZE = 6
    WORD_CLAIMED = 1 << 5
    WORD_OFFSET = 31

cdef struct Pool:
    uint64_t key                  # address >> 14; 0: empty
    uint64_t *words               # NULL where `units` is 0
    uint32_t reciprocal           # of `units`, times 65,536, rounded up
    uint16_t units                # per place
    uint16_t places
    uint32_t live
    uint32_t unused

cdef Pool *pools = NULL
cdef size_t pool_mask = 0
cdef size_t pool_count = 0
cdef size_t pool_live = 0
cdef size_t pool_bytes = 0        # of all words
cdef size_t pool_bytes_lightened = 0  # when pools without a live block were last given up,
cdef size_t pool_live_lightened = 0   # and how many blocks there were in the others


cdef int pools_init() noexcept nogil:
    global pools, pool_mask
    pools = <Pool *>rt_zeroed_array(1 << 10, sizeof(Pool))
    pool_mask = (1 << 10) - 1
    return 0 if pools != NULL else -1


cdef void pools_free() noexcept nogil:
    global pools, pool_mask, pool_count, pool_live, pool_bytes, pool_bytes_lightened, pool_live_lightened
    cdef size_t i
    if pools != NULL:
        for i in range(pool_mask + 1):
            free(pools[i].words)
    free(pools)
    pools = NULL
    pool_mask = 0
    pool_count = 0
    pool_live = 0
    pool_bytes = 0
    pool_bytes_lightened = 0
    pool_live_lightened = 0


cdef inline Pool *pool_of(void *block) noexcept nogil:
    # The block's pool, or the empty slot where it would go.
    cdef uint64_t key = <uint64_t>block >> 14
    cdef size_t i = scatter(key) & pool_mask
    while pools[i].key != key and pools[i].key != 0:
        i = (i + 1) & pool_mask
    return &pools[i]


cdef int pools_grow() noexcept nogil:
    global pools, pool_mask
    cdef size_t old_mask = pool_mask, i
    cdef Pool *old = pools
    cdef Pool *bigger = <Pool *>rt_zeroed_array(2 * (pool_mask + 1), sizeof(Pool))
    if bigger == NULL:
        return -1
    pools = bigger
    pool_mask = 2 * pool_mask + 1
    for i in range(old_mask + 1):
        if old[i].key != 0:
            pool_of(<void *>(old[i].key << 14))[0] = old[i]
    free(old)
    return 0


cdef Pool *pool_make(void *block, uint32_t units) noexcept nogil:
    # A pool for blocks of so many units, or one without a live block made anew for them.
    global pool_count, pool_bytes
    cdef Pool *pool
    cdef uint64_t *words
    cdef uint32_t places = POOL_UNITS // units + 1
    if 2 * (pool_count + 1) > pool_mask and pools_grow() < 0:
        return NULL
    pool = pool_of(block)
    words = <uint64_t *>calloc(places, sizeof(uint64_t))
    if words == NULL:
        return NULL
    pool_count += pool.key == 0
    pool_empty(pool)
    pool.key = <uint64_t>block >> 14
    pool.words = words
    pool.units = <uint16_t>units
    pool.places = <uint16_t>places
    pool.reciprocal = (65536 + units - 1) // units
    pool.live = 0
    pool_bytes += places * sizeof(uint64_t)
    return pool


cdef void pool_empty(Pool *pool) noexcept nogil:
    # Frees the words of one without a live block.
    global pool_bytes
    pool_bytes -= pool.places * sizeof(uint64_t)
    free(pool.words)
    pool.words = NULL
    pool.units = 0
    pool.places = 0


cdef void pools_lighten() noexcept nogil:
    global pool_bytes_lightened, pool_live_lightened
    cdef size_t i
    for i in range(pool_mask + 1):
        if pools[i].live == 0:
            pool_empty(&pools[i])
    pool_bytes_lightened = pool_bytes
    pool_live_lightened = pool_live


cdef inline bint are_pools_heavy() noexcept nogil:
    # With few blocks for their words: less than an eighth of the places. It has to be worse than after the last
    # time, since a block here and there may keep all of them.
    return pool_bytes > 8 * sizeof(uint64_t) * pool_live and (
        pool_bytes > 2 * pool_bytes_lightened or 2 * pool_live < pool_live_lightened
    )


cdef inline uint64_t *pool_word(Pool *pool, void *block, uint32_t *offset) noexcept nogil:
    # Two blocks that do not overlap and are no smaller than a place never share one.
    cdef uint32_t unit = <uint32_t>(<uint64_t>block >> 4) & (POOL_UNITS - 1)
    cdef uint32_t place = unit * pool.reciprocal >> 16
    offset[0] = unit - place * pool.units
    return &pool.words[place]


cdef inline uint64_t *pool_find(Pool *pool, void *block) noexcept nogil:
    # The word of a block that has one in its pool, else NULL.
    cdef uint32_t offset
    cdef uint64_t *word
    if pool.units == 0:
        return NULL
    word = pool_word(pool, block, &offset)
    return word if word[0] != 0 and word[0] & WORD_OFFSET == offset else NULL


cdef inline void pool_clear(Pool *pool, uint64_t *word) noexcept nogil:
    global pool_live
    word[0] = 0
    pool.live -= 1
    pool_live -= 1


cdef inline void pool_fetch(Pool *pool, void *block) noexcept nogil:
    cdef uint32_t offset
    if pool.units != 0:
        rt_prefetch(pool_word(pool, block, &offset))


cdef inline bint pool_put(
    Pool *pool, void *block, size_t size, uint32_t scope, uint32_t stack
) noexcept nogil:
    # Into the block's pool, as pool_of() gave it; False where the block has to go to the table.
    global pool_live
    cdef uint32_t units = max(<uint32_t>(size + 15) >> 4, <uint32_t>1), offset
    cdef uint64_t *word
    if pool.live == 0 and pool.units != units:
        pool = pool_make(block, units)
        if pool == NULL:
            return False
    word = pool_word(pool, block, &offset)
    if word[0] != 0:
        if word[0] & WORD_OFFSET != offset:
            return False
        # A free that we were not told of (hooks lifted for a while by another tool).
        block_discharge(word_scope(word[0]), word_stack(word[0]), word_size(word[0]))
        pool_clear(pool, word)
    word[0] = (
        <uint64_t>scope << WORD_SCOPE
        | <uint64_t>stack << WORD_STACK
        | <uint64_t>(size + 1) << WORD_SIZE
        | offset
    )
    pool.live += 1
    pool_live += 1
    return True


cdef inline void *pool_block(Pool *pool, uint32_t place) noexcept nogil:
    return <void *>(
        pool.key << 14 | (place * pool.units + (pool.words[place] & WORD_OFFSET)) << 4
    )


cdef inline void word_charge(uint64_t *word, uint32_t scope, uint32_t stack) noexcept nogil:
    word[0] &= (<uint64_t>1 << WORD_STACK) - 1
    word[0] |= <uint64_t>scope << WORD_SCOPE | <uint64_t>stack << WORD_STACK


cdef inline uint32_t word_scope(uint64_t word) noexcept nogil:
    return <uint32_t>(word >> WORD_SCOPE)


cdef inline uint32_t word_stack(uint64_t word) noexcept nogil:
    return <uint32_t>(word >> WORD_STACK) & STACK_MASK


cdef inline int64_t word_size(uint64_t word) noexcept nogil:
    return (<int64_t>(word >> WORD_SIZE) & 1023) - 1


cdef void pools_mark(uint8_t *marks) noexcept nogil:
    # The stacks of live blocks.
    cdef size_t i
    cdef uint32_t place
    for i in range(pool_mask + 1):
        for place in range(pools[i].places if pools[i].live else 0):
            if pools[i].words[place] != 0:
                marks[stack_node(word_stack(pools[i].words[place]))] = 1
