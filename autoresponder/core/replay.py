"""The past once more: letters decided one after the other, each with the history that those before it made.

Pure. A `Replay` stands for the store: what it knows at the moment of a letter's arrival is what the daemon would have
recorded by then had it run with this policy since the first letter, sending live. The limits' windows slide with the
letters; a letter that turns up a second time in a mailbox is `seen`. What it cannot know: what was recorded before
the first letter, and which addresses bounced. Memory grows with the senders, not with the letters' sizes.
"""

from bisect import bisect_right, insort
from dataclasses import replace
from datetime import datetime

from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import History, Ledger, Limit, Lookup
from autoresponder.core.message import Arrival, Message
from autoresponder.core.policy import Language, Policy


class Window:
    """How many answers each key got within a sliding window."""

    def __init__(self, limit: Limit | None) -> None:
        """None: nothing is limited, so nothing is counted."""
        self._limit = limit
        self._times: dict[str, list[datetime]] = {}
        self._swept: datetime | None = None

    def count(self, key: str, now: datetime) -> int:
        """Answers in the window that ends now."""
        times = self._times.get(key)
        if not times or self._limit is None:
            return 0
        del times[: bisect_right(times, now - self._limit.window)]
        return len(times)

    def add(self, key: str, now: datetime) -> None:
        """One more answer."""
        if self._limit is None:
            return
        insort(self._times.setdefault(key, []), now)
        if self._swept is None or now - self._swept > self._limit.window:
            self._swept = now
            self._times = {key: times for key, times in self._times.items() if times[-1:] > [now - self._limit.window]}


class Replay:
    """Decides letters in the order in which they are given, which should be that of their arrival."""

    def __init__(self, policy: Policy, language: Language) -> None:
        """`language` is asked only where a rule asks."""
        self.policy, self._language = policy, language
        self._ledger = Ledger()
        self._seen: set[tuple[str, str]] = set()
        limits = policy.limits
        self._sender, self._domain, self._total = map(Window, (limits.per_sender, limits.per_domain, limits.total))

    def decide(self, message: Message, arrival: Arrival) -> Decision:
        """The decision about one letter at the moment it arrived."""
        now, reading = arrival.arrived, read(message, self.policy)
        ask, place = reading.ask, (arrival.mailbox, reading.ask.letter_key)
        history, seen = self._history(ask, now), place in self._seen
        decision = decide(reading, arrival, self.policy, history, now, language=self._language, seen=seen)
        self._seen.add(place)
        self._note(ask, now, decision)
        return decision

    def _history(self, ask: Lookup, now: datetime) -> History:
        return replace(
            self._ledger.of(ask),
            sent_to_sender=self._sender.count(ask.limit_key, now),
            sent_to_domain=self._domain.count(ask.domain, now),
            sent_total=self._total.count("", now),
        )

    def _note(self, ask: Lookup, now: datetime, decision: Decision) -> None:
        answered = decision.action == "reply"
        self._ledger.note(ask, now, decision.scope if answered else None)
        if answered:
            self._sender.add(ask.limit_key, now)
        if answered and not decision.hold:  # what is held counts for its sender only
            self._domain.add(ask.domain, now)
            self._total.add("", now)
