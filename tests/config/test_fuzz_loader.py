"""Invariant: for any bytes, `parse` returns plain data (every part with a place in the file) or raises `ConfigError`
with at least one problem; nothing else, in bounded time. And whatever it returns, `check_grammar` returns too."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from autoresponder.config.loader import Document, parse
from autoresponder.config.problems import check_grammar
from autoresponder.config.schema import Config
from autoresponder.errors import ConfigError, Problem

SCRAPS = [
    "a",
    "rules",
    "when",
    "name",
    "subject",
    "reply",
    "mailboxes",
    "contact",
    "imap",
    "password",
    "office",
    "hours",
    ": ",
    ":",
    "- ",
    "-",
    "? ",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    " ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "&a ",
    "*a",
    "*a ",
    "!!str ",
    "!x ",
    "'",
    '"',
    "\\",
    "|",
    ">",
    "|\n ",
    "#",
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "<<: ",
    "~",
    "null",
    "true",
    "no",
    "09:00",
    "2026-12-24",
    "1",
    "1.5",
    "\ufeff",
    "ñ",
    "\x00",
    "\x07",
    "\u2028",
    "\x85",
    "\U0001f600",
]
TEXTS = st.lists(st.sampled_from(SCRAPS) | st.text(max_size=3), max_size=60).map("".join)
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(SCRAPS) | st.text(max_size=8)
KEYS = st.sampled_from([*Config.model_fields, "name", "when", "reply", "from", "any", "not", "imap", "x", "subject"])
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


def holds(raw: bytes) -> None:
    try:
        document = parse(raw, "r.yaml")
    except ConfigError as error:
        assert error.problems
        assert all(problem.sentence and problem.place.file == "r.yaml" for problem in error.problems)
        return
    plain(document, document.data, ())
    _parts, problems = check_grammar(document)
    assert all(isinstance(problem, Problem) and problem.place.line >= 1 for problem in problems)


def plain(document: Document, data: Any, path: tuple[str | int, ...]) -> None:
    assert document.within(path) == path
    assert document.at(path).line >= 1
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            plain(document, value, (*path, key))
    else:
        assert data is None or isinstance(data, str | int)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=2000)
def test_any_bytes(raw: bytes) -> None:
    holds(raw)


@given(TEXTS)
@settings(max_examples=400, deadline=2000)
def test_scraps_of_yaml(text: str) -> None:
    holds(text.encode("utf-8", "surrogatepass"))


def as_yaml(data: Any) -> str:
    """The data in flow style, texts in double quotes where it matters."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(as_yaml, data)) + "]"
    if isinstance(data, str):
        return "'" + "".join(c for c in data if c.isprintable()).replace("'", "''") + "'"
    return {None: "null", True: "true", False: "false"}.get(data, str(data))


@given(st.dictionaries(KEYS, TREES, max_size=5))
@settings(max_examples=250, deadline=2000)
def test_wrong_trees_with_right_keys(data: dict[str, Any]) -> None:
    holds(as_yaml(data).encode())
