"""YAML in, plain data with a place for every key and value out.

Contract: `read` and `parse` return a `Document` or raise `ConfigError`, whatever the bytes, in bounded time and memory:
the file, its nesting and what its aliases unfold to are capped. Only the parser of PyYAML (libyaml) is used; what
scalars mean is decided here, after YAML 1.2: `true`, `false`, null and whole numbers are such, everything else (`no`,
`on`, `09:00`, `2026-12-24`, `1.50`) is text exactly as written. Keys are always text.

Refused: tags, merge keys, keys given twice, keys that are not plain values, aliases that contain themselves, more than
one document, anything but UTF-8. Mistakes after which reading can go on are kept in `Document.problems`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from autoresponder.errors import ConfigError, Place, Problem

MAX_BYTES = 1_000_000
"""Of the file; 1,000 rules are about 200 kB."""
MAX_DEPTH = 40
MAX_NODES = 100_000
"""After aliases are unfolded."""
MAX_PROBLEMS = 100
"""Reading stops there: nobody mends more at a time."""

_NULL = re.compile(r"(?:|~|null|Null|NULL)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_NOT_TEXT = re.compile(r"\s*(?:#|(?:- )?[A-Za-z_]+:(?:\s|$))")
"""How a line begins that a quoted text is not meant to take in."""
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Path_ = tuple[str | int, ...]
"""Keys and list indexes (from 0) from the top of the document."""


@dataclass(slots=True)
class Node:
    """One value and where it stands (1-based). An alias shares the node that it names."""

    line: int
    column: int
    data: Any = None  # str, int, bool, None, list or dict of the same
    parts: "dict[str | int, Node]" = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    size: int = 1  # nodes, aliases unfolded
    height: int = 1


@dataclass(frozen=True, slots=True)
class Document:
    """What was read. `data` may hold passwords: it is never shown in a repr."""

    file: str
    root: Node = field(repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def data(self) -> Any:
        """The plain data of the whole document; None for an empty one."""
        return self.root.data

    def within(self, path: Path_) -> Path_:
        """`path` without the steps that do not exist in the document."""
        node, steps = self.root, []
        for step in path:
            if (part := node.parts.get(step)) is not None:
                node = part
                steps.append(step)
        return tuple(steps)

    def at(self, path: Path_) -> Place:
        """Where the value at `path` stands, or the nearest value around it."""
        node = self.root
        for step in self.within(path):
            node = node.parts[step]
        return Place(self.file, node.line, node.column)

    def key(self, path: Path_) -> Place:
        """Where the key that `path` ends in stands; as `at` when it ends in a list entry."""
        path = self.within(path)
        node = self.root
        for step in path[:-1]:
            node = node.parts[step]
        if path and isinstance(path[-1], str) and path[-1] in node.keys:
            return Place(self.file, *node.keys[path[-1]])
        return self.at(path)


def read(path: Path) -> Document:
    """The document in the file `path`. Raises `ConfigError` for a file that cannot be read, or is not such YAML."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        step = "name it with -c FILE"
        if isinstance(error, PermissionError):
            step = "chmod a+r where a service reads it and no password stands in it; at a prompt, sudo"
        raise ConfigError([Problem(Place(str(path)), f"the file cannot be read: {reason}", step)]) from None
    return parse(raw, str(path))


def parse(raw: bytes, file: str) -> Document:
    """The document in `raw`; `file` is the name that problems carry."""
    if len(raw) > MAX_BYTES:
        sentence = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        raise ConfigError([Problem(Place(file), sentence, "is it really the rules?")])
    builder = _Builder(file, _decode(raw, file))
    return Document(file, builder.run(), tuple(builder.problems))


