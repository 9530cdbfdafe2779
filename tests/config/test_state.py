"""Where the state is, asked of rules.yaml alone: as systemd says, as the file says, and as a prompt must guess."""

from pathlib import Path

import pytest

from autoresponder.config.state import resolve, state_of
from autoresponder.errors import ConfigError

SERVICE = {"STATE_DIRECTORY": "/var/lib/other:/var/lib/second"}


@pytest.mark.parametrize(
    ("written", "folder", "environ", "state"),
    [
        ("", "/home/ana/mail", {}, "/home/ana/mail/state.db"),
        ("", "/home/ana/mail", SERVICE, "/var/lib/other/state.db"),
        ("", "/etc/autoresponder", SERVICE, "/var/lib/other/state.db"),
        ("", "/etc/autoresponder", {}, "/var/lib/autoresponder/state.db"),  # `status`, beside the service
        ("mine.db", "/etc/autoresponder", SERVICE, "/etc/autoresponder/mine.db"),
        ("/srv/state.db", "/etc/autoresponder", {}, "/srv/state.db"),
        ("postgresql://db/mail", "/etc/autoresponder", SERVICE, "postgresql://db/mail"),
    ],
)
def test_where_it_is(written: str, folder: str, environ: dict[str, str], state: str) -> None:
    assert resolve(written, Path(folder), environ) == state


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mode: live\n", "state.db"),
        ("state: mine.db\n", "mine.db"),
        ("state: mine.db  # ours\nrules: [\n", "mine.db"),
        ("rules: [\n", "state.db"),
    ],
)
def test_it_is_found_while_the_rest_is_being_mended(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "rules.yaml").write_text(text)
    assert state_of(tmp_path / "rules.yaml", environ={}) == str(tmp_path / name)


def test_without_rules_there_is_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        state_of(tmp_path / "rules.yaml", environ={})
