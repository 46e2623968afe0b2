# The answer of a look: plain records, and sums of them by holder once it is known who holds what.

cdef struct Part:               # of what a group retains, see retained_add()
    uint32_t group
    uint32_t outer              # group under which it is counted already, or 0
    bint outer_together
    bint together
    int64_t bytes


cdef class Explanation:
    """The answer of one look at the heap.

    It keeps the graph until `close()`, for questions about what would go; no object of it is kept alive.

    `steps`: the paths as a tree, [(step before, edge, label, type, name), ...], all from step 0;
    `groups`: [(scope, bytes, index of the anchor on the path, last step of the path, index on it of the
    first that a test or fixture made or -1, its scope), ...], largest first;
    `others`: (groups, bytes, objects) not described; `orphans`: blocks without an owner as (scope,
    stack, bytes, blocks, "table" or "string" where the interpreter has it for what is interned, or "");
    `bases`: type name -> names along its MRO; `caches`: step to a functools cache ->
    (its entries, how many it may have, -1 without a bound); `older`: steps to dicts, lists and sets that had
    entries before any test; `stacks`: tracemalloc's tracebacks by number,
    or None; `nodes`, `edges`, `garbage` (objects without a root), `seconds` and, of its parts, `timings`.
    """

    cdef readonly list steps, groups, orphans, stacks
    cdef readonly tuple others, timings
    cdef readonly dict bases, caches
    cdef readonly set older
    cdef readonly size_t nodes, edges, garbage
    cdef readonly double seconds
    cdef list type_names, free_lists
    cdef Look look
    cdef Steps telling
    cdef bint is_open
    cdef bint stands_in         # is an empty ledger there for this look? See targets.pxi
    cdef Group *described       # from 1 on, as `groups`
    cdef uint32_t group_count
    cdef Sum *rows              # by number of the group
    cdef size_t row_count
    cdef Part *parts
    cdef size_t part_count

    def __dealloc__(self):
        self.close()
        free(self.described)
        free(self.rows)
        free(self.parts)

    def close(self):
        """Free the graph; closing twice does nothing."""
        self.is_open = False
        look_free(&self.look)
        if self.stands_in:
            self.stands_in = False
            stand_in_end()

    cdef int take(self, int limit, dict named_by) except -1:
        cdef Look *l = &self.look
        cdef Survey *s = &l.survey
        cdef Steps steps = Steps()
        cdef uint32_t *tops = survey_tops(s)
        cdef uint32_t top
        cdef uint32_t k, g, others = max(<int64_t>s.group_count - 1 - limit, <int64_t>0)
        cdef Sum *order = groups_by_size(s)
        cdef uint32_t *number = <uint32_t *>calloc(s.group_count, sizeof(uint32_t))
        self.group_count = s.group_count - others
        self.described = <Group *>calloc(self.group_count, sizeof(Group))
        self.rows = <Sum *>malloc(s.row_count * sizeof(Sum))
        self.parts = <Part *>malloc(s.row_count * sizeof(Part))
        try:
            if tops == NULL or order == NULL or number == NULL or self.described == NULL or self.rows == NULL or self.parts == NULL:
                raise MemoryError("no memory to tell what was found")
            self.telling = steps
            steps.look = l
            steps.named_by = named_by
            self.groups = []
            for k in range(1, self.group_count):
                g = order[k].key
                number[g] = k
                self.described[k] = s.groups[g]
            steps.ask_homes(self.described, self.group_count)
            for k in range(1, self.group_count):
                g = order[k].key
                last = steps.step_to(s.groups[g].sample)
                anchor = steps.index_on(s.groups[g].sample, s.groups[g].anchor)
                top = tops[s.groups[g].sample]
                first = steps.index_on(s.groups[g].sample, made_with(s, top))
                made_by = l.graph.date[top]
                if top == 0 and reused_in(s, s.groups[g].sample) and not is_attributes(s, s.groups[g].sample):
                    first = steps.index_on(s.groups[g].sample, s.groups[g].sample)
                    anchor = min(anchor, first - 1)
                    made_by = s.groups[g].scope
                self.groups.append((s.groups[g].scope, s.groups[g].bytes, anchor, last, first, made_by))
            self.others = (
                others,
                sum([order[k].bytes for k in range(self.group_count, s.group_count)]),
                sum([order[k].objects for k in range(self.group_count, s.group_count)]),
            )
            self.take_rows(s, number, steps)
        finally:
            free(tops)
            free(order)
            free(number)
        self.steps = steps.told
        self.bases = steps.bases
        self.caches = steps.fillings
        self.older = steps.older
        self.type_names = steps.type_names
        self.free_lists = steps.free_lists
        self.nodes = l.graph.count
        self.edges = l.graph.edge_count
        for k in range(1 + l.graph.frame_count, l.graph.count):
            self.garbage += (l.paths.level[k] & LEVEL_MASK) == LEVEL_GARBAGE
        return 0

    cdef int take_rows(self, Survey *s, uint32_t *number, Steps steps) except -1:
        cdef Row *row
        cdef Part *part
        cdef Sum *kept
        cdef uint32_t r
        for r in range(1, s.row_count):
            row = &s.rows[r]
            if number[row.group] == 0:
                continue
            if row.type == NULL:
                part = &self.parts[self.part_count]
                self.part_count += 1
                part.group = number[row.group]
                part.outer = number[row.stack & <uint32_t>(TOGETHER - 1)]
                part.outer_together = row.stack & TOGETHER != 0
                part.together = row.stack & (TOGETHER << 1) != 0
                part.bytes = row.bytes
            else:
                kept = &self.rows[self.row_count]
                self.row_count += 1
                kept.holder = number[row.group]
                kept.key = row.stack
                kept.type = steps.number_of(row.type)
                kept.objects = row.objects
                kept.unsure = row.unsure
                kept.tables = row.tables
                kept.sure = row.sure
                kept.bytes = row.bytes
        return 0

    def cut(self, edges, groups):
        """What goes when edges are cut: (bytes, those of wanted scopes among them, [(group, last step of
        another path to its sample), ...]).

        `edges` has step numbers: of the edges that lead there (all references between the two objects),
        or (number, part): "cache" for all entries of the functools cache that the edge starts from,
        "entries" for those, too, from there to what tests, fixtures or that object's own scope made,
        "contents" for all that the container at the step has. Of `groups`
        those are told whose sample is still reached, by a path that was found again since the look: what
        was allocated or freed meanwhile does not matter. The new paths are added to `steps`.

        Raises ValueError where there is no such edge, or the graph was freed; MemoryError.
        """
        cdef Cuts cuts = None
        cdef Paths paths
        cdef Went w
        cdef Quiet quiet
        edges, groups = list(edges), list(groups)
        self.check_open()
        memset(&paths, 0, sizeof(Paths))
        memset(&w, 0, sizeof(Went))
        quiet_begin(&quiet)
        try:
            cuts = self.cuts_of(edges)
            cuts.search(&paths)
            went_find(&self.look, &paths, &w)
            for node in cuts.cleared:
                if not went(&self.look, &paths, node):
                    went_blocks_of(&self.look, node, &w)
            return w.bytes, w.survivors, self.ways_around(&paths, groups, cuts.emptied)
        finally:
            if cuts is not None:
                cuts.undo()
            paths_free(&paths)
            self.telling.forget()
            quiet_end(&quiet)

    def made_by(self, uint32_t step):
        """The scope of those explained, imports apart, that made the object of a step; 0 for none.

        Raises ValueError where there is no such step, or the graph was freed.
        """
        cdef Survey *s = &self.look.survey
        cdef uint32_t scope
        self.check_open()
        if step >= <uint32_t>len(self.steps):
            raise ValueError(f"no step {step}")
        if step == 0:
            return 0  # before the first step there is no object
        scope = self.look.graph.date[self.telling.nodes[step]]
        return 0 if s.wanted[scope] == WANTED_IMPORT else scope

    cdef int check_open(self) except -1:
        if not self.is_open:
            raise ValueError("the graph of this look was freed")
        if entries == NULL:
            raise ValueError("the ledger is not started")
        return 0

    cdef Cuts cuts_of(self, list edges):
        cdef Cuts cuts = Cuts()
        cdef uint32_t above
        cuts.graph = &self.look.graph
        for edge in edges:
            number, part = edge if type(edge) is tuple else (edge, None)
            above = self.node_above(number, part)
            cuts.numbers.append((number, part))
            before = self.steps[number][0] if part == "contents" else self.steps[self.steps[number][0]][0]
            cuts.above.setdefault(above, set()).add(self.telling.nodes[<uint32_t>before])
            if part == "cache":
                if above not in self.telling.caches:
                    raise ValueError(f"no cache leads to step {number}")
                entries_of, cuts.kept[above] = self.telling.caches[above]
                cuts.of_node[above] = None
                if entries_of:
                    cuts.of_node[entries_of] = None
                    cuts.kept[entries_of] = ()
                    cuts.cleared.add(entries_of)
            elif part == "contents":
                cuts.of_node[above], cuts.kept[above] = None, ()
                cuts.cleared.add(above)
                cuts.emptied.add(above)
            elif part == "entries" and above not in cuts.kept:
                cuts.of_node.setdefault(above, set()).update(self.entries_like(above, number))
            elif above not in cuts.kept:
                cuts.of_node.setdefault(above, set()).add(self.telling.nodes[<uint32_t>number])
        return cuts

    cdef bint all_alive(self, Cuts cuts) except -1:
        # Are all the objects still there that the edges start from and lead to, and the paths to them?
        cdef Living v
        cdef size_t size = self.look.graph.count * sizeof(uint32_t)
        cdef uint32_t *parent = <uint32_t *>malloc(size)
        cdef uint32_t number, above, node
        memset(&v, 0, sizeof(Living))
        try:
            if parent == NULL or living_init(&v, &self.look.graph, parent) < 0:
                raise MemoryError("no memory for a proof")
            memcpy(parent, self.look.paths.parent, size)
            # The last path set is whole; where an earlier one meets a later one it goes on along that.
            for number, part in cuts.numbers:
                number = self.steps[number][0] if part == "cache" else number
                while number != 0:
                    before, edge, _, _, _ = self.steps[number]
                    if edge != "gap":
                        parent[self.telling.nodes[number]] = self.telling.nodes[<uint32_t>before]
                    number = before
            ends = []
            for number, part in cuts.numbers:
                if part != "contents":
                    ends.append(self.telling.nodes[<uint32_t>self.steps[number][0]])
                if part != "cache":
                    ends.append(self.telling.nodes[number])
            for node in ends:
                if living_need(&v, node) < 0:
                    raise MemoryError("no memory for a proof")
            if living_find(&v) < 0:
                raise MemoryError("no memory for a proof")
            for node in ends:
                if not is_alive(&v, node):
                    return False
            return True
        finally:
            free(parent)
            living_free(&v)

    cdef list entries_like(self, uint32_t above, uint32_t step):
        # What a node refers to and a test or fixture made, or the scope that made the step's object.
        cdef Graph *g = &self.look.graph
        cdef Survey *s = &self.look.survey
        cdef uint32_t node = self.telling.nodes[step], to
        cdef size_t e
        cdef list found = [node]
        for e in range(g.first[above], g.first[above + 1]):
            to = g.to[e]
            if g.date[to] != 0 and (s.wanted[g.date[to]] == WANTED or g.date[to] == g.date[node]):
                found.append(to)
        return found

    cdef uint32_t node_above(self, object number, object part) except 0:
        # The node that the edges to be cut start from.
        if not 0 < number < len(self.steps):
            raise ValueError(f"no step {number}")
        before, edge, _, _, _ = self.steps[number]
        if part == "contents":
            return self.telling.nodes[<uint32_t>number]
        if before == 0 or edge == "gap":
            raise ValueError(f"no edge leads to step {number}")
        return self.telling.nodes[<uint32_t>before]

    cdef list ways_around(self, Paths *p, list wanted, set emptied):
        # Not to containers that are emptied: these stay, and nothing of them.
        cdef list found = []
        cdef uint32_t sample
        cdef Living v
        memset(&v, 0, sizeof(Living))
        try:
            if living_init(&v, &self.look.graph, p.parent) < 0:
                raise MemoryError("no memory to cut edges")
            for number in wanted:
                if not 0 <= number < len(self.groups):
                    raise ValueError(f"no group {number}")
                sample = self.described[<uint32_t>number + 1].sample
                if sample in emptied:
                    continue
                if p.level[sample] != LEVEL_NONE and living_need(&v, sample) < 0:
                    raise MemoryError("no memory to cut edges")
            if living_find(&v) < 0:
                raise MemoryError("no memory to cut edges")
            for number in wanted:
                sample = self.described[<uint32_t>number + 1].sample
                if p.level[sample] != LEVEL_NONE and is_alive(&v, sample):
                    found.append((number, self.telling.way_around(p.parent, sample)))
            return found
        finally:
            living_free(&v)

    def sums(self, holder_of, owning, limits, int types):
        """What holders keep: holder_of[k] is the number of that of groups[k], or 0; owning[k] tells
        whether its edge lies above the anchor.

        Returns lists by number: retained bytes, charges [(scope, bytes, objects), ...], types
        [(name, bytes, objects), ...], at most `types`, and stacks [(stack, bytes, objects), ...], at
        most limits[number]; those with most bytes first. Stack 0 is of what may have the line of an
        earlier life.

        Raises MemoryError; ValueError where the lists do not fit the groups.
        """
        # Copies: what an item's __index__ does to the lists does not matter.
        cdef list holder_list = list(holder_of), owning_list = list(owning), limit_list = list(limits)
        cdef uint32_t k, holders = <uint32_t>len(limit_list)
        if not len(holder_list) == len(owning_list) == self.group_count - 1:
            raise ValueError("one holder and one flag per group are needed")
        cdef uint32_t *holder = <uint32_t *>malloc(self.group_count * sizeof(uint32_t))
        cdef uint8_t *owns = <uint8_t *>malloc(self.group_count)
        cdef Sum *sums = <Sum *>malloc((self.row_count + self.group_count) * sizeof(Sum))
        try:
            if holder == NULL or owns == NULL or sums == NULL:
                raise MemoryError("no memory to sum what was found")
            for k in range(1, self.group_count):
                holder[k] = holder_list[k - 1]
                owns[k] = owning_list[k - 1]
                if holder[k] >= holders:
                    raise ValueError(f"no holder {holder[k]}")
            return (
                self.retained(holder, owns, holders),
                self.charges(sums, holder, holders),
                *self.types_and_stacks(sums, holder, limit_list, types),
            )
        finally:
            free(holder)
            free(owns)
            free(sums)

    cdef list retained(self, uint32_t *holder, uint8_t *owns, uint32_t holders):
        # Without what another group of the same holder retains already.
        cdef list bytes_of = [0] * holders
        cdef int64_t *total = <int64_t *>malloc(self.group_count * sizeof(int64_t))
        cdef size_t i
        cdef uint32_t k
        cdef Part *part
        cdef bint twice
        if total == NULL:
            raise MemoryError("no memory to sum what was found")
        for k in range(self.group_count):
            total[k] = <int64_t>self.described[k].retained
        for i in range(self.part_count):
            part = &self.parts[i]
            twice = (
                part.outer != 0
                and (not part.outer_together or owns[part.outer])
                and holder[part.outer] == holder[part.group]
            )
            if part.together:
                total[part.group] += part.bytes if owns[part.group] and not twice else 0
            elif twice:
                total[part.group] -= part.bytes
        for k in range(1, self.group_count):
            if total[k] > 0:
                bytes_of[holder[k]] += total[k]
        free(total)
        return bytes_of

    cdef list charges(self, Sum *sums, uint32_t *holder, uint32_t holders):
        cdef uint32_t k
        memset(sums, 0, self.group_count * sizeof(Sum))
        for k in range(1, self.group_count):
            sums[k - 1].holder = holder[k]
            sums[k - 1].key = self.described[k].scope
            sums[k - 1].bytes = self.described[k].bytes
            sums[k - 1].objects = self.described[k].objects
        k = <uint32_t>sums_merge(sums, self.group_count - 1)
        return sums_told(sums, k, [self.group_count] * holders, None)

    cdef tuple types_and_stacks(self, Sum *sums, uint32_t *holder, list limits, int types):
        cdef size_t count = self.row_count, k
        cdef Sum *copy
        memcpy(sums, self.rows, count * sizeof(Sum))
        for k in range(count):
            sums[k].holder = holder[sums[k].holder]
        count = sums_merge(sums, count)
        copy = <Sum *>malloc((count + 1) * sizeof(Sum))
        if copy == NULL:
            raise MemoryError("no memory to sum what was found")
        memcpy(copy, sums, count * sizeof(Sum))
        for k in range(count):
            if self.is_unsure(&sums[k]):
                sums[k].key = NODE_UNKNOWN
            sums[k].type = 0
            copy[k].key = copy[k].type
            copy[k].type = 0
        try:
            by_type = sums_told(
                copy, sums_merge(copy, count), [types] * len(limits), self.type_names
            )
            return by_type, sums_told(sums, sums_merge(sums, count), limits, None)
        finally:
            free(copy)

    cdef bint is_unsure(self, Sum *sum):
        # May all these objects have come from a free list, with the line of what was there before? Not
        # if one of their other blocks was allocated there. Where there are objects, they decide.
        if sum.unsure == 0:
            return sum.sure == 0 and 0 < sum.tables <= <uint32_t>RT_FREE_TABLES_KEPT
        return sum.sure == 0 and sum.unsure <= <uint32_t>self.free_lists[sum.type]
