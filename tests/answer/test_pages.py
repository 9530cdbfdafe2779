"""Our page in the eyes of others: a validator that is not ours, and what mail programs are known to draw.

html-validate (npm; `make test` puts it into `.venv/editor`) judges the HTML of all sample answers in every language,
and of a page with all that Markdown has. Everything that the page uses must be in `tests.answer.support`, with values
that all programs have; docs/templates.md shows that table.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autoresponder.answer.samples import samples
from autoresponder.answer.templates import Library
from tests.answer import support
from tests.answer.house import BRAND, Page, folder_of, library
from tests.answer.language_table import LANGUAGES
from tests.answer.test_layout import EVERYTHING, PNG, properties
from tests.lab.machine import SKIPPED

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".venv" / "editor" / "node_modules" / "html-validate" / "bin" / "html-validate.js"
FOR_OUTLOOK = frozenset(
    f'Attribute "{name}" is deprecated on <{tag}> element'
    for name, tag in (
        ("width", "table"), ("cellpadding", "table"), ("cellspacing", "table"), ("border", "table"), ("align", "td"))
)  # fmt: skip
"""The only things that a validator may object to: attributes that classic Outlook goes by in place of CSS."""
STYLE_LIMIT = 16_000
"""Octets of a <style> from which on Gmail drops it (caniemail, html-style)."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every sample answer in every language, and all that Markdown has, with and without logo, from both sides."""
    found = {}
    lib = library()
    values = list(samples(lib.brand))
    for name in lib.names:
        for n, language in enumerate(LANGUAGES):
            found[f"{name}-{language}"] = lib.render(name, [language], values[n % len(values)]).html
    folder = tmp_path_factory.mktemp("templates")
    (folder / "logo.png").write_bytes(PNG)
    folder_of(folder, a=EVERYTHING % "en", b=EVERYTHING % "he")
    for logo in ("", str(folder / "logo.png")):
        lib = Library.load(folder, replace(BRAND, logo=logo))
        for name in ("a", "b"):
            found[f"everything-{name}{'-logo' if logo else ''}"] = lib.render(name, [], next(samples(lib.brand))).html
    return found


def judged(folder: Path, pages: dict[str, str]) -> list[str]:
    """What html-validate says of pages: `name:line: message`."""
    node = shutil.which("node")
    if node is None or not PROGRAM.exists():
        pytest.skip(f"{SKIPPED}make test with npm, for html-validate")
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, "utf-8")
    (folder / ".htmlvalidate.json").write_text(
        json.dumps({"root": True, "extends": ["html-validate:standard", "html-validate:a11y"]})
    )
    words = [node, str(PROGRAM), "--formatter", "json", *(f"{name}.html" for name in pages)]
    out = folder / "judged.json"  # a file, for node may end before all is through a pipe
    with out.open("w") as file:
        subprocess.run(words, cwd=folder, stdout=file, timeout=60, check=False)
    return [
        f"{Path(file['filePath']).stem}:{one['line']}: {one['message']}"
        for file in json.loads(out.read_text())
        for one in file["messages"]
    ]


def test_a_validator_objects_to_nothing_but_what_outlook_needs(tmp_path: Path, pages: dict[str, str]) -> None:
    found = [line for line in judged(tmp_path, pages) if line.split(": ", 1)[1] not in FOR_OUTLOOK]
    assert found == []


def test_the_validator_would_object(tmp_path: Path, pages: dict[str, str]) -> None:
    good = pages["closed-en"]
    bad = {
        "nesting": good.replace("<p ", "<p><table><tr><td></p><p ", 1),
        "picture": good.replace("<td class=\"body\"", "<td><img src=\"cid:x\"></td><td class=\"body\""),
        "attribute": good.replace("role=\"presentation\"", "role=\"presentation\" colour=\"red\" id=\"\"", 1),
        "language": good.replace("<html lang=\"en\"", "<html"),
    }  # fmt: skip
    assert all(page != good for page in bad.values())
    found = [line for line in judged(tmp_path, bad) if line.split(": ", 1)[1] not in FOR_OUTLOOK]
    assert {line.partition(":")[0] for line in found} == set(bad)


def test_every_property_element_and_attribute_is_one_that_we_know_of(pages: dict[str, str]) -> None:
    used: set[str] = set()
    tags: set[str] = set()
    attributes: set[str] = set()
    for page in pages.values():
        used |= properties(page) | {f"@media ({name})" for name in re.findall(r"@media \(([a-z-]+):", page)}
        used |= {"!important"} if "!important" in page else set()
        for tag, given in Page(page).tags:
            tags.add(tag)
            attributes |= set(given)
    assert used == support.names(support.CSS)
    assert tags == support.names(support.HTML)
    assert attributes == support.names(support.ATTRIBUTES)


LIMITS = {
    "text-align": r"left|right",
    "text-decoration": r"underline",
    "display": r"block",
    "font-weight": r"700",
    "font-size": r"\d+px",
    "line-height": r"\d+px",
    "margin": r"(?:\d+(?:px)?|auto)(?: (?:\d+(?:px)?|auto)){0,3}",
    "padding": r"\d+(?:px)?(?: \d+(?:px)?){0,3}",
    "border": r"0|[1-8]px solid #[0-9a-f]{6}",
    "border-top": r"[1-8]px solid #[0-9a-f]{6}",
    "width": r"100%|auto",
    "height": r"\d+px",
    "max-width": r"\d+px",
    "color": r"#[0-9a-f]{6}",
    "background-color": r"#[0-9a-f]{6}",
}
"""Values that all the programs have which have the property at all (the notes of caniemail)."""


def declarations(page: str) -> Iterator[tuple[str, str]]:
    """(property, value) of every style attribute and rule, outside of Outlook's conditional comments."""
    page = re.sub("<!--.*?-->", "", page, flags=re.DOTALL)
    for text in (*re.findall(r'style="([^"]*)"', page), *re.findall(r"\{([^{}]*)\}", page)):
        for declaration in filter(str.strip, text.split(";")):
            name, _, value = declaration.partition(":")
            yield name.strip(), value.replace("!important", "").strip()


def test_values_are_those_that_all_programs_have(pages: dict[str, str]) -> None:
    seen = {pair for page in pages.values() for pair in declarations(page)}
    wrong = [(name, value) for name, value in seen if name in LIMITS and not re.fullmatch(LIMITS[name], value)]
    assert wrong == []
    assert {name for name, _value in seen} >= set(LIMITS)


def test_styles_are_small_and_in_the_head(pages: dict[str, str]) -> None:
    for page in pages.values():
        head, _, body = page.partition("</head>")
        assert "<style" not in body
        styles = re.findall(r"<style>(.*?)</style>", head, re.DOTALL)
        assert styles and all(len(style.encode()) < STYLE_LIMIT for style in styles)
        assert not any(style.lstrip().startswith("/*") for style in styles)  # Gmail drops the rule after a comment
        assert len(page.encode()) < 30_000


def test_the_documents_show_the_table() -> None:
    text = (ROOT / "docs" / "templates.md").read_text("utf-8")
    assert support.table() in text, "put it there: python -m tests.answer.support"
