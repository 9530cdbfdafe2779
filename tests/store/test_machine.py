"""A random life of store and outbox, checked at every step against a model of plain dictionaries (tests/store/model.py)
and against what the outside world saw.

Two daemons' worth of workers, an operator, a mail server that refuses and loses its answers, a clock that is set, a
folder that is renumbered, letters that come by several ways, letters to our own people, bounces; and SIGKILL between
any two statements. Invariants: what the store answers, and what it holds afterwards, is the model's to the microsecond;
no sender has two letters within a once window, and no letter two answers, whatever the model says; nothing is sent
again unless an operator said so; every message recorded has one decision.

Longer: AUTORESPONDER_EXAMPLES=2000; with AUTORESPONDER_SHRINK=1 to the shortest way to what was found. Bugs on
purpose, and which of them it finds: `python -m tests.store.planted`.
"""

import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autoresponder.core.history import SHADOWS
from autoresponder.core.outbox import Event, State
from autoresponder.store import Cursor, Entry, Notice, StaffLetter, Store, open_store
from autoresponder.store.sql import SqlStore
from autoresponder.store.terms import TICK
from tests.store.make import DAY, HOUR, LIMITS, NOW, answer, ask, entry
from tests.store.model import TRANSITIONS, Model, Place, Row

SENDERS = ("ana@example.org", "bo@example.org", "cy@example.net")
WINDOWS: dict[str, timedelta | None] = {
    "For ever": None, "Hourly": HOUR, "Half-hourly": HOUR / 2, "Thread\x1fone": None, "Thread\x1ftwo": None, "": None,
}  # fmt: skip
"""Once scopes and their windows; "" stands for every-message."""
PLACES: tuple[Place, ...] = (("contact", "INBOX"), ("contact", "Sales"), ("sales", "INBOX"))
OWNERS = ("one", "two")
BEGIN = (State.PENDING, State.PENDING, State.PENDING, State.HELD, State.SHADOW)
STEPS = (HOUR / 4, HOUR / 2, HOUR, DAY, -HOUR / 2, -HOUR, -DAY)
OPERATOR = (Event.RESEND, Event.CLOSE, Event.DROP, Event.RELEASE, Event.HOLD)
MEMORY = Path("/dev/shm")
"""Where there is one, a file system without a disk: the crashes here are of the process, not of the power."""

letters = st.tuples(  # mostly of one sender and under windows that end: there is where mistakes meet
    st.sampled_from((SENDERS[0], SENDERS[0], *SENDERS)),
    st.sampled_from(("Hourly", "Hourly", *WINDOWS)),
    st.sampled_from(BEGIN),
    st.sampled_from(("new", "new", "new", "copy", "silent", "quarantine")),
    st.sampled_from((2 * DAY, 2 * DAY, HOUR / 2)),  # how long it may wait
)
places = st.sampled_from(PLACES)
any_number = st.integers(0, 30)


