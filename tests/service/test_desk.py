"""Poison at the desk: a message that makes anything raise is quarantined after its own attempt; the batch goes on."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autoresponder.core.token import Signer
from autoresponder.mail.imap import Fetched
from autoresponder.service.book import load_all, make_book
from autoresponder.service.desk import Desk
from autoresponder.service.writer import Writer
from autoresponder.store import Cursor, Store, StoreError, open_store
from tests.e2e.house import letter

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ME = "contact@example.com"
CURSOR = Cursor("contact", "INBOX", 7, 1, NOW)
RULES = """
state: state.db
mailboxes:
  contact:
    address: contact@example.com
    imap: {host: localhost, user: contact, password: secret}
    smtp: {host: localhost, user: ""}
rules:
  - {name: Everything, reply: acknowledgement}
"""


@dataclass
class Office:
    """A desk over a real store."""

    store: Store
    writer: Writer
    desk: Desk


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "templates").mkdir()
    body = "Thank you.{% if original.subject == 'boom' %}{{ 1 // 0 }}{% endif %}\n"
    body += "{% if original.subject == 'leak' %}{{ 'bob' ~ '@' ~ 'other.example' }}{% endif %}\n"
    (tmp_path / "templates" / "acknowledgement.md").write_text(f"---\nsubject: Thank you\n---\n{body}")
    settings, library = load_all(tmp_path / "rules.yaml")
    store = open_store(settings.state, daemon=True)
    store.set_cursor(CURSOR)
    writer = Writer(store)
    signer = Signer(store.signing_key())
    yield Office(store, writer, Desk(writer, make_book(settings, library, signer), lambda: NOW))
    writer.close()
    store.close()


def fetched(uid: int, subject: str = "A question", arrived: datetime = NOW) -> Fetched:
    raw = letter(ME, f"p{uid}@example.net", subject)
    return Fetched(uid, raw, len(raw), arrived, frozenset(), None)


def naive(uid: int) -> Fetched:
    """A letter that nothing can bear: `decide` raises, and so does the store when it is to record just that."""
    return fetched(uid, arrived=NOW.replace(tzinfo=None))


def test_what_even_the_store_will_not_take_is_tried_alone(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "autoresponder"):
        handled = office.desk.handle(CURSOR, [fetched(1), naive(2), fetched(3)], 4)
    assert (handled.decided, handled.replies) == (3, 2)
    assert [one.target for one in office.store.outbox()] == ["p1@example.net", "p3@example.net"]
    (poison,) = office.store.quarantined()
    assert (poison.mailbox, poison.folder, poison.uidvalidity, poison.uid) == ("contact", "INBOX", 7, 2)
    assert poison.why.startswith("TypeError: ")
    assert "Traceback" in poison.traceback
    assert "micros" in poison.traceback  # where it was raised
    cursor = office.store.cursor("contact", "INBOX")
    assert cursor is not None
    assert cursor.next_uid == 4
    assert "each message is tried alone" in caplog.text
    assert "contact/INBOX uid 2 from nobody: quarantine: TypeError" in caplog.text


def test_a_template_that_fails_on_one_letter_and_then_a_retry(office: Office) -> None:
    office.desk.handle(CURSOR, [fetched(1, "boom"), fetched(2)], 3)
    (poison,) = office.store.quarantined()
    assert (poison.uid, poison.attempts, "ZeroDivisionError" in poison.traceback) == (1, 1, True)
    assert office.store.ask_retry(poison.id, NOW)
    office.desk.handle(CURSOR, [fetched(1, "boom")], 3)  # still broken
    (again,) = office.store.quarantined()
    assert (again.id, again.attempts, again.retry) == (poison.id, 2, False)
    office.desk.handle(CURSOR, [fetched(1, "mended")], 3)
    assert office.store.quarantined() == []
    assert sorted(one.target for one in office.store.outbox()) == ["p1@example.net", "p2@example.net"]


def test_an_answer_with_somebody_else_s_address_is_quarantined_with_the_reason(office: Office) -> None:
    handled = office.desk.handle(CURSOR, [fetched(1, "leak"), fetched(2)], 3)
    assert (handled.decided, handled.replies) == (2, 1)
    (poison,) = office.store.quarantined()
    assert "acknowledgement.md: the text would say b…@other.example" in poison.why
    assert [one.reason for one in office.store.recent(9) if one.action == "quarantine"] == ["leak"]
    assert "bob" not in poison.why + poison.traceback.replace("b…@other.example", "")


def test_a_batch_that_was_half_recorded_is_not_answered_twice(office: Office) -> None:
    batch = [fetched(1), naive(2), fetched(3)]
    office.desk.handle(CURSOR, batch, 4)
    handled = office.desk.handle(CURSOR, batch, 4)  # the daemon was killed before it knew
    assert handled.replies == 0
    assert len(office.store.outbox()) == 2


def test_a_store_that_cannot_be_used_makes_nobody_poison(office: Office) -> None:
    office.store._db.execute("PRAGMA query_only = ON")  # type: ignore[attr-defined]
    with pytest.raises(StoreError):
        office.desk.handle(CURSOR, [fetched(1)], 2)
    office.store._db.execute("PRAGMA query_only = OFF")  # type: ignore[attr-defined]
    assert office.store.quarantined() == []
    assert office.desk.handle(CURSOR, [fetched(1)], 2).replies == 1


def test_the_bare_facts_of_poison_are_its_own(office: Office) -> None:
    office.desk.handle(CURSOR, [naive(5), replace(naive(6), raw=b"\xff")], 7)
    assert [one.uid for one in office.store.quarantined()] == [5, 6]
