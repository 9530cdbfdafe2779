"""What the tests of answers share: a brand, templates in a folder, and answers composed from a letter's bytes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from autoresponder.answer.brand import Brand
from autoresponder.answer.compose import Answer, Composer
from autoresponder.answer.nesting import fault
from autoresponder.answer.season import Season
from autoresponder.answer.templates import Library
from autoresponder.answer.worded import Worded
from autoresponder.core.address import Address
from autoresponder.core.calendar import Duration
from autoresponder.core.decide import Decision
from autoresponder.core.history import Lookup
from autoresponder.core.message import Message
from autoresponder.core.policy import Mailbox
from autoresponder.core.rules import Rule
from autoresponder.core.token import Signer
from tests.core.letters import letter

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "templates"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
BRAND = Brand("Example Ltd", "#0b5fff", "", Worded.of("The Example team"), "1 High Street", "https://example.com")
SIGNER = Signer(b"0123456789abcdef")
BOX = Mailbox("contact", "contact@example.com", language="es")


@lru_cache(maxsize=4)
def _shipped(brand: Brand) -> Library:
    return Library.load(SHIPPED, brand)


def library(folder: Path = SHIPPED, brand: Brand = BRAND) -> Library:
    """The shipped templates, or those of a folder."""
    return _shipped(brand) if folder == SHIPPED else Library.load(folder, brand)


def folder_of(folder: Path, **files: str) -> Path:
    """A templates folder of NAME="content"; front matter is added where there is none."""
    for name, text in files.items():
        path = folder / f"{name}.md"
        path.write_text(text if text.startswith("---") else f"---\nsubject: S\nlanguage: en\n---\n{text}", "utf-8")
    return folder


def decision(message: Message, target: Address | None = None, **rule: Any) -> Decision:
    """A decision that answers a letter."""
    target = target or message.from_[0]
    given = {"name": "Everything else", "reply": "acknowledgement", "promise": Duration(4, "working hour")} | rule
    ask = Lookup(target.key, target.key, target.domain, "letter " + message.message_id, "thread")
    due = datetime(2026, 11, 24, 10, tzinfo=UTC) if given["promise"] else None
    return Decision("reply", "rule", "", Rule(**given), target, ask, due=due)


def composer(
    lib: Library | None = None, language: str = "", brand: Brand = BRAND, seasons: Sequence[Season] = ()
) -> Composer:
    """A composer for which every text is in `language`."""
    return Composer(lib or library(), brand, SIGNER, lambda _subject, _text: language, seasons)


def answer(message: Message | None = None, lib: Library | None = None, **rule: Any) -> Answer:
    """The answer to a letter."""
    message = message or letter()
    return composer(lib).compose(decision(message, **rule), message, BOX, NOW)


def read(raw: bytes) -> EmailMessage:
    """An answer as a strict reader sees it."""
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


class Page(HTMLParser):
    """What an HTML page is made of: tags with attributes, and text; `fault` where tags do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.style = False
        self.fault = fault(html)
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self.style = False

    def handle_data(self, data: str) -> None:
        if not self.style:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a"]
