"""`backup`: a consistent copy of the state and its key, also while the daemon runs."""

import argparse
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from autoresponder.cli.state import opened
from autoresponder.errors import ConfigError, ExitCode
from autoresponder.service.restored import mark
from autoresponder.store import open_store


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("backup", help="copy the state and its key, also while the daemon runs")
    p.add_argument("file", type=Path, metavar="FILE", help="a new file, such as backup.db; the key goes to backup.key")
    p.set_defaults(do=do)


def do(args: argparse.Namespace) -> int:
    """0 when both files are written; nothing is overwritten, and nothing is left when one cannot be written."""
    copy: Path = args.file
    key = copy.with_suffix(".key")
    if key == copy:
        raise ConfigError("this name is for the key", place=str(copy), step="end it in .db")
    for path in (copy, key):
        if path.exists():
            raise ConfigError("this file is there already", place=str(path), step="give a new name")
    with opened(args) as store, ExitStack() as undo:
        store.backup(copy)
        undo.callback(copy.unlink)
        _write(key, store.signing_key().hex() + "\n")
        undo.callback(key.unlink)
        made = open_store(copy, create=False)
        undo.callback(made.close)
        mark(made, datetime.now(UTC))
        made.close()
        undo.pop_all()
    print(f"wrote {copy} and {key}: keep both, and keep them private")
    return ExitCode.OK


def _write(path: Path, text: str) -> None:
    """A new file, for its owner only, on the disk when this returns."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
    except OSError as error:
        raise ConfigError(f"it cannot be written: {error.strerror}", place=str(path)) from None
