"""`when` as models to the conditions of the core, and walking through nested ones."""

from collections.abc import Iterator

from autoresponder.config import schema
from autoresponder.config.contacts import column_name
from autoresponder.config.loader import Path_
from autoresponder.config.schema import When
from autoresponder.core.conditions import (
    All,
    Anniversary,
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
    Text,
    TextKind,
    TimeOfDay,
    Weekday,
    Who,
)
from autoresponder.core.text import fold

_TEXT_KINDS: tuple[TextKind, ...] = ("contains", "word", "equals", "starts_with", "ends_with", "regex")


def condition(when: When) -> All:
    """All keys of a `when`; none: a condition that always holds."""
    return All(tuple(_parts(when)))


def nested(when: When, path: Path_) -> Iterator[tuple[When, Path_]]:
    """A `when` and every one inside it, each with its path."""
    yield when, path
    for key, inner in (("all", when.all_), ("any", when.any_), ("not", when.not_)):
        for i, part in enumerate(inner or ()):
            yield from nested(part, (*path, key, i))


def pins_sender(when: When) -> bool:
    """Whether it holds for letters from certain senders only."""
    return bool(
        when.from_
        or any(pins_sender(part) for part in when.all_ or ())
        or (when.any_ and all(pins_sender(part) for part in when.any_))
    )


def clues(part: Condition) -> tuple[object, ...]:
    """Under which a wide part is filed; every part that it is wider than has its own first clue among them."""
    if isinstance(part, Text | Who):
        return tuple((type(part), part.name, pattern) for pattern in part.patterns)
    return (part,)


def covers(wide: All, narrow: All) -> bool:
    """Whether `wide` surely holds wherever `narrow` does: each of its parts is one of `narrow`'s, or wider than one."""
    return all(any(_wider(part, other) for other in narrow.parts) for part in wide.parts)


def _wider(wide: Condition, narrow: Condition) -> bool:
    if isinstance(wide, Text | Who) and type(wide) is type(narrow) and wide.name == narrow.name:
        return set(narrow.patterns) <= set(wide.patterns)
    return wide == narrow


def _parts(when: When) -> Iterator[Condition]:
    for name in ("subject", "body", "text"):
        if patterns := getattr(when, name):
            yield _texts(name, patterns)
    for header, value in (when.header or {}).items():
        yield Present(header, value) if isinstance(value, bool) else _texts(f"header:{header}", value)
    for name, addresses in (("from", when.from_), ("to", when.to), ("cc", when.cc), ("recipient", when.recipient),
                            ("sender", when.sender), ("reply_to", when.reply_to)):  # fmt: skip
        if addresses:
            yield Who(name, addresses)
    yield from _letter(when)
    yield from _circumstances(when)
    if when.all_:
        yield from map(_inner, when.all_)
    if when.any_:
        yield AnyOf(tuple(map(_inner, when.any_)))
    if when.not_:
        yield from (Not(_inner(part)) for part in when.not_)


def _letter(when: When) -> Iterator[Condition]:
    if when.attachment is not None:
        yield _attached(when.attachment)
    if when.size:
        yield _any(when.size)
    if when.thread:
        yield Named("thread", frozenset(when.thread))
    if when.mailbox:
        yield Named("mailbox", frozenset(when.mailbox))
    if when.folder:
        yield Named("folder", frozenset(when.folder))
    if when.language:
        yield Named("language", frozenset(when.language))
    if when.authenticated is not None:
        yield Authenticated(when.authenticated)


def _circumstances(when: When) -> Iterator[Condition]:
    if when.weekday:
        yield Weekday(frozenset(day for days in when.weekday for day in days))
    if when.time:
        yield TimeOfDay(when.time)
    if when.date:
        yield DateIn(when.date)
    if when.office:
        yield OfficeIs(frozenset(when.office))
    if when.first_contact is not None:
        yield FirstContact(when.first_contact)
    if isinstance(when.contact, dict):
        wanted = ((column_name(column), tuple(map(fold, values))) for column, values in when.contact.items())
        yield Contact(True, tuple(wanted))
    elif when.contact is not None:
        yield Contact(when.contact)
    if when.anniversary:
        yield Anniversary(tuple(map(column_name, when.anniversary)))


def _inner(when: When) -> Condition:
    made = condition(when)
    return made.parts[0] if len(made.parts) == 1 else made


def _any(parts: tuple[Condition, ...]) -> Condition:
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _texts(name: str, wanted: tuple[schema.Pattern | str, ...]) -> Condition:
    """Plain strings and one-key tables are alternatives of one clause; a table with several keys needs all of them."""
    alternatives = [_kinds(item) for item in wanted]
    if all(len(keys) == 1 for keys in alternatives):
        return _text(name, [key for keys in alternatives for key in keys])
    return _any(tuple(All(tuple(_text(name, [key]) for key in keys)) for keys in alternatives))


def _kinds(wanted: schema.Pattern | str) -> list[tuple[TextKind, tuple[str, ...]]]:
    if isinstance(wanted, str):
        return [("contains", (wanted,))]
    return [(kind, getattr(wanted, kind)) for kind in _TEXT_KINDS if getattr(wanted, kind)]


def _text(name: str, keys: list[tuple[TextKind, tuple[str, ...]]]) -> Text:
    return Text(name, tuple(Pattern.make(kind, value) for kind, wanted in keys for value in wanted))


def _attached(wanted: bool | tuple[schema.AttachmentTable | str, ...]) -> Condition:
    if isinstance(wanted, bool):
        return Attached(wanted)
    names = tuple(item for item in wanted if isinstance(item, str))
    tables = [Attached(True, t.name or (), t.type or ()) for t in wanted if not isinstance(t, str)]
    return _any((*([Attached(True, names)] if names else []), *tables))
