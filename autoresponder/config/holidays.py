"""Which days are holidays: a country's public ones and those of our own.

Contract: a `HolidayCalendar` is called with a date and names its holiday, "" for none; two made from the same lines of
rules.yaml are equal. The package `holidays` (extra `autoresponder[holidays]`) is imported only where a country is
given; without it `public` says so in a sentence and the country's days count as ordinary ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from autoresponder.config.values import BadValue, nearest
from autoresponder.core.calendar import DateRange
from autoresponder.core.text import fold

OWN = "closed"
"""What a closed day of our own is called."""


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """The holidays of one office."""

    country: str = ""
    region: str = ""
    closed: tuple[DateRange, ...] = ()
    names: "Mapping[date, str]" = field(default_factory=dict, compare=False, repr=False)  # of the public ones

    def __call__(self, day: date) -> str:
        """The name of the holiday on `day`, "" when it is none."""
        public = self.names.get(day)
        return public or (OWN if any(r.has(day) for r in self.closed) else "")


def public(country: str, region: str) -> "Mapping[date, str]":
    """The public holidays of a country, worked out year by year when asked for. Raises `BadValue` for a country or
    region that is not known to the package, and `ImportError` where the package is not installed."""
    import holidays  # 0.1 s and 20 MB: only for those who ask for a country

    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        raise BadValue(f'the public holidays of "{country}" are not known', "name the days yourself under closed")
    kind = getattr(holidays, country)
    if region:
        region = _region(country, region, known[country], getattr(kind, "subdivisions_aliases", {}))
    own_language = kind.default_language  # otherwise the names would follow the daemon's locale
    return holidays.country_holidays(country, subdiv=region or None, language=own_language)


def _region(country: str, written: str, codes: Sequence[str], names: Mapping[str, str]) -> str:
    """The package's code of a region that is given by its code or its name."""
    known = {fold(name): code for name, code in names.items()} | {fold(code): code for code in codes}
    if fold(written) in known:
        return known[fold(written)]
    named = {code: name for name, code in reversed(list(names.items())) if len(name) > 3}
    shown = ", ".join(f"{named[code]} ({code})" if code in named else code for code in codes)
    step = nearest(written, [*codes, *named.values()]) or (f"known regions: {shown}" if codes else "leave region out")
    raise BadValue(f'"{written}" is not a region of {country}', step)
