"""The page around an answer: valid, small, readable by day and night, from left and from right, nothing from elsewhere.

An independent parser (html5lib, strict) judges the HTML (test_pages.py: and a validator, and what mail programs know),
and WCAG 2.1 section 1.4.3 says how much contrast text needs.
"""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import html5lib
import pytest

from autoresponder.answer.brand import Brand, contrast, face_of, on
from autoresponder.answer.loader import LAYOUTS
from autoresponder.answer.samples import samples
from autoresponder.answer.season import Season
from autoresponder.answer.templates import Library
from autoresponder.answer.worded import Worded
from autoresponder.core.calendar import DateRange
from tests.answer import anatomy
from tests.answer.house import BRAND, Page, folder_of, library
from tests.answer.language_table import LANGUAGES

ROOT = Path(__file__).parents[2]
EVERYTHING = """\
---
subject: Re: {{ original.subject or "x" }}
language: %s
---
# One

{{ salutation }} *soft* **strong** `code` [link](https://example.com/a)

## Two

- a
- b

1. c
2. d

> quoted

### Three

    preformatted

---

{%% if promise %%}
{{ promise.due }}
{%% endif %%}
"""
SEASON = Season("Christmas", (DateRange((12, 20), (1, 6)),), Worded.of("Merry <b>Christmas</b> & co."), "#7a1f2b")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
LOGO = Path("logo.png")


@pytest.fixture(scope="module", params=["", "logo.png"], ids=["name", "logo"])
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A template with all that Markdown has, in English and Hebrew, with every mix of missing values."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / LOGO).write_bytes(PNG)
    folder_of(folder, a=EVERYTHING % "en", b=EVERYTHING % "he")
    brand = replace(BRAND, logo=str(folder / LOGO) if request.param else "")
    lib = Library.load(folder, brand)
    bare = Library.load(folder, Brand())
    return [
        one.render(name, [], values).html
        for one, name in product((lib, bare), ("a", "b"))
        for values in samples(one.brand, (), (SEASON,))
    ]


def test_an_independent_parser_finds_no_fault(pages: list[str]) -> None:
    parser = html5lib.HTMLParser(strict=True)
    for page in dict.fromkeys(pages):
        parser.parse(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_independent_parser_finds_no_fault_in_the_shipped_answers(language: str) -> None:
    lib = library()
    for name in lib.names:
        html5lib.HTMLParser(strict=True).parse(lib.render(name, [language], next(samples(lib.brand))).html)


def test_language_and_direction_are_said_on_what_mail_programs_keep(pages: list[str]) -> None:
    for page in pages:
        tags = Page(page).tags
        html, table = (next(attrs for tag, attrs in tags if tag == wanted) for wanted in ("html", "table"))
        assert html["lang"] == table["lang"] and html["dir"] == table["dir"]
        assert html["dir"] == {"en": "ltr", "he": "rtl"}[html["lang"] or ""]
        side = "right" if html["dir"] == "rtl" else "left"
        sides = set(re.findall(r"text-align:\s*(\w+)", page))
        assert sides == {side}


def test_nothing_comes_from_elsewhere_and_every_picture_has_words(pages: list[str]) -> None:
    for page in pages:
        assert not re.search(r"url\s*\(|@import|@font-face|<script|<link|javascript:|expression\(", page)
        for tag, attrs in Page(page).tags:
            assert tag == "a" or not any("//" in (value or "") for value in attrs.values()), (tag, attrs)
            assert tag != "img" or ((attrs["src"] or "").startswith("cid:") and attrs["alt"] == "Example Ltd")
        assert len(page) < 30_000


def properties(page: str) -> set[str]:
    """Every CSS property in a page, outside of Outlook's conditional comments."""
    page = re.sub("<!--.*?-->", "", page, flags=re.DOTALL)
    declarations = [*re.findall(r'style="([^"]*)"', page), *re.findall(r"\{([^{}]*)\}", page)]
    return {name for text in declarations for name in re.findall(r"(?:^|;)\s*([a-z-]+)\s*:", text)}


def _rules(css: str) -> dict[str, dict[str, str]]:
    """selector -> property -> value."""
    found: dict[str, dict[str, str]] = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        for selector in selectors.split(","):
            values = {k: v.replace("!important", "").strip() for k, v in re.findall(r"([a-z-]+):\s*([^;]+);", body)}
            found.setdefault(selector.strip(), {}).update(values)
    return found


PAIRS = [
    (".season", ".season"), (".head", ".card"), (".body", ".card"), (".body blockquote", ".body blockquote"),
    (".sign", ".card"), (".foot", ".card"), ("a", ".card"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "ground"), PAIRS)
@pytest.mark.parametrize("colour", ["#0b5fff", "#ffd43b", "#111111", "#fafafa", "#7a0000"])
def test_text_can_be_read_by_day_and_by_night(text: str, ground: str, colour: str) -> None:
    face = face_of(Brand(colour=colour))
    css = re.findall("<style>(.*?)</style>", (LAYOUTS / "layout.html").read_text(), re.DOTALL)[-1]
    for name in ("colour", "ink", "ink_dark", "on_colour"):
        css = css.replace("{{ brand." + name + " }}", getattr(face, name))
    css = css.replace("{{ season.colour }}", face.colour).replace("{{ season.on_colour }}", on(face.colour))
    day, night = css.split("@media (prefers-color-scheme: dark) {")
    for rules in (_rules(day), _rules(night)):
        if text != ".season" or text in rules:  # the banner stays as it is by night
            assert contrast(rules[text]["color"], rules[ground]["background-color"]) >= 4.5


def test_the_season_is_shown_as_it_is_written_and_only_while_it_lasts(pages: list[str]) -> None:
    banners = [page for page in pages if "Christmas" in page]
    assert 2 * len(banners) == len(pages)
    for page in banners:
        assert "Merry &lt;b&gt;Christmas&lt;/b&gt; &amp; co." in page
        assert "background-color: #7a1f2b" in page and not Page(page).fault


@pytest.mark.parametrize("colour", ["#0b5fff", "#ffd43b", "#777777", "#808080", "#7f7f00"])
def test_a_banner_of_any_colour_can_be_read(colour: str) -> None:
    view = replace(SEASON, colour=colour).view(["en"], face_of(Brand()))
    assert view.colour == colour and contrast(view.on_colour, view.colour) >= 4.5
    assert replace(SEASON, colour="").view(["en"], face_of(Brand(colour=colour))).colour == colour


def test_the_anatomy_is_that_of_a_real_answer() -> None:
    assert (ROOT / "docs" / "anatomy.md").read_text("utf-8") == anatomy.page(), "make anatomy"


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "screenshots").glob("*.png")), ids=lambda path: path.name)
def test_pictures_are_small(path: Path) -> None:
    assert path.read_bytes()[:4] == b"\x89PNG" and path.stat().st_size < 150_000
