"""The store's methods, in SQL that SQLite and PostgreSQL both read; a backend only lends the `Database` underneath.

Times are stored as microseconds since 1970 UTC, placeholders are written `?`. Every writing method is one transaction;
inside `transaction()` it is a savepoint. The rules of the claims are told in the package's docstring.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autoresponder.core.address import sender_key
from autoresponder.core.history import SHADOWS, Ledger, Limit, Limits, Lookup
from autoresponder.core.outbox import ANSWERED_STATES, OPEN_STATES, TRANSITIONS, Event, State, sources
from autoresponder.store import (
    HEAVY,
    REFUSED,
    STAFF_AN_HOUR,
    Copy,
    Cursor,
    Decided,
    Entry,
    InHand,
    Letter,
    Notice,
    Outcome,
    Quarantined,
    Reply,
    Summary,
)
from autoresponder.store.database import Database, Row

CHUNK = 500
"""Keys in one IN list: below the 999 variables of the most modest SQLite."""
GRACE = timedelta(days=1)
"""What an operator's RESEND or RELEASE gives a reply that would expire at once."""
LATEST = timedelta(minutes=40)
"""Nothing is put off for longer (`core.outbox.BACK_OFF`): what seems to be was put off by a clock that was ahead."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NEVER = -(2**62)
"""Before every time: the `since` of a claim that stands for ever."""


def micros(at: datetime) -> int:
    """An aware datetime as the database keeps it."""
    return (at - EPOCH) // TICK


def moment(at: int) -> datetime:
    """Back again, in UTC."""
    return EPOCH + at * TICK


def _maybe(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def _sql(text: str, **states: Sequence[State]) -> str:
    """`text` with each {name} replaced by a condition on a list of states: `= 'pending'`, `IN ('sent', 'failed')`."""
    lists = {name: ", ".join(f"'{state}'" for state in some) for name, some in states.items()}
    return text.format(
        **{name: f"= {some}" if len(states[name]) == 1 else f"IN ({some})" for name, some in lists.items()}
    )


ON_ITS_WAY = (State.PENDING, State.HELD, State.SENDING, State.IN_DOUBT)
"""States in which a reply may still go out by itself, or by an operator's word: its claim has not begun to age."""
NOT_COUNTED = (*(state for state in State if state not in ANSWERED_STATES), State.SHADOW)
"""States that no limit counts; those per domain and in total do not count what is held either."""

