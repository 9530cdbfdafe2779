"""What the store promises, as dictionaries and loops: no SQL, no files, no crash. `test_machine` does all to both.

The methods are named, and called, as the store's. Numbers are the store's to give: `record` and `tell` are told them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from autoresponder.core.history import Limit, Limits
from autoresponder.core.outbox import Event, State
from autoresponder.store import STAFF_AN_HOUR, Entry, Notice, Reply

S, E = State, Event
LIFE: dict[State, dict[Event, State]] = {
    S.PENDING: {E.CLAIM: S.SENDING, E.EXPIRED: S.FAILED, E.HOLD: S.HELD, E.DROP: S.DROPPED},
    S.HELD: {E.EXPIRED: S.FAILED, E.RELEASE: S.PENDING, E.DROP: S.DROPPED},
    S.SENDING: {E.FINAL_DOT: S.IN_DOUBT, E.REFUSED: S.FAILED, E.DEFERRED: S.PENDING, E.CRASHED: S.PENDING},
    S.IN_DOUBT: {E.ACCEPTED: S.SENT, E.REFUSED: S.FAILED, E.DEFERRED: S.PENDING, E.NO_ANSWER: S.UNCERTAIN,
                 E.CRASHED: S.UNCERTAIN},
    S.UNCERTAIN: {E.RESEND: S.PENDING, E.CLOSE: S.SENT, E.DROP: S.DROPPED},
    S.FAILED: {E.RESEND: S.PENDING, E.DROP: S.DROPPED},
}  # fmt: skip
"""The table of `core.outbox`, said again on purpose: who changes the life of a letter changes it knowingly."""
TRANSITIONS = {(before, event): after for before, ways in LIFE.items() for event, after in ways.items()}
ON_ITS_WAY = {State.PENDING, State.HELD, State.SENDING, State.IN_DOUBT}
OVER = {State.FAILED, State.DROPPED}
GRACE, LATEST = timedelta(days=1), timedelta(minutes=40)

Place = tuple[str, str]
"""Mailbox and folder."""


@dataclass(slots=True)
class Row:
    """A letter in the outbox."""

    id: int
    kind: str
    mailbox: str
    state: State
    sender: str
    scope: str  # "": claims nobody
    letter: str
    window: timedelta | None
    limit_key: str
    created: datetime
    due: datetime
    expires: datetime
    message_id: str
    attempts: int = 0
    doubted: bool = False
    owner: str = ""


@dataclass(slots=True)
class Claim:
    """Who answered a sender under a scope, and when it began to count."""

    at: datetime
    reply: int | None
    before: datetime | None  # what stands again when this one is given back


@dataclass(slots=True)
class Model:
    """See the module's contract."""

    rows: dict[int, Row] = field(default_factory=dict)
    scopes: dict[tuple[str, str], Claim] = field(default_factory=dict)
    letters: dict[str, tuple[datetime, int]] = field(default_factory=dict)  # when, by which reply
    senders: dict[str, tuple[datetime, int]] = field(default_factory=dict)  # first seen, how often
    bounces: dict[str, datetime] = field(default_factory=dict)
    told: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)  # when, and when there was reason to
    decisions: dict[tuple[Place, int, int], tuple[str, str, str]] = field(default_factory=dict)
    """Place, UIDVALIDITY and UID -> action, reason, letter."""
    cursors: dict[Place, tuple[int, int]] = field(default_factory=dict)  # UIDVALIDITY, next UID

    # decisions ------------------------------------------------------------------------------------------------------
    def record(self, place: Place, uidvalidity: int, next_uid: int, entries: Sequence[Entry], now: datetime,
               ids: Sequence[int | None]) -> list[tuple[bool, bool, tuple[str, ...], str]]:  # fmt: skip
        """For each entry: whether it was new, its reply granted, the topics that were news, who bounced."""
        found = [
            self._record((place, uidvalidity, entry.uid), entry, now, number)
            for entry, number in zip(entries, ids, strict=True)
        ]
        if self.cursors[place][0] == uidvalidity:
            self.cursors[place] = uidvalidity, max(next_uid, self.cursors[place][1])
        return found

    def _record(
        self, key: tuple[Place, int, int], entry: Entry, now: datetime, number: int | None
    ) -> tuple[bool, bool, tuple[str, ...], str]:
        action, _, letter = before = self.decisions.get(key, ("quarantine", "", ""))
        if action != "quarantine":
            if letter in ("", entry.letter_key):
                return False, False, (), ""
            place, _, uid = key
            self.decisions[place, -len(self.decisions), uid] = before  # the server gave the number out again
        reason = ""
        if entry.reply:
            # One that the store did not grant has no number: whether it should have is still to be known.
            reason = self._queue(entry.reply, now, -(10**9) if number is None else number)
        self.decisions[key] = ("silent", reason, entry.letter_key) if reason else (
            entry.action, entry.reason, entry.letter_key)  # fmt: skip
        if entry.sender_key and entry.action != "quarantine":
            first, count = self.senders.get(entry.sender_key, (now, 0))
            self.senders[entry.sender_key] = first, count + 1
        told = tuple(notice.topic for notice in entry.notices if self.news(notice, now))
        return True, bool(entry.reply) and not reason, told, self._condemn(entry.bounced, now) if entry.bounced else ""

    def _queue(self, reply: Reply, now: datetime, number: int) -> str:
        """Why the reply is refused; "" when it is in the outbox."""
        scope = reply.scope if reply.once else ""
        if scope and reply.state is State.SHADOW:
            scope = "in shadow: " + scope
        window = None if reply.once_since is None else now - reply.once_since
        row = Row(number, "reply", reply.mailbox, reply.state, reply.sender_key, scope, reply.letter_key, window,
                  reply.limit_key, now, now, reply.expires, reply.message_id)  # fmt: skip
        if refused := self._claim(row, now):
            return refused
        self.rows[number] = row
        return ""

    def _claim(self, row: Row, now: datetime) -> str:
        """As the package's docstring tells it: the sender under the scope, then the letter; both or none."""
        key, held = (row.sender, row.scope), self.scopes.get((row.sender, row.scope))
        mine = held is not None and held.reply == row.id
        if row.scope and held and not mine:
            fresh = row.window is None or held.at > now - row.window
            if fresh or (held.reply is not None and self.rows[held.reply].state in ON_ITS_WAY):
                return "copy" if row.letter in self.letters else "once"
        if row.scope:
            self.scopes[key] = Claim(now, row.id, held.before if mine and held else held.at if held else None)
        if self.letters.setdefault(row.letter, (now, row.id))[1] != row.id:
            self._give_back(row)
            return "copy"
        return ""

    def _give_back(self, row: Row) -> None:
        if self.letters.get(row.letter, (None, None))[1] == row.id:
            del self.letters[row.letter]
        held = self.scopes.get((row.sender, row.scope))
        if row.scope and held and held.reply == row.id:
            if held.before is None:
                del self.scopes[row.sender, row.scope]
            else:
                self.scopes[row.sender, row.scope] = Claim(held.before, None, None)

    def end_quarantine(self, key: tuple[Place, int, int], reason: str, *, decided: bool) -> None:
        """Of a message in quarantine."""
        self.decisions[key] = "silent", reason, self.decisions[key][2] if decided else ""

    def known(self, mailbox: str) -> set[str]:
        """All letters that are decided in a mailbox."""
        return {
            letter for (place, _, _), (action, _, letter) in self.decisions.items()
            if place[0] == mailbox and action != "quarantine" and letter
        }  # fmt: skip

    # outbox -----------------------------------------------------------------------------------------------------------
    def due(self, now: datetime, busy: Iterable[str] = ()) -> list[int]:
        """What `claim` may take, in its order; what is too late for that is failed on the way."""
        for row in self.rows.values():
            if row.state in (State.PENDING, State.HELD) and row.expires <= now:
                self._step(row, Event.EXPIRED, now, None)
            if row.state is State.PENDING and row.due > now + LATEST:
                row.due = now
        free = (row for row in self.rows.values() if row.state is State.PENDING and row.mailbox not in set(busy))
        return [row.id for row in sorted(free, key=lambda row: (row.due, row.id)) if row.due <= now]

    def taken(self, numbers: Iterable[int], owner: str) -> None:
        """These were claimed."""
        for number in numbers:
            self.rows[number].state, self.rows[number].owner = State.SENDING, owner

    def move(
        self, number: int, event: Event, now: datetime, next_attempt: datetime | None = None, *, bounced: bool = False
    ) -> State | None:
        """One event."""
        row = self.rows[number]
        if (row.state, event) not in TRANSITIONS:
            return None
        if event is Event.RESEND and row.kind == "reply" and self._claim(row, now):
            return None
        self._step(row, event, now, next_attempt)
        if event in (Event.RESEND, Event.RELEASE):
            row.expires = max(row.expires, now + GRACE)
        if bounced:
            self._condemn(row.message_id, now)
        return row.state

    def recover(self, now: datetime, owner: str = "") -> tuple[int, int]:
        """What was in hands is put back, or doubted."""
        moved = [row for row in self.rows.values() if row.state in (State.SENDING, State.IN_DOUBT)
                 and owner in ("", row.owner)]  # fmt: skip
        for row in moved:
            self._step(row, Event.CRASHED, now, None)
        states = Counter(row.state for row in moved)
        return states[State.PENDING], states[State.UNCERTAIN]

    def _step(self, row: Row, event: Event, now: datetime, next_attempt: datetime | None) -> None:
        row.state = TRANSITIONS[row.state, event]
        row.attempts = {Event.DEFERRED: row.attempts + 1, Event.RESEND: 0}.get(event, row.attempts)
        row.doubted = row.doubted or row.state is State.UNCERTAIN
        if row.state is not State.IN_DOUBT:
            row.owner = ""
        if row.state is State.PENDING:
            row.due = next_attempt or now
        held = self.scopes.get((row.sender, row.scope))
        if row.state in OVER and not row.doubted:
            self._give_back(row)
        elif row.state in (State.SENT, State.UNCERTAIN) and event is not Event.CLOSE and held and held.reply == row.id:
            held.at = max(held.at, now)

    def _condemn(self, message_id: str, now: datetime) -> str:
        """A reply of this Message-ID bounced: to whom it went."""
        for row in self.rows.values():
            if row.kind == "reply" and row.message_id == message_id:
                self.bounces[row.sender] = max(now, self.bounces.get(row.sender, now))
                return row.sender
        return ""

    # the rest -------------------------------------------------------------------------------------------------------
    def news(self, notice: Notice, now: datetime) -> bool:
        """Whether our people are told; their letters are then in the outbox."""
        at, seen = self.told.get(notice.topic, (None, None))
        quiet = notice.quiet is not None and seen is not None and seen <= now - notice.quiet
        again = notice.again is not None and at is not None and at <= now - notice.again
        if at is not None and not quiet and not again:
            self.told[notice.topic] = at, now
            return False
        self.told[notice.topic] = now, now
        for letter in notice.letters:
            hour = now - timedelta(hours=1)
            if sum(r.kind == "staff" and r.limit_key == letter.target and r.created > hour
                   for r in self.rows.values()) < STAFF_AN_HOUR:  # fmt: skip
                number = min([*self.rows, 0]) - 1
                self.rows[number] = Row(number, "staff", notice.mailbox, State.PENDING, "", "", "", None, letter.target,
                                        now, now, notice.expires, letter.message_id)  # fmt: skip
        return True

    def counts(self, limits: Limits, now: datetime) -> tuple[Counter[str], Counter[str], int]:
        """Answers within the windows: for each sender, for each domain, and in total."""

        def within(limit: Limit | None, *but: State) -> list[Row]:
            if limit is None:
                return []
            return [row for row in self.rows.values() if row.kind == "reply" and row.created > now - limit.window
                    and row.state not in {*OVER, State.SHADOW, *but}]  # fmt: skip

        total = len(within(limits.total, State.HELD))
        return (
            Counter(row.limit_key for row in within(limits.per_sender)),
            Counter(row.limit_key.partition("@")[2] for row in within(limits.per_domain, State.HELD)),
            min(total, limits.total.count) if limits.total else 0,
        )

    def answered(self, sender: str, now: datetime) -> dict[str, datetime]:
        """Scope -> when the last answer was, or now while it is on its way; without what is in shadow."""
        return {
            scope: now if claim.reply is not None and self.rows[claim.reply].state in ON_ITS_WAY else claim.at
            for (who, scope), claim in self.scopes.items() if who == sender and not scope.startswith("in shadow: ")
        }  # fmt: skip
