"""Quoting: off unless asked for, few lines, the writer's own words, inert; `check` names every template with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoresponder.answer.clean import JOINER
from autoresponder.answer.compose import Answer, Composer
from autoresponder.answer.quote import MAX_LINES, own_lines, quote
from autoresponder.answer.templates import Library
from tests.answer.house import BOX, BRAND, NOW, SIGNER, Page, decision, folder_of, library, read
from tests.core.letters import letter

QUOTING = "Thank you. You wrote:\n\n{% if original.quote %}\n> {{ original.quote }}\n{% endif %}\n\nKind regards,\n"

LETTERS = [
    ("Hello\n\nTwo rooms, please.\n\n-- \nAna Ruiz\nAcme", ["Hello", "", "Two rooms, please."]),
    ("Hello\n--\nAna", ["Hello"]),
    ("\n\n\nHello\n\n\n\nBye\n\n\n", ["Hello", "", "Bye"]),
    ("> old\n> older\n\nNew\n>> old\nMore", ["New", "More"]),
    ("Yes.\n\nOn Mon, 23 Nov 2026 at 10:00, Bob <b@x.example> wrote:\n> old", ["Yes."]),
    ("Yes.\n\nOn Mon, 23 Nov 2026 at 10:00, Bob\n<b@x.example> wrote:\nold, not marked", ["Yes."]),
    ("Sí.\n\nEl lun, 23 nov 2026 a las 10:00, Bob (<b@x.example>)\nescribió:\n> viejo", ["Sí."]),
    ("Ja.\n\nAm 23.11.26 um 10:00 schrieb Bob:\n> alt", ["Ja."]),
    ("Oui.\n\nLe lun. 23 nov. 2026 à 10:00, Bob <b@x.example> a écrit :\n> vieux", ["Oui."]),
    ("Sì.\n\nIl giorno lun 23 nov 2026 alle ore 10:00 Bob ha scritto:\n> vecchio", ["Sì."]),
    ("Ja.\n\nOp ma 23 nov 2026 om 10:00 schreef Bob <b@x.example>:\n> oud", ["Ja."]),
    ("Tak.\n\npon., 23 lis 2026 o 10:00 Bob <b@x.example> napisał(a):\n> stare", ["Tak."]),
    ("Sim.\n\nEm seg., 23 de nov. de 2026 às 10:00, Bob escreveu:\n> velho", ["Sim."]),
    ("Da.\n\nPe lun., 23 nov. 2026 la 10:00, Bob a scris:\n> vechi", ["Da."]),
    ("Yes.\n\n-----Original Message-----\nFrom: Bob", ["Yes."]),
    ("Yes.\n\n---------- Forwarded message ---------\nFrom: Bob", ["Yes."]),
    ("Yes.\n________________________________\nFrom: Bob", ["Yes."]),
    ("Ja.\n\nVon: Bob <b@x.example>\nGesendet: Montag\nAn: Ana", ["Ja."]),
    ("Sí.\n\n*De:* Bob\n*Enviado el:* lunes\nPara: Ana", ["Sí."]),
    ("Yes.\n\nSent from my iPhone", ["Yes."]),
    ("Sí.\nEnviado desde mi iPhone", ["Sí."]),
    ("Ja.\nVon meinem iPhone gesendet", ["Ja."]),
    ("Yes.\n\nGet Outlook for iOS", ["Yes."]),
    ("On 23 Nov 2026, Bob wrote:\n> old\n> older\n\nBelow\n> more\nBelow, too", ["Below", "Below, too"]),
    ("On 23 Nov 2026, Bob\nwrote:\n\n> old\n\nBelow", ["Below"]),
    ("You ask:\n> why?\nBecause.", ["You ask:", "Because."]),
    ("From: Madrid\nwe come to Paris.", ["From: Madrid", "we come to Paris."]),  # no older letter
    ("On Monday we come.\nIs that right?", ["On Monday we come.", "Is that right?"]),
    ("On the menu:\n- soup", ["On the menu:", "- soup"]),
    ("A list:\n- one\n-- two", ["A list:", "- one", "-- two"]),
    ("", []),
    ("> only\n> quoted", []),
]


@pytest.mark.parametrize(("text", "lines"), LETTERS)
def test_only_what_the_writer_wrote(text: str, lines: list[str]) -> None:
    assert list(own_lines(text)) == lines


def test_few_lines_wrapped_and_an_ellipsis_where_it_breaks_off() -> None:
    text = "\n".join(f"line {n}" for n in range(100))
    assert quote(text, 3) == "line 0\n> line 1\n> line 2 …"
    assert quote(text, 100).count("\n") == MAX_LINES - 1
    assert quote("one\ntwo", 2) == "one\n> two"
    assert quote(text, 0) == quote("", 10) == ""
    long = quote("word " * 1000, 5)
    assert [len(line) <= 72 for line in long.split("\n> ")] == [True] * 5 and long.endswith(" …")
    assert len(quote("x" * 60_000, 20)) <= 1_500
    assert len(quote(("x" * 70 + "\n") * 100, 20)) <= 1_500
    assert quote("a\n\n\nb\nc", 2) == "a …"
    assert quote("x" * 68 + "\ny", 1) == "x" * 68 + " …"


EVIL = (
    "http://evil.example/x www.evil.example bob@other.example bob＠other.example mailto:bob%40other.example"
    " evil.example\n"
    "<script>alert(1)</script> <b>x</b> &lt;b&gt; [x](http://evil.example) **b**\n"
    "{{ 7*7 }} {% raw %}\n"
    "a\x00\x1b[31mb\u202ec\u2028d\ufeff\n"
    "> nested\n"
    "# heading\n"
)


def made(folder: Path, text: str, lines: int, body: str = QUOTING) -> Answer:
    lib = library(folder_of(folder, a=body))
    message = replace(letter(), text=text)
    return Composer(lib, BRAND, SIGNER, lambda *_: "en", quote=lines).compose(
        decision(message, reply="a"), message, BOX, NOW
    )


def test_a_quote_is_text_and_nothing_else(tmp_path: Path) -> None:
    answer = made(tmp_path, EVIL, 20)
    assert [part.defects for part in read(answer.raw).walk()] == [[]] * 3
    page = Page(answer.html)
    assert page.fault == ""
    assert page.links == ["https://example.com"]
    assert not {tag for tag, _ in page.tags} & {"script", "b", "h1", "img"}
    assert [tag for tag, _ in page.tags].count("blockquote") == 1
    for shown in (answer.text, page.text):
        assert "http" not in shown.replace("https://example.com", "") and "www." not in shown and "@" not in shown
        assert f"evil{JOINER}.example" in shown and "evil.example" not in shown
        assert "{{ 7*7 }}" in shown and "49" not in shown and "<b>x</b>" in shown and "**b**" in shown
        assert not [odd for odd in "\x00\x1b\u202e\u2028\ufeff" if odd in shown]
    start = answer.text.index("You wrote:") + len("You wrote:")
    quoted = answer.text[start : answer.text.index("Kind regards")].strip().split("\n")
    assert all(line.startswith("> ") for line in quoted) and len(quoted) == 5


def test_it_reads_like_a_quote(tmp_path: Path) -> None:
    answer = made(tmp_path, "Hello\n\nTwo rooms, please.\n-- \nAna", 10)
    assert "You wrote:\n\n> Hello\n>\n> Two rooms, please.\n\nKind regards," in answer.text
    assert "Hello<br>\n<br>\nTwo rooms, please.</p>" in answer.html
    assert 'blockquote style="' in answer.html


def test_it_is_off_and_capped(tmp_path: Path) -> None:
    answer = made(tmp_path, "secret words", 0)
    assert "secret" not in answer.text + answer.html and "blockquote" not in answer.html.partition("<body")[2]
    assert "You wrote:\n\nKind regards," in answer.text
    (tmp_path / "b").mkdir()
    assert made(tmp_path / "b", "line\n" * 1000, 1000).text.count("> line") == MAX_LINES


@pytest.mark.parametrize(
    "twist",
    ["|upper", "|title", "|replace('a', 'b')", "|striptags", "|truncate(9)", " ~ '<i>'", "|e", "|string", "|list|join"],
)
def test_no_filter_makes_markup_of_it(tmp_path: Path, twist: str) -> None:
    answer = made(tmp_path, "<script>alert(1)</script>\n<b>", 10, f"> {{{{ original.quote{twist} }}}}")
    assert not {tag for tag, _ in Page(answer.html).tags} & {"script", "b", "i"}


def warned(folder: Path, lines: int, **files: str) -> list[str]:
    lib = Library.load(folder_of(folder, **files), BRAND)
    return [str(problem).removeprefix(f"{folder}/") for problem in lib.check(quote=lines)]


def test_check_names_every_line_that_quotes(tmp_path: Path) -> None:
    (tmp_path / "_part.md").write_text("\n> {{ original.quote }}\n")
    found = warned(
        tmp_path, 10, a=QUOTING, b='{% include "_part.md" %}', c="{% set o = original %}\n> {{ o['quote'] }}", d="x"
    )
    assert [line.partition(": ")[0] for line in found] == ["_part.md:2", "a.md:8", "c.md:6"]
    for line in found:
        assert "warning: this answer quotes the letter: whoever forges From makes us send their words to a" in line
    found = warned(tmp_path, 0, a=QUOTING)
    assert "a.md:8: warning: original.quote is always empty" in found[1] and "answer: {quote: 10 lines}" in found[1]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a": "{{ original.quote }}"}, "a.md: the quoted words are not marked as such (put them in a quote: > {{"),
        (
            {"a": "---\nsubject: x {{ original.quote }}\n---\nx"},
            "a.md: the letter is quoted in the subject or the name",
        ),
        (
            {"a": "> {{ [original]|join(attribute='quo' ~ 'te') }}"},
            "a.md: warning: this answer quotes the letter, by a",
        ),
        (
            {"a": "{% if not office.open %}\n> {{ [original]|join(attribute='quo' ~ 'te') }}\n{% endif %}"},
            "a.md: warning: this answer quotes the letter, by a detour",
        ),
    ],
)
def test_check_says_where_a_quote_does_not_belong(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    assert any(line.startswith(sentence) for line in warned(tmp_path, 10, **files)), warned(tmp_path, 10, **files)


def test_a_layout_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "layout.txt").write_text("{{ content }}\n\n> {{ original.quote }}\n")
    assert any(line.startswith("layout.txt:3: warning: this answer quotes") for line in warned(tmp_path, 5, a="x"))


@pytest.mark.parametrize("body", ["a quote: {{ salutation }}", "{{ 'quote' }}", "> {{ original.subject or 1 }}"])
def test_others_are_not_named(tmp_path: Path, body: str) -> None:
    assert warned(tmp_path, 10, a=body) == []


def test_the_sample_answers_quote_nobody() -> None:
    assert library().check(quote=10) == []


def test_a_file_that_cannot_be_read_is_told_by_its_line(tmp_path: Path) -> None:
    folder_of(tmp_path, a="Hello", b="Hello\n\n{% if %}")
    (problem,) = Library.load(tmp_path, BRAND, lazy=True).check()
    assert str(problem).endswith("Expected an expression, got 'end of statement block'") and "b.md:" in str(problem)
