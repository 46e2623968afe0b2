# Paths from the roots as a tree of steps: (number of the step before, edge that leads here, its label,
# name of the type, the object's own name). Step 0 is where all paths begin. Most survivors share most
# of their paths; each step is told once.

cdef enum:
    PATH_START = 120
    PATH_END = 30

cdef struct Trail:              # of each node that is reached
    uint32_t depth              # steps from the root
    uint32_t head               # its ancestor at PATH_START where it lies deeper
    uint32_t step               # its number, or 0


cdef class Steps:
    """The steps told so far, and the names of types met."""

    cdef Look *look
    cdef Trail *trails
    cdef list told              # steps
    cdef list type_names        # by number
    cdef list free_lists        # how many of a type's objects a free list may keep, by its number
    cdef dict type_numbers      # address of a type -> its number
    cdef dict bases             # type name -> names along its MRO

    def __cinit__(self):
        self.trails = NULL
        self.told = [(0, "", None, "", None)]
        self.type_names = []
        self.free_lists = []
        self.type_numbers = {}
        self.bases = {}

    def __dealloc__(self):
        free(self.trails)

    cdef int start(self, Look *look) except -1:
        # In the order of the paths a node comes after the one above it.
        cdef Paths *p = &look.paths
        cdef Trail *trails = <Trail *>rt_zeroed_array(look.graph.count, sizeof(Trail))
        cdef uint32_t k, id, above
        if trails == NULL:
            raise MemoryError("no memory to tell the paths")
        for k in range(p.reached):
            id = p.order[k]
            above = p.parent[id]
            trails[id].depth = trails[above].depth + 1
            trails[id].head = id if trails[id].depth == PATH_START else trails[above].head
        self.look = look
        self.trails = trails
        return 0

    cdef uint32_t number_of(self, PyTypeObject *type):
        number = self.type_numbers.get(<size_t>type)
        if number is None:
            number = self.type_numbers[<size_t>type] = len(self.type_names)
            name = type_name(type)
            self.type_names.append(name)
            self.free_lists.append(rt_free_list_length(type))
            self.bases.setdefault(name, type_bases(type))
        return number

    cdef uint32_t tell(self, uint32_t before, object edge, object label, uint32_t id):
        # Adds a step to the node.
        cdef PyObject *o = self.look.graph.objects[id]
        if o == NULL:
            self.told.append((before, edge, label, "frame", frame_name(self.look.graph.frames[id])))
        else:
            if PyType_Check(o):
                self.number_of(<PyTypeObject *>o)
            name = self.type_names[self.number_of(rt_type(o))]
            self.told.append((before, edge, label, name, object_name(o)))
        return <uint32_t>len(self.told) - 1

    cdef uint32_t step_to(self, uint32_t id):
        # The number of the last step of the path to a node.
        cdef uint32_t *parent = self.look.paths.parent
        cdef uint32_t trail[PATH_START + PATH_END]
        cdef int count = 0
        cdef uint32_t number
        if self.trails[id].depth > PATH_START + PATH_END:
            return self.long_way(id)
        while id != 0 and self.trails[id].step == 0:
            trail[count] = id
            count += 1
            id = parent[id]
        number = self.trails[id].step
        while count > 0:
            count -= 1
            id = trail[count]
            edge, label = self.edge_to(id)
            number = self.tell(number, edge, label, id)
            self.trails[id].step = number
        return number

    cdef uint32_t long_way(self, uint32_t id):
        # The middle of a very long path (a linked list) is one step "gap", whose label counts the
        # objects left out, and which bears the names of the last of them.
        cdef uint32_t *parent = self.look.paths.parent
        cdef uint32_t trail[PATH_END]
        cdef uint32_t number = self.step_to(self.trails[id].head)
        cdef int k
        for k in range(PATH_END):
            trail[k] = id
            id = parent[id]
        number = self.tell(number, "gap", self.trails[id].depth - PATH_START, id)
        for k in range(PATH_END - 1, -1, -1):
            edge, label = self.edge_to(trail[k])
            number = self.tell(number, edge, label, trail[k])
        return number

    cdef tuple edge_to(self, uint32_t id):
        cdef uint32_t above = self.look.paths.parent[id]
        return edge_between(&self.look.graph, above, id) if above != 0 else self.root_of(id)

    cdef tuple root_of(self, uint32_t id):
        cdef Graph *g = &self.look.graph
        if g.objects[id] == NULL:
            return "frame", exact(rt_code_filename(rt_frame_code(g.frames[id])))
        if (self.look.paths.level[id] & LEVEL_MASK) == LEVEL_MODULES:
            return "modules", None
        if (self.look.paths.level[id] & LEVEL_MASK) == LEVEL_GARBAGE:
            return "garbage", None
        return "c", max(<int64_t>references(g, id) - <int64_t>g.found[id], 0)
