"""A state that was put back from a backup: older than the world, so what it does not know is doubted, and shown.

`autoresponder backup` marks its copy. The first daemon that starts on such a copy cannot know what was answered after
it was made: replies that were waiting then may have left since, and letters that arrived before this start may have
been answered. So both are held, never sent by themselves, until a person releases or drops them.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from autoresponder.core.outbox import Event, State
from autoresponder.store import Store

log = logging.getLogger(__name__)
COPY = "backup"
"""The note that marks a copy: when it was made."""
_TAKEN_OVER = "restored"
"""The note of a copy that became the state: when it was made, and when a daemon first started on it."""
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Doubt:
    """What arrived after the copy was made at `since` and before it was taken into use at `until` may have been
    answered by the state that is lost."""

    since: datetime
    until: datetime

    def about(self, arrived: datetime) -> str:
        """Why an answer to a letter of that time is held; "" when there is no doubt."""
        if arrived >= self.until:
            return ""
        return (
            f"the state was put back from a backup made on {self.since:%Y-%m-%d at %H:%M %Z}:"
            " this letter may have been answered since"
        )


def mark(store: Store, now: datetime) -> None:
    """Marks a copy as such."""
    store.remember(COPY, now.isoformat())


def take_over(store: Store, now: datetime) -> Doubt | None:
    """At the daemon's start: what to doubt, if this state ever came from a backup. The first time, what waits in the
    outbox is held."""
    with store.transaction():
        if made := store.recall(COPY):
            doubt = Doubt(datetime.fromisoformat(made), now)
            store.recover(now)
            waiting = store.outbox([State.PENDING], _ALL)
            for letter in waiting:
                store.move(letter.id, Event.HOLD, now, error=doubt.about(doubt.since))
            store.remember(_TAKEN_OVER, f"{made} {now.isoformat()}")
            store.remember(COPY, "")
            log.warning(
                "this state is a backup made on %s: answers to letters that arrived before now are held (and %d replies"
                " that waited); see `autoresponder outbox list`, then release or drop them",
                f"{doubt.since:%Y-%m-%d at %H:%M %Z}",
                len(waiting),
            )
        noted = store.recall(_TAKEN_OVER)
    return Doubt(*map(datetime.fromisoformat, noted.split())) if noted else None
