"""A season: what every answer says on certain days, as a banner in the page and as a line of the text.

The text is the configuration's own and plain; the colour behind it is the season's or the brand's, and what is written
on it is black or white, whichever can be read better (WCAG 2.1, 1.4.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from autoresponder.answer.brand import Face, on
from autoresponder.answer.worded import Worded
from autoresponder.core.calendar import DateRange


@dataclass(frozen=True, slots=True)
class SeasonView:
    """What templates and layouts see of the season that it is."""

    name: str
    text: str
    colour: str  # the banner's
    on_colour: str  # of the text on it


@dataclass(frozen=True, slots=True)
class Season:
    """One entry of `seasons` in rules.yaml. `colour`: #rrggbb, "" for the brand's."""

    name: str
    ranges: tuple[DateRange, ...]
    text: Worded
    colour: str = ""

    def holds(self, day: date) -> bool:
        """Whether it is that season."""
        return any(dates.has(day) for dates in self.ranges)

    def view(self, languages: Sequence[str], brand: Face) -> SeasonView:
        """In the first of these languages that there is, or else the first text."""
        colour = self.colour or brand.colour
        return SeasonView(self.name, self.text.said(languages), colour, on(colour))


def season_of(seasons: Sequence[Season], day: date) -> Season | None:
    """The first season that holds on a day."""
    return next((season for season in seasons if season.holds(day)), None)
