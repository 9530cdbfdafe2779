"""An answer says no address of somebody else, however it is spelt; those of the configuration pass."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresponder.answer.clean import JOINER, inert
from autoresponder.answer.compose import Answer, Composer
from autoresponder.answer.leaks import LeakError, addresses, masked, written
from autoresponder.answer.season import Season
from autoresponder.answer.templates import Library
from autoresponder.answer.worded import Worded
from autoresponder.core.address import Address
from autoresponder.core.calendar import DateRange
from autoresponder.core.contacts import Row
from tests.answer.house import BOX, BRAND, NOW, SIGNER, decision, folder_of, library
from tests.core.letters import letter

SPELLINGS = [
    "bob@other.example",
    "Bob@Other.Example",
    f"bob{JOINER}@other{JOINER}.example",
    "bo\u200bb@oth\u00ader.example",
    "b\u200eob@other.example",
    "bob＠other.example",
    "ｂｏｂ＠ｏｔｈｅｒ．ｅｘａｍｐｌｅ",
    "bob﹫other。example",
    "bob&#64;other.example",
    "bob&#0064;other&#46;example",
    "&#98;ob&#x40;other.example",
    "bob&commat;other&period;example",
    "mailto:bob%40other.example",
    "mailto:%62ob%40other%2Eexample?subject=x",
    "<a href='mailto:bob@other.example'>x</a>",
    '<img alt="bob@other.example">',
    "(bob@other.example)",
    "write to bob@other.example.",
    "邮箱bob@other.example。",
    "_bob@other.example_",
]


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_an_address_is_known_however_it_is_spelt(spelt: str) -> None:
    assert "bob@other.example" in {key for keys in addresses(f"x {spelt} y", page=True) for key in keys}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ana@münchen.example", "ana@xn--mnchen-3ya.example"),
        ("ana@xn--mnchen-3ya.example", "ana@xn--mnchen-3ya.example"),
        ("josé@example.net", "josé@example.net"),
        ("ana@[192.0.2.1]", "ana@[192.0.2.1]"),
        ("mailto:us@x.example?cc=bob@other.example", "bob@other.example"),
    ],
)
def test_other_addresses(text: str, found: str) -> None:
    assert found in {key for keys in addresses(text) for key in keys}


@pytest.mark.parametrize(
    "text",
    ["", "@", "@media (max-width: 620px)", "Ana @ Shop", "3 @ 5.50 EUR", "a@b", "@ana", "100 % @work", "R&D @ 5"],
)
def test_what_is_no_address(text: str) -> None:
    assert list(addresses(text)) == []


def test_an_address_written_in_markdown() -> None:
    assert "info_desk@x.example" in written(r"write to info\_desk\@x.example")
    assert "info@x.example" in written("**info@x.example**, <info@x.example>")


def made(folder: Path, body: str, subject: str = "S", ours: tuple[str, ...] = (), **row: str) -> Answer:
    """An answer to ana@example.net from contact@example.com; `row`: what is known of her."""
    lib = library(folder_of(folder, a=f"---\nsubject: {subject}\nlanguage: en\n---\n{body}"))
    composer = Composer(lib, BRAND, SIGNER, lambda _subject, _text: "en", ours=ours)
    known = Row(tuple(row), tuple(row.values()), "ana@example.net") if row else Row()
    return composer.compose(replace(decision(letter(), reply="a"), contact=known), letter(), BOX, NOW)


BUILT = "{{ 'bob' ~ '@' ~ 'other.example' }}"
"""An address that stands nowhere in the configuration as it is."""


@pytest.mark.parametrize(
    ("body", "subject", "where"),
    [
        (BUILT, "S", "text"),
        ("x", BUILT, "subject"),
        ("{{ 'bob＠' ~ 'other.example' }}", "S", "text"),
        ("{{ 'bob%40' ~ 'other.example' }}", "S", "text"),
        ("{{ sender.first_name|lower }}@other.example", "S", "text"),
    ],
)
def test_an_address_of_somebody_else_stops_the_answer(tmp_path: Path, body: str, subject: str, where: str) -> None:
    with pytest.raises(LeakError) as caught:
        made(tmp_path, body, subject)
    shown = str(caught.value)
    assert shown.startswith(f"{tmp_path / 'a.md'}: the {where} would say ")
    assert "…@other.example" in shown and "bob@" not in shown and "ana@other" not in shown
    assert "write it out in the template" in shown


def test_the_page_is_looked_at_on_its_own(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "autoresponder/answer/layout/layout.html").read_text()
    for hidden in ('<a href="mailto:{{ "bob" }}%40other.{{ "example" }}">x</a>', 'bob&#64;{{ "other" }}&#46;example'):
        (tmp_path / "layout.html").write_text(page.replace("{{ content }}", hidden + "{{ content }}"))
        with pytest.raises(LeakError, match=r"the page would say b…@other\.example"):
            made(tmp_path, "x")
    with pytest.raises(LeakError, match="the name in From would say"):
        folder_of(tmp_path, a=f"---\nsubject: S\nfrom_name: {BUILT}\n---\nx")
        (tmp_path / "layout.html").unlink()
        lib = library(tmp_path)
        Composer(lib, BRAND, SIGNER, lambda *_: "").compose(decision(letter(), reply="a"), letter(), BOX, NOW)


@pytest.mark.parametrize(
    "body",
    [
        "info@shop.example",
        "[write](mailto:info@shop.example?subject=x)",
        "<info@shop.example>",
        r"info\@shop.example",
        "**info@shop.example**",
        "{% set where = 'info@shop.example' %}{{ where }}",
        "{{ sender.address }} {{ mailbox.address }}",
        "{{ 'ANA@' ~ 'EXAMPLE.net' }} {{ 'contact' ~ '@example.com' }}",
        "写信至{{ mailbox.address }}",
    ],
)
def test_addresses_of_the_configuration_and_the_recipient_pass(tmp_path: Path, body: str) -> None:
    assert made(tmp_path, body).text


ODD_LOCALS = [
    "o'brien",
    "_ana",
    "ana_",
    "a/b",
    "a=b",
    "x?y",
    "{x}",
    "`x`",
    "a|b",
    "a&b",
    "100%x",
    "%41",
    "a%40b",
    "*a*",
    "..a",
    "jösé",
    "!#$^~",
]


@pytest.mark.parametrize("local", ODD_LOCALS)
def test_whatever_the_recipient_s_address_is_they_are_answered(tmp_path: Path, local: str) -> None:
    lib = library(folder_of(tmp_path, a="You are **{{ sender.address }}**, we {{ mailbox.address }}."))
    message, who = letter(), Address("Ana", f"{local}@example.net")
    make = Composer(lib, BRAND, SIGNER, lambda *_: "")
    assert local in make.compose(decision(message, who, reply="a"), message, BOX, NOW).text.replace(JOINER, "")


def test_the_recipient_s_address_hides_no_other(tmp_path: Path) -> None:
    lib = library(
        folder_of(tmp_path, a="{{ sender.address }} {{ 'x' ~ 'ana@example.co' }} {{ 'ana@example.co' ~ 'm' }}")
    )
    message, who = letter(), Address("Ana", "ana@example.co")
    with pytest.raises(LeakError, match="would say x…@example"):
        Composer(lib, BRAND, SIGNER, lambda *_: "").compose(decision(message, who, reply="a"), message, BOX, NOW)
    lib = library(folder_of(tmp_path, a="{{ sender.address }} {{ 'ana@example.co' ~ 'm' }}"))
    with pytest.raises(LeakError, match=r"would say a…@example\.com"):
        Composer(lib, BRAND, SIGNER, lambda *_: "").compose(decision(message, who, reply="a"), message, BOX, NOW)


def test_the_addresses_of_all_our_mailboxes_pass(tmp_path: Path) -> None:
    body = "{{ 'bob' ~ '@' ~ 'other.example' }}"
    assert made(tmp_path, body, ours=("x@example.com", "bob@other.example")).text
    assert made(tmp_path, body, ours=("@other.example",)).text
    with pytest.raises(LeakError):
        made(tmp_path, body, ours=("bob@example.com", "@other.example.com"))


def test_the_row_of_the_recipient_passes(tmp_path: Path) -> None:
    assert made(tmp_path, BUILT, manager="Bob <bob@other.example>").text
    with pytest.raises(LeakError):
        made(tmp_path, BUILT, manager="Bob <bob@another.example>")


def test_brand_and_seasons_pass(tmp_path: Path) -> None:
    brand = replace(BRAND, address="1 High Street, bob@other.example")
    lib = library(folder_of(tmp_path, a=BUILT), brand)
    always = DateRange(NOW.date(), NOW.date())
    text = Worded.of({"es": "escriba a eve@other.example", "": "write to eve@other.example"})
    seasons = (Season("x", (always,), text),)
    composer = Composer(lib, brand, SIGNER, lambda *_: "", seasons)
    text = composer.compose(decision(letter(), reply="a"), letter(), BOX, NOW).text
    assert "bob@other.example" in text and "eve@other.example" in text


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_a_letter_cannot_have_its_answer_stopped(tmp_path: Path, spelt: str) -> None:
    """What comes with the letter is cleaned before it gets so far: writing an address costs nobody their answer."""
    lib = library(
        folder_of(tmp_path, a="---\nsubject: Re {{ original.subject }}\n---\n{{ original.subject }} {{ sender.name }}")
    )
    message = letter(f"about {spelt}", sender="ana@example.net")
    message = replace(message, from_=(replace(message.from_[0], name=spelt),))
    Composer(lib, BRAND, SIGNER, lambda *_: "").compose(decision(message, reply="a"), message, BOX, NOW)


PIECES = st.one_of(
    st.sampled_from(
        ["@", "＠", "﹫", "%40", "&#64;", "&commat;", ".", "。", "．", " ", "\u00a0", "\u2060", "\u200b", "\u202e"]
    ),
    st.sampled_from(
        ["bob", "other", "example", "a.b", "<", ">", "mailto:", "http://", "'", '"', "&", "\n", "-", "_", "中文"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=3),
)
WRITTEN = st.lists(PIECES, max_size=14).map("".join)


@pytest.fixture(scope="module")
def repeating(tmp_path_factory: pytest.TempPathFactory) -> Composer:
    """Says all that a letter can bring, next to each other."""
    body = (
        "{{ original.subject }}{{ sender.name }}@{{ sender.first_name }} {{ sender.address }}\n\n> {{ original.quote }}"
    )
    front = "subject: Re {{ original.subject }}{{ sender.name }}"
    folder = folder_of(tmp_path_factory.mktemp("repeating"), a=f"---\n{front}\n---\n{body}")
    return Composer(library(folder), BRAND, SIGNER, lambda *_: "", quote=20)


@settings(max_examples=120, deadline=None)
@given(subject=WRITTEN, name=WRITTEN, text=WRITTEN)
def test_no_letter_at_all_can(repeating: Composer, subject: str, name: str, text: str) -> None:
    """What holds for any letter: no text of it makes an address that is somebody's."""
    message = replace(letter(), subject=subject, text=text)
    made = repeating.compose(decision(message, Address(name, "ana@example.net"), reply="a"), message, BOX, NOW)
    assert {key for keys in addresses(made.html, page=True) for key in keys} <= {
        "ana@example.net",
        "logo@autoresponder.invalid",
    }


def test_check_names_file_and_line(tmp_path: Path) -> None:
    lib = Library.load(folder_of(tmp_path, a=f"Hello\n\n{BUILT}\n", b="info@shop.example {{ sender.address }}"), BRAND)
    (problem,) = lib.check()
    assert str(problem.place) == f"{tmp_path / 'a.md'}:7" and problem.severity == "error"
    assert "the text would say b…@other.example" in problem.sentence


def test_masked() -> None:
    assert masked("bob@other.example") == "b…@other.example"
    assert "bob" not in masked("bob@other.example")
    assert inert("bob＠other.example") == inert("mailto:bob%40other.example") == "…"