def _decode(raw: bytes, file: str) -> str:
    step = "save it as UTF-8 in your editor"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError([Problem(Place(file, 1, 1), "the file is UTF-16, not UTF-8", step)])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ConfigError([Problem(place, "the file is not UTF-8 from here on", step)]) from None
    if found := _CONTROL.search(text):
        at = found.start()
        place = Place(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        sentence = f"an invisible control character (U+{ord(found[0]):04X}) stands here"
        raise ConfigError([Problem(place, sentence, "delete it")])
    return text


class _Builder:
    """Parser events to nodes, with a stack of its own: hostile nesting cannot exhaust the interpreter's."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text, self.lines = file, text, text.splitlines()
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node | None] = {}  # None while the anchored node is still open
        self.open: list[tuple[Node, str | None]] = []  # containers being filled, with the anchor of each
        self.keys: list[tuple[str, int, int] | None] = []  # the key that waits for its value, one a container
        self.root: Node | None = None
        self.quote = (0, 0)  # first and last line (1-based) of the latest quoted text that has several

    def run(self) -> Node:
        parser = yaml.CSafeLoader(self.text)
        try:
            while (event := parser.get_event()) is not None:
                self._event(event)
        except yaml.MarkedYAMLError as error:
            mark, context = error.problem_mark or error.context_mark, error.context_mark
            line, column = (mark.line, mark.column) if mark else (0, 0)
            lines = self.lines or [""]
            while line and line >= len(lines):  # the end of the file: the last line says more
                line, column = len(lines) - 1, len(lines[-1])
            sentence, step = syntax(str(error.problem), str(error.context), lines[line], column,
                                    context.line + 1 if context else 0)  # fmt: skip
            if line + 1 == self.quote[1]:
                first = self.quote[0]
                sentence, step = f"the quote opened on line {first} ends only here", f"close it on line {first}"
            self._stop(line + 1, column + 1, sentence, step)
        except yaml.YAMLError:
            self._stop(1, 1, "this is not YAML", "see docs/rules.md")
        finally:
            parser.dispose()
        return self.root or Node(1, 1)

    def _stop(self, line: int, column: int, sentence: str, step: str = "") -> NoReturn:
        raise ConfigError([*self.problems, Problem(Place(self.file, line, column), sentence, step)]) from None

    def _problem(self, line: int, column: int, sentence: str, step: str = "") -> None:
        self.problems.append(Problem(Place(self.file, line, column), sentence, step))
        if len(self.problems) >= MAX_PROBLEMS:
            raise ConfigError(self.problems)

    def _event(self, event: yaml.Event) -> None:
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            if self.root is not None:
                self._stop(line, column, "a second document begins here", 'remove the line "---"')
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._alias(event.anchor or "", line, column), line, column)
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.tag is not None:
                self._problem(line, column, 'a value that starts with "!" (a YAML tag) is not allowed',
                              "put it in quotes if it is meant as text")  # fmt: skip
            self._start(event, line, column)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def _alias(self, name: str, line: int, column: int) -> Node:
        if name not in self.anchors:
            self._stop(line, column, 'a value that starts with "*" must be in quotes', 'for example "*.pdf"')
        node = self.anchors[name]
        if node is None:
            self._stop(line, column, f"the alias *{name} contains itself")
        return node

    def _start(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int, column: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            node = Node(line, column, _scalar(event))
            if event.style in ("'", '"') and event.end_mark and event.end_mark.line >= line:
                self._over_lines(line, column, event.end_mark.line + 1)
            if event.anchor:
                self.anchors[event.anchor] = node
            self._add(node, line, column, event.value)
            return
        if self.open and isinstance(self.open[-1][0].data, dict) and self.keys[-1] is None:
            self._stop(line, column, "a list or table cannot be a key", "put the key in quotes if it is meant as text")
        if event.anchor:
            self.anchors[event.anchor] = None
        self.open.append((Node(line, column, {} if isinstance(event, yaml.MappingStartEvent) else []), event.anchor))
        self.keys.append(None)
        if len(self.open) > MAX_DEPTH:
            self._stop(line, column, f"lists and tables are nested deeper than {MAX_DEPTH} levels")

    def _over_lines(self, line: int, column: int, last: int) -> None:
        """A quoted text of several lines: mostly a quote that was forgotten."""
        self.quote = (line, last)
        if len(self.problems) < MAX_PROBLEMS and any(_NOT_TEXT.match(text) for text in self.lines[line:last]):
            sentence = f"the quoted text that begins here goes on to line {last}, with comments and keys in it"
            self.problems.append(Problem(Place(self.file, line, column), sentence, "close the quote", "warning"))

    def _end(self) -> None:
        node, anchor = self.open.pop()
        self.keys.pop()
        if anchor:
            self.anchors[anchor] = node
        self._add(node, node.line, node.column)

    def _add(self, node: Node, line: int, column: int, written: str | None = None) -> None:
        """Puts a finished node where it belongs; `written` is the text of a plain value, which may be a key."""
        if not self.open:
            self.root = node
            return
        parent, _anchor = self.open[-1]
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.size > MAX_NODES or len(self.open) + node.height > MAX_DEPTH + 1:
            self._stop(line, column, "the file (its aliases unfolded) holds far too much", "is it really the rules?")
        if isinstance(parent.data, list):
            parent.parts[len(parent.data)] = node
            parent.data.append(node.data)
        elif (key := self.keys[-1]) is None:
            if written is None and not isinstance(node.data, str):
                self._stop(line, column, "a list or table cannot be a key")
            self.keys[-1] = (node.data if written is None else written, line, column)
        else:
            self.keys[-1] = None
            self._put(parent, key, node)

    def _put(self, parent: Node, key: tuple[str, int, int], node: Node) -> None:
        name, line, column = key
        if name == "<<":
            self._problem(line, column, "the merge key << is not part of YAML 1.2", "write the keys out")
        elif name in parent.keys:
            first = parent.keys[name][0]
            self._problem(line, column, f"the key {_shown(name)} stands here a second time",
                          f"the first is on line {first}; keep one of them")  # fmt: skip
        else:
            parent.keys[name], parent.parts[name] = (line, column), node
            parent.data[name] = node.data


def _shown(key: str) -> str:
    return f'"{key[:40]}"' if key.isprintable() else "of this name"


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or a block of text
        return text
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    return int(text) if _INT.match(text) else text


_QUOTE_EXAMPLES = {"@": '"@example.com"', "*": '"*.pdf"', "&": '"&"', "%": '"100%"', "`": "\"`\"", ">": '"> 5 MB"',
                   "|": '"|"', "!": '"!"'}  # fmt: skip
_SENTENCES = {
    "mapping values are not allowed": (
        "a colon is one too many on this line, or the line is not lined up with those above",
        'put a value that has a colon in quotes: subject: "Re: invoice"',
    ),
    "expected ',' or ']'": ('a list in [ ] lacks a comma or its "]"', "the list begins on line {context}"),
    "expected ',' or '}'": ('a table in { } lacks a comma or its "}"', "the table begins on line {context}"),
    "could not find expected ':'": ("a line without a colon", "write key: value"),
    "did not find expected key": (
        "this line is not lined up with those above",
        "give keys of one block the same indent",
    ),
    "expected node content": ("a value is missing here, or a bracket is one too many", "write key: value"),
    "expected '-' indicator": ("this line is not lined up with the list above", 'begin it with "- " or indent it more'),
    "block sequence entries": ('a list entry "- " cannot stand here', "put it on a line of its own"),
    "block mapping": ("a key cannot stand here", "put it on a line of its own"),
    "unknown escape character": ("a backslash in double quotes", "use single quotes for regular expressions: '\\d+'"),
    "undefined tag handle": ('a value that starts with "!" must be in quotes', ""),
    "unexpected ':'": (
        "a colon stands right before a bracket or comma",
        "write a value after it, with a space between",
    ),
    "expected <document start>": ("there is something after the end", "give keys of one block the same indent"),
}


def syntax(problem: str, context: str, line: str, column: int, since: int) -> tuple[str, str]:
    """The sentence and the next step for an error of libyaml on `line` at `column` (0-based); what it was reading
    began on line `since`."""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or line[column : column + 1] == "\t":
        return "a tab stands here; YAML is indented with spaces only", "replace each tab by two spaces"
    first = line[column : column + 1]
    if "alias" in context or "anchor" in context or "block scalar" in context:
        before = line[:column].rstrip()
        first = next((c for c in reversed(before + first) if c in "*&>|"), first)
    elif "cannot start any token" not in problem:
        first = ""
    if first in _QUOTE_EXAMPLES:
        return f'a value that starts with "{first}" must be in quotes', f"for example {_QUOTE_EXAMPLES[first]}"
    if "quoted scalar" in context and ("end of stream" in problem or "document indicator" in problem):
        return f"a quote that was opened on line {since} is never closed", "close it"
    if "did not find expected key" in problem and line[:column].strip():
        return "something follows a value that had already ended", "put the whole value in quotes"
    for part, (sentence, step) in _SENTENCES.items():
        if part in problem:
            return sentence, step.format(context=since)
    return f"this is not YAML: {problem}", "see docs/rules.md"
