"""What a template may say, and the cleaning of everything that came with the letter.

Contract: every value of `NAMES` is always there; what a sender wrote is one line, without control, bidirectional or
invisible characters, capped, and inert: no mail program turns it into a link. A display name that is not a name
(an address, a link, a template, numbers) becomes "". Dates are put into words only when a template asks for them.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from autoresponder.answer import words
from autoresponder.answer.brand import Face
from autoresponder.core.calendar import Duration, Office

JOINER = "\u2060"
"""Word joiner: invisible, has no width, and breaks what programs would take for a link."""
MAX_NAME, MAX_SUBJECT = 60, 150

_PREFIX = re.compile(
    r"(?:(?:re|aw|antw|antwort|sv|vs|rv|tr|fw|fwd|wg|odp|ynt|ref?s|res|enc|r|i|vl|vb|doorst|bls|trs|ans|fs|atb|"
    r"回复|答复|回覆|转发|轉寄|رد)(?:\[\d{1,3}\]|\(\d{1,3}\)|\d{1,2})?\s*[:：]\s*)+",
    re.IGNORECASE,
)
_LINK = re.compile(r"://|@|\bwww[.。．｡]", re.IGNORECASE)
_DOT = re.compile(r"(?<=[^\W_])[.。．｡](?=[^\W\d_]{2})")
_NOT_A_NAME = re.compile(
    r"[@{}<>\[\]|\\`*_#=~^$%&+;:/!?\d]|https?|\bwww\b|[^\W\d_]{2}[.。．｡][^\W\d_]{2}", re.IGNORECASE
)
_TITLE = re.compile(
    r"(?:mrs?|ms|miss|dr|dra|profa?|sra?|srta|d|dña|don|doña|herr|frau|ing|m|mme|mlle|monsieur|madame|sig|dott)\.?",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(?:gmbh|ag|inc|ltd|llc|llp|plc|corp|corporation|company|s\.?l\.?u?|s\.?a\.?u?|s\.?r\.?l|s\.?p\.?a|b\.?v|"
    r"team|equipo|support|soporte|sales|ventas|info|noreply|service|services|servicios)\.?$",
    re.IGNORECASE,
)


def one_line(text: str, limit: int) -> str:
    """On one line, composed (NFC), without control, format and private characters, at most `limit` characters."""
    text = text[: limit * 4]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " if c.isspace() else "" for c in text)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def inert(text: str) -> str:
    """The same text, in which no mail program finds a link: addresses and URLs give way to an ellipsis, and a word
    joiner, which is invisible, goes before the dot of what could still be taken for a host name."""
    words = ("…" if _LINK.search(word) else word for word in text.split(" "))
    return _DOT.sub(lambda found: JOINER + found[0], " ".join(words))


def bare_subject(subject: str) -> str:
    """A subject without the `Re:`, `AW:`, `SV:`, `RV:`, `TR:` … that mail programs put before it."""
    return _PREFIX.sub("", subject, count=1) if _PREFIX.match(subject) else subject


@lru_cache(maxsize=256)
def person(display: str) -> tuple[str, str]:
    """(name, first name) out of a display name; "" where it is not, or may well not be, the name of a person.

    `Ruiz, Ana` is turned round, `ANA RUIZ` is calmed, titles stay in the name and are no first name."""
    name = one_line(re.sub(r"\([^)]*\)", " ", display[:400]), 2 * MAX_NAME).strip(" '\"“”‘’,.-")
    if not 2 <= len(name) <= MAX_NAME or _NOT_A_NAME.search(name) or not any(c.isalpha() for c in name):
        return "", ""
    if _COMPANY.search(name):
        return "", ""
    if name.count(",") == 1:
        last, first = (part.strip() for part in name.split(","))
        name = f"{first} {last}"
    elif "," in name:
        return "", ""
    if len(name) > 3 and (name.isupper() or name.islower()):
        name = name.title()
    first, *rest = name.split()
    titled = False
    while rest and _TITLE.fullmatch(first):
        titled, (first, *rest) = True, rest
    if (titled and not rest) or len(first) < 2 or first.endswith("."):
        first = ""  # a surname after a title, or an initial
    return name, first


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote: all of it cleaned."""

    name: str
    first_name: str
    address: str


class Original:
    """The letter that is being answered."""

    __slots__ = ("_date", "_language", "subject")

    def __init__(self, subject: str, date: datetime | None, language: str) -> None:
        """`subject` cleaned; `date` in the office's zone."""
        self.subject, self._date, self._language = subject, date, language

    @property
    def date(self) -> str:
        """The day it was written, in words; "" when it does not say."""
        return words.day(self._language, self._date) if self._date else ""


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
    "sender", "original", "mailbox", "brand", "promise", "office", "reference", "language", "direction",
    "salutation", "today", "notice",
)  # fmt: skip
"""Every value a template can name."""


VIEWS = frozenset({Sender, Original, Promise, OfficeView, MailboxView, Face})
"""The types of values with attributes; their public attributes are texts and truth values, none can be called."""


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

    def context(self, language: str) -> dict[str, object]:
        """What a template of that language is filled with: one entry for each of `NAMES`."""
        zone = self.office.zone
        name, first = person(self.sender_name)
        phrases = words.words(language)
        return {
            "sender": Sender(name, first, _visible(self.sender_address)),
            "original": Original(
                inert(one_line(bare_subject(one_line(self.subject, 4 * MAX_SUBJECT)), MAX_SUBJECT)),
                self.date.astimezone(zone) if self.date else None,
                language,
            ),
            "mailbox": MailboxView(self.mailbox_address, self.mailbox_name),
            "brand": self.brand,
            "promise": Promise(self.promise, self.due.astimezone(zone), language) if self.due else None,
            "office": OfficeView(self.office, self.now, language),
            "reference": self.reference,
            "language": language,
            "direction": "rtl" if words.rtl(language) else "ltr",
            "salutation": phrases.dear.format(name=name) if name else phrases.hello,
            "today": words.day(language, self.now.astimezone(zone)),
            "notice": phrases.notice,
        }


def _visible(address: str) -> str:
    return re.sub("[.@]", lambda found: JOINER + found[0], one_line(address, 254))
