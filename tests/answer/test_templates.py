"""Templates are found, chosen by language, checked with file and line, and cannot leave their sandbox."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from autoresponder.answer import words
from autoresponder.answer.brand import Brand
from autoresponder.answer.language import detect
from autoresponder.answer.samples import samples
from autoresponder.answer.templates import Library
from autoresponder.errors import ConfigError
from tests.answer.house import BRAND, SHIPPED, Page, folder_of, library
from tests.answer.language_table import LANGUAGES


def test_the_shipped_templates_are_without_fault() -> None:
    lib = library()
    assert lib.names == ("acknowledgement", "christmas", "closed", "invoice")
    assert all(lib.languages(name) == tuple(sorted(LANGUAGES)) for name in lib.names)
    assert lib.check() == []


def test_its_files_are_the_user_s_and_not_those_that_an_upgrade_replaces(tmp_path: Path) -> None:
    assert {path.parent for path in library().files} == {SHIPPED}
    (tmp_path / "layout.txt").write_text("{{ content }}")
    assert {path.name for path in library(folder_of(tmp_path, a="Hello")).files} == {"layout.txt", "a.md"}


@pytest.mark.parametrize("name", ["acknowledgement", "christmas", "closed", "invoice"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_letter_reads_like_one(name: str, language: str) -> None:
    lib = library()
    for values in samples(lib.brand):
        made = lib.render(name, [language], values)
        page = Page(made.html)
        assert page.fault == ""
        assert made.language == language
        assert max(map(len, made.text.split("\n"))) <= 72
        assert "\n\n\n" not in made.text
        assert len(made.html) < 30_000
        assert page.tags[0] == ("html", page.tags[0][1]) and page.tags[0][1]["lang"] == language
        assert not [src for _tag, attrs in page.tags if (src := attrs.get("src"))]  # nothing is fetched
        assert page.links == ["https://example.com"]
        for text in (" ".join(made.text.split()), page.text):
            assert not [odd for odd in ("{", "None", "..", ": :") if odd in text]
            assert _spaced(words.words(language).notice) in text
            if values.due:
                assert _spaced(words.by(language, values.due)) in text
            if name == "closed" and not values.office.always_open:
                assert _spaced(words.at(language, datetime(2026, 11, 23, 9, tzinfo=UTC))) in text
        assert " ," not in made.text and " :\n" not in made.text
        assert made.text.startswith(words.salutation(language, values.sender_name) + "\n")


def _spaced(text: str) -> str:
    return " ".join(text.split())


def test_the_shipped_answers_are_written_in_their_language() -> None:
    lib = library()
    for name, language in product(lib.names, LANGUAGES):
        made = lib.render(name, [language], next(samples(lib.brand)))
        assert detect("", made.text.partition("\n")[2], LANGUAGES) == language


@pytest.mark.parametrize(
    ("files", "asked", "chosen"),
    [
        ("en es", ["es"], "es"),
        ("en es", ["es-MX", "en"], "es"),
        ("en es", ["fr", "es"], "es"),
        ("en es", ["fr", "de"], "en"),
        ("en es", ["en", "es"], "en"),  # NAME.md says that it is English: it comes before the mailbox's own
        ("en es", ["en-GB", "es"], "en"),
        ("en pt pt-BR", ["pt-BR"], "pt-BR"),
        ("en pt pt-BR", ["pt_br"], "pt-BR"),
        ("en pt pt-BR", ["pt-PT"], "pt"),
        ("en pt-BR", ["pt"], "pt-BR"),
        ("en", ["", "es"], "en"),
        ("en", [], "en"),
    ],
)
def test_language_fallback(tmp_path: Path, files: str, asked: list[str], chosen: str) -> None:
    default, *others = files.split()
    (tmp_path / "a.md").write_text(f"---\nsubject: {default}\nlanguage: {default}\n---\nx")
    for other in others:
        (tmp_path / f"a.{other}.md").write_text(f"---\nsubject: {other}\n---\nx")
    lib = library(tmp_path)
    assert lib.render("a", asked, next(samples(lib.brand))).subject == chosen


def test_a_template_without_a_language_is_in_the_mailbox_s(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nsubject: x\n---\n{{ promise.due }}")
    lib = library(tmp_path)
    assert "antes del martes" in lib.render("a", ["en", "es"], next(samples(lib.brand))).text


LOAD = [
    ("a.md", "no front", 1, "a template begins with its front matter"),
    ("a.md", "---\nsubjet: x\nsubject: y\n---\n", 2, "unknown key “subjet” (did you mean “subject”?)"),
    ("a.md", "---\nlanguage: en\n---\nx", 1, "this template has no subject"),
    ("a.md", "---\nsubject: a\nsubject: b\n---\n", 3, "“subject” is there twice"),
    ("a.md", "---\nsubject: x\n---\n\n{% if promise %}\nx", 5, "Unexpected end of template"),
    ("a.md", "---\nsubject: {{ x\n---\n", 2, "unexpected end of template"),
    ("a.md", "---\nsubject: x\n---\n{{ sender.name|saef }}", 4, "No filter named 'saef'"),
    ("a.md", "---\nsubject: x\n---\n{{ sender.name|safe }}", 4, "No filter named 'safe'"),
    ("a.md", "---\nsubject: x\n---\n{% autoescape false %}x{% endautoescape %}", 4, "escaping cannot be switched off"),
    ("a.md", "---\nsubject: x\n---\n\n{% include '/etc/passwd' %}", 5, "there is no file “/etc/passwd” to include"),
    ("a.md", "---\nsubject: x\n---\n{% include '../a.md' %}", 4, "there is no file “../a.md” to include"),
    ("a.md", "---\nsubject: x\n---\n{{ sender.address }}\n[a]({{ sender.address }})", 5, "a link may be made of"),
    ("a.md", "---\nsubject: x\n---\n[a](https://x.example/{{ original.subject }})", 4, "a link may be made of"),
    ("a.md", "---\nsubject: x\n---\n![a](https://x.example/a.png)", 4, "pictures in a template"),
    ("a.es.md", "---\nsubject: x\n---\nx", 0, "a.md is missing"),
    ("a b.md", "---\nsubject: x\n---\nx", 0, "a template is called NAME.md"),
    ("a.md", "", 0, "this template is empty"),
    ("layout.html", "<p>nothing</p>", 0, "a layout says {{ content }} exactly once"),
]


@pytest.mark.parametrize(("file", "content", "line", "sentence"), LOAD)
def test_what_is_wrong_is_said_with_file_and_line(
    tmp_path: Path, file: str, content: str, line: int, sentence: str
) -> None:
    if file == "layout.html":
        folder_of(tmp_path, b="x")
    (tmp_path / file).write_text(content)
    with pytest.raises(ConfigError) as caught:
        library(tmp_path)
    found = [str(problem).lower() for problem in caught.value.problems]
    where = f"{tmp_path / file}:{line}:" if line else f"{tmp_path / file}:"
    assert any(text.startswith(where.lower()) and sentence.lower() in text for text in found), found


def test_all_problems_at_once(tmp_path: Path) -> None:
    folder_of(tmp_path, a="{{ x|nope }}", b="{% nope %}")
    (tmp_path / "c.md").write_bytes(b"---\nsubject: \xff\n---\n")
    with pytest.raises(ConfigError) as caught:
        library(tmp_path, replace(BRAND, colour="blue"))
    assert len(caught.value.problems) >= 2
    with pytest.raises(ConfigError, match="no templates folder"):
        library(tmp_path / "none")


CHECK = [
    ("\n{{ sender.nmae }}", 6, "there is no value “sender.nmae” (did you mean “name”?)"),
    ("{{ salutaton }}", 5, "there is no value “salutaton” (did you mean “salutation”?)"),
    (
        "x\n\ny\n{{ promise.due }}",
        8,
        "no “promise.due” when the rule promises nothing (put {% if promise %} … {% endif %}",
    ),
    ("{{ promise.duee }}", 5, "there is no value “promise.duee” (did you mean “due”?)"),
    ("{{ season.text }}", 5, "no “season.text” when it is no season (put {% if season %}"),
    ("{{ promise }}", 5, "“promise” is no text (say one of promise.due, promise.text)"),
    ("{{ season }}", 5, "there is no “season” when it is no season"),
    ("{{ sender }}", 5, "“sender” is no text (say one of sender.address, sender.first_name"),
    ("{{ contact }}", 5, "“contact” is no text"),
    ("{{ brand }}", 5, "“brand” is no text (say one of brand.address, brand.colour"),
    ("{{ office.open }}", 5, "what is true or false is for {% if … %}"),
    ("{{ none }}", 5, "this is no text"),
    ("{{ today.split() }}", 5, "this is no text"),
    ("{{ today.split }}", 5, "this is no text"),
    ("{% macro a() %}x{% endmacro %}\n{{ a }}", 6, "this is no text"),
    ("{% if sender.nope %}x{% endif %}", 5, "there is no value “sender.nope”"),
    ("{{ sender.__class__ }}", 5, "unsafe"),
    ("{{ ''.__class__.__mro__ }}", 5, "unsafe"),
    ("{{ sender.name.__init__.__globals__ }}", 5, "unsafe"),
    ("{{ office._office }}", 5, "unsafe"),
    ("{% for x in range(100000) %}{% endfor %}", 5, "at most 1000"),
    ("{{ 'x' * 1000000000 }}", 5, "numbers up to"),
    ("{{ 9 ** 9 }}", 5, "no **"),
    ("{{ lipsum() }}", 5, "there is no value “lipsum”"),
    ("{{ self.x }}", 5, "x"),
]


@pytest.mark.parametrize(("body", "line", "sentence"), CHECK)
def test_check_fills_every_template_and_names_the_line(tmp_path: Path, body: str, line: int, sentence: str) -> None:
    lib = library(folder_of(tmp_path, good="{{ salutation }}", a=body))
    problems = lib.check()
    assert [str(p.place) for p in problems] == [f"{tmp_path / 'a.md'}:{line}"], problems
    assert sentence in problems[0].sentence


GAPS = [
    # a line of a template, and the value that leaves a gap in it
    ("Dear {{ sender.name }},", "sender.name"),
    ("Hi {{ sender.first_name | upper }}!", "sender.first_name"),
    ("Hi {{ sender.first_name | default('you') }}!", "sender.first_name"),  # which is for what is not there at all
    ("Hi {{ sender.first_name | default('you', true) }}!", ""),
    ("Hi {{ sender.first_name | d('you', boolean=true) }}!", ""),
    ("Hi {{ sender.first_name or sender.name }}!", "sender.name"),
    ("Hi {{ sender.first_name or 'you' }}!", ""),
    ("Hi {{ sender.name if sender.name else 'you' }}!", ""),
    ("Hi {{ sender.name if promise else 'you' }}!", "sender.name"),
    ("Hi{{ sender.name and ' ' + sender.name }}!", ""),
    ("Hi {{ 'dear ' ~ sender.name }}!", "sender.name"),
    ("{% if sender.name %}Hi {{ sender.name }}!{% endif %}", ""),
    ("{% if promise %}Hi {{ sender.name }}!{% endif %}", "sender.name"),
    ("{% if promise %}x{% elif sender.name %}Hi {{ sender.name }}{% endif %}", ""),
    ("{% for x in range(2) %}Hi {{ sender.name }}{% endfor %}", "sender.name"),
    ("{% if contact %}You are {{ contact.name }}.{% endif %}", ""),
    ("You are {{ contact.name }}.", "contact.name"),
    ("{{ contact.name }}", ""),  # the whole line is not there, and leaves no gap
    ("You wrote on {{ original.date }}.", "original.date"),
    ("Since {{ customer.since }}, {{ customer.years }} years", "customer.since"),
    ("We open {{ office.next_open }}.", "office.next_open"),
    ("{{ salutation }} {{ greeting }} {{ sender.address }} {{ today }} {{ reference }}", ""),
    ("{% set who = sender.name %}{% if who %}Hi {{ who }}{% endif %}", ""),
]


@pytest.mark.parametrize(("line", "value"), GAPS)
def test_check_warns_of_a_value_that_may_leave_a_gap(tmp_path: Path, line: str, value: str) -> None:
    lib = library(folder_of(tmp_path, a=f"x\n\n{line}"))
    problems = lib.check(columns=("name",))
    assert [(p.severity, p.place.line, p.sentence.split("”")[0]) for p in problems] == (
        [("warning", 7, f"“{value}")] if value else []
    )


def test_check_warns_of_a_gap_in_the_subject(tmp_path: Path) -> None:
    (problem,) = library(folder_of(tmp_path, a="---\nsubject: Re: {{ original.subject }}\n---\nx")).check()
    assert (problem.severity, problem.place.line) == ("warning", 2)
    assert 'say {{ original.subject or "…" }}' in str(problem)


def test_check_looks_into_front_matter_and_parts(tmp_path: Path) -> None:
    folder_of(tmp_path, a="---\nlanguage: en\nsubject: {{ orignal.subject }}\n---\nx", b="{% include '_partx.md' %}")
    (tmp_path / "_partx.md").write_text("fine\n\n{{ nope }}")
    assert [str(problem.place) for problem in library(tmp_path).check()] == [
        f"{tmp_path / 'a.md'}:3",
        f"{tmp_path / '_partx.md'}:3",
    ]


def test_check_finds_layouts_that_break_when_filled(tmp_path: Path) -> None:
    folder_of(tmp_path, a="x")
    layout = "<html><body>{% if promise %}<table><tr><td>{% endif %}{{ content }}</td></tr></table></body></html>"
    (tmp_path / "layout.html").write_text(layout)
    assert any("does not nest" in problem.sentence for problem in library(tmp_path).check())


def test_check_warns_of_languages_without_phrases(tmp_path: Path) -> None:
    (problem,) = library(folder_of(tmp_path, a="---\nsubject: x\nlanguage: fi\n---\nx")).check()
    assert problem.severity == "warning" and "“fi”" in problem.sentence


def test_parts_and_inheritance(tmp_path: Path) -> None:
    folder_of(
        tmp_path,
        base="**{{ salutation }}**\n\n{% block middle %}\nnothing\n{% endblock %}",
        a="{% extends 'base.md' %}\n{% block middle %}\nBye *{{ sender.name }}*\n{% endblock %}",
        b="{% include '_partx.md' %}",
    )
    (tmp_path / "_partx.md").write_text("- {{ brand.name }}")
    lib = library(tmp_path)
    made = lib.render("a", ["en"], next(samples(lib.brand)))
    assert made.text.startswith("Dear Ana Ruiz,\n\nBye Ana Ruiz\n\nThe Example team\n")
    page = Page(made.html)
    assert "Dear Ana Ruiz, Bye Ana Ruiz The Example team" in page.text and page.fault == ""
    assert lib.names == ("a", "b", "base")
    assert '<li style="' in lib.render("b", ["en"], next(samples(lib.brand))).html


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a.md", "nope", "_part", "", "a\x00"])
def test_only_names_of_templates_are_names(tmp_path: Path, name: str) -> None:
    lib = library(folder_of(tmp_path, a="x"))
    with pytest.raises(ConfigError, match="there is no template called"):
        lib.render(name, ["en"], next(samples(lib.brand)))


@pytest.mark.parametrize(
    ("brand", "sentence"),
    [
        (Brand(colour="blue"), "is not a colour"),
        (Brand(colour="#12345"), "is not a colour"),
        (Brand(website="javascript:alert(1)"), "is not a web address"),
        (Brand(website='https://a.example/"><b>'), ""),
        (Brand(name="a\r\nBcc: b"), "must be one line"),
    ],
)
def test_brand(brand: Brand, sentence: str) -> None:
    if not sentence:
        assert "<b>" not in [t for t, _ in Page(_closed(Library.load(SHIPPED, brand))).tags]
        return
    with pytest.raises(ConfigError, match=sentence):
        Library.load(SHIPPED, brand)


def _closed(lib: Library) -> str:
    return lib.render("closed", ["en"], next(samples(lib.brand))).html
