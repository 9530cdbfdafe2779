"""Paths and commands as the user would type them, here; and writing where such a path leads."""

import shutil
import sys
from pathlib import Path

from autoresponder.cli import PLACES
from autoresponder.errors import ConfigError


def program(rules: Path | None = None) -> str:
    """How the user calls autoresponder from here; for these rules."""
    script = Path(sys.executable).parent / "autoresponder"
    found = shutil.which("autoresponder")  # which may be a link to it, as `make install` makes one
    name = "autoresponder" if found and Path(found).resolve() == script.resolve() else near(script)
    taken = next((place for place in PLACES if place.exists()), PLACES[0])  # without -c
    return name if rules is None or rules.absolute() == taken.absolute() else f"{name} -c {near(rules)}"


def near(path: Path) -> str:
    """A path as one would type it here."""
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) and here != Path(here.anchor) else str(path)


def put(path: Path, content: bytes) -> None:
    """Writes a file that the user named. Raises `ConfigError`."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"cannot be written: {(error.strerror or str(error)).lower()}", place=str(path)) from None
