"""The data of numpy's arrays, beside Python's allocators: whose it is, and what it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reftrack import _reftrack, looking
from reftrack.guard import quietly
from reftrack.looking import Timed
from scoped import Within, edges, groups, holders, look, module
from suites import UNITTEST, run_suite, scope
from support import FOR_LINUX

np = pytest.importorskip("numpy")

MIB = 1 << 20
SIZE = 4_000_000
OBJECT = 1000
"""More than an array takes without its data, and who refers to it."""
CAN_PROVE = FOR_LINUX


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    _reftrack.start(16)
    _reftrack.follow_arrays(np.ndarray)
    yield
    _reftrack.stop()


@pytest.fixture
def heap() -> Iterator[Any]:
    with module() as made:
        yield made


def kept_by(*scopes: Within) -> dict[str, int]:
    """Bytes by the names of holders, as a look tells them."""
    seen = look(*scopes)
    found = {holder.name: holder.survived_bytes for holder in holders(seen, *scopes)}
    seen.close()
    return found


# ---- whose it is ----


def test_an_arrays_data_is_charged_to_the_scope_that_made_it_once_a_look_has_come_to_it(
    heap: Any,
) -> None:
    with Within() as scope:
        heap.x = np.zeros(SIZE, "u1")
    assert scope.live < OBJECT

    found = kept_by(scope)

    assert SIZE <= found["heap_under_test.x"] < SIZE + OBJECT
    assert scope.live == sum(found.values())
    assert _reftrack.array_bytes(scope.id) == SIZE


def test_it_goes_with_the_array(heap: Any) -> None:
    _reftrack.collect()  # so does a look
    before = _reftrack.live_bytes()
    with Within() as scope:
        heap.x = np.zeros(SIZE, "u1")
    look(scope).close()
    assert _reftrack.live_bytes() >= before + SIZE

    del heap.x

    assert scope.live < OBJECT
    assert _reftrack.array_bytes(scope.id) == 0
    assert _reftrack.live_bytes() < before + SIZE // 2


def test_it_is_no_part_of_what_the_process_is_said_to_have_from_python(heap: Any) -> None:
    _, before = _reftrack.footprint()
    with Within() as scope:
        heap.x = np.zeros(SIZE, "u1")
    look(scope).close()
    assert _reftrack.footprint()[1] < before + SIZE // 2


def test_a_second_look_counts_it_once(heap: Any) -> None:
    with Within() as scope:
        heap.x = [np.zeros((10, k), order="F") for k in range(50)]
    first = kept_by(scope)
    assert kept_by(scope) == first


def test_what_a_later_scope_adds_by_resizing_is_the_makers(heap: Any) -> None:
    """numpy's realloc is not seen, and who called it is not known."""
    with Within() as maker:
        heap.x = np.zeros(1000, "u1")
    look(maker).close()
    with Within() as later:
        heap.x.resize(SIZE, refcheck=False)

    kept_by(maker, later)
    assert SIZE <= maker.live < SIZE + OBJECT
    assert later.live < OBJECT

    heap.x.resize(100, refcheck=False)
    kept_by(maker, later)
    assert maker.live < OBJECT + 100


def test_a_view_has_nothing_of_its_own_and_keeps_its_base(heap: Any) -> None:
    with Within() as maker:
        made = np.zeros(SIZE, "u1")
    with Within() as viewer:
        heap.x = made[::-2]
    del made

    seen = look(maker, viewer)
    group = groups(seen, maker)[0]
    assert group.bytes >= SIZE
    assert edges(group)[:2] == [("attr", "x"), ("attr", "base")]
    assert viewer.live < OBJECT


