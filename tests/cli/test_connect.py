"""`check --connect` where the folder of sent letters is called as the server likes."""

import json
from pathlib import Path

import pytest

from autoresponder.cli import main
from tests.lab.machine import free_ports
from tests.mail.scripted_imap import ScriptedImap, Step, selected

OK = b"%t OK done\r\n"
RULES = """\
mailboxes:
  shop:
    address: shop@example.com
    save_sent: {save}
    imap: {{host: localhost, port: {imap}, security: none, password: secret}}
    smtp: {{host: localhost, port: {smtp}, security: none, user: ""}}
rules: [{{name: Everything, reply: false}}]
"""


def listed(*folders: bytes) -> list[Step]:
    return [r'LIST "" "\*"', b"".join(b"* LIST " + one + b"\r\n" for one in folders) + OK]


def opened(folder: str) -> list[Step]:
    return [f'EXAMINE "?{folder}"?', b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 5] x\r\n" + OK]


@pytest.mark.parametrize(
    ("folders", "save", "after", "note", "error"),
    [
        ((rb'(\Sent) "/" Sent',), True, opened("Sent"), "", ""),
        ((rb'() "/" INBOX', rb'(\Sent) "/" Gesendet'), True, [], "sent letters are in “Gesendet”", ""),
        ((rb'() "/" INBOX',), False, [], "no folder of sent letters", ""),
        ((rb'() "/" INBOX',), True, [], "", "the server marks none as the one of sent letters"),
    ],
)
def test_what_is_said_of_sent_letters(
    folders: tuple[bytes, ...], save: bool, after: list[Step], note: str, error: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "hello.md").write_text("---\nsubject: Hello\n---\nHello\n")
    rules = tmp_path / "rules.yaml"
    with ScriptedImap([*selected(), *listed(*folders), *after]) as server:
        rules.write_text(RULES.format(imap=server.port, smtp=free_ports(1)[0], save=str(save).lower()))
        main(["-c", str(rules), "check", "--connect", "--json"])
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    imap, smtp = (one for one in found if "server" in one)
    assert imap["note"] == note
    assert error in imap["error"]
    assert bool(imap["error"]) == bool(error)
    assert smtp["error"], "nobody listens there"
