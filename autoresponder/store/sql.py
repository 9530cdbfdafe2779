"""The store's methods, in SQL that SQLite and PostgreSQL both read; a backend only lends the `Database` underneath.

Here: folders, decisions and what is looked up of them, quarantine, care, notes. Letters on their way are in
`store.sql_outbox`, whom they claim in `store.claims`, how facts are written in `store.terms`. Every writing method is
one transaction; inside `transaction()` it is a savepoint.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from autoresponder.core.address import sender_key
from autoresponder.core.history import Ledger, Limit, Limits, Lookup
from autoresponder.core.outbox import ANSWERED_STATES, State
from autoresponder.store import (
    REFUSED,
    Cursor,
    Decided,
    Entry,
    InHand,
    Notice,
    Outcome,
    Quarantined,
    Reply,
    Summary,
)
from autoresponder.store.claims import ON_ITS_WAY
from autoresponder.store.database import Database, Row
from autoresponder.store.sql_outbox import SqlOutbox
from autoresponder.store.terms import CHUNK, NEVER, marks, maybe, micros, moment, on_states

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
_STILL_KNOWN = "UPDATE told SET seen = ? WHERE topic = ? AND seen > ? AND at > ? RETURNING topic"
_NEWS = """
INSERT INTO told (topic, at, seen) VALUES (?, ?, ?)
ON CONFLICT (topic) DO UPDATE SET at = excluded.at, seen = excluded.seen
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


class SqlStore(SqlOutbox):
    """`Store` over a `Database` whose schema is up to date."""

    def __init__(self, db: Database, *, bounce_days: int = 60) -> None:
        """Takes the database over: `close` closes it."""
        super().__init__(db)
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
            rows += self._db.execute(sql.format(marks(part)), (*before, *part))
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

        counting = on_states(
            " FROM outbox WHERE created > ? AND kind = 'reply' AND NOT state {states}", states=NOT_COUNTED
        )
        not_held = on_states(" AND NOT state {states}", states=(State.HELD,))
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

    def _queue(self, number: int, entry: Entry, reply: Reply, now: datetime) -> tuple[int | None, str]:
        """Has the reply sent, if its claims are granted; else the decision is silence. Its number, or the reason."""
        refused = self._put(number, reply, now)
        if not refused:
            return number, ""
        steps = [*json.loads(entry.trace or "[]"), {"check": refused, "result": "silent", "why": REFUSED[refused]}]
        trace = json.dumps(steps, ensure_ascii=False)
        self._db.execute(_SILENCE, (refused, REFUSED[refused], trace, number))
        return None, refused

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
        self._put_staff(notice, now)
        return True

    def history(self, address: str, limit: int = 100) -> list[Decided]:
        """The decisions about one address, newest first."""
        keys = [key for key in {address, sender_key(address)} if key]
        if not keys:
            return []
        sql = """WHERE d.id IN (SELECT id FROM decisions WHERE sender_key IN ({})
                 UNION SELECT id FROM decisions WHERE lower(sender) = ?) ORDER BY d.at DESC, d.id DESC LIMIT ?"""
        return self._decided(sql.format(marks(keys)), (*keys, address.lower(), limit))

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
            last_decision=maybe(last),
            oldest_pending=maybe(oldest),
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
