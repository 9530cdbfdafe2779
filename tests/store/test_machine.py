"""A random life of store and outbox, with crashes and lost answers, checked against what the outside world saw.

Invariants: within a once window no sender gets two letters in states that were or may be sent (an operator's RESEND of
an uncertain letter excepted: that is the same letter, sent knowingly); a letter is answered by one reply only; every
recorded UID has exactly one decision, and an outbox row where that is to answer.
"""

import sqlite3
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autoresponder.core.outbox import Event, State
from autoresponder.store import Store, open_store
from tests.store.make import DAY, HOUR, NOW, answer, entry, record, start

SENDERS = ("ana@example.org", "bo@example.org")
WINDOWS: dict[str, timedelta | None] = {"Everything else": None, "Weekly": 7 * DAY, "Hourly": HOUR}
ENDS = ("accepted", "refused", "deferred", "no answer", "crash", "crash at the dot", "crash after the dot")
OPERATOR = (Event.RESEND, Event.CLOSE, Event.DROP, Event.RELEASE, Event.HOLD)


class Life(RuleBasedStateMachine):
    """One daemon that crashes, one operator, one mail server that sometimes loses its answer."""

    store: Store

    @initialize()
    def begin(self) -> None:
        """The first start."""
        self.folder = tempfile.TemporaryDirectory()
        self.now: datetime = NOW
        self.uid = 0
        self.decided: dict[int, str] = {}
        self.out: dict[tuple[str, str], list[tuple[int, datetime]]] = {}
        """(sender, scope) -> the replies that the server took, or may have taken, and when."""
        self.keys: dict[int, tuple[str, str, str]] = {}
        self.letters: dict[str, set[int]] = {}
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

    @rule(sender=st.sampled_from(SENDERS), scope=st.sampled_from(list(WINDOWS)), copy=st.booleans(),
          state=st.sampled_from((State.PENDING, State.PENDING, State.HELD, State.SHADOW)))  # fmt: skip
    def letter_arrives(self, sender: str, scope: str, copy: bool, state: State) -> None:
        """A letter, or another copy of the last one."""
        self._arrives(sender, scope, copy, state)

    @rule(sender=st.sampled_from(SENDERS), scope=st.sampled_from(list(WINDOWS)))
    def crash_before_the_batch_is_recorded(self, sender: str, scope: str) -> None:
        """The process dies inside the transaction; the same message is seen again."""
        uid, decided, keys = self.uid, dict(self.decided), dict(self.keys)
        with suppress(sqlite3.ProgrammingError), self.store.transaction():  # its connection is gone
            self._arrives(sender, scope, copy=False, state=State.PENDING)
            self._crash()
        self.uid, self.decided, self.keys = uid, decided, keys

    @precondition(lambda self: self.uid)
    @rule()
    def seen_again(self) -> None:
        """The server shows an old UID again."""
        outcome = record(self.store, entry(self.uid), now=self.now)[0]
        assert not outcome.new

    @rule(step=st.sampled_from((timedelta(minutes=20), HOUR, 3 * DAY, 7 * DAY)))
    def time_passes(self, step: timedelta) -> None:
        """The clock goes on."""
        self.now += step

    @rule(ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=3))
    def delivery(self, ends: list[str]) -> None:
        """The daemon takes what is due; each letter meets one end."""
        letters = self.store.claim(self.now, len(ends), "me")
        for letter, end in zip(letters, ends, strict=False):
            if end == "crash":
                self._crash()
                return
            if end in ("refused", "deferred"):
                event = Event.REFUSED if end == "refused" else Event.DEFERRED
                assert self.store.move(letter.id, event, self.now, error=end)
                continue
            assert self.store.move(letter.id, Event.FINAL_DOT, self.now) is State.IN_DOUBT
            if end == "crash at the dot":
                self._crash()
                return
            self._goes_out(letter.id)
            if end == "crash after the dot":
                self._crash()
                return
            event = Event.ACCEPTED if end == "accepted" else Event.NO_ANSWER
            assert self.store.move(letter.id, event, self.now)

    def _goes_out(self, reply_id: int) -> None:
        sender, scope, letter = self.keys[reply_id]
        self.out.setdefault((sender, scope), []).append((reply_id, self.now))
        self.letters.setdefault(letter, set()).add(reply_id)

    def _crash(self) -> None:
        """SIGKILL: what was not committed is gone; the next daemon recovers."""
        self.store._db._connection.close()  # type: ignore[attr-defined] - no orderly way leads to a crash
        self.store = self._open()
        self.store.recover(self.now)

    @rule(event=st.sampled_from(OPERATOR), data=st.data())
    def operator(self, event: Event, data: st.DataObject) -> None:
        """A command on any reply."""
        letters = self.store.outbox(list(State))
        if letters:
            self.store.move(data.draw(st.sampled_from(letters)).id, event, self.now)

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


Life.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestLife = Life.TestCase