_INSERT_DECISION = """
INSERT INTO decisions (at, mailbox, folder, uidvalidity, uid, letter_key, sender_key, sender, subject, message_id,
                       arrived, action, reason, why, rule, trace, traceback)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (mailbox, folder, uidvalidity, uid) DO UPDATE SET
    at = excluded.at, letter_key = excluded.letter_key, sender_key = excluded.sender_key, sender = excluded.sender,
    subject = excluded.subject, message_id = excluded.message_id, arrived = excluded.arrived, action = excluded.action,
    reason = excluded.reason, why = excluded.why, rule = excluded.rule, trace = excluded.trace,
    traceback = excluded.traceback, attempts = decisions.attempts + 1, retry = 0
WHERE decisions.action = 'quarantine'
RETURNING id
"""
_GIVE_UID = """
UPDATE decisions SET uidvalidity = -id
WHERE mailbox = ? AND folder = ? AND uidvalidity = ? AND uid = ? AND letter_key NOT IN ('', ?) RETURNING id
"""
_SILENCE = "UPDATE decisions SET action = 'silent', reason = ?, why = ?, trace = ? WHERE id = ?"
_SEE_SENDER = """
INSERT INTO senders (sender_key, first_seen, last_seen, messages) VALUES (?, ?, ?, 1)
ON CONFLICT (sender_key) DO UPDATE SET last_seen = excluded.last_seen, messages = senders.messages + 1
"""
_MOVE_CURSOR = """
UPDATE folders SET next_uid = ? WHERE mailbox = ? AND folder = ? AND uidvalidity = ? AND next_uid < ?
"""
_CLAIM_SCOPE = _sql(
    """
INSERT INTO answered (sender_key, scope, at, reply_id) VALUES (?, ?, ?, ?)
ON CONFLICT (sender_key, scope) DO UPDATE SET
    previous = CASE WHEN answered.reply_id = excluded.reply_id THEN answered.previous ELSE answered.at END,
    at = excluded.at, reply_id = excluded.reply_id
WHERE answered.reply_id = excluded.reply_id OR (answered.at <= ? AND NOT EXISTS (
    SELECT 1 FROM outbox WHERE outbox.id = answered.reply_id AND outbox.state {on_its_way}))
RETURNING at
""",
    on_its_way=ON_ITS_WAY,
)
_CLAIM_LETTER = """
INSERT INTO letters_answered (letter_key, at, reply_id) VALUES (?, ?, ?)
ON CONFLICT (letter_key) DO UPDATE SET at = letters_answered.at WHERE letters_answered.reply_id = excluded.reply_id
RETURNING at
"""
_GIVE_LETTER = "DELETE FROM letters_answered WHERE letter_key = ? AND reply_id = ?"
_GIVE_SCOPE = "DELETE FROM answered WHERE sender_key = ? AND scope = ? AND reply_id = ? AND previous IS NULL"
_RESTORE_SCOPE = """
UPDATE answered SET at = previous, previous = NULL, reply_id = NULL WHERE sender_key = ? AND scope = ? AND reply_id = ?
"""
_AGE_SCOPE = "UPDATE answered SET at = ? WHERE sender_key = ? AND scope = ? AND reply_id = ? AND at < ?"
_INSERT_REPLY = """
INSERT INTO outbox (id, decision, kind, mailbox, state, created, next_attempt, expires, due, sender_key, limit_key,
                    domain, scope, once_window, letter_key, target, envelope_from, message_id, subject, last_error)
VALUES (?, ?, 'reply', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_RAW = "INSERT INTO letters (id, raw) VALUES (?, ?)"
_STILL_KNOWN = "UPDATE told SET seen = ? WHERE topic = ? AND seen > ? AND at > ? RETURNING topic"
_NEWS = """
INSERT INTO told (topic, at, seen) VALUES (?, ?, ?)
ON CONFLICT (topic) DO UPDATE SET at = excluded.at, seen = excluded.seen
"""
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
_DECIDED = """
SELECT d.id, d.at, d.mailbox, d.folder, d.uidvalidity, d.uid, d.sender, d.subject, d.message_id, d.action, d.reason,
       d.why, d.rule, d.trace, COALESCE(o.state, ''), o.id, COALESCE(o.last_error, '')
FROM decisions d LEFT JOIN outbox o ON o.id = d.id
"""
_KEYS = """
SELECT DISTINCT mailbox, letter_key FROM decisions WHERE (mailbox, letter_key) > (?, ?)
ORDER BY mailbox, letter_key LIMIT 10000
"""
_QUARANTINED = """
SELECT id, at, mailbox, folder, uidvalidity, uid, why, traceback, attempts, retry, sender, subject, message_id
FROM decisions WHERE action = 'quarantine'
"""
_END_QUARANTINE = """
UPDATE decisions SET action = 'silent', at = ?, reason = ?, why = ? || '; quarantined because: ' || why, retry = 0,
    letter_key = CASE WHEN ? THEN letter_key ELSE '' END
