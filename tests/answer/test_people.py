"""What an answer says of who wrote: contact, first letter, years, both salutations; its language; the season."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2.exceptions import SecurityError, UndefinedError

from autoresponder.answer import words
from autoresponder.answer.brand import face_of, signed
from autoresponder.answer.clean import JOINER
from autoresponder.answer.samples import samples
from autoresponder.answer.season import Season, season_of
from autoresponder.answer.templates import Library
from autoresponder.answer.worded import Worded
from autoresponder.core.calendar import DateRange, Office
from autoresponder.core.contacts import Row, invented, years
from autoresponder.core.history import History
from tests.answer.house import BOX, BRAND, NOW, ROOT, composer, decision, folder_of, library
from tests.answer.language_table import LANGUAGES
from tests.core.letters import letter

COLUMNS = ("name", "company", "customer_since", "language")
ANA = Row(COLUMNS, ("Ana Ruiz", "Ruiz & Sons", "2019-11-23", ""), "ana@example.net")


def said(folder: Path, body: str, contact: Row = ANA, sender: str = "ana@example.net", **more: Any) -> str:
    """The first lines of an answer whose template has this body."""
    text = f"---\nsubject: S\nlanguage: en\n---\n{body}"
    lib = library(folder_of(folder, acknowledgement=text))
    made = replace(decision(letter(sender=sender)), contact=contact, **more)
    return composer(lib).compose(made, letter(sender=sender), BOX, NOW).text.partition("\nThe Example team")[0].strip()


def stranger(columns: tuple[str, ...] = COLUMNS) -> Row:
    return Row(columns)


SAID: list[tuple[str, Row, str]] = [
    ("{{ contact.company }}", ANA, "Ruiz & Sons"),
    ("[{{ contact.company }}]", stranger(), "[]"),
    ("{% if contact %}known{% else %}new{% endif %}", ANA, "known"),
    ("{% if contact %}known{% else %}new{% endif %}", stranger(), "new"),
    ("{{ contact['company'] }}", ANA, "Ruiz & Sons"),
    ("{{ customer.years }} since {{ customer.since }}", ANA, "7 since 23 November 2019"),
    ("{{ customer.years }} since {{ customer.since or '?' }}", stranger(), "0 since ?"),
    ("{{ customer.years }}", replace(ANA, cells=("", "", "2027-01-01", "")), "0"),
    ("{{ salutation }} {{ greeting }}", ANA, "Dear Ana Ruiz, Hi Ana,"),
    ("{{ salutation }} {{ greeting }}", stranger(), "Hello, Hi there,"),
    ("{{ salutation }}", replace(ANA, key="@example.net"), "Hello,"),  # a domain's row names nobody
    ("{{ salutation }}", replace(ANA, cells=("ACME GmbH", "", "", "")), "Hello,"),
    ("{{ salutation }}", replace(ANA, cells=("{{ 7*7 }}", "", "", "")), "Hello,"),
    ("{{ contact.company }}", replace(ANA, cells=("", "A\r\nBcc: b@evil.example\u202e", "", "")), "A Bcc: …"),
    ("{{ contact.company }}", replace(ANA, cells=("", "shop.example", "", "")), f"shop{JOINER}.example"),
    ("{{ contact.company }}", replace(ANA, cells=("", "**b** <i> {{ 7*7 }}", "", "")), "**b** <i> {{ 7*7 }}"),
]


@pytest.mark.parametrize(("body", "contact", "text"), SAID)
def test_what_is_known_is_said(tmp_path: Path, body: str, contact: Row, text: str) -> None:
    assert said(tmp_path, body, contact) == text


def test_the_letter_s_own_name_comes_before_the_contact_s(tmp_path: Path) -> None:
    assert said(tmp_path, "{{ salutation }}", sender="Eva Gil <ana@example.net>") == "Dear Eva Gil,"
    assert said(tmp_path, "{{ sender.first_name }}", sender="info <ana@example.net>") == "Ana"


def test_the_past_is_said_in_words_and_in_the_office_s_zone(tmp_path: Path) -> None:
    body = "{{ sender.messages }} letters since {{ sender.first_seen or 'today' }}"
    assert said(tmp_path, body) == "0 letters since today"
    late = History(first_seen=datetime(2025, 3, 14, 23, 30, tzinfo=UTC), messages=3)
    assert said(tmp_path, body, history=late) == "3 letters since 14 March 2025"
    made = replace(decision(letter()), history=late)
    box = replace(BOX, office=Office(zone=ZoneInfo("Europe/Madrid"), always_open=True))
    assert "since 15 March 2025" in composer(library(tmp_path)).compose(made, letter(), box, NOW).text


@pytest.mark.parametrize(
    ("since", "today", "whole"),
    [
        (date(2019, 11, 23), date(2026, 11, 22), 6),
        (date(2019, 11, 23), date(2026, 11, 23), 7),
        (date(2024, 2, 29), date(2027, 2, 27), 2),
        (date(2024, 2, 29), date(2027, 2, 28), 3),
        (date(2024, 2, 29), date(2028, 2, 28), 3),
        (date(2024, 2, 29), date(2028, 2, 29), 4),
        (date(2026, 11, 23), date(2026, 11, 23), 0),
    ],
)
def test_whole_years(since: date, today: date, whole: int) -> None:
    assert years(since, today) == whole


def test_a_column_that_the_file_has_not_is_found_by_check(tmp_path: Path) -> None:
    folder_of(
        tmp_path,
        a="{{ salutation }}",
        b="\n{% if contact.compny %}x{% endif %}",
        c="---\nsubject: {{ contact.x }}\n---\ny",
    )
    lib = Library.load(tmp_path, BRAND)
    assert [str(problem) for problem in lib.check(COLUMNS)] == [
        f"{tmp_path}/b.md:6: there is no column “compny” in the contacts file (did you mean “company”?)",
        f"{tmp_path}/c.md:2: subject: there is no column “x” in the contacts file "
        "(there are: company, customer_since, language, name)",
    ]
    assert {problem.sentence for problem in lib.check()} == {
        "there is no column “compny” in the contacts file (rules.yaml names none)",
        "subject: there is no column “x” in the contacts file (rules.yaml names none)",
    }


@pytest.mark.parametrize(
    "body", ["{{ contact._row }}", "{{ contact['_row'] }}", "{{ contact.__class__ }}", "{{ contact.name.__class__ }}"]
)
def test_nothing_but_columns_can_be_had_of_a_contact(tmp_path: Path, body: str) -> None:
    (problem,) = Library.load(folder_of(tmp_path, a=body), BRAND).check(COLUMNS)
    assert "_" in problem.sentence and problem.severity == "error"
    with pytest.raises((UndefinedError, SecurityError)):
        said(tmp_path, body)


def test_check_fills_templates_for_contacts_and_for_strangers(tmp_path: Path) -> None:
    folder_of(tmp_path, a="{% if contact %}{{ nope }}{% endif %}", b="{% if not contact %}{{ nope }}{% endif %}")
    folder_of(tmp_path, c="{{ 9 // customer.years }}", d="{% if sender.messages %}{{ promise.due }}{% endif %}")
    found = {Path(problem.place.file).stem for problem in Library.load(tmp_path, BRAND).check(COLUMNS)}
    assert found == {"a", "b", "c", "d"}


def test_every_mix_of_four_is_tried() -> None:
    face = face_of(BRAND)
    mixes = [
        (bool(v.sender_name), bool(v.promise), v.office.always_open, bool(v.subject), v.contact.known)
        for v in samples(face, COLUMNS)
    ]
    for left_out in range(5):
        assert len({mix[:left_out] + mix[left_out + 1 :] for mix in mixes}) == 16


# language -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "contact", "guessed", "chosen"),
    [
        ("", "fr", "de", "fr"),
        ("", "pt-BR", "de", "pt"),
        ("", "sv", "de", "de"),  # nobody wrote it in Swedish: as if the contact said nothing
        ("", "", "de", "de"),
        ("it", "fr", "de", "it"),
        ("", "fr", "", "fr"),
    ],
)
def test_a_contact_s_language_comes_after_the_rule_s(rule: str, contact: str, guessed: str, chosen: str) -> None:
    made = replace(decision(letter(), language=rule), contact=replace(ANA, cells=("", "", "", contact)))
    answers = composer(language=guessed)
    assert answers.compose(made, letter(), BOX, NOW).language == chosen
    assert answers.language(made, letter(), BOX) == chosen


@pytest.mark.parametrize("language", [*LANGUAGES, "he", "fi"])
def test_an_informal_greeting_in_every_language(language: str) -> None:
    with_name, without = words.greeting(language, "Ana"), words.greeting(language, "")
    assert "Ana" in with_name or language == "pl"
    for text in (with_name, without):
        assert text[-1] in ",!" and "{" not in text and " ," not in text
    assert with_name != words.salutation(language, "Ana")


@pytest.mark.parametrize(
    ("language", "when", "text"),
    [
        ("en", date(2019, 3, 14), "14 March 2019"),
        ("es", date(2019, 3, 14), "14 de marzo de 2019"),
        ("ca", date(2019, 4, 1), "1 d’abril del 2019"),
        ("de", date(2019, 3, 14), "14. März 2019"),
        ("fr", date(2019, 3, 1), "1er mars 2019"),
        ("it", date(2019, 3, 1), "1º marzo 2019"),
        ("pt", date(2019, 3, 14), "14 de março de 2019"),
        ("gl", date(2019, 3, 14), "14 de marzo de 2019"),
        ("nl", date(2019, 3, 14), "14 maart 2019"),
        ("pl", date(2019, 3, 14), "14 marca 2019"),
        ("ro", date(2019, 3, 14), "14 martie 2019"),
        ("eu", date(2019, 3, 14), "2019ko martxoaren 14a"),
        ("eu", date(2021, 3, 1), "2021eko martxoaren 1a"),
        ("eu", date(1900, 3, 1), "1900eko martxoaren 1a"),
        ("eu", date(2000, 3, 1), "2000ko martxoaren 1a"),
        ("he", date(2019, 3, 14), "14 במרץ 2019"),
    ],
)
def test_days_with_their_year(language: str, when: date, text: str) -> None:
    assert words.full_day(language, when) == text


# seasons --------------------------------------------------------------------------------------------------------------
MERRY = Worded.of({"en": "Merry!", "es": "¡Feliz!", "pt": "Feliz!"})
CHRISTMAS = Season("Christmas", (DateRange((12, 20), (1, 6)),), MERRY)
ALWAYS = Season("Always", (DateRange((1, 1), (12, 31)),), Worded.of("Hello"))


@pytest.mark.parametrize(
    ("languages", "text"),
    [
        (["es", "en"], "¡Feliz!"),
        (["pt-BR", "es"], "Feliz!"),
        (["de", "es"], "¡Feliz!"),  # the mailbox's
        (["de", "fr"], "Merry!"),  # the first
    ],
)
def test_the_season_s_text_is_in_the_nearest_language(languages: list[str], text: str) -> None:
    assert CHRISTMAS.view(languages, face_of(BRAND)).text == text
    assert ALWAYS.view(languages, face_of(BRAND)).text == "Hello"


def test_of_several_seasons_the_first_one_counts() -> None:
    assert season_of((CHRISTMAS, ALWAYS), date(2027, 1, 6)) is CHRISTMAS
    assert season_of((CHRISTMAS, ALWAYS), date(2027, 1, 7)) is ALWAYS
    assert season_of((CHRISTMAS,), date(2027, 1, 7)) is None


def test_the_season_is_that_of_the_office_s_day_and_the_answer_s_language() -> None:
    answers = composer(library(), "pt", seasons=(CHRISTMAS,))
    night = datetime(2026, 12, 19, 23, 30, tzinfo=UTC)  # the 20th in Madrid
    madrid = replace(BOX, office=Office(zone=ZoneInfo("Europe/Madrid"), always_open=True))
    answer = answers.compose(decision(letter()), letter(), madrid, night)
    assert answer.text.startswith("Feliz!\n\nOlá") and ">Feliz!</td>" in answer.html
    assert "Feliz!" not in answers.compose(decision(letter()), letter(), BOX, night).text
    french_first = replace(CHRISTMAS, text=Worded.of({"fr": "Joyeux !", "es": "¡Feliz!"}))
    answers = composer(library(), "pt", seasons=(french_first,))
    assert answers.compose(decision(letter()), letter(), madrid, night).text.startswith("¡Feliz!\n")  # the mailbox's


def test_a_layout_that_shows_no_season_is_warned_of(tmp_path: Path) -> None:
    folder_of(tmp_path, a="x")
    (tmp_path / "layout.html").write_text("<html><body>{{ content }}</body></html>")
    lib = Library.load(tmp_path, BRAND)
    assert lib.check() == []
    assert [str(problem) for problem in lib.check((), (CHRISTMAS,))] == [
        f"{tmp_path}/layout.html: warning: this layout does not show the season (say {{{{ season.text }}}} in it)"
    ]


# the page -------------------------------------------------------------------------------------------------------------
def examples() -> Iterator[str]:
    """Every whole template on the page about templates that needs no other file."""
    page = (ROOT / "docs" / "templates.md").read_text("utf-8")
    for text in re.findall(r"^```text\n(.*?)^```", page, re.M | re.S):
        if text.startswith("---\nsubject") and "attachments" not in text:
            yield text


def test_the_templates_of_the_page_are_without_fault(tmp_path: Path) -> None:
    found = list(examples())
    assert len(found) >= 2 and any("customer.years" in text for text in found)
    folder_of(tmp_path, **{f"example{number}": text for number, text in enumerate(found)})
    assert Library.load(tmp_path, BRAND).check(COLUMNS) == []


def test_the_contact_of_samples_is_nobody() -> None:
    row = invented(("name", "tier", "birthday"))
    assert (row.known, row.cell("name"), row.cell("tier")) == (True, "Ana Ruiz", "tier")
    assert row.key.endswith("@example.org")


# the signature --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "home", "signature"),
    [("en", "es", "The team"), ("pt-BR", "es", "A equipa"), ("de", "es", "El equipo"), ("de", "fr", "The team")],
)
def test_the_signature_is_in_the_reader_s_language(language: str, home: str, signature: str) -> None:
    brand = replace(BRAND, signature=Worded.of({"en": "The team", "es": "El equipo", "pt": "A equipa"}))
    assert signed(face_of(brand), (language, home)).signature == signature


@pytest.mark.parametrize(("written", "signature"), [("Us", "Us"), ("", BRAND.name)])
def test_one_signature_is_for_all(written: str, signature: str) -> None:
    assert signed(face_of(replace(BRAND, signature=Worded.of(written))), ("de", "es")).signature == signature


def test_an_answer_is_signed_in_its_language() -> None:
    brand = replace(BRAND, signature=Worded.of({"en": "The Example team", "es": "El equipo de Example"}))
    made = decision(letter(), language="es")
    spanish = composer(library(brand=brand), brand=brand).compose(made, letter(), BOX, NOW)
    assert "El equipo de Example" in spanish.text
    assert "El equipo de Example" in spanish.html
    assert "The Example team" not in spanish.text + spanish.html
