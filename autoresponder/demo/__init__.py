"""The whole cycle before one's eyes: `autoresponder demo` plays it on mail servers of its own, with the real daemon.

Contract: everything happens on loopback, on free ports, in a temporary folder; nothing is left when it ends, however it
ends. The rules and templates are the shipped ones (or the user's), unchanged but for where the mail servers are.
"""

from importlib.util import find_spec
from pathlib import Path

from autoresponder.errors import ConfigError


def main(rules: Path | None = None) -> int:
    """Plays the demo with these rules (None: the shipped ones): 0 when every letter ended as it must, else 1.

    Raises `ConfigError` when the rules are wrong or the demo's servers are not installed, `UserError` when a server or
    the daemon does not come up."""
    if missing := [name for name in ("pymap", "aiosmtpd") if find_spec(name) is None]:
        step = "pip install 'autoresponder[demo]'"
        raise ConfigError(f"the demo's mail servers are not installed ({', '.join(missing)})", step=step)
    from autoresponder.demo.play import play

    return play(rules or shipped_rules())


def shipped_rules() -> Path:
    """rules.yaml as it is shipped: beside the package in a checkout, within it when installed from a wheel."""
    package = Path(__file__).parents[1]
    installed = package / "samples" / "rules.yaml"
    return installed if installed.exists() else package.parent / "rules.yaml"
