"""Conditions: the clauses of `when`, as small objects.

Pure. `config.conditions` makes these from rules.yaml; docs/rules.md says what they mean. A clause answers two
questions: does it hold (fast, asked of every letter), and why or why not (a sentence, made when somebody reads it).

Hostile letters: text is capped before it gets here (`core.message`), and every regular expression has a time limit;
one that runs into it does not hold, and says so.
"""

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal, Protocol

import regex

from autoresponder.core.address import Address, matches
from autoresponder.core.calendar import DateRange, OfficeState, Special
from autoresponder.core.contacts import Row, years
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, Message
from autoresponder.core.text import fold, quoted

TextKind = Literal["contains", "word", "equals", "starts_with", "ends_with", "regex"]
REGEX_SECONDS = 0.1
"""A regular expression that is not done by then does not hold."""


@dataclass(slots=True)
class Facts:
    """One letter and its circumstances, with what several clauses need worked out once."""

    message: Message
    arrival: Arrival
    target: Address | None
    history: History
    now: datetime  # aware, in the zone of the mailbox's office
    office: OfficeState
    authenticated: bool  # our own server says that From is not forged
    special: Special | None = None  # the hours that the office has today in place of the ordinary ones
    language: Callable[[str, str], str] = lambda _subject, _text: ""
    contact: Row = field(default_factory=Row)  # of contacts.csv
    _folded: dict[str, str] = field(default_factory=dict)
    _language: str | None = None

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts a text condition looks at: subject, body, text, or header:name (all occurrences)."""
        if name == "subject":
            return (self.message.subject,)
        if name == "body":
            return (self.message.text,)
        if name == "text":
            return (self.message.subject + "\n" + self.message.text,)
        return self.message.headers.all(name.removeprefix("header:"))

    def folded(self, text: str) -> str:
        """`fold`, remembered."""
        if (known := self._folded.get(text)) is None:
            known = self._folded[text] = fold(text)
        return known

    def tongue(self) -> str:
        """The letter's language, guessed once."""
        if self._language is None:
            self._language = self.language(self.message.subject, self.message.text)
        return self._language

    def addresses(self, name: str) -> tuple[Address, ...]:
        """The addresses an address condition looks at."""
        m = self.message
        return {"from": m.from_, "to": m.to, "cc": m.cc, "recipient": m.to + m.cc, "sender": m.sender,
                "reply_to": m.reply_to}[name]  # fmt: skip


class Condition(Protocol):
    """Anything that can hold or not hold."""

    def holds(self, facts: Facts) -> bool:
        """Whether the condition holds."""

    def why(self, facts: Facts) -> str:
        """The sentence that says why it holds, or why it does not."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One text pattern. Plain kinds compare folded text; `regex` searches the text itself, ignoring case."""

    kind: TextKind
    value: str
    compiled: "regex.Pattern[str] | None" = field(default=None, compare=False, repr=False)

    @classmethod
    def make(cls, kind: TextKind, value: str) -> "Pattern":
        """Compiles what needs compiling. Raises `regex.error` for a bad regular expression."""
        if kind == "regex":
            return cls(kind, value, regex.compile(value, regex.IGNORECASE | regex.MULTILINE))
        folded = fold(value)
        if kind == "word":
            return cls(kind, folded, regex.compile(rf"(?<!\w){regex.escape(folded)}(?!\w)"))
        return cls(kind, folded)

    def found(self, text: str, facts: Facts) -> bool:
        """Whether `text` has it. Raises `TimeoutError` when a regular expression takes too long."""
        if self.kind == "regex":
            return self.compiled is not None and bool(
                self.compiled.search(text, timeout=REGEX_SECONDS, concurrent=False)
            )
        folded = facts.folded(text)
        if self.kind == "contains":
            return self.value in folded
        if self.kind == "equals":
            return self.value == folded
        if self.kind == "starts_with":
            return folded.startswith(self.value)
        if self.kind == "ends_with":
            return folded.endswith(self.value)
        return self.compiled is not None and self.compiled.search(folded) is not None

    def __str__(self) -> str:
        """`contains “invoice”`."""
        return f"{self.kind.replace('_', ' ')} {quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Text:
    """`subject`, `body`, `text`, `header: {Name: ...}`: any of the patterns in any of the texts."""

    name: str
    patterns: tuple[Pattern, ...]

    def _hit(self, facts: Facts) -> tuple[Pattern | None, str]:
        slow = ""
        for text in facts.texts(self.name):
            for pattern in self.patterns:
                try:
                    if pattern.found(text, facts):
                        return pattern, ""
                except TimeoutError:
                    slow = f"; {pattern} took longer than {REGEX_SECONDS} s and was given up"
        return None, slow

    def holds(self, facts: Facts) -> bool:
        """Whether any pattern is found in any of the texts."""
        return self._hit(facts)[0] is not None

    def why(self, facts: Facts) -> str:
        """Which pattern was found, or what was looked at in vain."""
        pattern, slow = self._hit(facts)
        name = self.name.replace(":", " ")
        if pattern:
            return f"{name} {pattern}"
        texts = facts.texts(self.name)
        looked = "the letter has none" if not texts else f"it is {quoted(texts[0])}"
        return f"{name} does not: {' or '.join(map(str, self.patterns))} ({looked}{slow})"


