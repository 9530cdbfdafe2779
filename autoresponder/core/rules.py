"""Rules: when they hold, and what then happens; every default filled in. Pure values, made by `config.build`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from autoresponder.core.calendar import Duration
from autoresponder.core.conditions import All, Condition

Kind = Literal["acknowledgement", "out-of-office"]
OncePer = Literal["forever", "window", "per-thread", "every-message"]
ALWAYS = All()


def span(length: timedelta) -> str:
    """A length of time as rules.yaml writes it: 7 days, 36 hours, 90 minutes."""
    minutes = round(length.total_seconds() / 60)
    if minutes % 60:
        return str(Duration(minutes, "minute"))
    return str(Duration(minutes // 60, "hour") if minutes % 1440 else Duration(minutes // 1440, "day"))


@dataclass(frozen=True, slots=True)
class Once:
    """How often one sender may get the answer of one rule."""

    per: OncePer = "forever"
    window: timedelta = timedelta(0)  # only for per="window"

    def since(self, now: datetime) -> datetime | None:
        """Answers older than this do not count any more; None: all count (forever, per-thread)."""
        return now - self.window if self.per == "window" else None

    def __str__(self) -> str:
        """As rules.yaml writes it."""
        return span(self.window) if self.per == "window" else self.per


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, with every default filled in."""

    name: str
    when: Condition = ALWAYS
    reply: str | None = None  # the template; None: stay silent
    once: Once = Once()
    not_older_than: timedelta = timedelta(days=2)
    promise: Duration | None = None
    kind: Kind = "acknowledgement"
    language: str = ""  # "" : the sender's
    mark: tuple[str, ...] = ()  # IMAP keywords
    move_to: str = ""
    notify: tuple[str, ...] = ()
    answer_despite: frozenset[str] = frozenset()
    shadow: bool = False