def test_a_record_keeps_the_array_that_it_is_of(heap: Any) -> None:
    with Within() as scope:
        heap.x = np.zeros(SIZE // 8, [("a", "f4"), ("b", "f4")])[7]
    seen = look(scope)
    group = groups(seen, scope)[0]
    assert edges(group)[:2] == [("attr", "x"), ("attr", "base")]


def test_memory_of_others_is_not_the_arrays(heap: Any) -> None:
    buffer = bytearray(SIZE)
    with Within() as scope:
        heap.x = [np.frombuffer(buffer, "u1"), np.broadcast_to(np.zeros(1), (1 << 30, 1 << 20))]
    kept_by(scope)
    assert scope.live < 10 * OBJECT


class Slots(np.ndarray):  # type: ignore[misc, name-defined]
    __slots__ = ("more",)


def test_an_array_of_a_subclass_has_its_data_and_what_its_slots_refer_to(heap: Any) -> None:
    with Within() as scope:
        heap.x = np.zeros(SIZE, "u1").copy().view(Slots)
        heap.y = Slots((SIZE,), "u1")
        heap.y.more = bytearray(1000)
    found = kept_by(scope)
    assert found["heap_under_test.x"] >= SIZE
    assert found["heap_under_test.y"] >= SIZE + 1000


def test_retained_bytes_and_what_a_proof_counts_have_it(heap: Any) -> None:
    with Within() as scope:
        heap.x = [np.zeros(SIZE, "u1"), np.zeros(10)]
    seen = look(scope)
    step = next(number for number, told in enumerate(seen.steps) if told[2] == "x")

    if CAN_PROVE:
        proved, _, _ = _reftrack.prove(seen.answer, [step], 10.0, quietly)
        assert proved == pytest.approx(scope.live, abs=OBJECT)
    assert seen.cut([step]).bytes == pytest.approx(scope.live, abs=OBJECT)
    retained = sum(holder.retained_bytes for holder in holders(seen, scope))
    assert retained == pytest.approx(scope.live, abs=OBJECT)
    assert len(heap.x) == 2


def test_arrays_that_die_unseen_are_told_of_with_the_scope_that_ran(heap: Any) -> None:
    with Within() as maker:
        heap.x = [np.zeros(SIZE, "u1"), Slots((SIZE,), "u1")]
        np.zeros(1000, "u1")
    with Within() as later:
        del heap.x

    assert _reftrack.arrays_gone(maker.id) == (2 * SIZE + 1000, 2 * SIZE, later.id)
    assert _reftrack.arrays_gone(later.id) == (0, 0, 0)


def test_only_numpys_own_class_is_followed() -> None:
    for other in (Slots, int, "ndarray", None):
        _reftrack.follow_arrays(other)
    _reftrack.follow_arrays(np.ndarray)  # a second time
    assert np.zeros(3).sum() == 0


# ---- what it refers to ----

RECORD = np.dtype(
    [
        ("size", "i1"),
        ("row", "O"),  # not aligned
        ("many", "O", (2, 3)),
        ("inner", [("y", "f4"), ("x", "O")]),
        (("A title", "short"), "O"),
    ]
)


def in_field(array: Any, value: object) -> None:
    array[1]["row"] = value


def in_subarray(array: Any, value: object) -> None:
    array[2]["many"][1, 2] = value


def in_nested_field(array: Any, value: object) -> None:
    array[0]["inner"]["x"] = value


def in_field_with_a_title(array: Any, value: object) -> None:
    array[1]["short"] = value


FIELDS = [
    (in_field, (1, "row")),
    (in_subarray, (2, "many", 5)),
    (in_nested_field, (0, "inner", "x")),
    (in_field_with_a_title, (1, "short")),
]


@pytest.mark.parametrize(("put", "item"), FIELDS, ids=lambda it: getattr(it, "__name__", ""))
def test_an_object_in_a_field_is_named_by_index_and_field(
    heap: Any, put: Any, item: tuple[object, ...]
) -> None:
    heap.x = np.zeros(3, RECORD)
    with Within() as scope:
        put(heap.x, bytearray(50_000))

    seen = look(scope)

    group = groups(seen, scope)[0]
    assert group.bytes == pytest.approx(scope.live, abs=OBJECT)
    assert edges(group) == [("attr", "x"), ("item", item)]


def test_it_is_no_c_code_that_holds_an_object_in_a_field(heap: Any) -> None:
    heap.x = np.zeros(100, RECORD)
    with Within() as scope:
        heap.x["short"] = heap.x["row"] = [[k] for k in range(100)]
    found = kept_by(scope)
    assert list(found) == ["heap_under_test.x"]


@pytest.mark.parametrize("order", ["C", "F"])
def test_items_of_several_dimensions_have_as_many_indexes(heap: Any, order: Any) -> None:
    heap.x = np.empty((2, 3, 4), object, order=order)
    with Within() as scope:
        heap.x[1, 0, 2] = bytearray(50_000)
    group = groups(look(scope), scope)[0]
    assert edges(group) == [("attr", "x"), ("index", (1, 0, 2))]


def test_an_item_of_an_array_without_dimensions_has_none(heap: Any) -> None:
    heap.x = np.empty((), object)
    with Within() as scope:
        heap.x[()] = bytearray(50_000)
    group = groups(look(scope), scope)[0]
    assert edges(group) == [("attr", "x"), ("index", ())]


def test_the_tables_of_a_dtype_are_its_own(heap: Any) -> None:
    with Within() as scope:
        heap.x = np.dtype([(f"field number {k}", "f4") for k in range(500)])
    seen = look(scope)
    assert [orphan for orphan in seen.orphans if orphan.scope == scope.id] == []
    assert sum(group.bytes for group in groups(seen, scope)) == scope.live > 50_000


# ---- in a run ----

KEEPS = """
    import unittest
    import numpy

    KEPT = []

    class T(unittest.TestCase):
        def setUp(self):
            self.image = numpy.ones((1000, 2000), "u1")
        def test_1(self):
            KEPT.append(numpy.ones(4_000_000, "u1"))
        def test_2(self):
            KEPT.append(numpy.ones(4_000_000, "u1"))
            self.fail()
        def test_3(self):
            numpy.ones(4_000_000, "u1")
"""


def test_what_arrays_have_is_told_once_by_the_scopes_and_not_as_the_processs(
    tmp_path: Path,
) -> None:
    run = run_suite(tmp_path, KEEPS, runner=UNITTEST)

    arrays = {s.id[-6:]: s.array_bytes for s in run.report.scopes if s.scope == "test"}
    assert arrays == {"test_1": 4_000_000, "test_2": 6_000_000, "test_3": 0}
    assert all(s.survived_bytes >= s.array_bytes for s in run.report.scopes)
    totals = run.report.totals
    assert 10_000_000 <= totals.survived_bytes == pytest.approx(totals.explained_bytes, rel=0.01)
    assert not any(s.native_bytes for s in run.report.scopes)
    assert "PROCESS" not in run.stderr


def test_what_release_lets_go_of_has_its_arrays(tmp_path: Path) -> None:
    run = run_suite(tmp_path, KEEPS, "--release", runner=UNITTEST)

    (row,) = (row for row in run.report.released if row.name == "T.image")
    assert row.bytes == pytest.approx(2_000_000, rel=0.01)


def test_a_repetition_keeps_arrays_too(tmp_path: Path) -> None:
    run = run_suite(tmp_path, KEEPS, "--repeat", "2", runner=UNITTEST)

    again = scope(run.report, "test_1").repeats
    assert again == [pytest.approx(4_000_000, rel=0.01)] * 2


def test_growth_of_the_process_that_arrays_explain_is_not_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given scopes that brought 3 MiB each, the second's arrays in place of the first's."""
    ended = [Timed(number, "test", f"test {number}") for number in (7, 8, 9)]
    arrays = {7: 0, 8: 3 * MIB, 9: MIB}
    monkeypatch.setattr(_reftrack, "array_bytes", arrays.__getitem__)
    staying = dict.fromkeys(range(3), 3 * MIB)

    assert looking._beside_arrays(ended, staying, 9 * MIB - 4 * MIB) == {2: 2 * MIB, 0: 3 * MIB}
    assert looking._beside_arrays(ended, staying, 2 * MIB) == {2: 2 * MIB}
    assert looking._beside_arrays(ended, staying, 0) == {}
