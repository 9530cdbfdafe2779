"""How the store's facts stand in the database: times, lists, and conditions on states.

Times are microseconds since 1970 UTC; placeholders are written `?`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from autoresponder.core.outbox import State

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NEVER = -(2**62)
"""Before every time: the `since` of a claim that stands for ever."""
CHUNK = 500
"""Keys in one IN list: below the 999 variables of the most modest SQLite."""


def micros(at: datetime) -> int:
    """An aware datetime as the database keeps it."""
    return (at - EPOCH) // TICK


def moment(at: int) -> datetime:
    """Back again, in UTC."""
    return EPOCH + at * TICK


def maybe(at: int | None) -> datetime | None:
    """As `moment`, where there may be none."""
    return None if at is None else moment(at)


def on_states(text: str, **states: Sequence[State]) -> str:
    """`text` with each {name} replaced by a condition on a list of states: `= 'pending'`, `IN ('sent', 'failed')`."""
    lists = {name: ", ".join(f"'{state}'" for state in some) for name, some in states.items()}
    return text.format(
        **{name: f"= {some}" if len(states[name]) == 1 else f"IN ({some})" for name, some in lists.items()}
    )


def marks(values: Sequence[Any]) -> str:
    """The placeholders for so many values."""
    return ", ".join("?" * len(values))
