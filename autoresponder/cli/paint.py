"""What the terminal shows: colour and tables for people, plain text when piped (or NO_COLOR is set)."""

import os
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from typing import TextIO

STYLES = {"good": "32", "bad": "31", "warn": "33", "dim": "2", "bold": "1", "head": "1;36", "blue": "34"}


def coloured(stream: TextIO | None = None) -> bool:
    """Whether colour is wanted on this stream (https://no-color.org)."""
    stream = stream or sys.stdout
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, *, stream: TextIO | None = None) -> str:
    """`text` in a style of `STYLES`, plain where colour is not wanted."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if text and coloured(stream) else text


def safe(text: str) -> str:
    """Text from a letter as a terminal may be shown it: no control or bidirectional characters, one line."""
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " " for c in text).strip()


def width(text: str) -> int:
    """Columns that `text` takes."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)


def cut(text: str, columns: int) -> str:
    """`text` in at most so many columns."""
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str] = ()) -> str:
    """Aligned columns; on a terminal the last column is cut to fit. `styles` names a style for each row."""
    rows = [[safe(cell) for cell in row] for row in rows]
    widths = [max(width(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    last = max(20, room - sum(widths[:-1]) - 2 * (len(head) - 1))

    def line(cells: Sequence[str]) -> str:
        padded = [cell + " " * (w - width(cell)) for cell, w in zip(cells[:-1], widths[:-1], strict=True)]
        return "  ".join([*padded, cut(cells[-1], last)]).rstrip()

    out = [paint(line(list(head)), "dim")]
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else ""
        out.append(paint(line(row), style) if style else line(row))
    return "\n".join(out)
