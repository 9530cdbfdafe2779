"""What a template may say, and the cleaning of everything that came with the letter.

Contract: every value of `NAMES` is always there; what a sender or contacts.csv wrote is one line, without control,
bidirectional or invisible characters, capped, and inert: no mail program turns it into a link. A display name that is
not a name (an address, a link, a template, numbers) becomes "". Dates are put into words only when a template asks for
them.
"""

from dataclasses import dataclass, field
from datetime import datetime

from autoresponder.answer import words
from autoresponder.answer.brand import Face, signed
from autoresponder.answer.clean import inert, one_line
from autoresponder.answer.people import ContactView, Customer, Sender
from autoresponder.answer.quote import Quote, quote
from autoresponder.answer.season import Season, SeasonView
from autoresponder.answer.subjects import bare_subject
from autoresponder.core.calendar import Duration, Office
from autoresponder.core.contacts import Row

MAX_SUBJECT = 150


class Original:
    """The letter that is being answered."""

    __slots__ = ("_date", "_language", "_lines", "_text", "subject")

    def __init__(self, subject: str, date: datetime | None, language: str, text: str, lines: int) -> None:
        """`subject` cleaned; `date` in the office's zone; `lines` of the `text` may be quoted."""
        self.subject, self._date, self._language = subject, date, language
        self._text, self._lines = text, lines

    @property
    def date(self) -> str:
        """The day it was written, in words; "" when it does not say."""
        return words.day(self._language, self._date) if self._date else ""

    @property
    def quote(self) -> Quote:
        """The writer's own words; "" unless rules.yaml allows to quote them."""
        return quote(self._text, self._lines)


class Promise:
    """What the rule promises."""

    __slots__ = ("_due", "_language", "_promise")

    def __init__(self, promise: Duration | None, due: datetime, language: str) -> None:
        """`due` in the office's zone."""
        self._promise, self._due, self._language = promise, due, language

    @property
    def due(self) -> str:
        """`by Monday 24 November at 10:00`."""
        return words.by(self._language, self._due)

    @property
    def text(self) -> str:
        """`within 4 working hours`; the same as `due` when the rule only gave a moment."""
        if self._promise is None:
            return self.due
        return words.within(self._language, self._promise.amount, self._promise.unit)


class Nothing:
    """What `promise` or `season` is when there is none: false, and without values of its own."""

    __slots__ = ("_name", "_when")

    def __init__(self, name: str, when: str) -> None:
        """`when`: the end of "it is empty when …"."""
        self._name, self._when = name, when

    def __bool__(self) -> bool:
        return False

    def asked(self, value: str = "") -> str:
        """What somebody is told who asks for one of its values all the same."""
        said = f"{self._name}.{value}" if value else self._name
        return f"there is no “{said}” {self._when} (put {{% if {self._name} %}} … {{% endif %}} around it)"


NO_PROMISE = Nothing("promise", "when the rule promises nothing")
NO_SEASON = Nothing("season", "when it is no season")


class OfficeView:
    """The mailbox's office, as of now."""

    __slots__ = ("_language", "_now", "_office")

    def __init__(self, office: Office, now: datetime, language: str) -> None:
        """Nothing is reckoned until it is asked for."""
        self._office, self._now, self._language = office, now, language

    @property
    def open(self) -> bool:
        """Whether the office is open."""
        return self._office.state(self._now) == "open"

    @property
    def next_open(self) -> str:
        """`on Monday 24 November at 10:00`; "" while the office is open, or when it never opens."""
        when = self._office.next_open(self._now)
        return words.at(self._language, when) if when and when > self._now else ""


@dataclass(frozen=True, slots=True)
class MailboxView:
    """The mailbox that was written to."""

    address: str
    name: str


NAMES = (
    "sender", "contact", "customer", "original", "mailbox", "brand", "promise", "office", "season", "reference",
    "language", "direction", "salutation", "greeting", "today", "notice",
)  # fmt: skip
"""Every value a template can name."""


VIEWS = frozenset({Sender, ContactView, Customer, Original, Promise, OfficeView, MailboxView, SeasonView, Face})
"""The types of values with attributes, which are texts, numbers and truth values; none can be called."""


@dataclass(frozen=True, slots=True)
class Values:
    """The raw values of one answer; `context` cleans them and puts them into a language. `now` is aware."""

    brand: Face
    sender_name: str
    sender_address: str
    subject: str
    date: datetime | None
    mailbox_address: str
    mailbox_name: str
    office: Office
    now: datetime
    reference: str
    promise: Duration | None = None
    due: datetime | None = None
    contact: Row = field(default_factory=Row)
    first_seen: datetime | None = None
    messages: int = 0  # before this one
    season: Season | None = None
    home: str = "en"  # the mailbox's language
    text: str = field(default="", repr=False)  # of the letter
    quote: int = 0  # lines of it that may be quoted

    def context(self, language: str) -> dict[str, object]:
        """What a template of that language is filled with: one entry for each of `NAMES`."""
        zone = self.office.zone
        today, seen = self.now.astimezone(zone), self.first_seen.astimezone(zone) if self.first_seen else None
        sender = Sender(self.sender_name, self.sender_address, self.contact, seen, self.messages, language)
        return {
            "sender": sender,
            "contact": ContactView(self.contact),
            "customer": Customer(self.contact, today.date(), language),
            "original": Original(
                inert(one_line(bare_subject(one_line(self.subject, 4 * MAX_SUBJECT)), MAX_SUBJECT)),
                self.date.astimezone(zone) if self.date else None,
                language,
                self.text,
                self.quote,
            ),
            "mailbox": MailboxView(self.mailbox_address, self.mailbox_name),
            "brand": signed(self.brand, (language, self.home)),
            "promise": Promise(self.promise, self.due.astimezone(zone), language) if self.due else NO_PROMISE,
            "office": OfficeView(self.office, self.now, language),
            "season": self.season.view((language, self.home), self.brand) if self.season else NO_SEASON,
            "reference": self.reference,
            "language": language,
            "direction": "rtl" if words.rtl(language) else "ltr",
            "salutation": words.salutation(language, sender.name),
            "greeting": words.greeting(language, sender.first_name),
            "today": words.day(language, today),
            "notice": words.words(language).notice,
        }
