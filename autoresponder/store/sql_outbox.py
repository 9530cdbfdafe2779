"""The outbox in SQL: replies and letters to our own people, from their being put in to their end; copies and bounces.

A change of state is one compare-and-set made from `core.outbox.TRANSITIONS`; the claims follow in its transaction.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from autoresponder.core.address import sender_key
from autoresponder.core.history import SHADOWS
from autoresponder.core.outbox import OPEN_STATES, TRANSITIONS, Event, State, sources
from autoresponder.store import HEAVY, STAFF_AN_HOUR, Copy, Letter, Notice, Reply
from autoresponder.store.claims import ClaimBook, Claims
from autoresponder.store.database import Database, Row
from autoresponder.store.terms import CHUNK, TICK, marks, maybe, micros, moment, on_states

GRACE = timedelta(days=1)
"""What an operator's RESEND or RELEASE gives a reply that would expire at once."""
LATEST = timedelta(minutes=40)
"""Nothing is put off for longer (`core.outbox.BACK_OFF`): what seems to be was put off by a clock that was ahead."""

_INSERT_REPLY = """
INSERT INTO outbox (id, decision, kind, mailbox, state, created, next_attempt, expires, due, sender_key, limit_key,
                    domain, scope, once_window, letter_key, target, envelope_from, message_id, subject, last_error)
VALUES (?, ?, 'reply', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_RAW = "INSERT INTO letters (id, raw) VALUES (?, ?)"
_INSERT_STAFF = """
INSERT INTO outbox (id, kind, mailbox, state, created, next_attempt, expires, sender_key, limit_key, domain, scope,
                    letter_key, target, envelope_from, message_id, subject, last_error)
SELECT COALESCE(min(id), 0) - 1, 'staff', ?, 'pending', ?, ?, ?, '', ?, '', '', '', ?, 'auto', ?, ?, ''
FROM outbox WHERE id < 0
HAVING (SELECT count(*) FROM outbox WHERE limit_key = ? AND created > ? AND kind = 'staff') < ?
RETURNING id
"""
_BOUNCE = """
INSERT INTO bounces (sender_key, at) SELECT sender_key, ? FROM outbox WHERE {which} = ? AND kind = 'reply'
ON CONFLICT (sender_key) DO UPDATE SET at = CASE WHEN bounces.at < excluded.at THEN excluded.at ELSE bounces.at END
RETURNING sender_key
"""
_LETTER = """
SELECT o.id, o.mailbox, o.state, o.target, o.subject, o.message_id, o.envelope_from, {raw}, o.created, o.next_attempt,
       o.expires, o.attempts, o.last_error, o.sent, COALESCE(d.rule, ''), o.kind
FROM outbox o LEFT JOIN decisions d ON d.id = o.id
"""
_LETTER_WHOLE = _LETTER.format(raw="l.raw") + "JOIN letters l ON l.id = o.id "
_LETTER_CLAIMED = (
    _LETTER.format(raw=f"CASE WHEN length(l.raw) <= {HEAVY} THEN l.raw END") + "JOIN letters l ON l.id = o.id "
)
_LETTER_LISTED = _LETTER.format(raw="NULL")
_LIGHTEN = """
UPDATE letters SET raw = ? WHERE id = ? AND length(raw) > ?
AND NOT EXISTS (SELECT 1 FROM copies WHERE copies.id = letters.id)
"""
_NEXT_COPY = """
SELECT o.id, o.message_id, l.raw, o.sent, c.tried
FROM copies c JOIN outbox o ON o.id = c.id JOIN letters l ON l.id = c.id
WHERE o.mailbox = ? AND o.state = 'sent' ORDER BY c.tried, c.id LIMIT 1
"""


def _transition(event: Event, where: str) -> str:
    """The compare-and-set of one event for the rows that `where` finds. Parameters: error, next attempt, sent (None:
    leave it), then those of `where`."""
    steps = {before: after for (before, e), after in TRANSITIONS.items() if e is event}
    doubtful = [before for before, after in steps.items() if after is State.UNCERTAIN]
    error = "COALESCE(?, last_error)"
    if event is Event.EXPIRED:
        error = """COALESCE(?, 'it expired before it could be sent')
            || CASE WHEN last_error = '' THEN '' ELSE '; before that: ' || last_error END"""
    changes = {
        "state": "CASE state "
        + " ".join(f"WHEN '{before}' THEN '{after}'" for before, after in steps.items())
        + " END",
        "last_error": error,
        "next_attempt": "COALESCE(?, next_attempt)",
        "sent": "COALESCE(?, sent)",
        "attempts": {Event.DEFERRED: "attempts + 1", Event.RESEND: "0"}.get(event, "attempts"),
        "owner": "owner" if event is Event.FINAL_DOT else "''",
        "doubted": on_states("CASE WHEN state {x} THEN 1 ELSE doubted END", x=doubtful) if doubtful else "doubted",
    }
    return " ".join(
        (
            "UPDATE outbox SET",
            ", ".join(f"{column} = {value}" for column, value in changes.items()),
            on_states("WHERE state {steps} AND ", steps=tuple(steps)) + where,
            "RETURNING id, state, sender_key, scope, letter_key, doubted",
        )
    )


_MOVE = {event: _transition(event, "id = ?") for event in Event}
_RECOVER = _transition(Event.CRASHED, "(? = '' OR owner = ?)")
_EXPIRE = _transition(Event.EXPIRED, "expires <= ?")
_NOT_SO_LATE = "UPDATE outbox SET next_attempt = ? WHERE state = 'pending' AND next_attempt > ?"
_TAKE = """
UPDATE outbox SET state = 'sending', owner = ? WHERE id IN (
    SELECT id FROM outbox WHERE state = 'pending' AND next_attempt <= ? {free}
    ORDER BY next_attempt, id LIMIT ? {skip_locked})
