# Paths from the roots as a tree of steps: (number of the step before, edge that leads here, its label,
# name of the type, the object's own name). Step 0 is where all paths begin. Most survivors share most
# of their paths; each step is told once.

cdef enum:
    PATH_START = 120
    PATH_END = 30
    SEARCHES = 4                # in one container, before its positions are noted
    FEW_ITEMS = 64              # these are sooner searched

cdef struct Trail:              # of each node that is reached, where there are very long paths
    uint32_t depth              # steps from the root
    uint32_t head               # its ancestor at PATH_START where it lies deeper


cdef class Steps:
    """The steps told so far, and the names of types met."""

    cdef Look *look
    cdef uint32_t *nodes        # of the steps
    cdef size_t node_capacity
    cdef dict caches            # node of a functools cache -> (node of its dict, nodes that are no entries)
    cdef dict fillings          # step to a functools cache -> (its entries, how many it may have or -1)
    cdef set older              # steps to containers that had entries before any test
    cdef dict known             # (step before, node) -> step, of paths around cut edges
    cdef Table numbers          # node -> its step
    cdef Trail *trails
    cdef dict searched          # node of a container -> how often, or its Positions
    cdef list told              # steps
    cdef list depths            # of the steps
    cdef list type_names        # by number
    cdef list free_lists        # how many of a type's objects a free list may keep, by its number
    cdef dict type_numbers      # address of a type -> its number
    cdef dict bases             # type name -> names along its MRO
    cdef dict named_by          # type name -> the attributes that name its objects
    cdef Homes homes

    def __cinit__(self):
        self.trails = NULL
        self.nodes = NULL
        self.caches = {}
        self.fillings = {}
        self.older = set()
        self.known = {}
        self.searched = {}
        self.told = [(0, "", None, "", None)]
        self.depths = [0]
        self.type_names = []
        self.free_lists = []
        self.type_numbers = {}
        self.bases = {}
        if table_init(&self.numbers, 1 << 10) < 0:
            raise MemoryError("no memory to tell the paths")

    def __dealloc__(self):
        free(self.trails)
        free(self.nodes)
        table_free(&self.numbers)

    cdef void forget(self):
        # What was noted of containers and types by their address, before Python code ran.
        self.searched = {}
        self.type_numbers = {}

    cdef int measure(self) except -1:
        # In the order of the paths a node comes after the one above it.
        cdef Paths *p = &self.look.paths
        cdef uint32_t k, id, above
        if self.trails != NULL:
            return 0
        self.trails = <Trail *>rt_zeroed_array(self.look.graph.count, sizeof(Trail))
        if self.trails == NULL:
            raise MemoryError("no memory to tell the paths")
        for k in range(p.reached):
            id = p.order[k]
            above = p.parent[id]
            self.trails[id].depth = self.trails[above].depth + 1
            if self.trails[id].depth == PATH_START:
                self.trails[id].head = id
            else:
                self.trails[id].head = self.trails[above].head
        return 0

    cdef int depth_of(self, uint32_t id) except -1:
        cdef uint32_t number = table_find(&self.numbers, id).value if id != 0 else 0
        if number == 0 and id != 0:
            self.measure()
            return <int>self.trails[id].depth
        return self.depths[number]

    cdef int index_on(self, uint32_t last, uint32_t id) except? -2:
        # Of a node before the last on its path, which has been told; -1 where it is none.
        cdef int index = self.depth_of(id) - 1, behind
        if table_find(&self.numbers, last).value != 0:
            return index
        behind = <int>self.trails[last].depth - 1 - index  # a long way, which is told as one that is shorter
        return PATH_START + PATH_END - behind if behind < PATH_END else min(index, PATH_START)

    cdef uint32_t number_of(self, PyTypeObject *type):
        number = self.type_numbers.get(<size_t>type)
        if number is None:
            number = self.type_numbers[<size_t>type] = len(self.type_names)
            name = type_name(type)
            self.type_names.append(name)
            self.free_lists.append(0 if reuse_is_seen() else rt_free_list_length(type))
            self.bases.setdefault(name, type_bases(type))
        return number

    cdef uint32_t tell(self, uint32_t before, object edge, object label, uint32_t id):
        # Adds a step to the node.
        cdef PyObject *o = self.look.graph.objects[id]
        cdef Py_ssize_t entries = 0, bound = 0
        if o == NULL:
            self.told.append((before, edge, label, "frame", frame_name(self.look.graph.frames[id])))
        else:
            if PyType_Check(o):
                self.number_of(<PyTypeObject *>o)
            if rt_is_cache(o) and id not in self.caches:
                self.note_cache(id)
            if rt_cache_entries(o, &entries, &bound) or rt_deque_entries(o, &entries, &bound):
                self.fillings[len(self.told)] = entries, bound
            if has_older_entries(&self.look.survey, o):
                self.older.add(len(self.told))
            name = self.type_names[self.number_of(rt_type(o))]
            attributes = self.named_by.get(name)
            own_name = object_name(o) if attributes is None else own_names(o, attributes)
            self.told.append((before, edge, label, name, own_name))
        self.depths.append(self.depths[before] + 1)
        return self.note_node(id)

    cdef uint32_t note_node(self, uint32_t id) except? 0:
        # Of the last step.
        cdef size_t number = <size_t>len(self.told) - 1, capacity
        cdef void *bigger
        if number >= self.node_capacity:
            capacity = 2 * number + 1024
            bigger = realloc(self.nodes, capacity * sizeof(uint32_t))
            if bigger == NULL:
                raise MemoryError("no memory to tell the paths")
            self.nodes = <uint32_t *>bigger
            self.nodes[0] = 0
            self.node_capacity = capacity
        self.nodes[number] = id
        return <uint32_t>number

    cdef int note_cache(self, uint32_t id) except -1:
        # A functools cache refers to its results by its dict, and a bounded one by a list of links as
        # well, whose keys and results it visits itself (lru_cache_tp_traverse). What else it refers to
        # stands in its own memory. Noted once: a path around cut edges may lead to it as well, when its
        # own are taken out.
        cdef Graph *g = &self.look.graph
        cdef PyObject *o = g.objects[id]
        cdef PyObject **words = <PyObject **>o
        cdef PyObject *target
        cdef size_t e, k
        cdef uint32_t entries = 0
        cdef set kept = set()
        for e in range(g.first[id], g.first[id + 1]):
            target = g.objects[g.to[e]]
            for k in range(rt_readable_size(o) // sizeof(PyObject *)):
                if words[k] == target:
                    kept.add(g.to[e])
                    if PyDict_CheckExact(target) and target != rt_instance_dict(o):
                        entries = g.to[e]
        self.caches[id] = (entries, kept)
        return 0

    cdef uint32_t step_to(self, uint32_t id) except? 0:
        # The number of the last step of the path to a node.
        cdef uint32_t trail[PATH_START + PATH_END]
        cdef int count = 0
        cdef uint32_t at = id, number = 0
        while at != 0 and number == 0 and count < PATH_START + PATH_END:
            number = table_find(&self.numbers, at).value
            if number == 0:
                trail[count] = at
                count += 1
                at = self.parent_of(at)
        if at != 0 and number == 0 or self.depths[number] + count > PATH_START + PATH_END:
            return self.long_way(id)
        while count > 0:
            count -= 1
            edge, label = self.edge_to(self.look.paths.parent[trail[count]], trail[count])
            if edge == "context":
                label = self.variable_to(self.look.paths.parent[trail[count]], trail[count], label)
            number = self.tell(number, edge, label, trail[count])
            if table_put(&self.numbers, trail[count], number) < 0:
                raise MemoryError("no memory to tell the paths")
        return number

    cdef uint32_t parent_of(self, uint32_t id) except? 0:
        # What several modules refer to is shown in the one where it is at home.
        cdef Graph *g = &self.look.graph
        cdef Paths *p = &self.look.paths
        cdef uint32_t above = p.parent[id], home
        if not has_home(g, p, id):
            return above
        home = self.homes_with(g.objects[id]).home(g.objects[id])
        if home != 0:
            p.parent[id] = home
        return p.parent[id]

    cdef Homes homes_with(self, PyObject *value):
        # Of those asked for at first; a value that is none of them is rare.
        if self.homes is None:
            self.homes = Homes()
        if not self.homes.is_filled or not self.homes.is_known(value):
            self.homes.fill(&self.look.graph, &self.look.paths, not self.homes.is_known(value))
        return self.homes

    cdef int ask_homes(self, Group *groups, uint32_t count) except -1:
        # For all that the paths of the groups lead by, before they are told.
        cdef Graph *g = &self.look.graph
        cdef Paths *p = &self.look.paths
        cdef uint64_t *seen = <uint64_t *>rt_zeroed_array(g.count // 64 + 1, sizeof(uint64_t))
        cdef uint32_t k, id
        if seen == NULL:
            raise MemoryError("no memory to tell the paths")
        self.homes = Homes()
        try:
            for k in range(1, count):
                id = groups[k].sample
                while id != 0 and not (seen[id >> 6] >> (id & 63)) & 1:
                    seen[id >> 6] |= <uint64_t>1 << (id & 63)
                    if has_home(g, p, id):
                        self.homes.ask(g.objects[id])
                    id = p.parent[id]
        finally:
            free(seen)
        return 0

    cdef object variable_to(self, uint32_t above, uint32_t id, object label):
        # What the module calls a context variable where that is at home, which may be other than it calls itself.
        cdef Graph *g = &self.look.graph
        cdef PyObject *variable = rt_context_variable(g.objects[above], g.objects[id])
        name = self.homes_with(variable).name_of(variable)
        return label if name is None else name

    cdef uint32_t long_way(self, uint32_t id) except? 0:
        # The middle of a very long path (a linked list) is one step "gap", whose label counts the
        # objects left out, and which bears the names of the last of them.
        cdef uint32_t trail[PATH_END]
        cdef uint32_t number
        cdef int k
        self.measure()
        number = self.step_to(self.trails[id].head)
        for k in range(PATH_END):
            trail[k] = id
            id = self.look.paths.parent[id]
        number = self.tell(number, "gap", self.trails[id].depth - PATH_START, id)
        for k in range(PATH_END - 1, -1, -1):
            edge, label = self.edge_to(self.look.paths.parent[trail[k]], trail[k])
            number = self.tell(number, edge, label, trail[k])
        return number

    cdef uint32_t way_around(self, uint32_t *parent, uint32_t id) except? 0:
        # The last step of another path than the look's to a node, all of whose objects live.
        cdef list way = []
        cdef uint32_t number = 0, above = 0, node
        cdef Py_ssize_t k, left_out
        while id != 0:
            way.append(id)
            id = parent[id]
        way.reverse()
        left_out = len(way) - PATH_START - PATH_END
        for k in range(len(way)):
            node = way[k]
            if left_out <= 0 or k < PATH_START or k >= PATH_START + left_out:
                number = self.step_around(number, above, node)
            elif k == PATH_START + left_out - 1:
                number = self.tell(number, "gap", left_out, node)
            above = node
        return number

    cdef uint32_t step_around(self, uint32_t before, uint32_t above, uint32_t id) except? 0:
        cdef uint32_t number = table_find(&self.numbers, id).value
        if number != 0 and self.told[number][0] == before:
            return number
        known = self.known.get((before, id))
        if known is None:
            edge, label = self.edge_to(above, id)
            known = self.known[before, id] = self.tell(before, edge, label, id)
        return known

    cdef tuple edge_to(self, uint32_t above, uint32_t id):
        cdef Graph *g = &self.look.graph
        cdef PyObject *o = g.objects[above]
        if above == 0:
            return self.root_of(id)
        if o != NULL and (rt_is_mapping(o) or PyList_Check(o) or PyTuple_Check(o)):
            edge = self.search(above, g.objects[id])
            if edge is not None:
                return edge
        return edge_between(g, above, id)

    cdef tuple search(self, uint32_t above, PyObject *child):
        # None where the container is small, or has not been searched often yet.
        cdef Positions positions
        cdef PyObject *container = self.look.graph.objects[above]
        cdef Py_ssize_t size = rt_mapping_size(container) if rt_is_mapping(container) else items_of(container)
        if size <= FEW_ITEMS:
            return None
        searched = self.searched.get(above, 0)
        if type(searched) is Positions:
            return (<Positions>searched).edge(child)
        if searched < SEARCHES:
            self.searched[above] = searched + 1
            return None
        positions = Positions()
        positions.fill(container)
        self.searched[above] = positions
        return positions.edge(child)

    cdef tuple root_of(self, uint32_t id):
        cdef Graph *g = &self.look.graph
        cdef const char *role
        if g.objects[id] == NULL:
            return self.thread_of(id), exact(rt_code_filename(rt_frame_code(g.frames[id])))
        if id == g.modules:
            return "modules", None
        if (self.look.paths.level[id] & LEVEL_MASK) == LEVEL_GARBAGE:
            return "garbage", None
        role = role_of(g, g.objects[id])
        if role != NULL:
            return "interpreter", (<bytes>role).decode()
        return "c", max(<int64_t>references(g, id) - <int64_t>g.found[id], 0)

    cdef str thread_of(self, uint32_t id):
        cdef Graph *g = &self.look.graph
        return "frame" if g.main_first <= id < g.main_end else "thread"


cdef inline bint has_home(Graph *g, Paths *p, uint32_t id) noexcept nogil:
    # May several modules have a name for it? A module in C may keep what another has one for (_pickle has
    # copyreg's table).
    cdef uint32_t above = p.parent[id], module = p.parent[above]
    return (
        module != 0 and p.parent[module] == g.modules and is_module_dict(g, module, above)
        or is_kept_by_module(g, p, above, id)
    )


cdef inline bint is_kept_by_module(Graph *g, Paths *p, uint32_t above, uint32_t id) noexcept nogil:
    cdef PyObject *o = g.objects[above]
    return (
        above != 0 and p.parent[above] == g.modules and PyModule_Check(o)
        and PyModule_GetDict(o) != g.objects[id]
    )


cdef inline bint is_module_dict(Graph *g, uint32_t module, uint32_t dict_) noexcept nogil:
    cdef PyObject *o = g.objects[module]
    return o != NULL and PyModule_Check(o) and PyModule_GetDict(o) == g.objects[dict_]
