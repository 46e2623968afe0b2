# The stack that a thread is in now, as a chain of (frame, instruction, node), from the outermost frame.
# A capture walks outwards from the innermost frame only until it meets a frame that the chain already
# has, checks the callers that a traceback will show, and adds what is new. So the cost of an allocation
# follows the number of calls and returns since the last one, not the depth of the stack.
#
# The footing is a frame that waits long for what it has called, a runner's. Meanwhile neither it nor its
# callers can have moved, and they need no check; that it is the same still, and no other at its place,
# its frame object tells.

cdef enum:
    CHAIN_FRAMES = 4096
    WALK_FRAMES = 1024
    CHAIN_SLOTS = 1024

cdef struct Link:
    rt_frame *frame
    void *instr
    uint32_t node
    uint32_t scope              # of the node

cdef Link chain[CHAIN_FRAMES]
cdef Link no_link               # of a thread without a Python frame
cdef int chain_length = 0
cdef PyThreadState *chain_thread = NULL
cdef uint16_t chain_slots[CHAIN_SLOTS]
cdef rt_frame *walked[WALK_FRAMES]
cdef int shown_frames = 16
cdef PyObject *footing = NULL   # its frame object, borrowed, and only compared
cdef int footing_position = CHAIN_FRAMES  # in the chain; CHAIN_FRAMES where it has none
cdef bint footing_sure = False  # false since a capture that did not look as far as to it


cdef void chain_init(int frames) noexcept nogil:
    global shown_frames
    shown_frames = frames
    chain_cut(0)


cdef inline uint16_t *chain_slot(rt_frame *frame) noexcept nogil:
    # Where the frame's position in the chain is noted, or that of another.
    return &chain_slots[(<size_t>frame >> 4) & (CHAIN_SLOTS - 1)]


cdef inline void chain_cut(int length) noexcept nogil:
    global chain_length, footing_position
    chain_length = length
    if footing_position >= length:
        footing_position = CHAIN_FRAMES


cdef void chain_mark(uint8_t *marks) noexcept nogil:
    cdef int k
    for k in range(chain_length):
        marks[chain[k].node] = 1


cdef inline Link *capture(PyThreadState *thread) noexcept nogil:
    # The thread's current stack: the last link of the chain, whose node and scope are what counts. Most
    # allocations are made by the frame that made the last one, or by its caller once that has returned.
    cdef rt_frame *frame = rt_frame_current(thread)
    cdef int position = chain_length - 1
    if thread == chain_thread and position > 1:
        if chain[position].frame != frame:
            position -= 1
        if chain[position].frame == frame and callers_stand(position, shown_frames):
            return link_at(position)
    return capture_anew(thread)


cdef inline Link *link_at(int position) noexcept nogil:
    # The frame there makes an allocation, maybe further on in its code than it was.
    cdef Link *link = &chain[position]
    if position + 1 != chain_length:
        chain_cut(position + 1)
    if link.instr != rt_frame_instr(link.frame):
        link_set(link, link.frame, node_find(chain[position - 1].node, link.frame))
    return link


cdef Link *capture_anew(PyThreadState *thread) noexcept nogil:
    global chain_thread
    cdef rt_frame *frame = rt_frame_current(thread)
    cdef uint32_t node = NODE_UNKNOWN
    cdef int count = 0, position = 0
    cdef bint met = False
    if thread != chain_thread:
        chain_thread = thread
        chain_cut(0)
    while frame != NULL:
        position = chain_slot(frame)[0]
        if (
            position < chain_length
            and chain[position].frame == frame
            and chain[position].instr == rt_frame_instr(frame)
        ):
            if count > 0:
                node_fetch(chain[position].node, walked[count - 1])
            if callers_stand(position, shown_frames - count):
                met = True
                break
        if count == WALK_FRAMES:
            node = NODE_DEEP
            break
        walked[count] = frame
        count += 1
        frame = rt_frame_previous(frame)
    if met:
        node = chain[position].node
    if not met or position + 1 + count > CHAIN_FRAMES:
        position = -1
    chain_cut(position + 1)
    while count > 0:
        count -= 1
        node = chain_push(walked[count], node_find(node, walked[count]))
    return &chain[chain_length - 1] if chain_length > 0 else &no_link


cdef inline bint callers_stand(int position, int left) noexcept nogil:
    # The callers of a frame that still runs cannot have moved; but this may be a new frame at the
    # old place: as many callers as a traceback will show are compared, up to the footing.
    global footing_sure
    cdef bint reached = position - left <= footing_position <= position
    if reached and footing_sure:
        return links_stand(position, footing_position) and on_footing()
    if reached:
        footing_sure = links_stand(position, 0) and on_footing()
        return footing_sure
    footing_sure = footing_sure and position < footing_position
    # Short of the callers that are shown, the chain was begun anew in the middle of this stack.
    return links_stand(position, max(position - left, 0)) and (
        left <= position or rt_frame_previous(chain[0].frame) == NULL
    )


cdef inline bint links_stand(int position, int last) noexcept nogil:
    # Each caller is read from the chain, not from the frame that it was called from, so that no read
    # has to wait for the one before.
    cdef Link *link = &chain[position]
    cdef Link *end = &chain[last]
    cdef rt_frame *frame = link.frame
    while link > end:
        link -= 1
        if rt_frame_previous(frame) != link.frame:
            return False
        frame = <rt_frame *>rt_opaque(link.frame)
        if rt_frame_instr(frame) != link.instr:
            return False
    return True


cdef inline bint on_footing() noexcept nogil:
    # A new frame at the old place has no frame object, or one that was allocated after the old one was
    # gone. That allocation was a capture; either it dropped the footing, or it was too far from it to
    # be sure of it any more.
    return rt_frame_object(chain[footing_position].frame) == footing


cdef inline void link_set(Link *link, rt_frame *frame, uint32_t found) noexcept nogil:
    # `found` is the frame's node, maybe with NODE_SCOPED.
    link.frame = frame
    link.instr = rt_frame_instr(frame)
    link.node = found & ~<uint32_t>NODE_SCOPED
    link.scope = nodes[link.node].scope if found & NODE_SCOPED else 0


cdef inline uint32_t chain_push(rt_frame *frame, uint32_t found) noexcept nogil:
    # Returns the frame's node.
    global chain_length
    link_set(&chain[chain_length], frame, found)
    chain_slot(frame)[0] = <uint16_t>chain_length
    chain_length += 1
    return chain[chain_length - 1].node


cdef bint chain_stand_on(PyThreadState *thread, PyObject *frame_object) noexcept nogil:
    # Makes the frame the footing; False where it is no call that runs in the thread, or the chain does
    # not reach to the outermost frame. It is made anew: what lies below the callers that were compared
    # lately may be out of date.
    global footing, footing_position, footing_sure
    cdef rt_frame *frame = rt_object_frame(frame_object)
    cdef int position
    chain_cut(0)
    capture(thread)
    if frame == NULL or chain_length == 0 or not rt_frame_is_call(frame):
        return False
    position = chain_slot(frame)[0]
    if position >= chain_length or chain[position].frame != frame:
        return False
    if rt_frame_previous(chain[0].frame) != NULL:
        return False
    footing = frame_object
    footing_sure = True
    footing_position = position
    return True
