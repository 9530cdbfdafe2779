"""Entries and replies for the tests of the store, with every field that a test does not care about filled in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from autoresponder.core.history import Limit, Limits, Lookup
from autoresponder.core.outbox import Event
from autoresponder.store import Cursor, Entry, Outcome, Reply, Store

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NO_LIMITS = Limits()
LIMITS = Limits(per_sender=Limit(3, DAY), per_domain=Limit(60, HOUR), total=Limit(500, HOUR))


def entry(uid: int = 1, sender: str = "ana@example.org", *, at: datetime = NOW, **changes: Any) -> Entry:
    """A silent decision about a letter of its own."""
    made = Entry(
        uid=uid,
        letter_key=f"letter-{uid}",
        sender_key=sender.lower(),
        sender=sender,
        subject="A question",
        message_id=f"<{uid}@example.org>",
        arrived=at,
        action="silent",
        reason="no-rule",
        why="no rule matched",
        rule="",
        trace="[]",
    )
    return replace(made, **changes)


def answer(uid: int = 1, sender: str = "ana@example.org", *, at: datetime = NOW, letter: str = "", window: Any = None,
           **changes: Any) -> Entry:  # fmt: skip
    """A decision to answer. `window`: the once window, None for ever; `changes` are of the reply."""
    key = letter or f"letter-{uid}"
    reply = Reply(
        mailbox="contact",
        target=sender,
        sender_key=sender.lower(),
        limit_key=sender.lower(),
        domain=sender.rpartition("@")[2],
        scope="Everything else",
        once_since=None if window is None else at - window,
        once=True,
        letter_key=key,
        envelope_from="auto",
        message_id=f"<ar.{uid}@example.com>",
        subject="Thank you",
        raw=b"Subject: Thank you\r\n\r\nHello\r\n",
        expires=at + 2 * DAY,
    )
    return entry(uid, sender, at=at, letter_key=key, action="reply", reason="rule", why="a rule answers",
                 rule="Everything else", reply=replace(reply, **changes))  # fmt: skip


def record(store: Store, *entries: Entry, now: datetime = NOW, folder: str = "INBOX", mailbox: str = "contact",
           uidvalidity: int = 7) -> list[Outcome]:  # fmt: skip
    """Record entries and move the cursor behind the last one."""
    return store.record(mailbox, folder, uidvalidity, entries[-1].uid + 1 if entries else 1, entries, now)


def queue(store: Store, made: Entry, now: datetime = NOW) -> int | None:
    """Record one answer; its number, None when the claim was refused."""
    return record(store, made, now=now)[0].reply_id


def walk(store: Store, reply_id: int, *events: Event, now: datetime = NOW) -> None:
    """Move one reply through events that must all happen."""
    for event in events:
        assert store.move(reply_id, event, now) is not None, event


def ask(sender: str = "ana@example.org", letter: str = "") -> Lookup:
    """The question about one letter."""
    return Lookup(sender.lower(), sender.lower(), sender.rpartition("@")[2], letter, "")


def start(store: Store, next_uid: int = 1, uidvalidity: int = 7) -> None:
    """The folder is watched from now on."""
    store.set_cursor(Cursor("contact", "INBOX", uidvalidity, next_uid, NOW))
