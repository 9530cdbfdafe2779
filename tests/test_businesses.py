"""Rules of thirty businesses as their owners would write them: not one warning, each letter decided as they expect.

`tests/businesses/NAME/rules.yaml` is the file, `letters.yaml` beside it the letters (`sample_letters`): when (the
office's time), from whom, and what must come of it: `answer: RULE` (perhaps with `language` of the answer, `due`,
`whom` it goes to, `says`: what stands in it, `shadow`, `held`), or `silent: REASON` (perhaps with `rule`). `before`
are letters that came earlier, `acts` says whether the rule's mark, move_to and notify are carried out.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from autoresponder.answer.templates import Library
from autoresponder.config.build import load_settings, problems_of
from autoresponder.config.editor import json_schema
from autoresponder.config.loader import read as read_yaml
from autoresponder.config.settings import Settings
from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, Message, parse
from autoresponder.core.replay import Replay
from autoresponder.core.token import Signer
from autoresponder.service.book import Book, make_book
from tests.sample_letters import letter_of

BUSINESSES = sorted(path.parent for path in (Path(__file__).parent / "businesses").glob("*/rules.yaml"))
LETTERS = [
    pytest.param(folder, letter, id=f"{folder.name}: {letter['why']}")
    for folder in BUSINESSES
    for letter in read_yaml(folder / "letters.yaml").data
]
TOLD = {"at", "sent", "from", "to", "subject", "body", "headers", "attachment", "size", "mailbox", "folder", "with",
        "mail"}  # fmt: skip
NOT_YET = {"follow_up", "remind", "escalate", "before_due", "after_due"}
"""Keys that `check` warns of, since nothing acts on them yet."""
EXPECTED = {"why", "before", "answer", "silent", "rule", "language", "due", "whom", "says", "shadow", "held", "acts"}


@pytest.fixture(scope="module")
def libraries() -> dict[Path, tuple[Settings, Library]]:
    """What `check` looks at, of each business."""
    read = {folder: load_settings(folder / "rules.yaml", environ={}) for folder in BUSINESSES}
    return {folder: (found, Library.load(found.templates, found.brand, lazy=True)) for folder, found in read.items()}


@pytest.fixture(scope="module")
def books(libraries: dict[Path, tuple[Settings, Library]]) -> dict[Path, tuple[Settings, Book]]:
    """What each business's daemon would decide with."""
    signer = Signer(b"a key for tests only, 32 octets!")
    return {folder: (found, make_book(found, library, signer)) for folder, (found, library) in libraries.items()}


def test_there_are_enough() -> None:
    assert len(BUSINESSES) >= 30
    assert len(LETTERS) >= 8 * len(BUSINESSES)


def test_together_they_use_the_whole_grammar() -> None:
    written = {key for folder in BUSINESSES for key in keys_in(read_yaml(folder / "rules.yaml").data)}
    schema = json_schema()
    grammar = {key for table in (schema, *schema["$defs"].values()) for key in table.get("properties", {})}
    assert sorted(grammar - written - NOT_YET) == []


def keys_in(data: object) -> Iterator[str]:
    """Every key of a file, however deep."""
    if isinstance(data, dict):
        yield from map(str, data)
    for part in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from keys_in(part)


@pytest.mark.parametrize("folder", BUSINESSES, ids=lambda folder: folder.name)
def test_not_one_warning(folder: Path, libraries: dict[Path, tuple[Settings, Library]]) -> None:
    settings, library = libraries[folder]
    problems = [*settings.warnings, *problems_of(settings, library.names)]
    if settings.templates.parent == folder:
        problems += library.check(settings.policy.contacts.columns, settings.seasons)
    assert [str(problem) for problem in problems] == []


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
    assert letter.keys() <= TOLD | EXPECTED
    settings, book = books[folder]
    message, decision = decided(settings, book, letter)
    rule = decision.rule.name if decision.rule else ""
    if "answer" in letter:
        assert (decision.action, rule) == ("reply", letter["answer"]), decision.why
        answered(letter, book, settings.accounts[mailbox(settings, letter)].mailbox.name, message, decision)
    else:
        assert (decision.action, decision.reason) == ("silent", letter["silent"]), decision.why
        assert letter.get("rule", rule) == rule
    assert decision.act is letter.get("acts", decision.act)


def answered(letter: dict[str, Any], book: Book, name: str, message: Message, decision: Decision) -> None:
    """Whether the answer is the one that the letter expects."""
    box = book.policy.mailboxes[name]
    if language := letter.get("language"):
        assert book.composer.language(decision, message, box) == language
    if says := letter.get("says"):
        now = datetime.fromisoformat(letter["at"]).replace(tzinfo=box.office.zone)
        text = " ".join(book.composer.compose(decision, message, box, now).text.split())
        assert [words for words in ([says] if isinstance(says, str) else says) if words not in text] == [], text
    assert decision.target is not None
    assert letter.get("whom", decision.target.email) == decision.target.email
    if due := letter.get("due"):
        assert decision.due == datetime.fromisoformat(due).replace(tzinfo=box.office.zone)
    assert decision.shadow is letter.get("shadow", False)
    assert bool(decision.hold) is letter.get("held", False)


def mailbox(settings: Settings, letter: dict[str, Any]) -> str:
    return str(letter.get("mailbox") or next(iter(settings.accounts)))


def decided(settings: Settings, book: Book, letter: dict[str, Any]) -> tuple[Message, Decision]:
    """What is decided about a letter, after those that came before it."""
    replay = Replay(book.policy, book.language)
    for earlier in letter.get("before", []):
        assert earlier.keys() <= TOLD, earlier
        replay.decide(*arrived(settings, {**letter, **earlier}))
    message, arrival = arrived(settings, letter)
    if "sent" not in letter:
        return message, replay.decide(message, arrival)
    now = datetime.fromisoformat(letter["at"]).replace(tzinfo=arrival.arrived.tzinfo)
    reading = read(message, book.policy)
    return message, decide(reading, arrival, book.policy, History(), now, language=book.language, full=True)


def arrived(settings: Settings, letter: dict[str, Any]) -> tuple[Message, Arrival]:
    """A letter as it was fetched, at the time when it was sent."""
    name = mailbox(settings, letter)
    box = settings.accounts[name].mailbox
    sent = datetime.fromisoformat(letter.get("sent", letter["at"])).replace(tzinfo=box.office.zone)
    raw = letter_of(letter, box.address, sent)
    message = parse(raw, size=letter.get("size", len(raw)))
    return message, Arrival(name, letter.get("folder", "INBOX"), 1, 1, sent)
