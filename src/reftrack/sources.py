"""What the source says where something was allocated: which name a line sets, in whose method.

Functions of `re` and the like are bound when this is imported: suites patch them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from re import compile as pattern
from re import escape
from typing import NamedTuple

from reftrack.owners import file_of, is_library_file, module_of, of_module
from reftrack.tracing import enclosing_class, source_lines
from reftrack.untouched import BUILTINS

__builtins__ = BUILTINS

_DEFINITION = pattern(r"\s*(?:async\s+)?def\s+\w+")
_CLASS = pattern(r"\s*class\s+(\w+)\s*(\(\s*[^)\s][^)]*\))?")
_ESCAPED = pattern(r"\\.")
_parse = compile
MODULE, CLASS = "module", "class"
_TESTS = pattern(r"tests?|test_\w+|\w+_tests?|conftest")
_CONSTRUCTORS = ("__init__", "__new__", "__post_init__")
_CONTAINERS = ("list", "dict", "set", "deque", "OrderedDict", "Counter")

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
    last: int  # line of it

    @property
    def lines(self) -> str:
        """What is typed behind the statement comes after the last of them: "12", "12-15"."""
        return f"{self.line}" if self.last == self.line else f"{self.line}-{self.last}"

    @property
    def is_library(self) -> bool:
        return is_library_file(self.file) and not is_test_file(self.file)


def is_test_file(file: str) -> bool:
    """By its name. Who runs an installed package's tests has made these theirs."""
    stem = file.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    return _TESTS.fullmatch(stem) is not None


@lru_cache(maxsize=16384)
def setter(file: str, line: int, attribute: str) -> Setter | None:
    """The statement around a line, if it sets that attribute of something."""
    found = _function(file, line, attribute)
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
                    _text(target.value),
                    function.name,
                    enclosing_class(file, first + function.lineno - 1),
                    in_loop,
                    any(map(_is_fixture, function.decorator_list)),
                    (node.end_lineno or node.lineno) + first - 1,
                )
    return None


def is_rebound(place: Place, attribute: str, kind: str) -> bool:
    """Does the function around a line give the name, of a module, class or instance, a new object
    each time? `x += [...]` keeps a list, and `if x is None: x = []` makes one only once."""
    found = _function(*place, attribute)
    if found is None or found[1].name in _CONSTRUCTORS:
        return False
    nodes = list(_each_time(found[1], attribute))
    is_global = kind == MODULE and any(
        isinstance(node, ast.Global) and attribute in node.names for node in nodes
    )
    others = {MODULE: ("self", "cls"), CLASS: ("self",)}.get(kind, ())
    for node in nodes:
        if isinstance(node, ast.Call) and _sets(node, attribute):
            return True
        for target in _targets(node) if not isinstance(node, ast.AugAssign) else ():
            if isinstance(target, ast.Attribute) and target.attr == attribute:
                of = target.value.id if isinstance(target.value, ast.Name) else ""
                if of not in others:
                    return True
            elif is_global and isinstance(target, ast.Name) and target.id == attribute:
                return True
    return False


def _sets(call: ast.Call, attribute: str) -> bool:
    """Is it `setattr(anything, "attribute", value)`?"""
    name = call.args[1] if len(call.args) == 3 else None
    is_setattr = isinstance(call.func, ast.Name) and call.func.id == "setattr"
    return is_setattr and isinstance(name, ast.Constant) and name.value == attribute


def is_set_once(setter: Setter, attribute: str, classes: Iterable[str]) -> bool:
    """Do these classes set the attribute nowhere else, never take it away, and hand nothing to
    addCleanup() before, which would run after what is handed over at this line?"""
    text = "\n".join(line for owner in classes for line in _body(setter.file, owner))
    name = rf"\b\w+\.{escape(attribute)}\b"
    stored = pattern(rf"{name}(?:\s*:[^=\n]+)?\s*(?:[-+*/|&^%@]|//|\*\*|<<|>>)?=(?!=)")
    goes = rf"\bdel\b.*{name}|(?:set|del)attr\(\w+, *['\"]{escape(attribute)}['\"]"
    found = _function(setter.file, setter.line, attribute)
    before = source_lines(setter.file)[found[0] - 1 : setter.line - 1] if found else []
    code = "\n".join(line.partition("#")[0] for line in before)
    is_first = "addCleanup(" not in code and "enterContext(" not in code
    is_once = len(stored.findall(text)) == 1 and not setter.in_loop
    return is_once and is_first and not pattern(goes).search(text)


