"""What the log says of a reload: each changed key of each rule, and never a password."""

from pathlib import Path

import pytest

from autoresponder.config.build import load_settings
from autoresponder.config.settings import Settings
from autoresponder.service.changes import differences

BEFORE = """\
brand: {name: Shop}
mailboxes:
  shop:
    address: shop@example.com
    imap: {host: localhost, password: hunter2}
    smtp: {host: localhost}
rules:
  - {name: Bills, when: {subject: [bill, invoice]}, reply: invoice, promise: 1 working day}
  - {name: Hush, when: {subject: hush}, reply: false}
  - {name: Rest, reply: acknowledgement}
"""
CASES = [
    ("", "", []),
    ("{subject: hush}", "{to: [a@b.c]}", ['rule “Hush” changed: when: {"subject": "hush"} -> {"to": ["a@b.c"]}']),
    ("1 working day", "2 working days", ["rule “Bills” changed: promise: 1 working day -> 2 working days"]),
    (", promise: 1 working day", "", ["rule “Bills” changed: promise removed, was 1 working day"]),
    ("reply: acknowledgement", "reply: acknowledgement, once: 7 days", ["rule “Rest” changed: once added: 7 days"]),
    ("reply: false", "reply: closed", ["rule “Hush” changed: reply: false -> closed"]),
    ("name: Hush", "name: Still", ["rule “Hush” is called “Still” now"]),
    ("name: Rest", "name: All",
     ["rule “Rest” is called “All” now: to `once` it is a new rule, whose answer everybody may have anew"]),
    ("name: Hush, when: {subject: hush}", "name: Still, when: {subject: still}",
     ["rule “Still” added", "rule “Hush” removed"]),
    ("hunter2", "open-sesame", ["mailbox shop changed"]),
    ("  shop:\n", "  store:\n", ["mailbox store added", "mailbox shop removed"]),
    ("name: Shop", "name: Store", ["brand changed"]),
    ("brand:", "answer: {once: 7 days}\nbrand:", ["answer changed"]),
    ("brand:", "mode: shadow\nbrand:", ["shadow mode on: nothing is sent"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "lines"), CASES, ids=lambda value: str(value)[:30])
def test_what_the_log_says(tmp_path: Path, old: str, new: str, lines: list[str]) -> None:
    said = differences(*(settings(tmp_path, text) for text in (BEFORE, BEFORE.replace(old, new, 1) if old else BEFORE)))
    assert [*said] == lines


def test_rules_that_change_places(tmp_path: Path) -> None:
    bills, hush, rest = (BEFORE.index(f"  - {{name: {name}") for name in ("Bills", "Hush", "Rest"))
    moved = BEFORE[:bills] + BEFORE[hush:rest] + BEFORE[bills:hush] + BEFORE[rest:]
    said = differences(settings(tmp_path, BEFORE), settings(tmp_path, moved))
    assert [*said] == ["the order of the rules changed: “Hush”, “Bills”, “Rest”"]


def settings(folder: Path, text: str) -> Settings:
    path = folder / "rules.yaml"
    path.write_text(text)
    return load_settings(path, environ={})
