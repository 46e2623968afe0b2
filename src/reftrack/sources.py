"""What the source says where something was allocated: which name a line sets, in whose method."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from reftrack.owners import is_library_file
from reftrack.tracing import enclosing_class, source_lines

_DEFINITION = re.compile(r"\s*(?:async\s+)?def\s+\w+")
_CLASS = re.compile(r"class\s+(\w+)\s*(\(\s*[^)\s][^)]*\))?")
_CONSTRUCTORS = ("__init__", "__new__", "__post_init__")

Place = tuple[str, int]
"""A file and a line in it."""

_Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Setter(NamedTuple):
    """A statement that sets an attribute. `target` is what has it, as it stands there: "self"."""

    file: str
    line: int
    target: str
    function: str
    owner: str  # the class whose method that is
    in_loop: bool
    is_fixture: bool

    @property
    def is_library(self) -> bool:
        return is_library_file(self.file)


def setter(file: str, line: int, attribute: str) -> Setter | None:
    """The statement around a line, if it sets that attribute of something."""
    found = _function(file, line)
    if found is None:
        return None
    first, function = found
    at = line - first + 1
    for node, in_loop in _statements(function):
        for target in _targets(node):
            is_there = node.lineno <= at <= (node.end_lineno or node.lineno)
            if is_there and isinstance(target, ast.Attribute) and _is(target.attr, attribute):
                return Setter(
                    file,
                    node.lineno + first - 1,
                    ast.unparse(target.value),
                    function.name,
                    enclosing_class(file, first + function.lineno - 1),
                    in_loop,
                    any("fixture" in ast.unparse(by) for by in function.decorator_list),
                )
    return None


def is_rebound(place: Place, attribute: str, of_module: bool) -> bool:
    """Does the function around a line give the name a new object? `x += [...]` keeps a list."""
    found = _function(*place)
    if found is None or found[1].name in _CONSTRUCTORS:
        return False
    function = found[1]
    nodes = list(ast.walk(function))
    is_global = any(isinstance(node, ast.Global) and attribute in node.names for node in nodes)
    for node in nodes:
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            continue
        for target in _targets(node):
            if isinstance(target, ast.Attribute) and target.attr == attribute:
                return True
            if of_module and is_global and isinstance(target, ast.Name) and target.id == attribute:
                return True
    return False


def is_set_once(setter: Setter, attribute: str, classes: Iterable[str]) -> bool:
    """Do these classes set the attribute nowhere else, never take it away, and hand nothing to
    addCleanup() before, which would run after what is handed over at this line?"""
    text = "\n".join(line for owner in classes for line in _body(setter.file, owner))
    name = rf"\b\w+\.{re.escape(attribute)}\b"
    stores = re.findall(rf"{name}(?:\s*:[^=\n]+)?\s*(?:[-+*/|&^%@]|//|\*\*|<<|>>)?=(?!=)", text)
    goes = rf"\bdel\b.*{name}|(?:set|del)attr\(\w+, *['\"]{re.escape(attribute)}['\"]"
    found = _function(setter.file, setter.line)
    before = source_lines(setter.file)[found[0] - 1 : setter.line - 1] if found else []
    code = "\n".join(line.partition("#")[0] for line in before)
    is_first = "addCleanup(" not in code and "enterContext(" not in code
    return len(stores) == 1 and not re.search(goes, text) and not setter.in_loop and is_first


def is_defined(file: str, owner: str, name: str) -> bool:
    """Does a module, or the class in it, bind the name where it is defined?"""
    lines = _body(file, owner) if owner else iter(source_lines(file))
    indent = r"\s+" if owner else ""
    targets = rf"{indent}(?:[\w.]+\s*[,=]\s*)*{re.escape(name)}\b\s*(?:,[^=]*)?(?::[^=]+)?=(?!=)"
    names = rf"{indent}(?:(?:async\s+)?def|class)\s+{re.escape(name)}\b"
    return any(re.match(f"{targets}|{names}", line) for line in lines)


def has_method(file: str, owner: str, name: str) -> bool:
    """Has the class of that name, in that file, a method of its own?"""
    return any(
        re.match(rf"\s*(?:async\s+)?def\s+{name}\b|\s*{name}\s*=", line)
        for line in _body(file, owner)
    )


def has_bases(file: str, owner: str) -> bool:
    found = (_CLASS.match(line.lstrip()) for line in source_lines(file))
    return any(match and match[1] == owner and bool(match[2]) for match in found)


def forget() -> None:
    """Source files may change before the next look."""
    _function.cache_clear()


def _body(file: str, owner: str) -> Iterator[str]:
    depth = -1
    for line in source_lines(file):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if depth >= 0 and indent > depth:
            yield line
        else:
            match = _CLASS.match(line.lstrip())
            depth = indent if match and match[1] == owner else -1


@lru_cache(maxsize=1024)
def _function(file: str, line: int) -> tuple[int, _Definition] | None:
    """The innermost function around a line, parsed by itself: whole files take their time. With the
    number of its first line."""
    lines = source_lines(file)
    if not 0 < line <= len(lines):
        return None
    first = _first_line(lines, line)
    if first is None:
        return None
    depth = _indentation(lines[first - 1])
    last = first
    while last < len(lines) and (not lines[last].strip() or _indentation(lines[last]) > depth):
        last += 1
    while first > 1 and lines[first - 2].strip().startswith("@"):
        first -= 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(textwrap.dedent("\n".join(lines[first - 1 : last])))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    node = tree.body[0] if tree.body else None
    return (first, node) if isinstance(node, _Definition) else None


def _first_line(lines: Sequence[str], line: int) -> int | None:
    if _DEFINITION.match(lines[line - 1]):
        return line
    depth = _indentation(lines[line - 1])
    for number in range(line - 1, 0, -1):
        text = lines[number - 1]
        if text.strip() and _indentation(text) < depth:
            depth = _indentation(text)
            if _DEFINITION.match(text):
                return number
    return None


def _statements(node: ast.AST, in_loop: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child, in_loop
        yield from _statements(child, in_loop or isinstance(child, ast.For | ast.While))


def _targets(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        yield node.target


def _is(attribute: str, name: str) -> bool:
    """`__details` is known as `_TestCase__details`."""
    is_private = attribute.startswith("__") and not attribute.endswith("__")
    return name == attribute or (is_private and name[:1] == "_" and name.endswith(attribute))


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip())