@lru_cache(maxsize=4096)
def is_defined(owner: str, name: str) -> bool:
    """Does a module or class, by its name in full, bind the name where it is written?"""
    lines, indent = _of(owner)
    targets = rf"{indent}(?:[\w.]+\s*[,=]\s*)*{escape(name)}\b\s*(?:,[^=]*)?(?::[^=]+)?=(?!=)"
    names = rf"{indent}(?:(?:async\s+)?def|class)\s+{escape(name)}\b"
    return any(map(pattern(f"{targets}|{names}").match, lines))


def is_absent(module: str, name: str) -> bool:
    """Does the source of a module not have the word, nor take in names that it does not have?"""
    text = "\n".join(lines_of(module))
    hidden = rf"\b{escape(name)}\b|import \*|\bglobals\(|\bsetattr\("
    return bool(text) and pattern(hidden).search(text) is None


@lru_cache(maxsize=4096)
def sets(owner: str, name: str) -> bool:
    """Do methods of a class, by its name in full, set that attribute of anything?"""
    private = f"_{owner.rpartition('.')[2].lstrip('_')}__"
    written = f"__{name.removeprefix(private)}" if name.startswith(private) else name
    stores = pattern(rf"\.{escape(written)}\b\s*(?:,[^=]*|:[^=]+)?[^\w\s=!<>]{{0,2}}=(?!=)")
    return any(map(stores.search, lines_of(owner)))


def is_added(owner: str, name: str) -> bool:
    """Is it an attribute that a class never sets, nor another that it derives from?"""
    module, cls = module_of(owner)
    file = file_of(module) or ""
    known = cls in _classes(file) and not has_bases(file, cls)
    return known and not is_defined(owner, name) and not sets(owner, name)


def is_librarys(owner: str) -> bool:
    """Is a class, by its name in full, one that nobody edits who runs these tests?"""
    module, _ = module_of(owner)
    file = file_of(module) or ""
    return of_module(owner) in ("library", "runner") and not is_test_file(file)


@lru_cache(maxsize=4096)
def bound(owner: str, name: str) -> list[str]:
    """What stands behind the `=`, on its line, where a module or class binds the name."""
    lines, _ = _of(owner)
    binds = pattern(rf"\s*(?:self\.|cls\.)?{escape(name)}\b\s*(?::[^=]+)?=(?!=)\s*(.*)")
    return [match[1] for match in map(binds.match, lines) if match]


def lines_of(owner: str) -> Iterable[str]:
    """The source of a module or class, by its name in full."""
    return _of(owner)[0]


def _of(owner: str) -> tuple[Iterable[str], str]:
    """The lines of a module or class, and how they are indented."""
    module, cls = module_of(owner)
    file = file_of(module) or ""
    return (_body(file, cls), r"\s+") if cls else (source_lines(file), "")


def has_method(file: str, owner: str, name: str) -> bool:
    """Has the class of that name, in that file, a method of its own?"""
    method = pattern(rf"\s*(?:async\s+)?def\s+{name}\b|\s*{name}\s*=")
    return any(map(method.match, _body(file, owner)))


def has_bases(file: str, owner: str) -> bool:
    lines = source_lines(file)
    heads = (_CLASS.match(lines[first - 1]) for first, _ in _classes(file).get(owner, ()))
    return any(head and head[2] for head in heads)


def forget() -> None:
    """Source files may change before the next look."""
    for known in (_parsed, _classes, sets, is_defined, setter, bound, _block, _first_line):
        known.cache_clear()


def _body(file: str, owner: str) -> list[str]:
    lines = source_lines(file)
    return [line for first, end in _classes(file).get(owner, ()) for line in lines[first:end]]


