"""Where the state is: asked of rules.yaml alone, so that `status` and its kin work while the rest is being mended.

Reads nothing but the key `state`; where the file is no YAML at the moment, the line that begins with `state:`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from autoresponder.config.loader import read
from autoresponder.errors import ConfigError

_OF_THE_HOST = {Path("/etc/autoresponder"): Path("/var/lib/autoresponder")}
"""Where `make install` puts rules.yaml -> where its unit keeps the state: `status` at a prompt looks there, too."""
_LINE = re.compile(r"^state:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


def resolve(written: str, folder: Path, environ: Mapping[str, str]) -> str:
    """The store that `written` names: a URL as it is, a file relative to `folder`; "" the default, which is state.db in
    systemd's $STATE_DIRECTORY, for rules in /etc/autoresponder in /var/lib/autoresponder, else beside rules.yaml."""
    if "://" in written:
        return written
    if written:
        return str(folder / written)
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return str((Path(given) if given else _OF_THE_HOST.get(folder, folder)) / "state.db")


def state_of(path: Path, *, environ: Mapping[str, str] = os.environ) -> str:
    """The store of the configuration in `path`. Raises `ConfigError` when the file cannot be read at all."""
    try:
        data = read(path).data
        written = data.get("state", "") if isinstance(data, dict) else ""
    except ConfigError:
        if not path.is_file():
            raise
        found = _LINE.search(path.read_text("utf-8", "replace"))
        written = found[1] if found else ""
    return resolve(written if isinstance(written, str) else "", path.resolve().parent, environ)
