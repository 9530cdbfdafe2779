"""Paths and commands as the user would type them, here."""

import shutil
import sys
from pathlib import Path


def program(rules: Path | None = None) -> str:
    """How the user calls autoresponder from here; for these rules."""
    script = Path(sys.executable).parent / "autoresponder"
    found = shutil.which("autoresponder")  # which may be a link to it, as `make install` makes one
    name = "autoresponder" if found and Path(found).resolve() == script.resolve() else near(script)
    if rules is None:
        return name
    return name if rules.absolute() == Path("rules.yaml").absolute() else f"{name} -c {near(rules)}"


def near(path: Path) -> str:
    """A path as one would type it here."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