@lru_cache(maxsize=64)
def _classes(file: str) -> dict[str, list[tuple[int, int]]]:
    """By the name of a class, where its head stands and where its body ends."""
    found: dict[str, list[tuple[int, int]]] = {}
    around: list[tuple[int, str, int]] = []
    lines = source_lines(file)
    for number, line in enumerate([*lines, "end"], 1):
        if not line.strip():
            continue
        depth = _indentation(line)
        while around and depth <= around[-1][0]:
            _, name, first = around.pop()
            found.setdefault(name, []).append((first, number - 1))
        if match := _CLASS.match(line):
            around.append((depth, match[1], number))
    return found


def _function(file: str, line: int, name: str) -> tuple[int, _Definition] | None:
    """The innermost function around a line, with the number of its first line, if the name stands
    in it."""
    first = _first_line(file, line)
    block = _block(file, first) if first else []
    stem = name.rpartition("__")[2] or name
    return _parsed(file, first) if first and any(stem in line for line in block) else None


@lru_cache(maxsize=4096)
def _block(file: str, first: int) -> list[str]:
    lines = source_lines(file)
    depth = _indentation(lines[first - 1])
    last = first
    while last < len(lines) and (not lines[last].strip() or _indentation(lines[last]) > depth):
        last += 1
    return lines[first - 1 : last]


@lru_cache(maxsize=1024)
def _parsed(file: str, first: int) -> tuple[int, _Definition] | None:
    """A function parsed by itself, since whole files take their time; with its decorators. What is
    escaped is blanked: Python warns of what it does not know."""
    lines = source_lines(file)
    block = list(_block(file, first))
    while first > 1 and lines[first - 2].strip().startswith("@"):
        first -= 1
        block.insert(0, lines[first - 1])
    try:
        depth = _indentation(lines[first - 1])
        text = "\n".join(line[depth:] if not line[:depth].strip() else line for line in block)
        tree = _parse(_ESCAPED.sub("__", text), file, "exec", ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    node = tree.body[0] if isinstance(tree, ast.Module) and tree.body else None
    return (first, node) if isinstance(node, _Definition) else None


@lru_cache(maxsize=16384)
def _first_line(file: str, line: int) -> int | None:
    lines = source_lines(file)
    if not 0 < line <= len(lines):
        return None
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
    for child in _children(node):
        if isinstance(child, ast.stmt):
            yield child, in_loop
        yield from _statements(child, in_loop or isinstance(child, ast.For | ast.While))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for field in node._fields:
        value = getattr(node, field, None)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in _children(node):
        yield from _walk(child)


def _each_time(node: ast.AST, name: str, is_asked: bool = False) -> Iterator[ast.AST]:
    """All but what makes an empty container where a question says that there is none yet."""
    if is_asked and isinstance(node, ast.Assign | ast.AnnAssign) and _is_empty(node.value):
        return
    yield node
    asks = isinstance(node, ast.If) and any(_mentions(part, name) for part in _walk(node.test))
    for child in _children(node):
        yield from _each_time(child, name, is_asked or asks)


def _is_empty(value: ast.expr | None) -> bool:
    """Unlike `_EMPTY` this takes no other call without arguments for one: `load()` fills."""
    if isinstance(value, ast.List):
        return not value.elts
    if isinstance(value, ast.Dict):
        return not value.keys
    if not isinstance(value, ast.Call):
        return False
    made = _text(value.func).rpartition(".")[2]
    return made == "defaultdict" or (made in _CONTAINERS and not value.args)


def _mentions(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Constant):
        return bool(node.value == name)
    named = getattr(node, "attr", None) or getattr(node, "id", None)
    return named is not None and _is(named, name)


def _text(node: ast.AST) -> str:
    """`request.cls`, `type(self)`; empty of what is longer."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        of = _text(node.value)
        return f"{of}.{node.attr}" if of else ""
    if isinstance(node, ast.Call):
        of, with_ = _text(node.func), [_text(argument) for argument in node.args]
        return f"{of}({', '.join(with_)})" if of and all(with_) else ""
    return ""


def _is_fixture(decorator: ast.expr) -> bool:
    of = decorator.func if isinstance(decorator, ast.Call) else decorator
    return "fixture" in _text(of)


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
