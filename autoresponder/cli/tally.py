"""What came of a replay, in numbers: answered, silent and why, by rule, by language, over time, and the surprises.

Plain counting in bounded memory: no letter is kept, and of the surprising ones only the lines that are shown.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from autoresponder.cli.verdict import Verdict
from autoresponder.core.surprise import surprise

LEAST = 25
"""The score from which on a decision is worth a look."""
SURPRISES = 10
"""Surprising letters that are shown; of one kind (decision and reason) `ALIKE` come first."""
ALIKE = 3
POOL = 60
"""Surprising letters that are remembered, to choose from."""
SAMPLE = 300
"""Letters whose language is guessed: a guess can take longer than all the rest."""
OUTCOMES = ("answered", "held", "silent", "quarantined")


@dataclass(frozen=True, slots=True)
class Surprising:
    """A decision worth a look."""

    score: int
    letter: str
    arrived: str
    sender: str
    subject: str
    what: str
    reason: str
    why: str  # of the decision
    signs: str  # why it is surprising
    alike: int = 1  # letters of this sender decided for this reason


@dataclass(slots=True)
class Tally:
    """The numbers; `note` adds one letter."""

    zones: Mapping[str, tzinfo] = field(
        default_factory=dict
    )  # mailbox -> that of its office, whose days and hours count
    what: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)  # by reason
    rules: Counter[str] = field(default_factory=Counter)  # answered, by rule
    quiet_rules: Counter[str] = field(default_factory=Counter)  # silent because a rule says so, by rule
    languages: Counter[str] = field(default_factory=Counter)
    sampled: int = 0
    hours: Counter[int] = field(default_factory=Counter)  # of the day
    days: dict[str, Counter[str]] = field(default_factory=dict)  # ISO date -> what -> letters
    first: datetime | None = None
    last: datetime | None = None
    _surprises: dict[tuple[str, str], Surprising] = field(default_factory=dict)

    @property
    def letters(self) -> int:
        """How many were noted."""
        return self.what.total()

    def note(self, verdict: Verdict) -> None:
        """Counts one letter."""
        decision, arrival = verdict.decision, verdict.looked.arrival
        arrived = arrival.arrived.astimezone(self.zones.get(arrival.mailbox))
        self.what[verdict.what] += 1
        self.days.setdefault(arrived.date().isoformat(), Counter())[verdict.what] += 1
        self.hours[arrived.hour] += 1
        self.first, self.last = self.first or arrived, arrived
        rule = decision.rule.name if decision.rule else ""
        if decision.action == "reply":
            self.rules[rule] += 1
            if verdict.language:
                self.sampled += 1
                self.languages[verdict.language] += 1
        elif decision.action == "silent":
            self.silent[decision.reason] += 1
            if decision.reason == "rule":
                self.quiet_rules[rule] += 1
        if decision.action != "quarantine":
            self._wonder(verdict)

    def _wonder(self, verdict: Verdict) -> None:
        looked, found = verdict.looked, surprise(verdict.looked.signs, verdict.decision)
        key = looked.sender, verdict.decision.reason
        before = self._surprises.get(key)
        if found.score < LEAST or (before is None and found.score <= self._least()):
            return
        row = Surprising(
            found.score, looked.letter, looked.arrival.arrived.isoformat(), looked.sender, looked.subject,
            verdict.what, verdict.decision.reason, verdict.decision.why, found.why, before.alike + 1 if before else 1,
        )  # fmt: skip
        self._surprises[key] = row
        if len(self._surprises) > POOL:
            self._surprises.pop(min(self._surprises, key=lambda one: self._surprises[one].score))

    def _least(self) -> int:
        """The score to beat for a place among the surprises."""
        full = len(self._surprises) >= POOL
        return min(one.score for one in self._surprises.values()) if full else 0

    @property
    def surprises(self) -> list[Surprising]:
        """The most surprising decisions, the strangest first; of one kind only a few, while there are others."""
        ranked = sorted(self._surprises.values(), key=lambda one: -one.score)
        taken: Counter[tuple[str, str]] = Counter()
        first: list[Surprising] = []
        more: list[Surprising] = []
        for one in ranked:
            taken[one.what, one.reason] += 1
            (first if taken[one.what, one.reason] <= ALIKE else more).append(one)
        return sorted((first + more)[:SURPRISES], key=lambda one: -one.score)

    def counts(self) -> str:
        """`3 answered, 4 silent`, as it is printed."""
        shown = (what for what in OUTCOMES if self.what[what] or what in ("answered", "silent"))
        return ", ".join(f"{self.what[what]:,} {what}" for what in shown)

    def summary(self) -> dict[str, Any]:
        """As one object of JSON."""
        return {
            "letters": self.letters,
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            **{what: self.what[what] for what in ("answered", "held", "silent", "quarantined")},
            "silent_by_reason": dict(self.silent.most_common()),
            "answered_by_rule": dict(self.rules.most_common()),
            "silenced_by_rule": dict(self.quiet_rules.most_common()),
            "languages": {"sample": self.sampled, **dict(self.languages.most_common())},
            "surprising": [asdict(one) for one in self.surprises],
        }
