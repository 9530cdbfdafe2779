"""A random life of store and outbox, with crashes and lost answers, checked against what the outside world saw.

Invariants: within a once window no sender gets two letters in states that were or may be sent (an operator's RESEND of
an uncertain letter excepted: that is the same letter, sent knowingly); a letter is answered by one reply only; every
recorded UID has exactly one decision, and an outbox row where that is to answer.
"""

import sqlite3
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from autoresponder.core.outbox import Event, State, sources
from autoresponder.store import Store, open_store
from tests.store.make import DAY, HOUR, NOW, answer, entry, record, start

SENDERS = ("ana@example.org", "bo@example.org", "cy@example.org")
WINDOWS: dict[str, timedelta | None] = {"Everything else": None, "Hourly": HOUR, "Half-hourly": HOUR / 2}
LETTERS = st.tuples(
    st.sampled_from(SENDERS),
    st.sampled_from(list(WINDOWS)),
    st.booleans(),
    st.sampled_from((State.PENDING, State.PENDING, State.PENDING, State.HELD, State.SHADOW)),
)
MEMORY = Path("/dev/shm")
"""Where there is one, a file system without a disk: the crashes here are of the process, not of the power."""
ENDS = (Event.ACCEPTED, Event.ACCEPTED, Event.REFUSED, Event.DEFERRED, Event.NO_ANSWER)
CRASHES = ("", "", "", "before the batch is recorded", "before the dot", "at the dot", "after the dot")
OPERATOR = (Event.RESEND, Event.CLOSE, Event.DROP, Event.RELEASE, Event.HOLD)


class Life(RuleBasedStateMachine):
    """One daemon that crashes, one operator, one mail server that sometimes loses its answer."""

    store: Store

    @initialize()
    def begin(self) -> None:
        """The first start."""
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.now: datetime = NOW
        self.uid = 0
        self.decided: dict[int, str] = {}
        self.out: dict[tuple[str, str], list[tuple[int, datetime]]] = {}
        """(sender, scope) -> the replies that the server took, or may have taken, and when."""
        self.keys: dict[int, tuple[str, str, str]] = {}
        self.letters: dict[str, set[int]] = {}
        self.sendings: Counter[int] = Counter()
        self.resends: Counter[int] = Counter()
        self.store = self._open()
        start(self.store)

    def _open(self) -> Store:
        return open_store(Path(self.folder.name) / "state.db")

    def teardown(self) -> None:
        """Everything goes."""
        if hasattr(self, "folder"):
            self.store.close()
            self.folder.cleanup()

    def _arrives(self, sender: str, scope: str, copy: bool, state: State) -> int | None:
        letter = f"letter-{sender}-{self.uid if copy and self.uid else self.uid + 1}"
        self.uid += 1
        made = answer(self.uid, sender, at=self.now, letter=letter, window=WINDOWS[scope], scope=scope, state=state,
                      expires=self.now + 30 * DAY)  # fmt: skip
        outcome = record(self.store, made, now=self.now)[0]
        assert outcome.new
        self.decided[self.uid] = "reply" if outcome.reply_id else "silent"
        if outcome.reply_id:
            self.keys[outcome.reply_id] = sender, scope, letter
        return outcome.reply_id

    @rule(
        letters=st.lists(LETTERS, max_size=3),
        ends=st.lists(st.sampled_from(ENDS), max_size=4),
        crash=st.sampled_from(CRASHES),
        later=st.sampled_from((timedelta(0), HOUR / 2, HOUR)),
    )
    def turn(
        self, letters: list[tuple[str, str, bool, State]], ends: list[Event], crash: str, later: timedelta
    ) -> None:
        """Letters (or further copies of the last one) arrive, one is seen again, what is due is sent, perhaps the
        daemon dies, time passes."""
        for sender, scope, copy, state in letters:
            self._arrives(sender, scope, copy, state)
            assert not record(self.store, entry(self.uid), now=self.now)[0].new
        self._deliver(ends)
        if crash == "before the batch is recorded":
            self._crash_while_recording()
        elif crash:
            self._crash_while_sending(crash)
        self.now += later

    def _deliver(self, ends: list[Event]) -> None:
        for letter, end in zip(self.store.claim(self.now, len(ends), "me"), ends, strict=False):
            if end in (Event.ACCEPTED, Event.NO_ANSWER):
                assert self.store.move(letter.id, Event.FINAL_DOT, self.now) is State.IN_DOUBT
                self._goes_out(letter.id)
            assert self.store.move(letter.id, end, self.now)

    def _crash_while_recording(self) -> None:
        uid, decided, keys = self.uid, dict(self.decided), dict(self.keys)
        with suppress(sqlite3.ProgrammingError), self.store.transaction():  # its connection is gone
            self._arrives(SENDERS[0], "Hourly", copy=False, state=State.PENDING)
            self._crash()
        self.uid, self.decided, self.keys = uid, decided, keys

    def _crash_while_sending(self, where: str) -> None:
        for letter in self.store.claim(self.now, 4, "me")[:1]:
            if where != "before the dot":
                assert self.store.move(letter.id, Event.FINAL_DOT, self.now) is State.IN_DOUBT
            if where == "after the dot":
                self._goes_out(letter.id)
        self._crash()

    def _goes_out(self, reply_id: int) -> None:
        sender, scope, letter = self.keys[reply_id]
        self.out.setdefault((sender, scope), []).append((reply_id, self.now))
        self.letters.setdefault(letter, set()).add(reply_id)
        self.sendings[reply_id] += 1
        assert self.sendings[reply_id] <= 1 + self.resends[reply_id], "sent again, and nobody had said so"

    def _crash(self) -> None:
        """SIGKILL: what was not committed is gone; the next daemon recovers."""
        self.store._db._connection.close()  # type: ignore[attr-defined] - no orderly way leads to a crash
        self.store = self._open()
        self.store.recover(self.now)

    @rule(event=st.sampled_from(OPERATOR), which=st.integers(0, 5))
    def operator(self, event: Event, which: int) -> None:
        """A command on one of those replies where it can happen."""
        letters = self.store.outbox(sources(event))
        if letters:
            reply = letters[which % len(letters)].id
            if self.store.move(reply, event, self.now) and event is Event.RESEND:
                self.resends[reply] += 1

    @invariant()
    def never_twice(self) -> None:
        """No two different replies to one sender within the window of their scope."""
        for (_, scope), sent in getattr(self, "out", {}).items():
            window = WINDOWS[scope]
            for (one, at), (other, then) in pairwise(sent):
                assert one == other or (window is not None and then - at >= window), (scope, sent)
        for letter, replies in getattr(self, "letters", {}).items():
            assert len(replies) == 1, letter

    @invariant()
    def one_decision_for_each_uid(self) -> None:
        """And it is the one that was made first."""
        if hasattr(self, "store"):
            found = [(d.uid, d.action) for d in self.store.recent(10_000)]
            assert sorted(found) == sorted(self.decided.items())

    @invariant()
    def an_outbox_row_for_each_answer(self) -> None:
        """No reply without its decision, no answer without its reply."""
        if hasattr(self, "store"):
            assert {letter.id for letter in self.store.outbox(list(State))} == set(self.keys)


Life.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # without shrinking: that outlasts the time limit of a test
)
TestLife = Life.TestCase
