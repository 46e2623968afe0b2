"""Caches of the interpreter and of libraries that stay within bounds."""

from __future__ import annotations

from reftrack.rules.rule import Rule

SUBCLASSES = "__subclasses__()"
"""What the interpreter's registry of a class's subclasses is called on a path."""


def _bounded(
    name: str, owners: tuple[str, ...], attributes: tuple[str, ...], why: str, title: str = "{text}"
) -> Rule:
    return Rule(name, owners, attributes, "cache", why, title=title, verdict="once")


BOUNDED = (
    Rule(
        "linecache-generated",
        ("linecache",),
        ("cache",),
        "module-global",
        "attrs, and others that generate code, put the source of each class's methods there, "
        "under a name in angle brackets; it stays when the class is gone",
        title="linecache.cache (generated source)",
        fix="make the class once, at module level; or after the test: linecache.clearcache()",
        keys="<",
        put_there=True,
    ),
    _bounded("linecache", ("linecache",), ("cache",), "the lines of source files, for tracebacks"),
    _bounded("re-cache", ("re",), ("_cache", "_cache2"), "compiled patterns, 512 at most"),
    _bounded("tokenizer", ("tokenize", "inspect", "ast"), (), "source code that was looked at"),
    _bounded(
        "sqlite-connections",
        ("sqlite3.Connection",),
        ("cached_statements", "cursors"),
        "a connection keeps its last 128 statements, and drops its dead cursors by the 200",
    ),
    _bounded(
        "patched-dicts",
        ("unittest.mock._patch_dict",),
        ("_original",),
        "mock.patch.dict() keeps its copy of the dict when it has put that back, one per patch",
        title="copies in mock.patch.dict()",
    ),
    _bounded(
        "urls-django",
        ("django.urls.resolvers.URLResolver",),
        ("_reverse_dict", "_namespace_dict", "_app_dict", "_callback_strs", "__dict__"),
        "the tables of a URL configuration: one for each language in which it was asked",
    ),
    _bounded(
        "events-sqlalchemy-none",
        ("sqlalchemy.event.base._Dispatch",),
        ("_empty_listener_reg", "_empty_listeners"),
        "for each class with events an empty collection per event",
    ),
    _bounded(
        "mappers-sqlalchemy",
        ("sqlalchemy.orm.mapper.Mapper",),
        ("_compiled_cache",),
        "a mapper keeps its last 100 or so compiled statements",
    ),
    _bounded("codecs", ("encodings",), ("_cache",), "codecs that were looked up"),
    _bounded(
        "import-caches",
        ("sys", "importlib._bootstrap_external", "_frozen_importlib_external"),
        ("path_importer_cache", "FileFinder", "_path_cache"),
        "what the import system knows of directories",
    ),
    _bounded(
        "abc-caches",
        (),
        ("_abc_impl",),
        "an abstract class notes which classes it was asked about, by weak references to them",
        title="caches of abstract classes",
    ),
    Rule(
        "typing",
        ("typing",),
        ("_cleanups", "_caches"),
        "cache",
        "typing remembers what generic types were subscripted with, 128 of each at most",
        title="typing (caches of subscripted types)",
        verdict="once",
    ),
    Rule(
        "subclasses",
        (),
        (SUBCLASSES,),
        "c-reference",
        "the interpreter's registry of a class's subclasses: it has weak references to them, and "
        "room for as many as were alive at once",
        verdict="once",
        root="the interpreter",
    ),
    Rule(
        "interned-strings",
        (),
        (),
        "c-reference",
        "the interpreter's table of interned strings: it has room for as many as were alive at "
        "once, and is made anew, and larger, in whatever test that room runs out",
        verdict="once",
    ),
)
