"""What conditions have to do with each other: which surely holds wherever another does, and which leave nothing over.

Pure, and careful: True means that it can be proven from what is written; False means only that it could not. Work is
bounded by `Overlap.left`, so that no file, however nested, makes a start slow.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from autoresponder.core.address import matches
from autoresponder.core.conditions import (
    All,
    AnyOf,
    Attached,
    Authenticated,
    Condition,
    Contact,
    DateIn,
    FirstContact,
    Named,
    Not,
    OfficeIs,
    Pattern,
    Present,
    Size,
    Text,
    TimeOfDay,
    Weekday,
    Who,
)

WORK = 200_000
"""Comparisons, each about a microsecond."""


@dataclass(slots=True)
class Overlap:
    """Compares conditions until `left` is used up; from then on nothing can be proven."""

    left: int = WORK

    def wider(self, wide: Condition, narrow: Condition) -> bool:
        """Whether `wide` holds for every letter for which `narrow` does."""
        self.left -= 1
        if self.left < 0:
            return False
        if wide == narrow:
            return True
        if isinstance(wide, All):
            return all(self.wider(part, narrow) for part in wide.parts)
        if isinstance(narrow, AnyOf):
            return all(self.wider(wide, part) for part in narrow.parts)
        if isinstance(wide, AnyOf) and any(self.wider(part, narrow) for part in wide.parts):
            return True
        if isinstance(narrow, All):
            return any(self.wider(wide, part) for part in narrow.parts)
        if isinstance(wide, Not) and isinstance(narrow, Not):
            return self.wider(narrow.part, wide.part)
        return _wider(wide, narrow)

    def impossible(self, when: All) -> bool:
        """Whether two parts of it contradict each other."""
        return any(
            isinstance(no, Not) and any(self.wider(no.part, part) for part in when.parts if part is not no)
            for no in when.parts
        )

    def everything(self, rules: Iterable[All], mailboxes: frozenset[str]) -> bool:
        """Whether one of these always holds: one without conditions, or several that leave nothing over."""
        alone: list[Condition] = []
        for when in rules:
            if not when.parts:
                return True
            if len(when.parts) == 1:
                alone.append(when.parts[0])
        return _complete(alone, mailboxes) or any(
            self.wider(part, no.part) for no in alone if isinstance(no, Not) for part in alone
        )


def _complete(alone: list[Condition], mailboxes: frozenset[str]) -> bool:
    """Whether these, each of which may hold, name all that there is of something."""
    seen: dict[object, set[object]] = {}
    for part in alone:
        key, values = _values(part)
        seen.setdefault(key, set()).update(values)
    whole: dict[object, set[object]] = {
        "office": {"open", "closed"}, "thread": {"new", "reply"}, "mailbox": set(mailboxes), "weekday": set(range(7)),
    }  # fmt: skip
    return any(whole.get(key, {True, False}) <= values for key, values in seen.items() if key)


def _values(part: Condition) -> tuple[object, Iterable[object]]:
    """What it asks about, and for which values of that it holds; "" where that cannot be listed."""
    if isinstance(part, OfficeIs):
        return "office", part.states
    if isinstance(part, Named) and part.name in ("thread", "mailbox"):
        return part.name, part.wanted
    if isinstance(part, Weekday):
        return "weekday", part.days
    if isinstance(part, FirstContact | Authenticated):
        return type(part), [part.wanted]
    if isinstance(part, Present):
        return (Present, part.name.casefold()), [part.wanted]
    if (isinstance(part, Attached) and not (part.names or part.types)) or (
        isinstance(part, Contact) and not part.columns
    ):
        return type(part), [part.wanted]
    return "", ()


def _wider(wide: Condition, narrow: Condition) -> bool:
    """`wider` for conditions that hold no others."""
    if isinstance(wide, Text) and isinstance(narrow, Text):
        return _texts(wide, narrow)
    if isinstance(wide, Present) and isinstance(narrow, Text):
        return wide.wanted and narrow.name.casefold() == f"header:{wide.name}".casefold()
    if isinstance(wide, Who) and isinstance(narrow, Who):
        fields = (wide.name,) if wide.name != "recipient" else ("recipient", "to", "cc")
        return narrow.name in fields and all(any(_who(w, n) for w in wide.patterns) for n in narrow.patterns)
    if isinstance(wide, Attached) and isinstance(narrow, Attached):
        return wide.wanted and narrow.wanted and all(
            not w or (n and set(n) <= set(w))
            for w, n in ((wide.names, narrow.names), (wide.types, narrow.types))
        )  # fmt: skip
    if isinstance(wide, Size) and isinstance(narrow, Size):
        return _sizes(wide, narrow)
    return _sets(wide, narrow)


def _sets(wide: Condition, narrow: Condition) -> bool:
    if isinstance(wide, Named) and isinstance(narrow, Named):
        return wide.name == narrow.name and all(
            name in wide.wanted or (wide.name == "language" and name.partition("-")[0] in wide.wanted)
            for name in narrow.wanted
        )
    if isinstance(wide, OfficeIs) and isinstance(narrow, OfficeIs):
        return narrow.states <= wide.states | ({"holiday"} if "closed" in wide.states else set())
    if isinstance(wide, Weekday) and isinstance(narrow, Weekday):
        return narrow.days <= wide.days
    if (isinstance(wide, TimeOfDay) and isinstance(narrow, TimeOfDay)) or (
        isinstance(wide, DateIn) and isinstance(narrow, DateIn)
    ):
        return set(narrow.ranges) <= set(wide.ranges)
    if isinstance(wide, Contact) and isinstance(narrow, Contact):
        return wide.wanted and narrow.wanted and set(wide.columns) <= set(narrow.columns)
    return False


def _sizes(wide: Size, narrow: Size) -> bool:
    if wide.op[0] != narrow.op[0]:
        return False
    if wide.octets == narrow.octets:
        return "=" in wide.op
    return (wide.octets < narrow.octets) if wide.op[0] == ">" else (wide.octets > narrow.octets)


def _texts(wide: Text, narrow: Text) -> bool:
    same = wide.name.casefold() == narrow.name.casefold()
    part_of = wide.name == "text" and narrow.name in ("subject", "body")
    return (same or part_of) and all(any(_pattern(w, n, same) for w in wide.patterns) for n in narrow.patterns)


def _pattern(wide: Pattern, narrow: Pattern, same_text: bool) -> bool:
    """Whether a text (or one that it is a part of) has `wide` whenever it has `narrow`."""
    if wide == narrow:
        return same_text or wide.kind in ("contains", "word")
    if narrow.kind == "regex":
        return False
    if wide.kind == "contains":
        return wide.value in narrow.value
    if not same_text:
        return False
    if wide.kind == "starts_with" and narrow.kind in ("starts_with", "equals"):
        return narrow.value.startswith(wide.value)
    return wide.kind == "ends_with" and narrow.kind in ("ends_with", "equals") and narrow.value.endswith(wide.value)


def _who(wide: str, narrow: str) -> bool:
    """Whether every address that `narrow` fits, `wide` fits too."""
    if wide == narrow:
        return True
    if not set("*?[") & set(narrow) and not narrow.startswith("@"):
        return matches(wide, narrow)
    local, _, domain = wide.rpartition("@")
    return not local and "*" not in domain and domain.casefold() == narrow.rpartition("@")[2].casefold()
