"""Reload while running: whatever an editor does to the files, whatever changed; and nothing else is disturbed by it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.house import House, letter
from tests.lab.dovecot import Dovecot
from tests.lab.machine import wait_until
from tests.lab.sink import Sink


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    return House(tmp_path, dovecot, sink.port)


def in_place(path: Path, text: str) -> None:
    """As nano and most scripts: the same file, emptied and written."""
    path.write_text(text)


def aside(path: Path, text: str) -> None:
    """As many editors: written beside it and renamed over it."""
    new = path.with_name(".new")
    new.write_text(text)
    new.chmod(0o600)
    new.replace(path)


def with_backup(path: Path, text: str) -> None:
    """As vim: the old file becomes rules.yaml~, and a new one is made; for a moment there is none."""
    path.rename(path.with_name(path.name + "~"))
    path.write_text(text)
    path.chmod(0o600)


def change(house: House, write: Callable[[Path, str], None], path: Path, text: str) -> None:
    """Writes a file and returns when the daemon has taken it in."""
    assert house.notifications
    before = house.notifications.count("READY=1")
    write(path, text)
    house.wait("READY=1", before + 1)


def until_said(house: House, words: str) -> None:
    wait_until(lambda: bool(house.said(words)), words)


def test_however_an_editor_saves(house: House, dovecot: Dovecot, sink: Sink) -> None:
    me = house.mailbox(user := dovecot.new_user())
    person = "ana@example.net"
    with house.running():
        for number, write in enumerate((in_place, aside, with_backup), 1):
            renamed = f"  - {{name: Round {number}, reply: acknowledgement}}\n"
            change(house, write, house.path, house.path.read_text().partition("rules:\n")[0] + "rules:\n" + renamed)
            until_said(house, f"is called “Round {number}” now")  # what was half written is refused, and read again
            dovecot.deliver(user, letter(me, person, f"Letter {number}"), person)
            sink.wait(number, to=person)  # a rule of another name: the same sender may have its answer
        template = house.folder / "templates" / "acknowledgement.md"
        change(house, aside, template, template.read_text() + "\n\nNew at the end.\n")
        dovecot.deliver(user, letter(me, "bob@example.net"), "bob@example.net")
        answer = sink.wait(1, to="bob@example.net")[0].message
    plain = next(part for part in answer.walk() if part.get_content_type() == "text/plain")
    assert b"New at the end." in plain.get_payload(decode=True)
    assert house.said("the configuration changed on disk: acknowledgement.md")
    assert house.said("rule “Round 1” is called “Round 2” now")


def test_mailboxes_start_and_stop_alone(house: House, dovecot: Dovecot, sink: Sink) -> None:
    stays, goes, comes = (dovecot.new_user() for _ in range(3))
    me, other = house.mailbox(stays, "stays"), house.mailbox(goes, "goes")

    def sessions(user: str) -> set[str]:
        lines = [line.split() for line in dovecot.doveadm("who", "-1").splitlines() if " imap " in line]
        return {line[2] for line in lines if line[0].partition("@")[0] == user}

    with house.running():
        wait_until(lambda: all(map(sessions, (stays, goes))), "two sessions")
        before = sessions(stays)
        new = house.mailbox(comes, "comes")
        house.reloaded()
        house.wait_log("comes/INBOX: first start")
        dovecot.deliver(comes, letter(new, "ana@example.net"), "ana@example.net")
        sink.wait(1, to="ana@example.net")
        del house.boxes["goes"]
        house.reloaded()
        wait_until(lambda: not sessions(goes), "the end of a session")
        dovecot.deliver(goes, letter(other, "bob@example.net"), "bob@example.net")
        dovecot.deliver(stays, letter(me, "eva@example.net"), "eva@example.net")
        sink.wait(1, to="eva@example.net")
        assert sessions(stays) == before
    assert {one.to[0] for one in sink.messages} == {"ana@example.net", "eva@example.net"}
    assert [line for line in house.said("reloaded: ") if "mailbox" in line and "mailboxes" not in line] == [
        "reloaded: mailbox comes added",
        "reloaded: mailbox goes removed",
    ]


def test_a_broken_file_changes_nothing_and_is_shown_until_it_is_mended(
    house: House, dovecot: Dovecot, sink: Sink
) -> None:
    me = house.mailbox(user := dovecot.new_user())
    house.more = "notify: admin@staff.test\n"
    with house.running():
        good = house.path.read_text()
        template = house.folder / "templates" / "acknowledgement.md"
        kept = template.read_text()
        for path, broken, mended, sentence in (
            (house.path, good.replace("reply:", "repy:"), good, "did you mean"),
            (template, kept + "\n{% if %}\n", kept, "acknowledgement.md"),
        ):
            change(house, aside, path, broken)
            assert house.said(sentence)
            status = house.json("status", code=1)[0]
            assert any(sentence in line for line in status["attention"])
            person = f"{path.stem}@example.net"
            dovecot.deliver(user, letter(me, person), person)
            sink.wait(1, to=person)  # by what was in force
            change(house, aside, path, mended)
            assert house.json("status", code=0)[0]["attention"] == []
        told = sink.wait(2, to="admin@staff.test")
    assert len(told) == 2
