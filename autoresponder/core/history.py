"""What is already known of a sender, as plain values, and how it changes within a batch.

Pure. `Store.ledger()` fills a `Ledger` for a batch of messages; `decide` reads it; `note` keeps it true for the next
message of the same batch. `explain` and `backtest` run with an empty one. The database has the last word all the
same: when the batch is recorded, `once` is a unique key there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

SHADOWS = "shadow\x1e"
"""Before the scope of an answer in shadow mode: to live mode it never was, within shadow `once` holds as it would."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` answers in any `window` (sliding)."""

    count: int
    window: timedelta

    def __str__(self) -> str:
        """As rules.yaml writes it: 3/day, 60/hour, 10/15 minutes."""
        for name, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
            if self.window.total_seconds() == seconds:
                return f"{self.count}/{name}"
        return f"{self.count}/{self.window}"


@dataclass(frozen=True, slots=True)
class Limits:
    """The sliding-window limits; None means no limit of that kind."""

    per_sender: Limit | None = None
    per_domain: Limit | None = None
    total: Limit | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the store is asked about one message. All "" (or empty) when there is nobody to answer."""

    sender_key: str  # of the address that would be answered
    limit_key: str
    domain: str
    letter_key: str  # digest of Message-ID (or content) and sender: the same letter, wherever it turns up
    thread_key: str  # digest of the thread's first message id and the sender


@dataclass(frozen=True, slots=True)
class History:
    """The state of the world for one message, before it is decided."""

    first_seen: datetime | None = None  # of the sender; None: never seen before
    messages: int = 0  # from that sender, before this one
    bounced: datetime | None = None  # when the address was last proven undeliverable
    letter_answered: datetime | None = None  # this very letter (another copy of it) was answered then
    answered: Mapping[str, datetime] = field(default_factory=dict)  # once-scope -> last answer (see `once_scope`)
    sent_to_sender: int = 0  # answers within the windows of `Limits`, as of now; those that are held, too
    sent_to_domain: int = 0  # without those that are held, as the next one
    sent_total: int = 0

    def last_answer(self, scope: str, *, shadow: bool) -> datetime | None:
        """When the sender last had the answer of this scope; in shadow also, when it would have been sent."""
        live = self.answered.get(scope)
        would = self.answered.get(SHADOWS + scope) if shadow else None
        return max(live, would) if live and would else live or would


def once_scope(rule: str, thread_key: str = "") -> str:
    """The name under which `once` remembers an answer: the rule, or the rule within one thread."""
    return f"{rule}\x1f{thread_key}" if thread_key else rule


@dataclass(slots=True)
class Ledger:
    """The histories of a batch, kept true while it is being decided."""

    senders: dict[str, tuple[datetime | None, int, datetime | None]] = field(default_factory=dict)
    """sender_key -> (first seen, messages, bounced)."""
    answered: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """sender_key -> once scope -> last answer."""
    letters: dict[str, datetime] = field(default_factory=dict)
    """letter_key -> answered at."""
    by_sender: dict[str, int] = field(default_factory=dict)
    by_domain: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def of(self, ask: Lookup) -> History:
        """The history of one message as it stands now."""
        first, messages, bounced = self.senders.get(ask.sender_key, (None, 0, None))
        return History(
            first,
            messages,
            bounced,
            self.letters.get(ask.letter_key),
            self.answered.get(ask.sender_key, {}),
            self.by_sender.get(ask.limit_key, 0),
            self.by_domain.get(ask.domain, 0),
            self.total,
        )

    def note(self, ask: Lookup, now: datetime, scope: str | None, *, held: bool = False, shadow: bool = False) -> None:
        """Remember that a message was seen and, where `scope` is given, that it is being answered under it. What is
        held counts for its sender only: a flood from one domain must not use up what all the others may have. What is
        in shadow counts for no limit."""
        first, messages, bounced = self.senders.get(ask.sender_key, (None, 0, None))
        if ask.sender_key:
            self.senders[ask.sender_key] = (first or now, messages + 1, bounced)
        if scope is None:
            return
        self.answered.setdefault(ask.sender_key, {})[SHADOWS + scope if shadow else scope] = now
        self.letters[ask.letter_key] = now
        if shadow:
            return
        self.by_sender[ask.limit_key] = self.by_sender.get(ask.limit_key, 0) + 1
        if held:
            return
        self.by_domain[ask.domain] = self.by_domain.get(ask.domain, 0) + 1
        self.total += 1
