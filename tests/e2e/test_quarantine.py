"""Letters that cannot be read, and letters that kill whoever reads them: found, shown, never in the way of others."""

import signal
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from autoresponder.service.care import DEATHS
from tests.e2e.house import House, letter
from tests.e2e.inside import one_round
from tests.lab import PATIENCE
from tests.lab.dovecot import Dovecot
from tests.lab.machine import wait_until
from tests.lab.sink import Sink

POISON = "a word that no program survives"


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    """A house that sends straight to the recording sink, and speaks one language."""
    made = House(tmp_path, dovecot, sink.port)
    for path in (made.folder / "templates").glob("*.*.md"):
        path.unlink()
    return made


def test_a_letter_that_kills_is_found_and_all_others_are_answered_once(
    house: House, dovecot: Dovecot, sink: Sink
) -> None:
    users = [dovecot.new_user(), dovecot.new_user()]
    for user in users:
        house.mailbox(user)
    house.environment = {"AUTORESPONDER_POISON": POISON}

    def deliver(user: str, *names: str, body: str = "Hello.") -> None:
        for name in names:
            raw = letter(dovecot.address(user), f"{name}@example.net", body=body)
            dovecot.deliver(user, raw, f"{name}@example.net")

    def outbox() -> list[dict[str, Any]]:
        return house.json("outbox", "list", "--all", code=None)

    names = ("before", "behind", "behind2", "elsewhere", "elsewhere2", "after", "poison")

    def dies() -> None:
        assert house.process.wait(PATIENCE) == -signal.SIGSEGV
        assert house.notifications
        house.notifications.close()

    house.start()
    deliver(users[0], "before")
    sink.wait(1)
    deliver(users[0], "poison", body=POISON)
    dies()  # as fast as ever, nothing was noted
    deliver(users[0], "behind", "behind2")
    deliver(users[1], "elsewhere", "elsewhere2")
    for _ in range(DEATHS):
        house.launch()
        dies()
        assert not house.json("quarantine", "list", code=0), "not sooner: a kill may hit any letter"
    house.start()
    for name in ("behind", "behind2"):
        sink.wait(1, to=f"{name}@example.net")
    deliver(users[0], "after")
    sink.wait(1, to="after@example.net")
    (shown,) = house.json("quarantine", "list", code=1)
    assert f"the program ended {DEATHS} times while it read this message" in shown["why"]
    assert "1 messages could not be read" in house.cli("status", code=1)
    house.cli("quarantine", "retry", str(shown["id"]))
    dies()
    house.environment = {}  # what made it deadly is mended
    with house.running():
        sink.wait(1, to="poison@example.net")
        wait_until(lambda: all(one["state"] in ("sent", "uncertain") for one in outbox()), "the end of all deliveries")
    assert sorted(one["target"] for one in outbox()) == sorted(f"{name}@example.net" for name in names)
    uncertain = {one["target"] for one in outbox() if one["state"] == "uncertain"}  # on its way when the program died
    assert uncertain <= {"elsewhere@example.net", "elsewhere2@example.net"}
    got = Counter(one.to[0] for one in sink.messages)
    assert set(got.values()) == {1}
    assert {one["target"] for one in outbox()} - uncertain <= set(got)
    assert house.json("quarantine", "list", code=0) == []
    with closing(sqlite3.connect(house.folder / "state.db")) as db:
        assert db.execute("SELECT * FROM in_hand").fetchall() == []


def test_a_kill_that_hit_an_innocent_letter_is_forgotten(house: House, dovecot: Dovecot, sink: Sink) -> None:
    """SIGKILL in every second run while the same letter is read: it is answered all the same."""
    user = dovecot.new_user()
    house.mailbox(user)
    house.start()
    dovecot.deliver(user, letter(dovecot.address(user), "one@example.net"), "one@example.net")
    sink.wait(1)
    house.stop(signal.SIGKILL)
    for _ in range(DEATHS - 1):
        dovecot.deliver(user, letter(dovecot.address(user), "two@example.net"), "two@example.net")
        house.environment = {"AUTORESPONDER_FAULT": "decided:kill"}
        house.launch()
        assert house.process.wait(PATIENCE) == -signal.SIGKILL
        assert house.notifications
        house.notifications.close()
    house.environment = {}
    with house.running():
        sink.wait(2)
    assert house.said(f"was in hand when the program ended ({DEATHS - 1} of {DEATHS})")
    assert [one.to[0] for one in sink.messages] == ["one@example.net", "two@example.net"]


