"""`backtest` and `explain --uid` on a real Dovecot: read-only, in the order of arrival, over several folders."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.house import House, letter
from tests.lab.dovecot import Dovecot

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot) -> House:
    """A house with the mailbox `contact` of two folders; no daemon."""
    house = House(tmp_path, dovecot, 1)
    house.user = dovecot.new_user()
    house.address = house.mailbox(house.user, "contact", more="    folders: [INBOX, Orders]\n")
    with dovecot.session(house.user) as imap:
        imap.create("Orders")
    house.write()
    return house


def put(house: House, days: float, sender: str, subject: str, folder: str = "INBOX", **more: str) -> int:
    """A letter that arrived so many days ago; its UID."""
    raw = letter(house.address, sender, subject, **more)
    return house.dovecot.append(house.user, raw, folder, when=NOW - timedelta(days=days))


def test_a_mailbox_is_replayed_and_stays_as_it_is(house: House, dovecot: Dovecot) -> None:
    put(house, 1, "ana@example.net", "Second")
    put(house, 3, "ana@example.net", "First", "Orders")  # another folder, earlier
    put(house, 2, "list@example.net", "News", List_Id="<x.example>")
    put(house, 40, "old@example.net", "Too long ago")
    before = [dovecot.flags(house.user, folder) for folder in ("INBOX", "Orders")]
    *rows, last = house.json("backtest", "--days", "30", code=0)
    assert [(row["subject"], row["decision"], row["reason"]) for row in rows] == [
        ("First", "reply", "rule"),
        ("News", "silent", "list"),
        ("Second", "silent", "once"),
    ]
    assert rows[0]["letter"] == "contact/Orders#1"
    assert rows[0]["arrived"] == (NOW - timedelta(days=3)).isoformat()
    assert last["summary"]["answered"] == 1
    newest = house.json("backtest", "--messages", "2", "--mailbox", "contact", code=0)
    assert [row.get("subject") for row in newest] == ["News", "Second", None]
    assert [dovecot.flags(house.user, folder) for folder in ("INBOX", "Orders")] == before
    assert before[0] == [frozenset()] * 3
    assert not list(house.folder.glob("state*"))


def test_what_other_rules_would_change(house: House) -> None:
    put(house, 1, "ana@example.net", "Invoice 7")
    put(house, 2, "bob@example.net", "Hello")
    other = house.folder / "other.yaml"
    bills = "rules:\n  - {name: Bills, when: {subject: invoice}, reply: invoice}\n"
    other.write_text(house.path.read_text().replace("rules:\n", bills))
    other.chmod(0o600)
    out = house.cli("backtest", "--days", "7", "--against", str(other))
    assert "contact/INBOX#1  ana@example.net  Invoice 7" in out
    assert "+ answered with “invoice”" in out
    assert "1 of 2 letters would be treated differently" in out


def test_a_letter_on_the_server_is_explained(house: House, dovecot: Dovecot) -> None:
    uid = put(house, 1.5, "ana@example.net", "Hello", "Orders")
    out = house.cli("explain", "--uid", str(uid), "--mailbox", "contact", "--folder", "Orders")
    arrived = NOW - timedelta(days=1.5)
    assert f"as       contact/Orders, {arrived:%a %Y-%m-%d %H:%M} UTC" in out
    assert "REPLY  rule “Everything” answers with “acknowledgement”" in out
    assert dovecot.flags(house.user, "Orders") == [frozenset()]
    said = house.cli("explain", "--uid", "99", "--mailbox", "contact", code=1)
    assert "contact/INBOX: there is no message with UID 99" in said
    said = house.cli("explain", "--uid", "1", "--folder", "Ordres", code=3)
    assert 'did you mean "Orders"?' in said


def test_explain_shows_the_recorded_history(house: House, dovecot: Dovecot) -> None:
    put(house, 0, "ana@example.net", "Hello")
    house.cli("run", "--once", "--backlog", "1 day", code=None)  # nobody listens to SMTP: the answer stays queued
    path = house.folder / "again.eml"
    path.write_bytes(letter(house.address, "ana@example.net", "Me again"))
    out = house.cli("explain", "--state", "--all", str(path))
    assert "history  ana@example.net wrote 1 times since" in out
    assert "had the answer of “Everything”" in out
    assert "limits   sender 1 of 3/day, domain example.net 1 of 60/hour, in total 1 of 500/hour" in out
    assert "SILENT  the sender had the answer of rule “Everything”" in out
