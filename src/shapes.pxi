# The arrays that one look at the heap fills, in the order in which it fills them.

cdef struct Role:                 # what the interpreter refers to, and as what
    PyObject *object
    const char *name

cdef packed struct More:          # a block that an object owns beside its own
    uint32_t node
    uint32_t low                  # of its address >> 4
    uint16_t high

cdef struct Leaf:                 # what only the node refers to and is no node itself
    uint32_t node
    uint32_t size                 # of all of it, in bytes; what is more is in a further one

cdef struct FoundEdge:            # a reference that no tp_traverse shows
    uint32_t node
    uint32_t to

cdef struct Graph:
    uint32_t count
    uint32_t capacity
    uint32_t frame_count          # nodes 1 .. frame_count
    uint32_t listed[8]            # where the nodes of each of the collector's lists end
    uint32_t modules              # the node of sys.modules
    PyObject *left_out            # None, unless it is asked about
    PyObject *interned            # the interpreter's table, where it is on a list; see interned.pxi
    uint32_t main_first           # nodes of the main thread's frames: main_first .. main_end - 1
    uint32_t main_end
    Role *roles                   # what the interpreter refers to by itself
    uint32_t role_count
    size_t edge_count
    size_t edge_capacity
    PyObject **objects            # NULL for the root and the frames
    rt_frame **frames
    uint8_t *own                  # of each frame: is it reftrack's own?
    uint32_t *first
    uint32_t *to
    uint32_t *refs                # ob_refcnt, 0 for immortals; and the flags PASSAGE, LOST, SCANNED
    uint32_t *found               # edges found to the node
    uint32_t *date                # scope of the object's block where it is wanted, else 0
    Leaf *leaves                  # by node
    size_t leaf_count
    size_t leaf_capacity
    More *more
    size_t more_count
    size_t more_capacity
    FoundEdge *lost               # by the node that they start from; among the edges as well
    size_t lost_count
    Table ids                     # address >> 4 -> node, for those that bear no number themselves
    PyObject **raw                # what one batch of nodes refers to, not yet looked up
    size_t raw_count
    size_t raw_capacity
    bint short_of_memory

cdef struct Paths:
    uint32_t *parent
    uint8_t *level                # LEVEL_ and the flags ENTRY, INSIDE
    uint64_t *odd                 # a bit per node: is it a survivor, a passage or lost?
    uint32_t *order               # nodes in the order they were reached
    uint32_t reached
    uint32_t outside              # order[outside:] are survivors and what only they lead to
    uint32_t *entries             # survivors that something else leads to, by level
    uint32_t entry_count
    uint32_t *waiting             # nodes put off to the next level
    uint32_t waiting_count

cdef struct Dominators:
    uint32_t count                # numbers 0 .. count - 1; 0 is the root
    uint32_t *number              # node -> depth-first number, 0 where it has none;
                                  # of a leaf LEAF and the number of its dominator
    uint32_t *node                # number -> node
    uint32_t *idom                # number -> number
    uint64_t *retained            # number -> bytes

cdef struct Claim:                # a block that may be a wanted one, and the node that owns it
    void *block
    Pool *pool
    uint32_t node                 # with PIECE_OWN where it is the object's own block

cdef packed struct Piece:         # a wanted block and the node that owns it
    uint32_t node                 # with PIECE_OWN where it is the object's own block
    uint32_t stack                # with the entry's flags, ENTRY_KIB among them
    uint32_t size                 # as the entry has it
    uint64_t place                # address >> 4 in the high 44 bits, scope in the low 20

cdef struct Row:                  # part of a group: one type, one stack
    PyTypeObject *type            # NULL: `bytes` are retained, `stack` tells what dominates them
    uint32_t group
    uint32_t stack
    uint32_t objects
    uint32_t unsure               # objects whose line may be that of an earlier life
    uint32_t tables               # of dicts, of which the same is true
    uint32_t sure                 # blocks whose line is not
    int64_t bytes
    uint32_t next

cdef struct Group:
    uint32_t anchor               # the object that refers to what survived, from outside
    uint32_t sample               # the largest survivor of its regions, or the anchor that grew
    uint32_t scope
    uint32_t rows
    uint64_t sample_size
    int64_t bytes
    uint64_t retained
    uint32_t objects
    uint32_t tops

cdef struct Survey:
    Graph *graph
    Paths *paths
    Dominators *dominators
    uint8_t *wanted               # scope -> is it a survivor's? 0 is none
    uint32_t wanted_count
    uint64_t *pages               # a bit per page (hashed) that holds a wanted block
    size_t wanted_blocks          # at first, and those that are found to be
    Claim *claims                 # of one batch of nodes
    size_t claim_count
    Piece *pieces
    size_t piece_count
    size_t piece_capacity
    uint64_t *sizes               # node -> bytes of all its blocks
    bint sizes_with_leaves        # and of what is no node, until the answer is told
    uint32_t *region              # node -> the topmost node of its region, 0 where it has none
    Table orphans                 # address >> 4 of a block not yet owned -> its owner
    uint64_t bloom[2048]
    Table reused                  # node of a container from a free list that bears no date -> its scope
    Table lost                    # address >> 4 of a survivor with references that were not found -> its node
    Group *groups
    uint32_t group_count
    uint32_t group_capacity
    Table group_ids
    uint32_t last_top
    uint32_t last_group
    Row *rows
    uint32_t row_count
    uint32_t row_last
    uint32_t row_capacity
    Table row_ids
    PyObject **targets            # objects that take the place of survivors; see targets.pxi
    size_t target_count
    uint32_t target_scope         # that stands for them
    bint short_of_memory

cdef struct Look:
    Graph graph
    Paths paths
    Dominators dominators
    Survey survey