RETURNING id
"""


class SqlOutbox:
    """The part of `Store` that is about letters on their way. Each method that writes is one transaction."""

    def __init__(self, db: Database) -> None:
        """`db`: with a schema that is up to date."""
        self._db = db
        self._claims = ClaimBook(db)

    # in, within the transaction of whoever decides ----------------------------------------------------------------
    def _put(self, reply_id: int, reply: Reply, now: datetime) -> str:
        """Puts a reply into the outbox, if its claims are granted; else the reason why they are not."""
        scope = reply.scope if reply.once else ""
        if scope and reply.state is State.SHADOW:
            scope = SHADOWS + scope
        refused = self._claims.take(Claims(reply_id, reply.sender_key, scope, reply.letter_key), reply.once_since, now)
        if refused:
            return refused
        at = micros(now)
        window = None if reply.once_since is None else at - micros(reply.once_since)
        due = None if reply.due is None else micros(reply.due)
        self._db.execute(
            _INSERT_REPLY,
            (reply_id, reply_id, reply.mailbox, reply.state.value, at, at, micros(reply.expires), due, reply.sender_key,
             reply.limit_key, reply.domain, scope, window, reply.letter_key, reply.target, reply.envelope_from,
             reply.message_id, reply.subject, reply.held_why),
        )  # fmt: skip
        self._db.execute(_INSERT_RAW, (reply_id, reply.raw))
        if reply.copy:
            self._db.execute("INSERT INTO copies (id) VALUES (?)", (reply_id,))
        return ""

    def _put_staff(self, notice: Notice, now: datetime) -> None:
        """Puts the letters of a notice into the outbox, but for those to whom too many went within the hour."""
        at, hour = micros(now), micros(now - timedelta(hours=1))
        for letter in notice.letters:
            key = sender_key(letter.target)
            row = (
                notice.mailbox,
                at,
                at,
                micros(notice.expires),
                key,
                letter.target,
                letter.message_id,
                letter.subject,
            )
            if made := self._db.execute(_INSERT_STAFF, (*row, key, hour, STAFF_AN_HOUR)):
                self._db.execute(_INSERT_RAW, (made[0][0], letter.raw))

    # on their way -------------------------------------------------------------------------------------------------
    def claim(self, now: datetime, limit: int, owner: str, busy: Sequence[str] = ()) -> list[Letter]:
        """Up to `limit` due replies, those that wait longest first, moved to SENDING for `owner`."""
        at = micros(now)
        with self._db.transaction():
            self._advance(_EXPIRE, (at,), Event.EXPIRED, now)
            self._db.execute(_NOT_SO_LATE, (at, at + LATEST // TICK))
            free = f"AND mailbox NOT IN ({marks(busy)})" if busy else ""
            sql = _TAKE.format(free=free, skip_locked=self._db.skip_locked)
            taken = self._db.execute(sql, (owner, at, *busy, limit))
            ids = [row[0] for row in taken]
            letters: list[Letter] = []
            for start in range(0, len(ids), CHUNK):
                part = ids[start : start + CHUNK]
                letters += self._letters(_LETTER_CLAIMED + f"WHERE o.id IN ({marks(part)})", part)
        return sorted(letters, key=lambda letter: (letter.next_attempt, letter.id))

    def move(
        self,
        reply_id: int,
        event: Event,
        now: datetime,
        *,
        error: str = "",
        next_attempt: datetime | None = None,
        bounced: bool = False,
    ) -> State | None:
        """One event by compare-and-set; see `Store.move`."""
        with self._db.transaction():
            state = self._move(reply_id, event, now, error, next_attempt)
            if bounced and state is not None:
                self._condemn("id", reply_id, now)
            return state

    def _move(
        self, reply_id: int, event: Event, now: datetime, error: str = "", next_attempt: datetime | None = None
    ) -> State | None:
        if event is Event.RESEND and not self._reclaim(reply_id, now):
            return None
        moved = self._advance(_MOVE[event], (reply_id,), event, now, error, next_attempt)
        if not moved:
            return None
        if moved[0] is State.SENT:
            self._db.execute(_LIGHTEN, (b"", reply_id, HEAVY))
        if event in (Event.RESEND, Event.RELEASE):
            until = micros(now + GRACE)
            self._db.execute("UPDATE outbox SET expires = ? WHERE id = ? AND expires < ?", (until, reply_id, until))
        return moved[0]

    def recover(self, now: datetime, owner: str = "") -> tuple[int, int]:
        """What a crashed daemon left in its hands."""
        error = "the daemon stopped while it was sending this"
        with self._db.transaction():
            moved = self._advance(_RECOVER, (owner, owner), Event.CRASHED, now, error)
        return moved.count(State.PENDING), moved.count(State.UNCERTAIN)

    def _advance(
        self, sql: str, where: Row, event: Event, now: datetime, error: str = "", next_attempt: datetime | None = None
    ) -> list[State]:
        """Runs a `_transition` and lets the claims follow; the new states."""
        at = micros(now)
        to = {after for (_, e), after in TRANSITIONS.items() if e is event}
        again = micros(next_attempt or now) if State.PENDING in to else None
        sent = at if State.SENT in to else None
        text = "" if event is Event.ACCEPTED else error or None
        moved: list[State] = []
        for reply_id, state, sender, scope, letter, doubted in self._db.execute(sql, (text, again, sent, *where)):
            claims = Claims(reply_id, sender, scope, letter)
            if state in (State.FAILED, State.DROPPED):
                if not doubted:
                    self._claims.give_back(claims)
            elif state in (State.SENT, State.UNCERTAIN) and event is not Event.CLOSE:
                self._claims.age(claims, now)
            moved.append(State(state))
        return moved

    def _reclaim(self, reply_id: int, now: datetime) -> bool:
        """Whether a reply that is to be sent again may still claim its sender and its letter."""
        rows = self._db.execute(
            on_states(
                "SELECT sender_key, scope, letter_key, once_window FROM outbox WHERE state {states} AND id = ?",
                states=sources(Event.RESEND),
            ),
            (reply_id,),
        )
        if not rows:
            return False
        *keys, window = rows[0]
        if reply_id < 0:  # a letter to our own people claims nobody
            return True
        return not self._claims.take(Claims(reply_id, *keys), None if window is None else now - window * TICK, now)

    def next_due(self, now: datetime) -> datetime | None:
        """When the earliest pending reply is due (in the past: at once)."""
        return maybe(self._db.execute("SELECT min(next_attempt) FROM outbox WHERE state = 'pending'")[0][0])

    def outbox(self, states: Sequence[State] = (), limit: int = 1000) -> list[Letter]:
        """Replies in these states (none given: all open ones), oldest first, without their bytes."""
        where = on_states("WHERE o.state {states} ORDER BY o.id LIMIT ?", states=tuple(states) or OPEN_STATES)
        return self._letters(_LETTER_LISTED + where, (limit,))

    def letter(self, reply_id: int) -> Letter | None:
        """One reply with its bytes."""
        return next(iter(self._letters(_LETTER_WHOLE + "WHERE o.id = ?", (reply_id,))), None)

    def _letters(self, sql: str, params: Sequence[Any]) -> list[Letter]:
        return [
            Letter(id_, mailbox, State(state), target, subject, message_id, envelope_from, bytes(raw or b""),
                   moment(created), moment(again), moment(expires), attempts, error, maybe(sent), rule, kind)
            for id_, mailbox, state, target, subject, message_id, envelope_from, raw, created, again, expires, attempts,
            error, sent, rule, kind in self._db.execute(sql, params)
        ]  # fmt: skip

    # copies -------------------------------------------------------------------------------------------------------
    def next_copy(self, mailbox: str) -> Copy | None:
        """The sent answer whose copy is to be filed next."""
        rows = self._db.execute(_NEXT_COPY, (mailbox,))
        if not rows:
            return None
        reply_id, message_id, raw, sent, tried = rows[0]
        return Copy(reply_id, message_id, bytes(raw), moment(sent), tried)

    def copy_begun(self, reply_id: int) -> None:
        """An APPEND is about to begin."""
        with self._db.transaction():
            self._db.execute("UPDATE copies SET tried = tried + 1 WHERE id = ?", (reply_id,))

    def copy_done(self, reply_id: int) -> None:
        """The copy is filed, or will never be."""
        with self._db.transaction():
            self._db.execute("DELETE FROM copies WHERE id = ?", (reply_id,))
            self._db.execute(_LIGHTEN, (b"", reply_id, HEAVY))

    # bounces ------------------------------------------------------------------------------------------------------
    def _condemn(self, column: str, value: str | int, now: datetime) -> str:
        """The address of the reply found so is undeliverable: its sender key, "" when there is no such reply."""
        rows = self._db.execute(_BOUNCE.format(which=column), (micros(now), value))
        return str(rows[0][0]) if rows else ""

    def bounced(self, sender_key: str, now: datetime) -> None:
        """The address is undeliverable, as of now."""
        with self._db.transaction():
            self._db.execute(
                """INSERT INTO bounces (sender_key, at) VALUES (?, ?)
                ON CONFLICT (sender_key) DO UPDATE SET at = excluded.at WHERE bounces.at < excluded.at""",
                (sender_key, micros(now)),
            )
