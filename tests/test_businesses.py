"""Rules of ten businesses as their owners would write them: not one warning, and each letter decided as they expect.

`tests/businesses/NAME/rules.yaml` is the file, `letters.yaml` beside it the letters: when (the office's time), from
whom, and what must come of it: `answer: RULE` (perhaps with `language` and `due`), or `silent: REASON` (perhaps with
`rule`).
"""

from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from autoresponder.answer.templates import Library
from autoresponder.config.build import load_settings, problems_of
from autoresponder.config.loader import read as read_yaml
from autoresponder.config.settings import Settings
from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, parse
from autoresponder.core.token import Signer
from autoresponder.service.daemon import make_book
from autoresponder.service.desk import Book

BUSINESSES = sorted(path.parent for path in (Path(__file__).parent / "businesses").glob("*/rules.yaml"))
LETTERS = [
    pytest.param(folder, letter, id=f"{folder.name}: {letter['why']}")
    for folder in BUSINESSES
    for letter in read_yaml(folder / "letters.yaml").data
]
KEYS = {"why", "at", "sent", "from", "to", "subject", "body", "headers", "attachment", "size", "mailbox", "folder",
        "answer", "silent", "rule", "language", "due"}  # fmt: skip


@pytest.fixture(scope="module")
def books() -> dict[Path, tuple[Settings, Book]]:
    """What each business's daemon would decide with."""
    made = {}
    for folder in BUSINESSES:
        settings = load_settings(folder / "rules.yaml", environ={})
        library = Library.load(settings.templates, settings.brand, lazy=True)
        made[folder] = settings, make_book(settings, library, Signer(b"a key for tests only, 32 octets!"))
    return made


def test_there_are_enough() -> None:
    assert len(BUSINESSES) >= 10
    assert len(LETTERS) >= 5 * len(BUSINESSES)


@pytest.mark.parametrize("folder", BUSINESSES, ids=lambda folder: folder.name)
def test_not_one_warning(folder: Path, books: dict[Path, tuple[Settings, Book]]) -> None:
    settings, _book = books[folder]
    names = Library.load(settings.templates, settings.brand, lazy=True).names
    assert [str(problem) for problem in (*settings.warnings, *problems_of(settings, names))] == []


@pytest.mark.parametrize("folder", BUSINESSES, ids=lambda folder: folder.name)
def test_every_rule_has_a_letter(folder: Path, books: dict[Path, tuple[Settings, Book]]) -> None:
    letters = read_yaml(folder / "letters.yaml").data
    meant = {letter.get("answer") or letter.get("rule") for letter in letters}
    missing = {rule.name for rule in books[folder][0].policy.rules} - meant
    assert len(missing) <= 2, missing


@pytest.mark.parametrize(("folder", "letter"), LETTERS)
def test_each_letter_is_decided_as_expected(
    folder: Path, letter: dict[str, Any], books: dict[Path, tuple[Settings, Book]]
) -> None:
    assert letter.keys() <= KEYS
    settings, book = books[folder]
    decision = decided(settings, book, letter)
    if rule := letter.get("answer"):
        assert (decision.action, decision.rule and decision.rule.name) == ("reply", rule), decision.why
        zone = settings.accounts[mailbox(settings, letter)].mailbox.office.zone
        if due := letter.get("due"):
            assert decision.due == datetime.fromisoformat(due).replace(tzinfo=zone)
        if language := letter.get("language"):
            assert book.language(letter["subject"], letter.get("body", "")) == language
    else:
        assert (decision.action, decision.reason) == ("silent", letter["silent"]), decision.why
        assert decision.rule is None or decision.rule.name == letter.get("rule", decision.rule.name)


def mailbox(settings: Settings, letter: dict[str, Any]) -> str:
    return str(letter.get("mailbox") or next(iter(settings.accounts)))


def decided(settings: Settings, book: Book, letter: dict[str, Any]) -> Decision:
    name = mailbox(settings, letter)
    account = settings.accounts[name]
    zone = account.mailbox.office.zone
    now = datetime.fromisoformat(letter["at"]).replace(tzinfo=zone)
    sent = datetime.fromisoformat(letter.get("sent", letter["at"])).replace(tzinfo=zone)
    made = EmailMessage()
    made["From"], made["Subject"] = letter["from"], letter["subject"]
    made["To"] = letter.get("to", account.mailbox.address)
    made["Date"], made["Message-ID"] = sent, "<letter@sender.example>"
    for header, value in letter.get("headers", {}).items():
        made[header] = value
    made.set_content(letter.get("body", "Hello."))
    if attached := letter.get("attachment"):
        kind = {"pdf": ("application", "pdf"), "jpg": ("image", "jpeg")}.get(attached[-3:], ("application", "acad"))
        made.add_attachment(b"x" * 30_000, kind[0], kind[1], filename=attached)
    raw = made.as_bytes()
    message = parse(raw, size=letter.get("size", len(raw)))
    arrival = Arrival(name, letter.get("folder", "INBOX"), 1, 1, sent)
    return decide(read(message, book.policy), arrival, book.policy, History(), now, language=book.language, full=True)
