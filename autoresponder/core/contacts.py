"""What is known of the people who write: the rows of contacts.csv, found by address or by domain.

Pure and immutable; `config.contacts` reads the file. The names of the columns are kept once and cells only as texts, so
that 100,000 contacts stay small. A row is found by the address that would be answered, never by what From says.
"""

from calendar import isleap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

SINCE = "customer_since"
"""The column that `customer.since` and `customer.years` speak of."""


def years(since: date, today: date) -> int:
    """Whole years from a day on; what began on 29 February has its day on the 28th in common years."""
    leap = (since.month, since.day) == (2, 29) and not isleap(today.year)
    day = (since.month, 28 if leap else since.day)
    return today.year - since.year - ((today.month, today.day) < day)


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one sender; of a stranger all cells are "". `key` is the address, or "@domain"."""

    columns: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    key: str = ""

    @property
    def known(self) -> bool:
        """Whether the sender is a contact."""
        return bool(self.key)

    @property
    def personal(self) -> bool:
        """Whether the row is that of one address: the name in a domain's row is nobody's own."""
        return self.known and not self.key.startswith("@")

    def cell(self, column: str) -> str:
        """What stands in a column; "" where nothing does, or there is no such column."""
        return self.cells[self.columns.index(column)] if self.cells and column in self.columns else ""

    def day(self, column: str) -> date | None:
        """The date in a column; None where there is none."""
        try:
            return date.fromisoformat(self.cell(column))
        except ValueError:
            return None

    def __str__(self) -> str:
        """The row as a sentence shows it: `ana@example.net: name is “Ana”, tier is “gold”`."""
        said = ", ".join(f"{name} is “{cell}”" for name, cell in zip(self.columns, self.cells, strict=False) if cell)
        return f"{self.key}: {said}" if said else self.key


@dataclass(frozen=True, slots=True)
class Contacts:
    """All rows. `rows`: sender key, or "@domain", -> the cells of `columns`."""

    columns: tuple[str, ...] = ()
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def find(self, key: str) -> Row:
        """The row of a sender key; an address of its own comes before its domain's."""
        for wanted in (key, "@" + key.rpartition("@")[2]):
            if (cells := self.rows.get(wanted)) is not None:
                return Row(self.columns, cells, wanted)
        return Row(self.columns)


def invented(columns: tuple[str, ...]) -> Row:
    """A row of these columns about somebody who does not exist, for samples and previews."""
    known = {"name": "Ana Ruiz", "company": "Example & Sons", SINCE: "2019-03-14", "language": ""}
    cells = (known.get(column, column.replace("_", " ")) for column in columns)
    return Row(columns, tuple(cells), "ana.ruiz@example.org")