@cache
def _empty() -> bytes:
    """A new state file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        open_store(path).close()
        return path.read_bytes()


class Life(RuleBasedStateMachine):
    """See the module's docstring."""

    @initialize()
    def begin(self) -> None:
        """The first start."""
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        (self.folder / "state.db").write_bytes(_empty())
        self.model = Model()
        self.now: datetime = NOW
        self.last = 0  # uid, of any folder
        self.letter_of: dict[str, list[str]] = {}
        self.out: dict[tuple[str, str], list[tuple[int, datetime]]] = {}
        """(sender, scope) -> the replies that the server took, or may have taken, and when: by the clock of that
        moment, or of the one when it was granted, should the clock have been set back between the two."""
        self.granted: dict[int, datetime] = {}
        self.answers: dict[str, set[int]] = {}
        self.sendings: Counter[int] = Counter()
        self.resends: Counter[int] = Counter()
        self.stores: dict[str, Store] = {}
        for number, place in enumerate(PLACES):
            self._numbered(place, 7 + number, 1)

    @property
    def store(self) -> Store:
        """The first daemon's."""
        return self._store("one")

    def _store(self, owner: str) -> Store:
        if owner not in self.stores:
            self.stores[owner] = open_store(self.folder / "state.db")
        return self.stores[owner]

    def teardown(self) -> None:
        """Everything goes."""
        if hasattr(self, "folder"):
            for store in self.stores.values():
                store.close()
            shutil.rmtree(self.folder)

    def _numbered(self, place: Place, uidvalidity: int, next_uid: int) -> None:
        self.store.set_cursor(Cursor(*place, uidvalidity, next_uid, NOW))
        self.model.cursors[place] = uidvalidity, next_uid

    # letters come -----------------------------------------------------------------------------------------------------
    def _entry(self, sender: str, scope: str, state: State, kind: str, wait: timedelta) -> Entry:
        self.last += 1
        before = self.letter_of.setdefault(sender, [])
        letter = before[-1] if kind == "copy" and before else f"letter {self.last}"
        before.append(letter)
        if kind in ("silent", "quarantine"):
            return entry(self.last, sender, at=self.now, letter_key=letter, action=kind, reason=kind)
        return answer(self.last, sender, at=self.now, letter=letter, window=WINDOWS[scope], scope=scope or "Every",
                      once=bool(scope), state=state, expires=self.now + wait)  # fmt: skip

    def _at(self, place: Place, made: Entry) -> Entry:
        """The entry of a message in this folder; its reply goes out through the folder's mailbox."""
        return replace(made, reply=made.reply and replace(made.reply, mailbox=place[0]))

    def _record(self, place: Place, entries: Sequence[Entry], owner: str = "one", older: int = 0) -> None:
        """To both, with the cursor behind the last one; what they say must be the same. `older`: by how much less the
        UIDVALIDITY is that they were fetched under."""
        entries = [self._at(place, one) for one in entries]
        next_uid, uidvalidity = entries[-1].uid + 1, self.model.cursors[place][0] - older
        outcomes = self._store(owner).record(*place, uidvalidity, next_uid, entries, self.now)
        ids = [one.reply_id for one in outcomes]
        self.granted |= {number: self.now for number in ids if number is not None}
        wanted = self.model.record(place, uidvalidity, next_uid, entries, self.now, ids)
        assert [(one.new, one.reply_id is not None, one.told, one.bounced) for one in outcomes] == wanted

    @rule(place=places, some=st.lists(letters, min_size=1, max_size=3), owner=st.sampled_from(OWNERS))
    def arrive(self, place: Place, some: list[tuple[str, str, State, str, timedelta]], owner: str) -> None:
        """New messages, or further copies of the sender's last letter, in one batch."""
        self._record(place, [self._entry(*one) for one in some], owner)

    @rule(place=places, which=any_number, one=letters, same=st.booleans())
    def seen_again(self, place: Place, which: int, one: tuple[str, str, State, str, timedelta], same: bool) -> None:
        """A UID that was recorded before, below the cursor: new only when it is in quarantine, or another letter's now
        (not `same`)."""
        uids = {
            uid: letter
            for (where, uidvalidity, uid), (_, _, letter) in self.model.decisions.items()
            if (where, uidvalidity) == (place, self.model.cursors[place][0])
        }
        if uids:
            uid = sorted(uids)[which % len(uids)]
            made = self._entry(*one)
            if same and made.reply:
                made = replace(made, reply=replace(made.reply, letter_key=uids[uid] or made.letter_key))
            self._record(place, [replace(made, uid=uid, letter_key=uids[uid] if same else made.letter_key)])

    @rule(place=places, sender=st.sampled_from(SENDERS))
    def renumbered(self, place: Place, sender: str) -> None:
        """Another UIDVALIDITY; what was fetched before comes late, and all letters of a sender are read again."""
        uidvalidity = self.model.cursors[place][0] + 10
        self._numbered(place, uidvalidity, 1)
        self._record(place, [self._entry(sender, "Hourly", State.PENDING, "new", 2 * DAY)], older=10)
        again = [
            answer(
                uid, sender, at=self.now, letter=letter, scope="Thread\x1fone", message_id=f"<{uidvalidity}.{uid}@here>"
            )
            for uid, letter in enumerate(self.letter_of.get(sender, ()), 1)
        ]
        if again:
            self._record(place, again)

    @precondition(lambda self: any(d[0] == "quarantine" for d in self.model.decisions.values()))
    @rule(which=any_number, decided=st.booleans())
    def leaves_quarantine(self, which: int, decided: bool) -> None:
        """An operator dismisses one, or it cannot be found any more."""
        keys = {(q.mailbox, q.folder, q.uidvalidity, q.uid): q.id for q in self.store.quarantined()}
        key = sorted(key for key, (action, _, _) in self.model.decisions.items() if action == "quarantine")
        (mailbox, folder), uidvalidity, uid = chosen = key[which % len(key)]
        number = keys[mailbox, folder, uidvalidity, uid]
        assert self.store.ask_retry(number, self.now)
        assert self.store.end_quarantine(number, "gone", "it is not there", self.now, decided=decided)
        assert not self.store.end_quarantine(number, "gone", "it is not there", self.now, decided=decided)
        assert not self.store.ask_retry(number, self.now)
        self.model.end_quarantine(chosen, "gone", decided=decided)

    # and go -----------------------------------------------------------------------------------------------------------
    @rule(owner=st.sampled_from(OWNERS), most=st.integers(1, 4), busy=st.sampled_from(((), (), ("sales",))))
    def claim(self, owner: str, most: int, busy: tuple[str, ...]) -> None:
        """A worker takes what is due, the longest waiting first."""
        taken = [letter.id for letter in self._store(owner).claim(self.now, most, owner, busy)]
        assert taken == self.model.due(self.now, busy)[:most]
        self.model.taken(taken, owner)

    @rule(
        ends=st.lists(st.sampled_from((*[Event.ACCEPTED] * 2, Event.NO_ANSWER, Event.REFUSED)), min_size=1, max_size=4),
        later=st.sampled_from((timedelta(0), HOUR / 2, HOUR)),
    )
    def deliver(self, ends: list[Event], later: timedelta) -> None:
        """The whole way of some letters; then time passes, as far as a window is long."""
        taken = [letter.id for letter in self.store.claim(self.now, len(ends), "one")]
        assert taken == self.model.due(self.now)[: len(ends)]
        self.model.taken(taken, "one")
        for number, end in zip(taken, ends, strict=False):
            assert self._move(number, Event.FINAL_DOT) is State.IN_DOUBT
            assert self._move(number, end)
        self.now += later

    @precondition(lambda self: self.model.rows)
    @rule(which=any_number, choice=any_number, bounced=st.booleans(), wait=st.sampled_from((HOUR / 4, HOUR / 2, DAY)))
    def next_step(self, which: int, choice: int, bounced: bool, wait: timedelta) -> None:
        """Anything that may happen to a letter that is with a worker."""
        rows = [row for row in self.model.rows.values() if row.state in (State.SENDING, State.IN_DOUBT)]
        if rows:
            row = rows[which % len(rows)]
            events = [event for state, event in TRANSITIONS if state is row.state and event is not Event.CRASHED]
            event = events[choice % len(events)]
            later = self.now + wait if event is Event.DEFERRED else None
            assert self._move(row.id, event, later, bounced=bounced and event is Event.REFUSED)

    @precondition(lambda self: self.model.rows)
    @rule(which=any_number)
    def what_cannot_be(self, which: int) -> None:
        """Every event that may not happen to a letter, as of a worker that was thought dead: nothing happens."""
        row = sorted(self.model.rows.values(), key=lambda row: row.id)[which % len(self.model.rows)]
        for event in Event:
            if event not in (Event.CLAIM, Event.EXPIRED) and (row.state, event) not in TRANSITIONS:
                self._move(row.id, event)

    @precondition(lambda self: self.model.rows)
    @rule(which=any_number)
    def operator(self, which: int) -> None:
        """A command on one of those letters where it can happen."""
        rows = sorted(self.model.rows.values(), key=lambda row: row.id)
        ways = [(row.id, event) for row in rows for event in OPERATOR if (row.state, event) in TRANSITIONS]
        if ways:
            self._move(*ways[which % len(ways)])

    def _move(self, number: int, event: Event, later: datetime | None = None, *, bounced: bool = False) -> State | None:
        """One event to both, and to the world."""
        row = self.model.rows[number]
        before = row.state
        error = "" if event is Event.ACCEPTED else "a reason"
        got = self.store.move(number, event, self.now, error=error, next_attempt=later, bounced=bounced)
        assert got is self.model.move(number, event, self.now, later, bounced=bounced), (before, event)
        if got and event is Event.RESEND:
            self.resends[number] += 1
            self.granted[number] = self.now
        elif got and before is State.IN_DOUBT and event in (Event.ACCEPTED, Event.NO_ANSWER):
            self._goes_out(row)
        return got

    def _goes_out(self, row: Row) -> None:
        """The server took it, or may have: nobody here can know."""
        if row.kind == "reply":
            self.answers.setdefault(row.letter, set()).add(row.id)
            if row.scope:
                self.out.setdefault((row.sender, row.scope), []).append((row.id, max(self.now, self.granted[row.id])))
        self.sendings[row.id] += 1
        assert self.sendings[row.id] <= 1 + self.resends[row.id], "sent again, and nobody had said so"

    # crashes ----------------------------------------------------------------------------------------------------------
    @rule(doing=st.sampled_from(("nothing", "record", "claim", "move", "tell")), one=letters, which=any_number)
    def killed(self, doing: str, one: tuple[str, str, State, str, timedelta], which: int) -> None:
        """SIGKILL, perhaps in the middle of something: what was not committed has not happened; then a new start."""
        last, before = self.last, {who: [*some] for who, some in self.letter_of.items()}
        with suppress(sqlite3.ProgrammingError), self.store.transaction():  # its connection is gone
            self._begin(doing, one, which)
            for store in self.stores.values():
                assert isinstance(store, SqlStore)
                store._db._connection.close()  # type: ignore[attr-defined]
            self.stores = {}
        self.last, self.letter_of = last, before
        self._recover("")

    def _begin(self, doing: str, one: tuple[str, str, State, str, timedelta], which: int) -> None:
        """In the store only."""
        if doing == "record":
            made = self._entry(*one)
            self.store.record(*PLACES[0], self.model.cursors[PLACES[0]][0], made.uid + 1, [made], self.now)
        elif doing == "claim":
            self.store.claim(self.now, 3, "one")
        elif doing == "tell":
            self.store.tell(_notice("news", 1, self.now, None, None), self.now)
        elif self.model.rows and doing == "move":
            row = sorted(self.model.rows.values(), key=lambda r: r.id)[which % len(self.model.rows)]
            for event in (event for state, event in TRANSITIONS if state is row.state):
                self.store.move(row.id, event, self.now)

    @rule(owner=st.sampled_from(OWNERS))
    def one_dies(self, owner: str) -> None:
        """One of two daemons, and only its letters are put back."""
        self._recover(owner)

    def _recover(self, owner: str) -> None:
        doubted = [row for row in self.model.rows.values() if row.state is State.IN_DOUBT and owner in ("", row.owner)]
        assert self.store.recover(self.now, owner) == self.model.recover(self.now, owner)
        for row in doubted:
            self._goes_out(row)

    @precondition(lambda self: self._ending())
    @rule(place=places, which=any_number, off=st.sampled_from((-TICK, 0 * TICK, TICK)), resend=st.booleans())
    def at_the_edge(self, place: Place, which: int, off: timedelta, resend: bool) -> None:
        """When a window ends, to the microsecond: the sender writes again, or an operator sends again."""
        ending = self._ending()
        sender, scope = ending[which % len(ending)]
        window = WINDOWS[scope]
        assert window
        self.now = self.model.scopes[sender, scope].at + window + off
        again = [row for row in self.model.rows.values() if (row.sender, row.scope) == (sender, scope)
                 and (row.state, Event.RESEND) in TRANSITIONS]  # fmt: skip
        if resend and again:
            self._move(again[which % len(again)].id, Event.RESEND)
        else:
            self._record(place, [self._entry(sender, scope, State.PENDING, "new", 2 * DAY)])

    def _ending(self) -> list[tuple[str, str]]:
        """Senders and scopes whose window will be over."""
        return sorted(key for key in self.model.scopes if WINDOWS.get(key[1]))

    @rule(step=st.sampled_from(STEPS))
    def time_passes(self, step: timedelta) -> None:
        """Or is set back."""
        self.now += step

    @rule(step=st.sampled_from(STEPS[:3]))
    def time_goes_on(self, step: timedelta) -> None:
        """As it mostly does."""
        self.now += step

    # our people, and bounces ------------------------------------------------------------------------------------------
    @rule(topic=st.sampled_from(("news", "trouble")), count=st.sampled_from((0, 1, 2, 45)),
          quiet=st.sampled_from((None, HOUR)), again=st.sampled_from((None, HOUR, DAY)))  # fmt: skip
    def tell(self, topic: str, count: int, quiet: timedelta | None, again: timedelta | None) -> None:
        """Our people are told, once."""
        notice = _notice(topic, count, self.now, quiet, again)
        assert self.store.tell(notice, self.now) == self.model.news(notice, self.now)

    @precondition(lambda self: self.model.rows)
    @rule(place=places, which=any_number, twice=st.booleans())
    def bounce(self, place: Place, which: int, twice: bool) -> None:
        """A bounce that names a letter of ours, and brings news with it."""
        rows = sorted(self.model.rows.values(), key=lambda row: row.id)
        self.last += 1
        made = entry(self.last, "", at=self.now, letter_key=f"letter {self.last}")
        notice = _notice("bounce", 1 + twice, self.now, None, DAY)
        self._record(place, [replace(made, bounced=rows[which % len(rows)].message_id, notices=(notice,))])

    # what must hold at all times --------------------------------------------------------------------------------------
    @invariant()
    def all_is_well(self) -> None:
        """See the module's docstring."""
        if hasattr(self, "model"):
            self._never_twice()
            self._the_outbox()
            self._the_decisions()
            self._the_ledger()

    def _never_twice(self) -> None:
        """No two different replies to one sender within the window of their scope; one answer for a letter."""
        for (_, scope), sent in self.out.items():
            window = WINDOWS[scope]
            for (one, at), (other, then) in pairwise(sent):
                assert one == other or (window is not None and then - at >= window), (scope, sent)
        for letter, replies in self.answers.items():
            assert len(replies) == 1, letter

    def _the_outbox(self) -> None:
        """Every letter, in its state, due and expiring when the model says."""
        pending = State.PENDING
        assert {
            x.id: (x.state, x.kind, x.mailbox, x.attempts, x.expires, x.next_attempt if x.state is pending else None)
            for x in self.store.outbox([*State])
        } == {
            r.id: (r.state, r.kind, r.mailbox, r.attempts, r.expires, r.due if r.state is pending else None)
            for r in self.model.rows.values()
        }
        due = [row.due for row in self.model.rows.values() if row.state is pending]
        assert self.store.next_due(self.now) == min(due, default=None)
        assert self.store.summary(NOW).outbox == Counter(row.state for row in self.model.rows.values())

    def _the_decisions(self) -> None:
        """One for each message, the model's; the cursor is behind it."""
        found = [((d.mailbox, d.folder), d.uidvalidity, d.uid, d.action, d.reason) for d in self.store.recent(10_000)]
        wanted = ((*key, *what[:2]) for key, what in self.model.decisions.items())
        assert _numbers(found) == _numbers(wanted)
        for place, at in self.model.cursors.items():
            cursor = self.store.cursor(*place)
            assert cursor and (cursor.uidvalidity, cursor.next_uid) == at
        letters = {letter for some in self.letter_of.values() for letter in some}
        for mailbox in ("contact", "sales"):
            assert self.store.known(mailbox, sorted(letters)) == self.model.known(mailbox) & letters

    def _the_ledger(self) -> None:
        """Limits are counted, answers and bounces remembered."""
        letters = sorted({letter for some in self.letter_of.values() for letter in some})
        asks = [ask(sender) for sender in SENDERS] + [replace(ask(""), letter_key=letter) for letter in letters]
        ledger = self.store.ledger(asks, LIMITS, self.now)
        counts = Counter(ledger.by_sender), Counter(ledger.by_domain), ledger.total
        assert counts == self.model.counts(LIMITS, self.now)
        assert ledger.letters == {key: at for key, (at, _) in self.model.letters.items()}
        for sender in SENDERS:
            first, count = self.model.senders.get(sender, (None, 0))
            at = self.model.bounces.get(sender)
            bounced = at if at and at > self.now - 60 * DAY else None
            assert ledger.senders.get(sender, (None, 0, None)) == (first, count, bounced)
            live = {k: v for k, v in ledger.answered.get(sender, {}).items() if not k.startswith(SHADOWS)}
            assert live == self.model.answered(sender, self.now)


def _numbers(decisions: Iterable[tuple[Place, int, int, str, str]]) -> list[tuple[Place, int, int, str, str]]:
    """Sorted; of those that lost their number, which UIDVALIDITY below zero they have does not matter."""
    return sorted((place, max(number, -1), uid, action, why) for place, number, uid, action, why in decisions)


def _notice(topic: str, count: int, now: datetime, quiet: timedelta | None, again: timedelta | None) -> Notice:
    stem = f"{topic}.{now.timestamp():.0f}"
    made = tuple(StaffLetter("boss@example.com", f"<{stem}.{n}@here>", topic, b"Dear boss\r\n") for n in range(count))
    return Notice(topic, "contact", made, now + 2 * DAY, quiet, again)


EXAMPLES = int(os.environ.get("AUTORESPONDER_EXAMPLES", "40"))
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
Life.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(*PHASES, Phase.shrink) if "AUTORESPONDER_SHRINK" in os.environ else PHASES,
)
"""Without shrinking, which outlasts the time limit of a test, unless it was asked for."""
TestLife = pytest.mark.timeout(max(300, 3 * EXAMPLES))(Life.TestCase)
