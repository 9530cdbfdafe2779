"""The past once more: letters decided one after the other, each with the history that those before it made.

Pure. A `Replay` stands for the store: what it knows at the moment of a letter's arrival is what the daemon would have
recorded by then had it run with this policy since the first letter, sending live. The limits' windows slide with the
letters; a letter that turns up a second time in a mailbox is `seen`. What it cannot know: what was recorded before
the first letter, and which addresses bounced. Memory grows with the senders, not with the letters' sizes.
"""

from bisect import bisect_right, insort
from datetime import datetime
from functools import cache

from autoresponder.core.conditions import FirstContact, leaves
from autoresponder.core.decide import Decision, Reading, Weighed, conclude, read, weigh
from autoresponder.core.history import History, Ledger, Limit, Lookup
from autoresponder.core.message import Arrival, Message
from autoresponder.core.policy import Language, Policy

Sides = tuple[Weighed, Weighed]
"""A letter, weighed for a sender who never wrote before and for one who did."""


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
        self._asks = any(isinstance(one, FirstContact) for rule in policy.rules for one in leaves(rule.when))
        self._ledger = Ledger()
        self._seen: set[tuple[str, str]] = set()
        limits = policy.limits
        self._sender, self._domain, self._total = map(Window, (limits.per_sender, limits.per_domain, limits.total))

    def decide(self, message: Message, arrival: Arrival) -> Decision:
        """The decision about one letter at the moment it arrived."""
        return self.conclude(self.weigh(message, arrival), arrival)

    def weigh(self, message: Message, arrival: Arrival) -> Sides:
        """The letter by itself, for a sender who never wrote before and for one who did. The same whatever was decided
        before, so that it may be done elsewhere and in any order."""
        reading = read(message, self.policy)
        if not self._asks:
            new = self._weigh(reading, arrival, History(), self._language)
            return new, new
        guess = cache(self._language)  # which takes long, and a letter has one language
        known = History(first_seen=arrival.arrived)
        return self._weigh(reading, arrival, History(), guess), self._weigh(reading, arrival, known, guess)

    def _weigh(self, reading: Reading, arrival: Arrival, history: History, language: Language) -> Weighed:
        return weigh(reading, arrival, self.policy, history, arrival.arrived, language=language)

    def conclude(self, weighed: Sides, arrival: Arrival) -> Decision:
        """The decision about a letter that was weighed, at the moment it arrived."""
        now, ask = arrival.arrived, weighed[0].ask
        history, place = self._history(ask, now), (arrival.mailbox, ask.letter_key)
        side = weighed[history.first_seen is not None]
        decision = conclude(side, arrival, self.policy, history, now, seen=place in self._seen)
        self._seen.add(place)
        self._note(ask, now, decision)
        return decision

    def _history(self, ask: Lookup, now: datetime) -> History:
        """As the ledger has it, but with answers counted in windows that slide."""
        known = self._ledger.of(ask)
        sent = self._sender.count(ask.limit_key, now), self._domain.count(ask.domain, now), self._total.count("", now)
        return History(known.first_seen, known.messages, None, known.letter_answered, known.answered, *sent)

    def _note(self, ask: Lookup, now: datetime, decision: Decision) -> None:
        answered = decision.action == "reply"
        self._ledger.note(ask, now, decision.scope if answered else None)
        if answered:
            self._sender.add(ask.limit_key, now)
        if answered and not decision.hold:  # what is held counts for its sender only
            self._domain.add(ask.domain, now)
            self._total.add("", now)
