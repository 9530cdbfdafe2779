"""Office hours: when the office is open, and when work that starts now will be done.

Pure: `now` is always an argument, aware; all reckoning is done in the office's own time zone, so that an hour of work
stays an hour of work on the two days of the year when clocks change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

OfficeState = Literal["open", "closed", "holiday"]
Hours = tuple[tuple[time, time], ...]
"""The opening periods of one day, sorted, not touching; an end of 00:00 means midnight at the end of that day."""
HORIZON = 366 * 3
"""Days looked ahead for an opening; an office that does not open in three years never does."""


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of promised time: `4 working hours`, `1 working day`, `2 hours`, `3 days`."""

    amount: int
    unit: Literal["working hour", "working day", "minute", "hour", "day", "week"]

    def __str__(self) -> str:
        """As rules.yaml writes it."""
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Office:
    """One office. `week` has seven entries, Monday first; `holiday` names the holiday of a date, "" for none."""

    zone: tzinfo = UTC
    week: tuple[Hours, ...] = ((),) * 7
    holiday: Callable[[date], str] = field(default=lambda _day: "")
    always_open: bool = False  # no hours were given: every moment is office time

    def hours(self, day: date) -> Hours:
        """The opening periods of `day`, none on a holiday."""
        if self.always_open:
            return () if self.holiday(day) else ((time(0), time(0)),)
        return () if self.holiday(day) else self.week[day.weekday()]

    def periods(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Opening periods from `start` on, as UTC moments, the first one cut to begin no earlier than `start`."""
        start = start.astimezone(UTC)
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        for _ in range(HORIZON):
            for begins, ends in self.hours(day):
                a = datetime.combine(day, begins, self.zone).astimezone(UTC)
                last = day + timedelta(days=1) if ends <= begins else day
                b = datetime.combine(last, ends, self.zone).astimezone(UTC)
                if b > start:
                    yield max(a, start), b
            if day == date.max:
                return
            day += timedelta(days=1)

    def state(self, now: datetime) -> OfficeState:
        """`open`, `closed`, or `holiday` (closed the whole day because of one)."""
        opened, _ends = next(self.periods(now), (None, None))
        if opened == now.astimezone(UTC):
            return "open"
        return "holiday" if self.holiday(now.astimezone(self.zone).date()) else "closed"

    def next_open(self, now: datetime) -> datetime | None:
        """The first moment from `now` on at which the office is open, in its own zone; None when it never opens."""
        opened, _ends = next(self.periods(now), (None, None))
        return opened.astimezone(self.zone) if opened else None

    def due(self, now: datetime, promise: Duration) -> datetime | None:
        """When a promise made `now` falls due, in the office's zone; None when the office never opens again.

        Working hours count only while the office is open. A working day ends at the same time of day on the next day
        with opening hours (a letter that comes while the office is closed counts from the next opening), cut to that
        day's closing time. Plain hours and days count round the clock."""
        if promise.unit in ("minute", "hour", "day", "week"):
            seconds = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}[promise.unit]
            return (now.astimezone(UTC) + timedelta(seconds=promise.amount * seconds)).astimezone(self.zone)
        if promise.unit == "working hour":
            left = timedelta(hours=promise.amount)
            for begins, ends in self.periods(now):
                if ends - begins >= left:
                    return (begins + left).astimezone(self.zone)
                left -= ends - begins
            return None
        return self._working_days(now, promise.amount)

    def _working_days(self, now: datetime, amount: int) -> datetime | None:
        start = self.next_open(now)
        if start is None:
            return None
        day, left = start.date(), amount
        for _ in range(HORIZON):
            if left == 0:
                break
            day += timedelta(days=1)
            left -= bool(self.hours(day))
        if left:
            return None
        begins, ends = self.hours(day)[0][0], self.hours(day)[-1][1]
        at = max(start.timetz().replace(tzinfo=None), begins)
        if ends > begins:
            at = min(at, ends)
        return datetime.combine(day, at, self.zone).astimezone(UTC).astimezone(self.zone)
