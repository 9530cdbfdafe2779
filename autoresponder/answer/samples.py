"""The letters of nobody, with which `check` and `preview` fill templates."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import product

from autoresponder.answer.brand import Face
from autoresponder.answer.season import Season
from autoresponder.answer.values import Values
from autoresponder.core.calendar import Duration, Office
from autoresponder.core.contacts import Row, invented


def samples(brand: Face, columns: tuple[str, ...] = (), seasons: Sequence[Season] = ()) -> Iterator[Values]:
    """Sample values: with and without a name, a promise, a closed office, a subject and date, and what is known of the
    sender (a row of contacts with these columns, a first letter): every mix of any four of these five. Strangers write
    in the first season."""
    now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    closed = Office(week=(((time(9), time(14)),),) * 5 + ((),) * 2)
    full = Values(
        brand=brand,
        sender_name="Ana Ruiz",
        sender_address="ana.ruiz@example.org",
        subject="A question about my order",
        date=now - timedelta(hours=1),
        mailbox_address="contact@example.com",
        mailbox_name="contact",
        office=closed,
        now=now,
        reference="K7P2M4QX9",
        promise=Duration(1, "working day"),
        due=datetime(2026, 11, 24, 9, tzinfo=UTC),
    )
    for name, promised, shut, subject in product((True, False), repeat=4):
        known = (name + promised + shut + subject) % 2 == 0
        yield replace(
            full,
            contact=invented(columns) if known else Row(columns),
            first_seen=now - timedelta(days=600) if known else None,
            messages=3 if known else 0,
            season=seasons[0] if seasons and not known else None,
            sender_name=full.sender_name if name else "",
            promise=full.promise if promised else None,
            due=full.due if promised else None,
            office=closed if shut else Office(always_open=True),
            subject=full.subject if subject else "",
            date=full.date if subject else None,
        )
