"""The tables in the documents that say what becomes of letters, read so that a test can hold the program to them.

A table `| when | letter | becomes |` belongs to the yaml example above it. *when* is a moment in the time zone of the
office (empty: that of the row before), *letter* a line of YAML (`from`, `to`, `subject`, `body`, `headers`,
`attachment`, `size`, `arrived`, `mailbox`, `folder`; nobody named: a new person each time), *becomes* what is
decided: the rule that answers, `silent: REASON` or `held`, and more after semicolons: `due Tue 2026-11-24 10:00`,
`in es`, `by RULE`, `shadow`, `marked X`, `moved to X`, `tells X`. The rows of a table happen one after the other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from autoresponder.answer.brand import Brand
from autoresponder.answer.templates import Library
from autoresponder.config.build import load_settings
from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, Message, parse
from autoresponder.core.replay import Replay
from autoresponder.core.token import Signer
from autoresponder.service.book import Book, make_book

ROOT = Path(__file__).parent.parent.parent
MAILBOX = """
mailboxes:
  contact:
    address: contact@example.com
    imap: {host: imap.example.com, password: {env: MAIL}}
    smtp: {host: smtp.example.com}
    authserv_id: mx.example.com
"""
RULES = "\nrules: [{name: Everything else, reply: acknowledgement}]\n"
CONTACTS = """email,name,customer_since,tier
ana@example.net,Ana Ruiz,2016-11-23,gold
"@bigclient.example",,2021-09-01,platinum
"""
START = "Mon 2026-11-23 10:00"
_BLOCK = re.compile(
    r"^```yaml(?P<warns> warns)?\n(?P<yaml>.*?)^```$"
    r"|^\| when \| letter \| becomes \|\n\|[-|]+\|\n(?P<table>(?:\|[^\n]*\n)+)"
    r"|^#+ (?P<heading>[^\n]*)$",
    re.MULTILINE | re.DOTALL,
)
_TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg", "zip": "application/zip"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    when: str
    letter: dict[str, Any]
    becomes: str


@dataclass(frozen=True, slots=True)
class Case:
    """One example with its table."""

    name: str
    example: str
    rows: tuple[Row, ...]
    warns: bool  # whether `check` warns of the example


def cases(page: Path) -> Iterator[Case]:
    """The examples of a page that have a table."""
    heading, example, warns = "", "", False
    for block in _BLOCK.finditer(page.read_text()):
        if block["heading"]:
            heading = block["heading"].replace("`", "")
        elif block["yaml"]:
            example, warns = block["yaml"], bool(block["warns"])
        else:
            yield Case(f"{page.stem}: {heading}", example, tuple(_rows(block["table"])), warns)


def _rows(table: str) -> Iterator[Row]:
    when = START
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        assert len(cells) == 3, line
        when = cells[0] or when
        yield Row(when, yaml.load("{" + cells[1].strip("`") + "}", yaml.BaseLoader) or {}, cells[2].replace("`", ""))


def book_of(case: Case, folder: Path) -> Book:
    """What a daemon with this example as its rules.yaml would go by."""
    example = case.example
    example += "" if re.search(r"^mailboxes:", example, re.MULTILINE) else MAILBOX
    example += "" if re.search(r"^rules:", example, re.MULTILINE) else RULES
    path = folder / "rules.yaml"
    path.write_text(example)
    (folder / "contacts.csv").write_text(CONTACTS)
    (folder / "templates").symlink_to(ROOT / "templates")
    settings = load_settings(path, environ={})
    assert bool(settings.warnings) == case.warns, [str(warning) for warning in settings.warnings]
    return make_book(settings, _library(), Signer(b"a key for tests only, 32 octets!"))


@cache
def _library() -> Library:
    """The sample templates; how they look is nothing that a decision depends on."""
    return Library.load(ROOT / "templates", Brand(), lazy=True)


def outcomes(case: Case, book: Book) -> Iterator[tuple[Row, str]]:
    """Each row with what became of its letter, in the words that the row uses."""
    replay = Replay(book.policy, book.language)
    for number, row in enumerate(case.rows):
        name = row.letter.get("mailbox") or next(iter(book.policy.mailboxes))
        zone = book.policy.mailboxes[name].office.zone
        now = moment(row.when).replace(tzinfo=zone)
        arrived = moment(row.letter["arrived"]).replace(tzinfo=zone) if "arrived" in row.letter else now
        message = letter(row.letter, number, book.policy.mailboxes[name].address, arrived)
        arrival = Arrival(name, row.letter.get("folder", "INBOX"), 1, number + 1, arrived)
        if arrived != now:
            reading = read(message, book.policy)
            decision = decide(reading, arrival, book.policy, History(), now, language=book.language)
        else:
            decision = replay.decide(message, arrival)
        yield row, "; ".join(_said(decision, message, book, name, row.becomes))


def moment(text: str) -> datetime:
    """`Mon 2026-11-23 10:00`; a weekday that does not belong to the date is a mistake of the document."""
    at = datetime.strptime(text[4:], "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the office's zone comes later
    assert f"{at:%a}" == text[:3], f"{text} is a {at:%a}"
    return at


def letter(about: dict[str, Any], number: int, to: str, at: datetime) -> Message:
    """The letter that a row speaks of."""
    known = {"from", "to", "cc", "subject", "body", "headers", "attachment", "size", "arrived", "mailbox", "folder"}
    assert about.keys() <= known, about
    made = EmailMessage()
    made["From"] = about.get("from", f"person{number}@example.net")
    made["To"] = about.get("to", to)
    if "cc" in about:
        made["Cc"] = about["cc"]
    made["Subject"] = about.get("subject", "A question")
    made["Date"], made["Message-ID"] = at, f"<{number}@example.net>"
    for header, value in about.get("headers", {}).items():
        made[header] = value
    made.set_content(about.get("body", "Hello."))
    if name := about.get("attachment"):
        main, sub = _TYPES.get(name.rpartition(".")[2], "application/octet-stream").split("/")
        made.add_attachment(b"x" * 2_000, main, sub, filename=name)
    raw = made.as_bytes()
    return parse(raw, size=int(about.get("size", len(raw))))


def _said(decision: Decision, message: Message, book: Book, mailbox: str, asked: str) -> Iterator[str]:
    """What happened, in the words of a row; what comes after the first words only where the row speaks of it."""
    rule = decision.rule
    if decision.action == "reply" and rule:
        yield "held" if decision.hold else rule.name
    else:
        yield f"silent: {decision.reason}"
    for part in asked.split("; ")[1:]:
        word = part.split()[0]
        if word == "by":
            yield f"by {rule.name if rule else 'no rule'}"
        elif word == "due":
            yield f"due {decision.due:%a %Y-%m-%d %H:%M}" if decision.due else "no promise"
        elif word == "in":
            yield f"in {book.composer.language(decision, message, book.policy.mailboxes[mailbox])}"
        elif part in ("shadow", "not shadow"):
            yield "shadow" if decision.shadow else "not shadow"
        elif word in ("marked", "moved", "tells"):
            yield _act(word, decision)
        else:
            raise AssertionError(f"what is “{part}”?")


def _act(word: str, decision: Decision) -> str:
    rule = decision.rule if decision.act else None
    if rule is None:
        return f"{word} nothing"
    said = {"marked": ", ".join(rule.mark), "moved": f"to {rule.move_to}" if rule.move_to else "",
            "tells": ", ".join(rule.notify)}[word]  # fmt: skip
    return f"{word} {said or 'nothing'}"
