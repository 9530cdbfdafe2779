"""Letters in files: single messages, mbox files, Maildirs, folders of messages, standard input.

A `Spot` says where a letter lies and is small; its octets are read when they are wanted, and only their beginning. So
a mailbox of gigabytes may be gone through, also in another order, in little memory. Fails with `ConfigError`.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autoresponder.core.message import handed_in
from autoresponder.errors import ConfigError

_FROM = re.compile(rb"^From \S+ .*\d{2}:\d{2}.*$", re.MULTILINE)
"""The separator line of mbox files (RFC 4155), with the time that tells it from a sentence."""
_QUOTED = re.compile(rb"^>From ", re.MULTILINE)
MOST = 4 << 20
"""Octets of one message that are read; the rest is not looked at (attachments)."""
HEAD = 16 << 10
"""Octets of one message that are read to learn when it arrived."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a letter lies: octets `start` to `start + size` of a file; `raw` instead for standard input."""

    file: str
    number: int = 0  # of a letter in an mbox, from 1; 0: the file is the letter
    start: int = 0
    size: int = 0  # octets
    raw: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What it is called: the file, `FILE#n` in an mbox."""
        return f"{self.file}#{self.number}" if self.number else self.file

    def read(self, most: int = MOST) -> bytes:
        """The beginning of the letter. Raises `ConfigError` when the file is gone."""
        if self.raw is not None:
            return self.raw[:most]
        with _reading(self.file), open(self.file, "rb", buffering=0) as file:  # noqa: PTH123 - twice as fast as Path
            if self.start:
                file.seek(self.start)
            raw = file.read(min(most, self.size) if self.number else most)
        return _QUOTED.sub(b"From ", raw) if self.number else raw

    def arrived(self) -> datetime:
        """When it arrived: what its header says, else the file's own time, else now."""
        found = handed_in(self.read(HEAD))
        if found and found <= datetime.now(UTC):  # a broken or forged Date may say anything
            return found
        return (
            datetime.now(UTC) if self.raw is not None else datetime.fromtimestamp(Path(self.file).stat().st_mtime, UTC)
        )


def spots(paths: list[str]) -> Iterator[Spot]:
    """Every letter in these files and folders, in order. Raises `ConfigError` for a path that cannot be read."""
    for name in paths:
        if name == "-":
            raw = sys.stdin.buffer.read()
            yield Spot("-", size=len(raw), raw=raw[:MOST])
            continue
        with _reading(name):
            path = Path(name)
            if path.is_dir():
                yield from (Spot(str(file), size=file.stat().st_size) for file in _files(path))
            elif path.suffix.lower() in (".mbox", ".mbx") or (path.suffix == "" and _is_mbox(path)):
                yield from _mbox(path)
            else:
                yield Spot(name, size=path.stat().st_size)


def letters(paths: list[str]) -> Iterator[tuple[str, bytes, int]]:
    """(name, beginning of the message, octets of the whole) of each message, in order. Raises `ConfigError`."""
    for spot in spots(paths):
        yield spot.name, spot.read(), spot.size


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
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


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return _FROM.match(file.read(400)) is not None


def _mbox(path: Path) -> Iterator[Spot]:
    """Read a line at a time, nothing kept."""
    number, start, at, blank = 0, 0, 0, True
    with path.open("rb") as file:
        for line in file:
            if blank and line.startswith(b"From ") and _FROM.match(line):
                if number:
                    yield Spot(str(path), number, start, at - start)
                number, start = number + 1, at + len(line)
            at += len(line)
            blank = line in (b"\n", b"\r\n")
    if number:
        yield Spot(str(path), number, start, at - start)
