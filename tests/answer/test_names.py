"""Odd names of real mail (odd_names.yaml): a name only where there is one, and never a greeting with a hole in it."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unicodedata import category, normalize

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresponder.answer import words
from autoresponder.answer.names import MAX_NAME, person
from autoresponder.answer.samples import samples
from autoresponder.answer.templates import Library
from autoresponder.core.message import parse
from tests.answer.house import BRAND, Page, folder_of, library
from tests.answer.language_table import LANGUAGES

TABLE = yaml.safe_load((Path(__file__).parent / "odd_names.yaml").read_text("utf-8"))
NAMES = [tuple(row) for rows in TABLE.values() for row in rows]
LONG = ["Ana " * 2_500, "a" * 10_000, "é" * 10_000, "Ana, " * 2_000, "🌸" * 5_000, "(" * 10_000, "'" * 10_000]


def test_there_are_enough() -> None:
    assert len(NAMES) >= 100
    assert len({row[0] for row in NAMES}) >= len(NAMES) - 1


@pytest.mark.parametrize(("display", "name", "first"), NAMES)
def test_a_name_only_where_there_is_one(display: str, name: str, first: str) -> None:
    assert person(display) == (name, first)
    assert person(name) == (name, first) or not name, "a name that was made is taken as it is"


def quoted(display: str) -> str:
    return '"' + display.replace("\\", "\\\\").replace('"', '\\"') + '"'


def in_base64(display: str) -> str:
    return f"=?utf-8?b?{b64encode(display.encode()).decode()}?="


def in_qp(display: str) -> str:
    return "=?utf-8?q?" + "".join(f"={octet:02X}" for octet in display.encode()) + "?="


@pytest.mark.parametrize("form", [quoted, in_base64, in_qp])
def test_it_is_the_same_name_however_from_is_written(form: Callable[[str], str]) -> None:
    for display, name, first in NAMES:
        if "\u202e" in display or (form is quoted and ("=?" in display or any(c in display for c in "\r\n\0"))):
            continue  # has become a space already; cannot stand in a quoted string
        message = parse(b"From: " + form(display).encode() + b" <ana@shop.example>\r\n\r\nHello\r\n")
        (who,) = message.from_
        assert (who.email, *person(who.name)) == ("ana@shop.example", name, first), display


@pytest.mark.parametrize("long", LONG, ids=lambda text: f"{len(text)} of {text[0]}")
def test_what_is_too_long_is_no_name(long: str) -> None:
    assert person(long) == ("", "")
    message = parse(f"From: {in_base64(long)} <ana@shop.example>\r\n\r\n".encode())
    assert person(message.from_[0].name)[0] in ("", "é") and len(message.from_[0].name) <= 4 * MAX_NAME


JULIAN, JULIAN_ = "Gutiérrez Mora, Julián", ("Julián Gutiérrez Mora", "Julián")
DIRECTORY = [
    # what stands before the address, the address, name and first name
    *((JULIAN, f"{local}@empresa.example", JULIAN_) for local in (
        "julian.gutierrez", "Julian.Gutierrez", "jgutierrez", "j.gutierrez", "juliangutierrez", "gutierrez.julian",
        "gutierrezj", "julian_gutierrez_mora", "jgutierrezm", "julian.mora", "jgutierrez2", "julian-gutierrez+web",
        "gutierrezmora.julian")),
    *((JULIAN, email, ("", "")) for email in (
        "", "julian", "info@empresa.example", "julian@empresa.example", "gutierrez@empresa.example",
        "jg@empresa.example", "agutierrez@empresa.example", "julian.gutierrez.ventas@empresa.example",
        "julian@gutierrez.example", "julian.gutierrez@gutierrezmora.example", "gutierrez.mora@empresa.example")),
    ("Ruiz García, Ana María", "amruiz@x.example", ("Ana María Ruiz García", "Ana")),
    ("Ruiz García, Mª José", "mruiz@x.example", ("Mª José Ruiz García", "Mª José")),
    ("de la Cruz Sanz, Juan", "jcruz@x.example", ("Juan de la Cruz Sanz", "Juan")),
    ("Ruiz García, María del Carmen", "mcruiz@x.example", ("María del Carmen Ruiz García", "María")),
    ("García Ruiz, Alberto", "agarcia@x.example", ("Alberto García Ruiz", "Alberto")),
    ("Silva Santos, João", "joao.santos@x.example", ("João Silva Santos", "João")),
    ("Meier Schulz, Dr. Hans", "hans.meier@x.example", ("Dr. Hans Meier Schulz", "Hans")),
    ("Ana Ruiz, Madrid", "ana.ruiz@x.example", ("", "")),
    ("Ana Ruiz, Alicante", "aruiz@x.example", ("", "")),        # a for Ana or for Alicante?
    ("Ana Ruiz, Madrid", "madrid@x.example", ("", "")),
    ("Café Central, Madrid", "cafe.madrid@cafecentral.example", ("", "")),
    ("Muebles Ruiz, Madrid", "madrid.ruiz@x.example", ("", "")),
    ("Ruiz García, Ventas", "ventas.ruiz@x.example", ("", "")),
    ("Ruiz García, Ana, Madrid", "ana.ruiz@x.example", ("", "")),
    ("Петров Сидоров, Иван", "ivan.petrov@x.example", ("", "")),
]  # fmt: skip


@pytest.mark.parametrize(("display", "email", "names"), DIRECTORY)
def test_two_surnames_before_a_comma_where_the_address_spells_the_name(
    display: str, email: str, names: tuple[str, str]
) -> None:
    assert person(display, email) == names


ONE_WORD = [
    # one word before the address, the address, and whether it is a person's name
    ("Stripe", "receipts+acct_1@stripe.com", False),
    ("Stripe", "stripe@stripe.com", False),
    ("Notion", "team@mail.notion.so", False),
    ("Mango", "info@shop.mango.example", False),
    ("Mango", "ventas@elsewhere.example", False),  # a department writes
    ("Mango", "facturas@mango-online.example", False),
    ("Zara", "hola@zarahome.example", False),
    ("Müller", "info@mueller.example", False),
    ("Müller", "b.schmidt@müller.example", False),
    ("Maria", "maria@mariascakes.example", True),
    ("Maria", "maria.lopez@example.net", True),
    ("Ana", "aruiz@panaderia.example", True),  # three letters are found in many a domain
    ("Ana", "ana1985@gmail.com", True),
    ("Bo", "bo@boats.example", True),
    ("Jean-Luc", "jl@moreau.example", True),
    ("Ana", "", True),
]


@pytest.mark.parametrize(("word", "email", "is_name"), ONE_WORD)
def test_one_word_is_a_name_unless_the_address_says_that_it_is_a_house(word: str, email: str, is_name: bool) -> None:
    assert person(word, email) == ((word, word) if is_name else ("", ""))


def test_an_answer_is_addressed_so() -> None:
    values = replace(next(samples(library().brand)), sender_name=JULIAN, sender_address="jgutierrez@empresa.example")
    assert values.context("es")["salutation"] == "Hola, Julián Gutiérrez Mora:"


GREETINGS = [
    ("Ana Ruiz", "en", "Dear Ana Ruiz,"),
    ("RUIZ, ANA", "en", "Dear Ana Ruiz,"),
    ("Ana Ruiz", "es", "Hola, Ana Ruiz:"),
    ("MARIA DE LA O", "es", "Hola, Maria de la O:"),
    ("JosÃ©", "ca", "Hola, José,"),
    ("Ana Ruiz", "gl", "Ola, Ana Ruiz:"),
    ("Ana Ruiz", "eu", "Kaixo, Ana Ruiz:"),
    ("João Silva", "pt", "Olá, João Silva,"),
    ("Marie DUPONT", "fr", "Bonjour Marie DUPONT,"),
    ("Dr. Müller", "de", "Guten Tag Dr. Müller,"),
    ("Frau Schmidt", "de", "Guten Tag Frau Schmidt,"),
    ("ANA RUIZ", "it", "Buongiorno Ana Ruiz,"),
    ("Jan van der Berg", "nl", "Beste Jan van der Berg,"),
    ("Łukasz Żółć", "pl", "Dzień dobry,"),
    ("Ștefan Țurcanu", "ro", "Bună ziua, Ștefan Țurcanu,"),
    ("דוד כהן", "he", "שלום דוד כהן,"),
    ("王小明", "en", "Dear 王小明,"),
    ("Kundenservice", "de", "Guten Tag,"),
    ("Familie Huber", "de", "Guten Tag,"),
    ("van der Berg", "nl", "Goedendag,"),
    ("null", "es", "Hola:"),
    ("{{7*7}}", "fr", "Bonjour,"),
    ("", "en", "Hello,"),
    ("Info", "pt", "Olá,"),
]


@pytest.mark.parametrize(("display", "language", "greeting"), GREETINGS)
def test_greetings(display: str, language: str, greeting: str) -> None:
    values = replace(next(samples(library().brand)), sender_name=display)
    assert values.context(language)["salutation"] == greeting


HOLES = ("None", "undefined", "null", "{", "}", "<", "  ", " ,", " :", " !", ",,", "Dear,", "()", "Firstname")


def assert_whole(greeting: str, display: str) -> None:
    """What holds for the first line of every answer, whoever it goes to."""
    assert greeting.strip() and greeting[0].isalpha() and greeting[-1] in ",:", (display, greeting)
    assert not [hole for hole in HOLES if hole in greeting], (display, greeting)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sample_answer_greets_every_name(language: str) -> None:
    lib = library()
    values = next(samples(lib.brand))
    outcomes = {person(display): display for display in [*(row[0] for row in NAMES), *LONG]}
    for (name, _first), display in outcomes.items():
        greeted = replace(values, sender_name=display)
        assert greeted.context(language)["salutation"] == words.salutation(language, name)
        for template in lib.names:
            made = lib.render(template, [language], greeted)
            greeting = made.text.partition("\n")[0]
            assert_whole(greeting, display)
            assert greeting == words.salutation(language, name)
        assert " ".join(greeting.split()) in Page(made.html).text


PIECES = st.one_of(
    st.sampled_from([row[0] for row in NAMES]),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.sampled_from(
        ["@", "(", '"', "'", ",", ".", " ", "-", "de", "la", "RUIZ", "\u202e", "\u0301", "Ã", "İ", "ß", "ª", "Dr."]
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=6).map("".join))
def test_whatever_stands_in_from_a_name_is_words_of_letters(display: str) -> None:
    """What holds for any text: never an error; letters and their marks, and what stands between them in names."""
    name, first = person(display)
    assert len(name) <= MAX_NAME and first in name and (name or not first)
    assert name == " ".join(name.split()) == normalize("NFC", name)
    assert [c for c in name if category(c)[0] not in "LM" and c not in " '’.-·・"] == []


def test_templates_with_fallbacks_of_their_own(tmp_path: Path) -> None:
    body = "{{ sender.first_name or sender.name or 'friend' }},\n\nHi{% if sender.name %} {{ sender.name }}{% endif %},"
    lib = Library.load(folder_of(tmp_path, a=f"---\nsubject: For {{{{ sender.name or 'you' }}}},\n---\n{body}"), BRAND)
    values = next(samples(lib.brand))
    for display, name, first in NAMES:
        made = lib.render("a", ["en"], replace(values, sender_name=display))
        assert made.text.startswith(f"{first or name or 'friend'},\n\nHi{' ' if name else ''}{name},\n")
        assert made.subject == f"For {name or 'you'},"