WHERE id = ? AND action = 'quarantine' RETURNING id
"""
_TAKE_IN_HAND = """
INSERT INTO in_hand (mailbox, folder, uidvalidity, uid, times) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (mailbox, folder) DO UPDATE SET
    uidvalidity = excluded.uidvalidity, uid = excluded.uid, times = excluded.times
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
        "doubted": _sql("CASE WHEN state {x} THEN 1 ELSE doubted END", x=doubtful) if doubtful else "doubted",
    }
    return " ".join(
        (
            "UPDATE outbox SET",
            ", ".join(f"{column} = {value}" for column, value in changes.items()),
            _sql("WHERE state {steps} AND ", steps=tuple(steps)) + where,
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


@dataclass(frozen=True, slots=True)
class _Claims:
    """What a reply claims so that nobody is answered twice."""

    reply_id: int
    sender_key: str
    scope: str  # "": only the letter
    letter_key: str


class SqlStore:
    """`Store` over a `Database` whose schema is up to date."""

    def __init__(self, db: Database, *, bounce_days: int = 60) -> None:
        """Takes the database over: `close` closes it."""
        self._db = db
        self._bounce = timedelta(days=bounce_days)

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        self._db.close()

    def transaction(self) -> AbstractContextManager[None]:
        """See `Store.transaction`."""
        return self._db.transaction()

    def patience(self, seconds: float) -> None:
        """See `Store.patience`."""
        self._db.patience(seconds)

    def _many(self, sql: str, keys: Iterable[str], *before: Any) -> list[Row]:
        """All rows of a query whose {} stands for a list of keys; empty keys are nobody's."""
        wanted = [key for key in dict.fromkeys(keys) if key]
        rows: list[Row] = []
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            rows += self._db.execute(sql.format(_marks(part)), (*before, *part))
        return rows

    # folders ------------------------------------------------------------------------------------------------------
    def cursor(self, mailbox: str, folder: str) -> Cursor | None:
        """Where reading of a folder stands; None: never read."""
        rows = self._db.execute(
            "SELECT uidvalidity, next_uid, baseline FROM folders WHERE mailbox = ? AND folder = ?", (mailbox, folder)
        )
        return Cursor(mailbox, folder, rows[0][0], rows[0][1], moment(rows[0][2])) if rows else None

    def set_cursor(self, cursor: Cursor) -> None:
        """Set it, whatever it was."""
        with self._db.transaction():
            self._db.execute(
                """INSERT INTO folders (mailbox, folder, uidvalidity, next_uid, baseline) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (mailbox, folder) DO UPDATE SET
                uidvalidity = excluded.uidvalidity, next_uid = excluded.next_uid, baseline = excluded.baseline""",
                (cursor.mailbox, cursor.folder, cursor.uidvalidity, cursor.next_uid, micros(cursor.baseline)),
            )

    # decisions ----------------------------------------------------------------------------------------------------
    def ledger(self, asks: Sequence[Lookup], limits: Limits, now: datetime) -> Ledger:
        """The histories of a batch: a handful of indexed queries, whatever the size of the store."""
        ledger = Ledger()
        senders = [ask.sender_key for ask in asks]
        bounces = self._many("SELECT sender_key, at FROM bounces WHERE at > ? AND sender_key IN ({})", senders,
                             micros(now - self._bounce))  # fmt: skip
        for key, at in bounces:
            ledger.senders[key] = (None, 0, moment(at))
        for key, first, messages in self._many(
            "SELECT sender_key, first_seen, messages FROM senders WHERE sender_key IN ({})", senders
        ):
            ledger.senders[key] = (moment(first), messages, ledger.senders.get(key, (None, 0, None))[2])
        for key, scope, at, state in self._many(
            """SELECT a.sender_key, a.scope, a.at, o.state FROM answered a LEFT JOIN outbox o ON o.id = a.reply_id
            WHERE a.sender_key IN ({})""",
            senders,
        ):
            ledger.answered.setdefault(key, {})[scope] = now if state in ON_ITS_WAY else moment(at)
        for key, at in self._many(
            "SELECT letter_key, at FROM letters_answered WHERE letter_key IN ({})", (ask.letter_key for ask in asks)
        ):
            ledger.letters[key] = moment(at)
        self._count(ledger, asks, limits, now)
        return ledger

    def _count(self, ledger: Ledger, asks: Sequence[Lookup], limits: Limits, now: datetime) -> None:
        """How many answers were made within the windows of the limits that there are."""

        def since(limit: Limit) -> int:
            return micros(now - limit.window)

        counting = _sql(" FROM outbox WHERE created > ? AND kind = 'reply' AND NOT state {states}", states=NOT_COUNTED)
        not_held = _sql(" AND NOT state {states}", states=(State.HELD,))
        if limits.per_sender:
            keys = (ask.limit_key for ask in asks)
            sql = "SELECT limit_key, count(*)" + counting + " AND limit_key IN ({}) GROUP BY limit_key"
            ledger.by_sender.update(dict(self._many(sql, keys, since(limits.per_sender))))
        if limits.per_domain:
            keys = (ask.domain for ask in asks)
            sql = "SELECT domain, count(*)" + counting + not_held + " AND domain IN ({}) GROUP BY domain"
            ledger.by_domain.update(dict(self._many(sql, keys, since(limits.per_domain))))
        if limits.total:
            # Counting beyond the limit would not change anything.
            sql = "SELECT 1" + counting + not_held + " LIMIT ?"
            some = self._db.execute(sql, (since(limits.total), limits.total.count))
            ledger.total = len(some)

    def known(self, mailbox: str, letter_keys: Sequence[str]) -> set[str]:
        """Which of these letters were decided in this mailbox before."""
        sql = """SELECT DISTINCT letter_key FROM decisions
        WHERE mailbox = ? AND action <> 'quarantine' AND letter_key IN ({})"""
        return {row[0] for row in self._many(sql, letter_keys, mailbox)}

    def record(
        self, mailbox: str, folder: str, uidvalidity: int, next_uid: int, entries: Sequence[Entry], now: datetime
    ) -> list[Outcome]:
        """Decisions, replies, sender facts and the cursor in one transaction."""
        with self._db.transaction():
            outcomes = [self._record((mailbox, folder, uidvalidity), entry, now) for entry in entries]
            self._db.execute(_MOVE_CURSOR, (next_uid, mailbox, folder, uidvalidity, next_uid))
        return outcomes

    def _record(self, where: tuple[str, str, int], entry: Entry, now: datetime) -> Outcome:
        at = micros(now)
        row = (
            at, *where, entry.uid, entry.letter_key, entry.sender_key, entry.sender, entry.subject, entry.message_id,
            micros(entry.arrived), entry.action, entry.reason, entry.why, entry.rule, entry.trace, entry.traceback,
        )  # fmt: skip
        made = self._db.execute(_INSERT_DECISION, row)
        if not made:
            if not self._db.execute(_GIVE_UID, (*where, entry.uid, entry.letter_key)):
                return Outcome(new=False)
            made = self._db.execute(_INSERT_DECISION, row)
        if entry.sender_key and entry.action != "quarantine":  # it is counted when it is decided after all
            self._db.execute(_SEE_SENDER, (entry.sender_key, at, at))
        reply_id, refused = self._queue(made[0][0], entry, entry.reply, now) if entry.reply else (None, "")
        return Outcome(
            new=True,
            reply_id=reply_id,
            refused=refused,
            told=tuple(notice.topic for notice in entry.notices if self._tell(notice, now)),
            bounced=self._condemn("message_id", entry.bounced, now) if entry.bounced else "",
        )

    def _queue(self, reply_id: int, entry: Entry, reply: Reply, now: datetime) -> tuple[int | None, str]:
        """Puts a reply into the outbox, if its claims are granted: its number, or the reason why they are not."""
        scope = reply.scope if reply.once else ""
        if scope and reply.state is State.SHADOW:
            scope = SHADOWS + scope
        refused = self._claim(_Claims(reply_id, reply.sender_key, scope, reply.letter_key), reply.once_since, now)
        if refused:
            steps = [*json.loads(entry.trace or "[]"), {"check": refused, "result": "silent", "why": REFUSED[refused]}]
            trace = json.dumps(steps, ensure_ascii=False)
            self._db.execute(_SILENCE, (refused, REFUSED[refused], trace, reply_id))
            return None, refused
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
        return reply_id, ""

    def tell(self, notice: Notice, now: datetime) -> bool:
        """A notice without a decision; whether it was news."""
        with self._db.transaction():
            return self._tell(notice, now)

    def _tell(self, notice: Notice, now: datetime) -> bool:
        at = micros(now)
        quiet, again = (NEVER if span is None else micros(now - span) for span in (notice.quiet, notice.again))
        if self._db.execute(_STILL_KNOWN, (at, notice.topic, quiet, again)):
            return False
        self._db.execute(_NEWS, (notice.topic, at, at))
        hour = micros(now - timedelta(hours=1))
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
        return True

    def _condemn(self, column: str, value: str | int, now: datetime) -> str:
        """The address of the reply found so is undeliverable: its sender key, "" when there is no such reply."""
        rows = self._db.execute(_BOUNCE.format(which=column), (micros(now), value))
        return str(rows[0][0]) if rows else ""

    def _claim(self, claims: _Claims, since: datetime | None, now: datetime) -> str:
        """Claims sender and letter for this reply: "" when they are its own now (or were before); else the reason why
        not, and nothing has changed."""
        at, oldest = micros(now), NEVER if since is None else micros(since)
        letter = (claims.letter_key, at, claims.reply_id)
        scope = (claims.sender_key, claims.scope, at, claims.reply_id, oldest)
        if claims.scope and not self._db.execute(_CLAIM_SCOPE, scope):
            copies = "SELECT 1 FROM letters_answered WHERE letter_key = ?"
            return "copy" if self._db.execute(copies, (claims.letter_key,)) else "once"
        if not self._db.execute(_CLAIM_LETTER, letter):
            self._give_back(claims)
            return "copy"
        return ""

    def _give_back(self, claims: _Claims) -> None:
        self._db.execute(_GIVE_LETTER, (claims.letter_key, claims.reply_id))
        if claims.scope:
            mine = (claims.sender_key, claims.scope, claims.reply_id)
            self._db.execute(_GIVE_SCOPE, mine)
            self._db.execute(_RESTORE_SCOPE, mine)

    def history(self, address: str, limit: int = 100) -> list[Decided]:
        """The decisions about one address, newest first."""
        keys = [key for key in {address, sender_key(address)} if key]
        if not keys:
            return []
        sql = """WHERE d.id IN (SELECT id FROM decisions WHERE sender_key IN ({})
                 UNION SELECT id FROM decisions WHERE lower(sender) = ?) ORDER BY d.at DESC, d.id DESC LIMIT ?"""
        return self._decided(sql.format(_marks(keys)), (*keys, address.lower(), limit))

    def found(self, wanted: Callable[[str], bool]) -> list[Decided]:
        """The decisions about some letters, newest first."""
        made: list[Decided] = []
        last = ("", "")
        while rows := self._db.execute(_KEYS, last):
            for mailbox, key in rows:
                if key and wanted(key):
                    made += self._decided("WHERE d.mailbox = ? AND d.letter_key = ?", (mailbox, key))
            last = rows[-1]
        return sorted(made, key=lambda one: (one.at, one.id), reverse=True)

    def recent(self, limit: int = 20) -> list[Decided]:
        """The last decisions, newest first."""
        return self._decided("ORDER BY d.at DESC, d.id DESC LIMIT ?", (limit,))

    def _decided(self, where: str, params: Row) -> list[Decided]:
        return [Decided(row[0], moment(row[1]), *row[2:]) for row in self._db.execute(_DECIDED + where, params)]

    def summary(self, since: datetime) -> Summary:
        """The figures of `status`."""
        at = (micros(since),)
        run = self._db.execute
        counts = "SELECT {0}, count(*) FROM decisions WHERE at >= ? {1} GROUP BY {0}"
        (last,), (oldest,), (waiting,) = (
            run(sql)[0]
            for sql in (
                "SELECT max(at) FROM decisions",
                "SELECT min(created) FROM outbox WHERE state = 'pending'",
                "SELECT count(*) FROM decisions WHERE action = 'quarantine'",
            )
        )
        return Summary(
            decisions=dict(run(counts.format("action", ""), at)),
            reasons=dict(run(counts.format("reason", "AND action = 'silent'"), at)),
            rules=dict(run(counts.format("rule", "AND action = 'reply'"), at)),
            outbox=dict(run("SELECT state, count(*) FROM outbox GROUP BY state")),
            quarantined=waiting,
            last_decision=_maybe(last),
            oldest_pending=_maybe(oldest),
        )

    def shadowed(self, since: datetime) -> dict[str, tuple[int, int]]:
        """Answers that shadow mode kept from being sent: rule -> (since `since`, in all), most first."""
        rows = self._db.execute(
            """SELECT d.rule, sum(CASE WHEN o.created >= ? THEN 1 ELSE 0 END), count(*)
            FROM outbox o JOIN decisions d ON d.id = o.id WHERE o.state = 'shadow'
            GROUP BY d.rule ORDER BY count(*) DESC, d.rule""",
            (micros(since),),
        )
        return {rule: (int(lately), in_all) for rule, lately, in_all in rows}

    # outbox -------------------------------------------------------------------------------------------------------
    def claim(self, now: datetime, limit: int, owner: str, busy: Sequence[str] = ()) -> list[Letter]:
        """Up to `limit` due replies, those that wait longest first, moved to SENDING for `owner`."""
        at = micros(now)
        with self._db.transaction():
            self._advance(_EXPIRE, (at,), Event.EXPIRED, now)
            self._db.execute(_NOT_SO_LATE, (at, at + LATEST // TICK))
            free = f"AND mailbox NOT IN ({_marks(busy)})" if busy else ""
            sql = _TAKE.format(free=free, skip_locked=self._db.skip_locked)
            taken = self._db.execute(sql, (owner, at, *busy, limit))
            ids = [row[0] for row in taken]
            letters: list[Letter] = []
            for start in range(0, len(ids), CHUNK):
                part = ids[start : start + CHUNK]
                letters += self._letters(_LETTER_CLAIMED + f"WHERE o.id IN ({_marks(part)})", part)
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
            claims = _Claims(reply_id, sender, scope, letter)
            if state in (State.FAILED, State.DROPPED):
                if not doubted:
                    self._give_back(claims)
            elif state in (State.SENT, State.UNCERTAIN) and event is not Event.CLOSE:
                self._db.execute(_AGE_SCOPE, (at, sender, scope, reply_id, at))
            moved.append(State(state))
        return moved

    def _reclaim(self, reply_id: int, now: datetime) -> bool:
        """Whether a reply that is to be sent again may still claim its sender and its letter."""
        rows = self._db.execute(
            _sql(
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
        return not self._claim(_Claims(reply_id, *keys), None if window is None else now - window * TICK, now)

    def next_due(self, now: datetime) -> datetime | None:
        """When the earliest pending reply is due (in the past: at once)."""
        return _maybe(self._db.execute("SELECT min(next_attempt) FROM outbox WHERE state = 'pending'")[0][0])

    def outbox(self, states: Sequence[State] = (), limit: int = 1000) -> list[Letter]:
        """Replies in these states (none given: all open ones), oldest first, without their bytes."""
        where = _sql("WHERE o.state {states} ORDER BY o.id LIMIT ?", states=tuple(states) or OPEN_STATES)
        return self._letters(_LETTER_LISTED + where, (limit,))

    def letter(self, reply_id: int) -> Letter | None:
        """One reply with its bytes."""
        return next(iter(self._letters(_LETTER_WHOLE + "WHERE o.id = ?", (reply_id,))), None)

    def _letters(self, sql: str, params: Sequence[Any]) -> list[Letter]:
        return [
            Letter(id_, mailbox, State(state), target, subject, message_id, envelope_from, bytes(raw or b""),
                   moment(created), moment(again), moment(expires), attempts, error, _maybe(sent), rule, kind)
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

    # quarantine ---------------------------------------------------------------------------------------------------
    def quarantined(self) -> list[Quarantined]:
        """What waits for a person, oldest first."""
        return self._quarantine("ORDER BY id")

    def retries(self, mailbox: str, folder: str) -> list[Quarantined]:
        """Those of a folder for which a retry was asked."""
        return self._quarantine("AND mailbox = ? AND folder = ? AND retry = 1 ORDER BY id", (mailbox, folder))

    def retry_asked(self) -> set[tuple[str, str]]:
        """The folders of all for which a retry was asked."""
        asked = "SELECT DISTINCT mailbox, folder FROM decisions WHERE action = 'quarantine' AND retry = 1"
        return {(mailbox, folder) for mailbox, folder in self._db.execute(asked)}

    def _quarantine(self, where: str, params: Row = ()) -> list[Quarantined]:
        rows = self._db.execute(_QUARANTINED + where, params)
        return [
            Quarantined(
                id_, moment(at), mailbox, folder, uidvalidity, uid, why, traceback, attempts, bool(retry), *letter
            )
            for id_, at, mailbox, folder, uidvalidity, uid, why, traceback, attempts, retry, *letter in rows
        ]

    def ask_retry(self, quarantine_id: int, now: datetime) -> bool:
        """Ask the daemon to try this one again; False when there is no such entry."""
        with self._db.transaction():
            ask = "UPDATE decisions SET retry = 1 WHERE id = ? AND action = 'quarantine' RETURNING id"
            return bool(self._db.execute(ask, (quarantine_id,)))

    def end_quarantine(self, quarantine_id: int, reason: str, why: str, now: datetime, *, decided: bool) -> bool:
        """Nobody waits for this one any more; False when there is no such entry."""
        with self._db.transaction():
            return bool(self._db.execute(_END_QUARANTINE, (micros(now), reason, why, decided, quarantine_id)))

    # care ---------------------------------------------------------------------------------------------------------
    def crashed(self) -> bool:
        """Whether the daemon that had this state before did not end in order."""
        return self._db.unclean

    def in_hand(self, mailbox: str, folder: str) -> InHand | None:
        """The message that was taken in hand and not put down."""
        sql = "SELECT uidvalidity, uid, times FROM in_hand WHERE mailbox = ? AND folder = ?"
        return next((InHand(*row) for row in self._db.execute(sql, (mailbox, folder))), None)

    def take_in_hand(self, mailbox: str, folder: str, held: InHand) -> None:
        """Note it, instead of any other of this folder."""
        with self._db.transaction():
            self._db.execute(_TAKE_IN_HAND, (mailbox, folder, held.uidvalidity, held.uid, held.times))

    def put_down(self, mailbox: str, folder: str) -> None:
        """No message of this folder is in hand."""
        with self._db.transaction():
            self._db.execute("DELETE FROM in_hand WHERE mailbox = ? AND folder = ?", (mailbox, folder))

    # the rest -----------------------------------------------------------------------------------------------------
    def bounced(self, sender_key: str, now: datetime) -> None:
        """The address is undeliverable, as of now."""
        with self._db.transaction():
            self._db.execute(
                """INSERT INTO bounces (sender_key, at) VALUES (?, ?)
                ON CONFLICT (sender_key) DO UPDATE SET at = excluded.at WHERE bounces.at < excluded.at""",
                (sender_key, micros(now)),
            )

    def recall(self, key: str) -> str:
        """A small remembered value ("" when absent)."""
        rows = self._db.execute("SELECT value FROM notes WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def remember(self, key: str, value: str) -> None:
        """Keep a small value."""
        with self._db.transaction():
            self._db.execute(
                "INSERT INTO notes (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )

    def info(self) -> dict[str, Any]:
        """Backend, path, schema version, size."""
        schema = self._db.execute("SELECT value FROM meta WHERE key = 'schema'")[0][0]
        return {**self._db.info(), "schema": int(schema)}

    def signing_key(self) -> bytes:
        """The key of `core.token.Signer`."""
        return self._db.signing_key()

    def backup(self, path: Path) -> None:
        """A consistent copy into a new file."""
        self._db.backup(path)


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