@dataclass(frozen=True, slots=True)
class Present:
    """`header: {Name: true}`: the header field is there at all, or (false) is not."""

    name: str
    wanted: bool

    def holds(self, facts: Facts) -> bool:
        """Whether the field's presence is as wanted."""
        return facts.message.headers.has(self.name) is self.wanted

    def why(self, facts: Facts) -> str:
        """Whether the field is there."""
        return f"the letter has {'a' if facts.message.headers.has(self.name) else 'no'} {self.name} field"


@dataclass(frozen=True, slots=True)
class Who:
    """`from`, `to`, `cc`, `recipient` (To or Cc), `sender`, `reply_to`: any address matches any pattern."""

    name: str
    patterns: tuple[str, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether any address of that field matches any pattern."""
        return any(matches(p, a.email) for a in facts.addresses(self.name) for p in self.patterns)

    def why(self, facts: Facts) -> str:
        """Which address was looked at, and what it was compared with."""
        found = ", ".join(a.email for a in facts.addresses(self.name)[:3]) or "nobody"
        verb = "matches" if self.holds(facts) else "does not match"
        return f"{self.name.replace('_', '-')} {found} {verb} {' or '.join(self.patterns)}"


@dataclass(frozen=True, slots=True)
class Attached:
    """`attachment`: none wanted, any, or one whose name and type match (globs, ignoring case; empty: any)."""

    wanted: bool = True
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def _match(self, name: str, type_: str) -> bool:
        return (not self.names or any(fnmatch.fnmatchcase(fold(name), fold(g)) for g in self.names)) and (
            not self.types or any(fnmatch.fnmatchcase(type_, g.lower()) for g in self.types)
        )

    def holds(self, facts: Facts) -> bool:
        """Whether there is such an attachment (or, with `wanted=False`, none)."""
        return any(self._match(a.name, a.type) for a in facts.message.attachments) is self.wanted

    def why(self, facts: Facts) -> str:
        """What is attached."""
        found = ", ".join(a.name or a.type for a in facts.message.attachments[:4])
        return f"attached: {found}" if found else "nothing is attached"


@dataclass(frozen=True, slots=True)
class Size:
    """`size: "> 5 MB"`: of the whole message, in octets."""

    op: Literal["<", "<=", ">", ">="]
    octets: int

    def holds(self, facts: Facts) -> bool:
        """Whether the size compares so."""
        size = facts.message.size
        return {"<": size < self.octets, "<=": size <= self.octets,
                ">": size > self.octets, ">=": size >= self.octets}[self.op]  # fmt: skip

    def why(self, facts: Facts) -> str:
        """The sizes compared."""
        word = "is" if self.holds(facts) else "is not"
        return f"size {facts.message.size} octets {word} {self.op} {self.octets}"


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Weekday:
    """`weekday`: of now, in the office's zone; Monday is 0."""

    days: frozenset[int]

    def holds(self, facts: Facts) -> bool:
        """Whether today is one of the days."""
        return facts.now.weekday() in self.days

    def why(self, facts: Facts) -> str:
        """Which day it is."""
        wanted = ", ".join(DAYS[d] for d in sorted(self.days))
        return f"today is {DAYS[facts.now.weekday()]}{'' if self.holds(facts) else ', not'} ({wanted})"


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """`time: 22:00-06:00`: from the first moment up to, not including, the second; over midnight when it is earlier."""

    ranges: tuple[tuple[time, time], ...]

    def holds(self, facts: Facts) -> bool:
        """Whether now lies in any of the ranges."""
        t = facts.now.time()
        return any((a <= t < b) if a < b else (t >= a or t < b) for a, b in self.ranges)

    def why(self, facts: Facts) -> str:
        """The time and the ranges."""
        spans = ", ".join(f"{a:%H:%M}-{b:%H:%M}" for a, b in self.ranges)
        return f"it is {facts.now:%H:%M}, {'within' if self.holds(facts) else 'outside'} {spans}"


@dataclass(frozen=True, slots=True)
class DateIn:
    """`date`: today, in the office's zone, lies in any of the ranges."""

    ranges: tuple[DateRange, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether it does."""
        today = facts.now.date()
        return any(r.has(today) for r in self.ranges)

    def why(self, facts: Facts) -> str:
        """The day and the ranges."""
        word = "within" if self.holds(facts) else "outside"
        return f"today is {facts.now.date().isoformat()}, {word} {', '.join(map(str, self.ranges))}"


@dataclass(frozen=True, slots=True)
class OfficeIs:
    """`office: open | closed | holiday`; a holiday is also closed."""

    states: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Whether the office is in any of the states."""
        return facts.office in self.states or (facts.office == "holiday" and "closed" in self.states)

    def why(self, facts: Facts) -> str:
        """The state, and which special hours today has."""
        today = (str(dates) for dates in facts.special.dates if dates.has(facts.now.date())) if facts.special else ()
        special = f" (special hours, {', '.join(today)})" if facts.special else ""
        return f"the office is {'closed for a holiday' if facts.office == 'holiday' else facts.office} now{special}"


@dataclass(frozen=True, slots=True)
class FirstContact:
    """`first_contact`: nothing was ever seen from this sender before."""

    wanted: bool

    def holds(self, facts: Facts) -> bool:
        """Whether it is (or is not) the first letter."""
        return (facts.history.first_seen is None) is self.wanted

    def why(self, facts: Facts) -> str:
        """When the sender was first seen."""
        first = facts.history.first_seen
        return f"the sender was first seen on {first.date().isoformat()}" if first else "the sender is new"


@dataclass(frozen=True, slots=True)
class Named:
    """`mailbox`, `folder`, `thread` (new | reply), `language`: one of the given names."""

    name: Literal["mailbox", "folder", "thread", "language"]
    wanted: frozenset[str]

    def _value(self, facts: Facts) -> str:
        if self.name == "mailbox":
            return facts.arrival.mailbox
        if self.name == "folder":
            return facts.arrival.folder
        if self.name == "language":
            return facts.tongue()
        return "reply" if facts.message.in_reply_to or facts.message.references else "new"

    def holds(self, facts: Facts) -> bool:
        """Whether the value is one of the wanted ones (a language also by its first part: `pt` holds for pt-BR)."""
        value = self._value(facts)
        return value in self.wanted or (self.name == "language" and value.partition("-")[0] in self.wanted)

    def why(self, facts: Facts) -> str:
        """The value."""
        value = self._value(facts) or "not known"
        return f"the {self.name} is {value}{'' if self.holds(facts) else ', not ' + ' or '.join(sorted(self.wanted))}"


@dataclass(frozen=True, slots=True)
class Authenticated:
    """`authenticated`: our own server's Authentication-Results say that From is (or is not) proven."""

    wanted: bool

    def holds(self, facts: Facts) -> bool:
        """Whether it is as wanted."""
        return facts.authenticated is self.wanted

    def why(self, facts: Facts) -> str:
        """What our own server said."""
        return "our server proved From" if facts.authenticated else "our server did not prove From"


@dataclass(frozen=True, slots=True)
class Contact:
    """`contact: true | false | {column: value}`: the sender's row in contacts.csv, values compared folded."""

    wanted: bool = True
    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def holds(self, facts: Facts) -> bool:
        """Whether the sender has (or has not) a row, and its columns have the values."""
        row = facts.contact
        if not row.known or not self.wanted:
            return row.known is self.wanted
        return all(fold(row.cell(column)) in values for column, values in self.columns)

    def why(self, facts: Facts) -> str:
        """What the row says."""
        row = facts.contact
        if not row.known:
            return "the sender is not in contacts"
        said = ", ".join(f"{column} is {quoted(row.cell(column))}" for column, _ in self.columns)
        return f"the sender is in contacts ({row.key}){': ' + said if said else ''}"


@dataclass(frozen=True, slots=True)
class Anniversary:
    """`anniversary`: today, in the office's zone, is the day of the year in any of these columns of contacts.csv, a
    later year. 29 February falls on the 28th in common years."""

    columns: tuple[str, ...]

    def _years(self, facts: Facts, column: str) -> int:
        """How many years it is today; 0 when today is not the day."""
        day, today = facts.contact.day(column), facts.now.date()
        if day is None or years(day, today) == years(day, today - timedelta(days=1)):
            return 0
        return max(0, years(day, today))

    def holds(self, facts: Facts) -> bool:
        """Whether it is somebody's day."""
        return any(self._years(facts, column) for column in self.columns)

    def why(self, facts: Facts) -> str:
        """Which day it is, or which days it is not."""
        if not facts.contact.known:
            return "the sender is not in contacts"
        for column in self.columns:
            if years := self._years(facts, column):
                return f"{column} was {years} year{'' if years == 1 else 's'} ago today"
        days = ", ".join(f"{column} is {quoted(facts.contact.cell(column))}" for column in self.columns)
        return f"today is {facts.now.date().isoformat()}, no anniversary ({days})"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds. An empty one always does (a rule without `when`)."""

    parts: tuple[Condition, ...] = ()

    def holds(self, facts: Facts) -> bool:
        """Whether every part does."""
        return all(part.holds(facts) for part in self.parts)

    def why(self, facts: Facts) -> str:
        """All reasons, or the first part that does not hold."""
        if not self.parts:
            return "it has no condition"
        for part in self.parts:
            if not part.holds(facts):
                return part.why(facts)
        return "; ".join(part.why(facts) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether any part does."""
        return any(part.holds(facts) for part in self.parts)

    def why(self, facts: Facts) -> str:
        """The first part that holds, or why none does."""
        for part in self.parts:
            if part.holds(facts):
                return part.why(facts)
        return "none of: " + "; ".join(part.why(facts) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition

    def holds(self, facts: Facts) -> bool:
        """Whether the part does not hold."""
        return not self.part.holds(facts)

    def why(self, facts: Facts) -> str:
        """The part's own reason."""
        return f"{'not' if self.holds(facts) else 'it does, which was not wanted'}: {self.part.why(facts)}"


def leaves(condition: Condition) -> Iterator[Condition]:
    """The conditions that hold no others, however deep."""
    if isinstance(condition, All | AnyOf):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    else:
        yield condition
