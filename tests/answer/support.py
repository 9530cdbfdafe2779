"""What mail programs make of the HTML and CSS that our page uses, as data; docs/templates.md shows the table of it.

The letters are those of caniemail.com (its data of 2026-05-13, MIT, as on npm in caniemail 2.0.2), the worst of a
family's programs: y yes, a partly, n no. Gmail: web, iOS, Android. Outlook: the classic one for Windows, which draws
with Word. New Outlook: on the web, Mac, iOS, Android. Apple Mail: macOS, iOS. `-`: caniemail does not list it; it has
been in HTML and CSS from the beginning. The sentences are ours: what it means for the values that we use.

`python -m tests.answer.support` prints the table.
"""

from dataclasses import dataclass

PROGRAMS = ("Gmail", "Outlook", "new Outlook", "Apple Mail")
WORDS = {"y": "yes", "a": "partly", "n": "no", "-": "yes"}


@dataclass(frozen=True, slots=True)
class Feature:
    """A property, at-rule, element or attribute: a letter for each of `PROGRAMS`, and what becomes of it."""

    names: tuple[str, ...]
    letters: str
    remark: str = ""


CSS = (
    Feature(("color",), "----"),
    Feature(("background-color", "border-collapse"), "yyyy"),
    Feature(("font-family",), "yyyy", "Outlook: its own rule stands in a conditional comment"),
    Feature(("font-size",), "yayy", "in px, which all have"),
    Feature(("font-weight",), "yayy", "700 is bold everywhere"),
    Feature(("line-height",), "yayy", "Outlook: exact, by a rule of its own in a conditional comment"),
    Feature(("text-align",), "aaay", "`left` and `right`, which all have"),
    Feature(("text-decoration",), "aayy", "one value, which all have; Gmail with an account elsewhere: its own links"),
    Feature(("padding", "padding-left", "padding-right"), "yayy", "Outlook: only on cells, not in quotes"),
    Feature(("margin",), "aaay", "none below zero; Outlook: `auto` does not centre, the `align` attribute does"),
    Feature(("border", "border-top", "border-top-color"), "yayy", "1 px, on cells and rules"),
    Feature(("border-radius",), "ynyy", "square corners"),
    Feature(("width", "height"), "yayy", "Outlook goes by the attributes, which are there"),
    Feature(("max-width",), "yayy", "Outlook: a table of 600 px in a conditional comment"),
    Feature(("display",), "aayy", "only `block`, on the logo; it is alone in its cell"),
    Feature(("overflow-wrap",), "nnna", "Gmail breaks long words itself; elsewhere a long link widens the page"),
    Feature(("white-space",), "anyy", "preformatted text may wrap elsewhere"),
    Feature(("-webkit-text-size-adjust",), "nnny", "only iOS needs it (not in caniemail)"),
    Feature(("color-scheme",), "nnny", "the program darkens the page by itself, or not at all"),
    Feature(("@media (max-width)",), "anay", "Gmail with an account elsewhere, Outlook: the wide page, which fits"),
    Feature(("@media (prefers-color-scheme)",), "nnyy", "Gmail darkens in its own way; Outlook: as by day"),
    Feature(("!important",), "aayy", "only within @media, and for Outlook"),
)  # fmt: skip
HTML = (
    Feature(("html", "head", "meta", "title", "tbody", "tr", "td", "br", "em", "a", "h2", "h3", "ol", "li"), "----"),
    Feature(("blockquote", "code", "h1", "hr", "img", "p", "pre", "strong", "table"), "yyyy"),
    Feature(("body",), "ayny", "some put a `div` in its place: language and direction stand on the table, too"),
    Feature(("style",), "aayy", "in the head; Gmail with an account elsewhere drops it: it holds nothing but @media"),
    Feature(("ul",), "aaay", "lists, but for `reversed` and `value`, which Markdown does not write"),
)
ATTRIBUTES = (
    Feature(("class", "style", "href", "src", "alt", "border", "charset", "content", "name"), "----"),
    Feature(("cellpadding", "cellspacing", "lang", "role"), "yyyy"),
    Feature(("align",), "yyay", "centres the page"),
    Feature(("width", "height"), "yayy", "in px"),
    Feature(("dir",), "yayy", "Outlook: on links in right-to-left text it may reverse words"),
)


def names(features: tuple[Feature, ...]) -> set[str]:
    """Everything that these features name."""
    return {name for feature in features for name in feature.names}


def table() -> str:
    """The table of docs/templates.md: CSS, then those elements and attributes that not all programs have."""
    rows = [f"| CSS, HTML | {' | '.join(PROGRAMS)} | what it means here |", "|---|---|---|---|---|---|"]
    partly = [feature for feature in (*HTML, *ATTRIBUTES) if set(feature.letters) & set("an")]
    for feature in (*CSS, *partly):
        shown = [f"`<{name}>`" if feature in HTML else f"`{name}`" for name in feature.names]
        shown = [f"{name} (attribute)" if feature in ATTRIBUTES else name for name in shown]
        words = " | ".join(WORDS[letter] for letter in feature.letters)
        rows.append(f"| {', '.join(shown)} | {words} | {feature.remark} |".replace("|  |", "| |"))
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(), end="")
