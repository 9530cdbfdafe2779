"""Letters in files: single messages, mbox files, Maildirs, folders of messages, standard input."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from autoresponder.errors import ConfigError

_FROM = re.compile(rb"^From \S+ .*\d{2}:\d{2}.*$", re.MULTILINE)
"""The separator line of mbox files (RFC 4155), with the time that tells it from a sentence."""
MOST = 4 << 20
"""Octets of one message that are read; the rest is not looked at (attachments)."""


def letters(paths: list[str]) -> Iterator[tuple[str, bytes, int]]:
    """(name, beginning of the message, octets of the whole) of each message, in order. A message of an mbox is called
    `FILE#n`. Raises `ConfigError` for a path that cannot be read."""
    for name in paths:
        if name == "-":
            raw = sys.stdin.buffer.read()
            yield "-", raw[:MOST], len(raw)
            continue
        path = Path(name)
        try:
            if path.is_dir():
                for file in _files(path):
                    yield str(file), *_read(file)
            elif path.suffix.lower() in (".mbox", ".mbx") or (path.suffix == "" and _is_mbox(path)):
                yield from _mbox(path)
            else:
                yield name, *_read(path)
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", place=name, step="name a file or folder") from None


def _files(folder: Path) -> Iterator[Path]:
    """A Maildir's messages (cur, then new), or every file below another folder."""
    if (folder / "cur").is_dir():
        for part in ("cur", "new"):
            if (folder / part).is_dir():
                yield from sorted(p for p in (folder / part).iterdir() if p.is_file())
    else:
        yield from sorted(p for p in folder.rglob("*") if p.is_file())


def _read(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as file:
        raw = file.read(MOST)
    return raw, max(path.stat().st_size, len(raw))


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return _FROM.match(file.read(400)) is not None and len(_FROM.findall(file.read(MOST))) > 0


def _mbox(path: Path) -> Iterator[tuple[str, bytes, int]]:
    """Read a line at a time: a mailbox of gigabytes takes no more memory than its largest letter's beginning."""
    number, size, blank = 0, 0, True
    kept: list[bytes] = []
    with path.open("rb") as file:
        for line in file:
            if blank and line.startswith(b"From ") and _FROM.match(line):
                if number:
                    yield f"{path}#{number}", b"".join(kept), size
                number, size, kept = number + 1, 0, []
            elif number:
                size += len(line)
                if size <= MOST:
                    kept.append(line[1:] if line.startswith(b">From ") else line)
            blank = line in (b"\n", b"\r\n")
    if number:
        yield f"{path}#{number}", b"".join(kept), size
