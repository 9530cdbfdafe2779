"""Who wrote, and what is known of them, as templates say it: `sender`, `contact`, `customer`.

Contract: texts only, each on one line and inert, whether they came with the letter or from contacts.csv; "" (or 0) for
what is not known. Dates are put into words only when a template asks for them.
"""

from datetime import date, datetime

from autoresponder.answer import words
from autoresponder.answer.clean import inert, one_line, visible
from autoresponder.answer.names import person
from autoresponder.core.contacts import SINCE, Row, years

MAX_CELL = 200
NAME = "name"
"""The column of contacts that gives a sender's name where the letter does not."""


class Sender:
    """Who wrote."""

    __slots__ = ("_first_seen", "_language", "address", "first_name", "messages", "name")

    def __init__(
        self, name: str, address: str, contact: Row, first_seen: datetime | None, messages: int, language: str
    ) -> None:
        """`name` as From gives it; `contact` helps where that is no name. `first_seen` in the office's zone."""
        self.name, self.first_name = person(name, address)
        if not self.name and contact.personal:
            self.name, self.first_name = person(contact.cell(NAME), address)
        self.address, self.messages = visible(address), messages
        self._first_seen, self._language = first_seen, language

    @property
    def first_seen(self) -> str:
        """The day of the first letter, `14 March 2019`; "" when this is it."""
        return words.full_day(self._language, self._first_seen) if self._first_seen else ""


class ContactView:
    """The sender's row of contacts.csv: each column by its name; as a truth value, whether there is a row."""

    __slots__ = ("_row",)

    def __init__(self, row: Row) -> None:
        """A stranger's row has no cells."""
        self._row = row

    def __bool__(self) -> bool:
        return self._row.known

    def __getattr__(self, column: str) -> str:
        if column.startswith("_") or column not in self._row.columns:
            raise AttributeError(column)
        return inert(one_line(self._row.cell(column), MAX_CELL))

    def __dir__(self) -> list[str]:
        return list(self._row.columns)


class Customer:
    """Since when, and for how long, the sender has been a customer."""

    __slots__ = ("_language", "_since", "years")

    def __init__(self, contact: Row, today: date, language: str) -> None:
        """`today` in the office's zone."""
        self._since, self._language = contact.day(SINCE), language
        self.years = max(0, years(self._since, today)) if self._since else 0

    @property
    def since(self) -> str:
        """`14 March 2019`; "" when it is not known."""
        return words.full_day(self._language, self._since) if self._since else ""