def test_what_an_operator_can_do(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    template = house.folder / "templates" / "acknowledgement.md"
    good = template.read_text()
    template.write_text(good + "\n{% if original.subject == 'boom' %}{{ 1 // 0 }}{% endif %}\n")
    anonymous = letter(me, "anonymous@example.net", "boom")
    anonymous = b"".join(line for line in anonymous.splitlines(True) if not line.startswith(b"Message-ID"))
    house.start()
    for name in ("named", "gone", "dismissed"):
        dovecot.deliver(user, letter(me, f"{name}@example.net", "boom"), f"{name}@example.net")
    dovecot.deliver(user, anonymous, "anonymous@example.net")
    house.wait_log("from anonymous@example.net: quarantine")
    listed = {row["sender"].partition("@")[0]: str(row["id"]) for row in house.json("quarantine", "list", code=1)}
    assert set(listed) == {"named", "gone", "dismissed", "anonymous"}
    assert "named@example.net" in house.cli("quarantine", "list", code=1)

    assert "dismissed" in house.cli("quarantine", "dismiss", listed["dismissed"])
    assert "no such message" in house.cli("quarantine", "dismiss", listed["dismissed"], "999", code=1)
    assert house.history("dismissed@example.net") == [("silent", "dismissed")]
    with dovecot.session(user) as imap:
        imap.select("INBOX")
        imap.uid("STORE", "2", "+FLAGS", "\\Deleted")
        imap.expunge()
    assert "within seconds" in house.cli("quarantine", "retry", listed["gone"])
    house.wait_log("the message is no longer in the folder")
    assert house.history("gone@example.net") == [("silent", "gone")]
    assert "2 messages could not be read" in house.cli("status", code=1)
    assert house.stop() == 0

    dovecot.set_uidvalidity(user, 4242)  # read again, and quarantined again: it is the same template
    said = house.cli("quarantine", "retry", listed["named"], listed["anonymous"])
    assert said.count("the daemon is not running") == 2
    template.write_text(good)
    with house.running():
        sink.wait(2)
        house.wait_log("without a Message-ID the message cannot be found any more")
        house.wait_log("it was tried as uid 1")
    assert sorted(one.to[0] for one in sink.messages) == ["anonymous@example.net", "named@example.net"]
    assert house.json("quarantine", "list", code=0) == []
    assert sorted(house.history("named@example.net")) == [("sent", "rule"), ("silent", "moved")]
    assert sorted(house.history("anonymous@example.net")) == [("sent", "rule"), ("silent", "gone")]
    assert house.history("dismissed@example.net") == [("silent", "dismissed"), ("silent", "seen")]
    assert "no such message" in house.cli("quarantine", "retry", listed["named"], code=1)


def test_a_letter_of_an_old_numbering_is_looked_up(house: House, dovecot: Dovecot, sink: Sink) -> None:
    """Too old to be read again by itself, but the operator asked."""
    user, now = dovecot.new_user(), datetime.now(UTC)
    me = house.mailbox(user)
    template = house.folder / "templates" / "acknowledgement.md"
    good = template.read_text()
    template.write_text(good + "\n{% if original.subject == 'boom' %}{{ 1 // 0 }}{% endif %}\n")
    one_round(house, now - timedelta(days=6))
    for name in ("here", "away"):
        dovecot.append(user, letter(me, f"{name}@example.net", "boom"), when=now - timedelta(days=5))
    one_round(house, now - timedelta(days=5))
    template.write_text(good)
    dovecot.set_uidvalidity(user, 4242)
    dovecot.doveadm("expunge", "-u", user, "mailbox", "INBOX", "from", "away@example.net")
    house.cli("quarantine", "retry", "all")
    one_round(house, now)
    assert sorted(house.history("here@example.net")) == [("silent", "moved"), ("silent", "too-old")]
    assert house.history("away@example.net") == [("silent", "gone")]
    assert house.json("quarantine", "list", code=0) == []
