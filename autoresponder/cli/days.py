"""What comes next in each office, for `check`: the closed days that are known, so that one sees which are missing (the
feasts of the town, carnival), and special hours.

Contract: asks the office itself about each day, so that `check` and the daemon cannot differ; changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from autoresponder.cli.paint import paint, safe
from autoresponder.config.holidays import OWN, HolidayCalendar
from autoresponder.core.calendar import DateRange, Hours, Office, Special
from autoresponder.core.conditions import DAYS
from autoresponder.core.policy import Mailbox

AHEAD = 365
"""Days looked ahead."""
SHOWN = 6
"""Runs of days that a line shows."""


@dataclass(frozen=True, slots=True)
class Run:
    """Days one after the other, and what is with them."""

    first: date
    last: date
    what: str

    def __str__(self) -> str:
        """`Tue 8 Dec Inmaculada Concepción`, `Thu 25–Fri 26 Mar`, `Mon 21 Dec–Sun 3 Jan`."""
        a, b = self.first, self.last
        month = "" if a != b and (a.year, a.month) == (b.year, b.month) else f" {a:%b}"
        until = "" if a == b else f"–{b:%a} {b.day} {b:%b}"
        return f"{a:%a} {a.day}{month}{until} {safe(self.what)}".rstrip()


@dataclass(frozen=True, slots=True)
class Outlook:
    """The year ahead of one office."""

    closed: tuple[Run, ...]
    special: tuple[Run, ...]
    over: tuple[str, ...]  # dates of special hours that do not come again


def offices_of(mailboxes: Iterable[Mailbox]) -> Mapping[Office, list[str]]:
    """The different offices, each with the names of its mailboxes."""
    found: dict[Office, list[str]] = {}
    for mailbox in mailboxes:
        found.setdefault(mailbox.office, []).append(mailbox.name)
    return found


def _never_closed(office: Office) -> bool:
    whole = office.always_open or all(day == ((time(0), time(0)),) for day in office.week)
    return whole and not office.special and office.holiday == HolidayCalendar()


def outlook(office: Office, today: date) -> Outlook:
    """What is known of the days from `today` on."""
    days = [today + timedelta(days=n) for n in range(AHEAD)]
    special = [run for one in office.special for dates in one.dates for run in _next(office, one, dates, days)]
    past = (d for one in office.special for d in one.dates if isinstance(d.last, date) and d.last < today)
    return Outlook(
        tuple(_closed(office, days)), tuple(sorted(special, key=lambda run: run.first)), tuple(map(str, past))
    )


def lines(offices: Mapping[Office, list[str]], now: datetime) -> Iterator[str]:
    """One or two lines for each office, none for one that is open day and night all year."""
    for office, names in offices.items():
        if _never_closed(office):
            continue
        whose = f" ({', '.join(names[:3])}{f' and {len(names) - 3} more' * (len(names) > 3)})" * (len(offices) > 1)
        ahead = outlook(office, now.astimezone(office.zone).date())
        none = "no holidays in the year ahead (name them, such as holidays: {country: ES})"
        known = _listed(ahead.closed) or paint(none, "dim")
        yield paint(f"closed{whose}: ", "blue") + known
        over = f"over: {', '.join(ahead.over[:SHOWN])}" if ahead.over else ""
        if special := "; ".join(filter(None, (_listed(ahead.special, "; "), over))):
            yield paint(f"special{whose}: ", "blue") + special


def objects(offices: Mapping[Office, list[str]], now: datetime) -> Iterator[dict[str, Any]]:
    """The same for programs, and all of the year."""
    for office, names in offices.items():
        if _never_closed(office):
            continue
        ahead = outlook(office, now.astimezone(office.zone).date())
        yield {
            "office": names,
            "timezone": str(office.zone),
            "closed": [_object(run, "name") for run in ahead.closed],
            "special": [_object(run, "hours") for run in ahead.special],
            "over": list(ahead.over),
        }


def _object(run: Run, what: str) -> dict[str, str]:
    return {"first": run.first.isoformat(), "last": run.last.isoformat(), what: run.what}


def _listed(runs: tuple[Run, ...], between: str = ", ") -> str:
    more = paint(f" … {len(runs) - SHOWN} more", "dim") if len(runs) > SHOWN else ""
    return between.join(map(str, runs[:SHOWN])) + more


def _closed(office: Office, days: list[date]) -> Iterator[Run]:
    """Holidays on which the office is closed and would be open otherwise; what is closed without a break is one run."""
    for shut, group in groupby(days, lambda day: bool(office.holiday(day)) and not office.hours(day)):
        if shut:
            run = list(group)
            if office.always_open or any(office.week[day.weekday()] for day in run):
                names = dict.fromkeys(name for day in run if (name := office.holiday(day)) != OWN)
                yield Run(run[0], run[-1], " + ".join(names).replace("; ", " + "))


def _next(office: Office, special: Special, dates: DateRange, days: list[date]) -> Iterator[Run]:
    """When some dates of special hours come next; nothing when they do not, or never count."""
    for within, group in groupby(days, dates.has):
        if within and (run := [day for day in group if office.special_on(day) is special]):
            yield Run(run[0], run[-1], _hours(special, run))
            return


def _hours(special: Special, run: list[date]) -> str:
    """`08:00-15:00` where that is so on all of these days, else `mon-fri 08:00-15:00, sat closed`."""
    said = {day: _periods(special.week[day] or ()) for day in sorted({day.weekday() for day in run})}
    if len(set(said.values())) == 1 and (run[-1] - run[0]).days < len(run):
        return next(iter(said.values()))
    parts = []
    for hours, group in groupby(said, said.__getitem__):
        days = list(group)
        parts.append(f"{DAYS[days[0]]}{f'-{DAYS[days[-1]]}' * (len(days) > 1)} {hours}")
    return ", ".join(parts)


def _periods(hours: Hours) -> str:
    return " ".join(f"{a:%H:%M}-{b:%H:%M}" for a, b in hours).replace("-00:00", "-24:00") or "closed"
