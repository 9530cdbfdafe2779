"""The store: everything the daemon must still know after a crash. One protocol, one contract suite, one backend a file.

Synchronous; every method is one transaction and may be called from any thread (a lock inside; the daemon calls from
one). The database is the law: `once` and "this letter was answered" are unique keys, transitions are compare-and-set
against `core.outbox.TRANSITIONS`.

What "never twice" means here. A reply claims its letter and, unless it is `every-message`, its sender under its once
scope; a refused claim turns the decision into silence ("copy" or "once"). A claim counts from the moment the letter
went out, and for as long as it is on its way. FAILED and DROPPED give the claims back, except for a reply that was ever
UNCERTAIN: it may have arrived. RESEND claims again, and is refused when somebody else was answered in between. A
SHADOW reply claims its letter for good, so that going live answers nothing old, but its sender only among the shadows,
so that going live answers everybody once.

Letters to our own people (`Notice`) live in the same outbox: what never sends a reply twice holds for them too.

Fails with `StoreError` when file, disk or database cannot be used; anything else raised here is a bug of ours.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from autoresponder.core.history import Ledger, Limits, Lookup
from autoresponder.core.outbox import Event, State
from autoresponder.errors import ConfigError


class StoreError(ConfigError):
    """The state cannot be opened, read or written: wrong place, full disk, damaged file, another daemon at work."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder has been read. `baseline`: when it was first seen; nothing that arrived before is answered."""

    mailbox: str
    folder: str
    uidvalidity: int
    next_uid: int
    baseline: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to be put into the outbox together with the decision that made it."""

    mailbox: str
    target: str  # the address as it goes into RCPT TO
    sender_key: str
    limit_key: str
    domain: str
    scope: str  # once scope
    once_since: datetime | None  # an answer under `scope` older than this does not count; None: every one counts
    once: bool  # False: every-message, no claim is made on the scope
    letter_key: str
    envelope_from: str  # "auto", "" or an address
    message_id: str
    subject: str
    raw: bytes  # the letter as it goes out, CRLF
    expires: datetime
    state: State = State.PENDING  # PENDING, HELD or SHADOW
    held_why: str = ""
    due: datetime | None = None
    copy: bool = False  # once sent, a copy is to be filed in the folder of sent letters


@dataclass(frozen=True, slots=True)
class StaffLetter:
    """A letter to one of our own people, as it goes out."""

    target: str
    message_id: str
    subject: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """Something our own people are told once: `letters` go into the outbox when `topic` is news.

    It is news when it was never told; also when it was told longer than `again` ago, or when there was no reason to
    tell it (no further notice of this topic) for `quiet`; None: not for that reason. Letters to our people make no
    claims and are counted by no limit of answers; but no address gets more than `STAFF_AN_HOUR`."""

    topic: str
    mailbox: str  # through whose server
    letters: tuple[StaffLetter, ...]  # may be empty: nobody is written to, and whether it is news is still known
    expires: datetime
    quiet: timedelta | None = None
    again: timedelta | None = None


HEAVY = 200_000
"""Octets of a letter above which its bytes are read only when its turn has come, and not kept once it was sent (and its
copy filed): many answers with attachments need little memory, and the state grows only by those that wait."""
STAFF_AN_HOUR = 60
"""Letters to one of our own people within an hour; further ones are not written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision about one message, ready to be recorded."""

    uid: int
    letter_key: str
    sender_key: str  # "" when there is nobody
    sender: str  # the address as written, for people
    subject: str
    message_id: str
    arrived: datetime
    action: str  # reply | silent | quarantine
    reason: str
    why: str
    rule: str
    trace: str  # JSON list of {"check","result","why"}
    reply: Reply | None = None
    traceback: str = ""  # quarantine only
    notices: tuple[Notice, ...] = ()  # what our own people are told, when this is new
    bounced: str = ""  # the Message-ID of an answer of ours that this message proves undeliverable


REFUSED = {
    "once": "the sender had this rule's answer already by the time this one was recorded",
    "copy": "this very letter was already answered by the time this answer was recorded",
}
"""Why the database refused a reply's claims: reason -> what the decision then says."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry: `new` False when this UID had been decided before (a quarantined one had not);
    `reply_id` None when there is no reply, or when the database refused the claim (somebody else answered first): then
    the decision was recorded as silent, for the reason `refused` (of `REFUSED`)."""

    new: bool
    reply_id: int | None = None
    refused: str = ""
    told: tuple[str, ...] = ()  # topics of those notices that were news
    bounced: str = ""  # the address that is undeliverable from now on


@dataclass(frozen=True, slots=True)
class Letter:
    """A reply, or a letter to our own people, in the outbox."""

    id: int  # the number of its decision too; below zero for our own people
    mailbox: str
    state: State
    target: str
    subject: str
    message_id: str
    envelope_from: str
    raw: bytes  # b"" in listings, of a heavy one that was claimed, and of a heavy one that was sent
    created: datetime
    next_attempt: datetime
    expires: datetime
    attempts: int
    last_error: str  # of a held one: why it is held
    sent: datetime | None = None
    rule: str = ""
    kind: Literal["reply", "staff"] = "reply"


@dataclass(frozen=True, slots=True)
class Copy:
    """An answer that was sent, and its copy not yet filed."""

    reply_id: int
    message_id: str
    raw: bytes
    sent: datetime
    tried: int  # APPENDs that were begun


@dataclass(frozen=True, slots=True)
class Decided:
    """A recorded decision, as `history` and `status` show it."""

    id: int
    at: datetime
    mailbox: str
    folder: str
    uidvalidity: int
    uid: int
    sender: str
    subject: str
    message_id: str
    action: str
    reason: str
    why: str
    rule: str
    trace: str
    reply_state: str = ""  # of the answer, where there is one
    reply_id: int | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that could not be read or decided."""

    id: int
    at: datetime
    mailbox: str
    folder: str
    uidvalidity: int
    uid: int
    why: str
    traceback: str
    attempts: int
    retry: bool  # an operator asked for another attempt
    sender: str = ""  # as far as the message could be read
    subject: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class InHand:
    """The message of a folder that is being read with care."""

    uidvalidity: int
    uid: int
    times: int  # that it was taken in hand, and never put down


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of `status`."""

    decisions: dict[str, int] = field(default_factory=dict)  # action -> count, since `since`
    reasons: dict[str, int] = field(default_factory=dict)  # of silence: reason -> count, since `since`
    rules: dict[str, int] = field(default_factory=dict)  # rule -> answers, since `since`
    outbox: dict[str, int] = field(default_factory=dict)  # state -> count, all
    quarantined: int = 0
    last_decision: datetime | None = None
    oldest_pending: datetime | None = None


class Store(Protocol):
    """What every backend does. All datetimes are aware; they come back in UTC."""

    def close(self) -> None:
        """Give everything back; a second call does nothing."""

    def transaction(self) -> AbstractContextManager[None]:
        """Calls made inside by this thread become durable together (group commit); each is still atomic by itself: one
        that raises takes back only its own work. Left by an exception, all of it is taken back."""

    def patience(self, seconds: float) -> None:
        """For how long a call waits, from now on, for another process that is writing."""

    # folders ------------------------------------------------------------------------------------------------------
    def cursor(self, mailbox: str, folder: str) -> Cursor | None:
        """Where reading of a folder stands; None: never read."""

    def set_cursor(self, cursor: Cursor) -> None:
        """Set it (first start, or the server numbers the folder anew); `record` moves it on."""

    # decisions ----------------------------------------------------------------------------------------------------
    def ledger(self, asks: Sequence[Lookup], limits: Limits, now: datetime) -> Ledger:
        """The histories of a batch."""

    def known(self, mailbox: str, letter_keys: Sequence[str]) -> set[str]:
        """Which of these letters have a recorded decision (not merely a quarantine) in this mailbox, in any folder,
        under any UIDVALIDITY."""

    def record(self, mailbox: str, folder: str, uidvalidity: int, next_uid: int, entries: Sequence[Entry],
               now: datetime) -> list[Outcome]:  # fmt: skip
        """Decisions, replies, letters to our own people, bounces, sender facts and the cursor (never backwards) in one
        transaction; an Outcome for each. Where another letter was decided under the same UID (a server that began to
        count anew, and gives the numbers out again), that decision stays, with a `uidvalidity` below zero."""

    def tell(self, notice: Notice, now: datetime) -> bool:
        """A notice without a decision; whether it was news."""

    def history(self, address: str, limit: int = 100) -> list[Decided]:
        """The decisions about one address (as written, or its sender key), newest first."""

    def found(self, wanted: Callable[[str], bool]) -> list[Decided]:
        """The decisions about the letters whose key is `wanted`, newest first. It is asked of every letter there is: a
        second or so for 100,000."""

    def recent(self, limit: int = 20) -> list[Decided]:
        """The last decisions, newest first."""

    def summary(self, since: datetime) -> Summary:
        """Figures for `status`."""

    def shadowed(self, since: datetime) -> dict[str, tuple[int, int]]:
        """Answers that shadow mode kept from being sent: rule -> (since `since`, in all), most first."""

    # outbox -------------------------------------------------------------------------------------------------------
    def claim(self, now: datetime, limit: int, owner: str, busy: Sequence[str] = ()) -> list[Letter]:
        """Up to `limit` replies that are due, longest due first, moved to SENDING for `owner`; none of the mailboxes in
        `busy`. What has expired is moved to FAILED instead and not returned. Those over `HEAVY` come without their
        bytes: `letter` has them."""

    def move(self, reply_id: int, event: Event, now: datetime, *, error: str = "",
             next_attempt: datetime | None = None, bounced: bool = False) -> State | None:  # fmt: skip
        """One event by compare-and-set: the new state, or None when the reply was not in a state where it can happen.
        `bounced`: where it can, the address of a reply is undeliverable from now on, as with `Store.bounced`.
        A DEFERRED counts an attempt. FAILED and DROPPED give the claims back, so that a later letter may be answered.
        RESEND is refused (None) when the sender was answered by another reply in between; RESEND and RELEASE give a
        reply at least another day before it expires. `error` "" keeps the last one, ACCEPTED clears it."""

    def recover(self, now: datetime, owner: str = "") -> tuple[int, int]:
        """At start: SENDING back to PENDING, IN_DOUBT to UNCERTAIN, for replies of this owner ("": of everybody, the
        backend having only one daemon); (went back, became uncertain)."""

    def next_due(self, now: datetime) -> datetime | None:
        """When the earliest pending reply is due; None when nothing is pending."""

    def outbox(self, states: Sequence[State] = (), limit: int = 1000) -> list[Letter]:
        """Replies in these states (none given: all open ones), oldest first, without their bytes."""

    def letter(self, reply_id: int) -> Letter | None:
        """One reply with its bytes."""

    # copies -------------------------------------------------------------------------------------------------------
    def next_copy(self, mailbox: str) -> Copy | None:
        """The sent answer of this mailbox whose copy is to be filed next: that tried least often, then the oldest."""

    def copy_begun(self, reply_id: int) -> None:
        """An APPEND is about to begin: until `copy_done`, the copy may be there or not."""

    def copy_done(self, reply_id: int) -> None:
        """The copy is filed, or will never be: no more of it."""

    # quarantine ---------------------------------------------------------------------------------------------------
    def quarantined(self) -> list[Quarantined]:
        """What waits for a person, oldest first."""

    def ask_retry(self, quarantine_id: int, now: datetime) -> bool:
        """Ask the daemon to try this one again; False when there is no such entry."""

    def retries(self, mailbox: str, folder: str) -> list[Quarantined]:
        """Those of a folder for which a retry was asked. `record` of the same UID replaces the quarantined decision."""

    def retry_asked(self) -> set[tuple[str, str]]:
        """The (mailbox, folder) of all for which a retry was asked."""

    def end_quarantine(self, quarantine_id: int, reason: str, why: str, now: datetime, *, decided: bool) -> bool:
        """Nobody waits for this one any more: its decision becomes silence for this reason, with why it was
        quarantined behind `why`. `decided`: so the letter itself is decided, wherever else it turns up; else it was
        only this message that could not be found. False when there is no such entry."""

    # care ---------------------------------------------------------------------------------------------------------
    def crashed(self) -> bool:
        """Whether the daemon that had this state before did not end in order."""

    def in_hand(self, mailbox: str, folder: str) -> InHand | None:
        """The message that was taken in hand and not put down."""

    def take_in_hand(self, mailbox: str, folder: str, held: InHand) -> None:
        """Note it, instead of any other of this folder."""

    def put_down(self, mailbox: str, folder: str) -> None:
        """No message of this folder is in hand."""

    # the rest -----------------------------------------------------------------------------------------------------
    def bounced(self, sender_key: str, now: datetime) -> None:
        """The address is undeliverable, as of now."""

    def recall(self, key: str) -> str:
        """A small remembered value ("" when absent): null sender refused by host:port, when the alert was sent, ..."""

    def remember(self, key: str, value: str) -> None:
        """Keep a small value."""

    def info(self) -> dict[str, Any]:
        """Backend, path, schema version, size: for `status` and `check`."""

    def signing_key(self) -> bytes:
        """The key of `core.token.Signer`, made at first use and kept with the state; never logged."""

    def backup(self, path: Path) -> None:
        """A consistent copy, while everything goes on; `path` must not exist. The signing key is not in it."""


def open_store(target: str | Path, *, daemon: bool = False, create: bool = True, bounce_days: int = 60) -> Store:
    """Opens the state, brings its schema up to date and returns the store.

    target: a file (SQLite). daemon: take the lock that only one daemon can hold, and check the file when it was not
    closed in order; commands open without it. create: False refuses when there is no state yet. bounce_days: for how
    long an undeliverable address is reported as `bounced`. Raises `StoreError`; nothing is overwritten then."""
    from autoresponder.store.sqlite import open_sqlite  # here, because the backends build on the names above

    return open_sqlite(Path(target), daemon=daemon, create=create, bounce_days=bounce_days)
