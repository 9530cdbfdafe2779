"""The whole cycle before one's eyes: the real daemon on mail servers of its own, with letters of all kinds.

Contract: everything happens on loopback, on free ports, in a temporary folder; nothing is left when it ends, however it
ends. The rules and templates are the shipped ones (or the user's), unchanged but for where the mail servers are. What
prints it is `cli/demo.py`.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from autoresponder.errors import ConfigError


def insist_on_servers() -> None:
    """Raises `ConfigError` when the demo's mail servers, an extra, are not installed."""
    if missing := [name for name in ("pymap", "aiosmtpd") if find_spec(name) is None]:
        step = f"{sys.executable} -m pip install {' '.join(missing)}"
        raise ConfigError(f"the demo's mail servers are not installed ({', '.join(missing)})", step=step)


def shipped_rules() -> Path:
    """rules.yaml as it is shipped: beside the package in a checkout, within it when installed from a wheel."""
    package = Path(__file__).parents[1]
    installed = package / "samples" / "rules.yaml"
    return installed if installed.exists() else package.parent / "rules.yaml"
