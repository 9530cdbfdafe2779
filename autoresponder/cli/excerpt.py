"""The line of a file that a problem speaks of, with a caret under the place, for people at a terminal.

Contract: no line is shown with a password or token in it, nor with what may be one: of rules.yaml, values of keys that
look like `password` or `token`, and what continues them, are cut away; where the file cannot be read as YAML, lines
near such a key are not shown at all. Never raises: what cannot be shown is left out.
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from autoresponder.cli.paint import paint, safe, width
from autoresponder.config.loader import MAX_BYTES, Document, Node, read
from autoresponder.config.schema import ImapTable, SecretTable, SmtpTable
from autoresponder.errors import ConfigError, Problem

COLUMNS = 100
"""Of a line that is shown."""
_SECRET_WORD = re.compile(r"pass|pwd|token|secret|credential|key|oauth|://[^\s/]*:[^\s/]*@", re.IGNORECASE)
_WORDS = ("password", "passwort", "token", "secret")
_SERVER_KEYS = frozenset(
    {field.alias or name for model in (ImapTable, SmtpTable) for name, field in model.model_fields.items()}
)


def told(problem: Problem, stream: TextIO) -> str:
    """A problem as it is printed: on one line, and at a terminal with the line that it speaks of below it."""
    shown = excerpt(problem) if stream.isatty() else ""
    style = "warn" if problem.severity == "warning" else "bad"
    return paint(str(problem), style, stream=stream) + (f"\n{shown}" if shown else "")


def excerpt(problem: Problem) -> str:
    """Two lines, indented: the file's line and the caret; "" when there is nothing to show or it must not be shown."""
    place = problem.place
    if not place.line or not place.column:
        return ""
    try:
        raw = Path(place.file).read_bytes()[:MAX_BYTES]
    except OSError:
        return ""
    lines = raw.decode("utf-8-sig", "replace").split("\n")
    if place.line > len(lines):
        return ""
    shown = lines[place.line - 1]
    if place.file.endswith((".yaml", ".yml")):
        shown = _without_secrets(Path(place.file), lines, place.line)
        if place.column > len(shown) < len(lines[place.line - 1]):
            return ""  # what it speaks of was cut away
    return _drawn(shown, min(place.column - 1, len(shown))) if shown.strip() else ""


def _drawn(line: str, column: int) -> str:
    """The part of the line around the column, and the caret."""
    line = line.rstrip()
    start = max(0, column - COLUMNS // 2) if len(line) > COLUMNS else 0
    text = "".join(safe(c) or " " for c in line[start : start + COLUMNS])
    lead, tail = "…" if start else "", "…" if len(line) > start + COLUMNS else ""
    return f"    {lead}{text}{tail}\n    {' ' * width(lead + text[: column - start])}^"


# secrets --------------------------------------------------------------------------------------------------------------
def _without_secrets(path: Path, lines: list[str], number: int) -> str:
    """Line `number` (from 1) of a rules.yaml as it may be shown; "" for not at all."""
    try:
        document = read(path)
    except ConfigError:
        near = lines[max(0, number - 4) : number]
        return "" if any(map(_risky, near)) else lines[number - 1]
    shown = lines[number - 1]
    for line, column, end, end_column in _spans(document):
        if line == number:
            shown = shown[: column - 1] + "…"
            break
        if line < number < end or (line < number == end and shown[: end_column - 1].strip(" -")):
            return ""  # the secret goes on here
    values = [value for value in _secrets(document) if len(value) > 2]
    return "" if any(part in shown for value in values for part in value.split("\n") if part) else shown


def _risky(line: str) -> bool:
    words = [word for word in re.findall(r"[\w-]+", line.casefold()) if word != "security"]
    return bool(_SECRET_WORD.search(line)) or any(difflib.get_close_matches(w, _WORDS, 1, 0.7) for w in words)


def _spans(document: Document) -> Iterator[tuple[int, int, int, int]]:
    """Where secrets begin (line, column), and where something else begins again."""
    found: list[tuple[int, int, bool]] = []
    _walk(document.root, (), found)
    found.sort()
    for (line, column, secret), after in zip(found, [*found[1:], (1 << 30, 0, False)], strict=True):
        if secret:
            yield line, column, after[0], after[1]


def _walk(node: Node, path: tuple[str, ...], found: list[tuple[int, int, bool]]) -> None:
    """Every key and value with whether it is, or may be, a secret. As deep as the loader allows."""
    if not node.parts:
        found.append((node.line, node.column, _is_secret(path, node.data)))
    for step, part in node.parts.items():
        below = (*path, step) if isinstance(step, str) else path
        if isinstance(step, str):
            hidden = bool(path) and _risky(path[-1]) and step not in SecretTable.model_fields
            found.append((*node.keys[step], hidden))
        _walk(part, below, found)


def _is_secret(path: tuple[str, ...], data: object) -> bool:
    if isinstance(data, str) and re.search(r"://[^\s/]*:[^\s/]*@", data):
        return True
    if len(path) > 1 and path[-1] in ("file", "env", "credential") and _risky(path[-2]):
        return False
    if any(map(_risky, path)):
        return True
    return len(path) > 3 and path[0] == "mailboxes" and path[2] in ("imap", "smtp") and path[3] not in _SERVER_KEYS


def _secrets(document: Document) -> Iterator[str]:
    """The plain texts that may be secrets."""
    stack: list[tuple[tuple[str, ...], object]] = [((), document.data)]
    while stack:
        path, data = stack.pop()
        if isinstance(data, dict):
            stack += [((*path, key), value) for key, value in data.items()]
        elif isinstance(data, list):
            stack += [(path, value) for value in data]
        elif isinstance(data, str) and _is_secret(path, data):
            yield data
