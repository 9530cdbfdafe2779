"""Which templates say back what somebody wrote: `check` names every one of them, and says why it matters.

Contract: `named` finds what asks for `original.quote` by reading the templates, `places` what says it all the same, or
where it should not, by looking at an answer to a letter that says `SAID`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from jinja2 import nodes

from autoresponder.answer.loader import Parsed
from autoresponder.answer.values import Values
from autoresponder.errors import Place, Problem

SAID = "zqsaidqz\nzqsaidqz"
"""A letter that can be told from all else in an answer."""
_WHY = "whoever forges From makes us send their words to a stranger"
_WORD = SAID.partition("\n")[0]


def telling(values: Values) -> Values:
    """The same letter, saying `SAID` where it has a subject, which may all be quoted."""
    return replace(values, text=SAID if values.subject else "", quote=2)


def named(files: Iterable[Parsed], lines: int) -> Iterator[Problem]:
    """A warning for every line of every file that asks for the quote; `lines` of it are allowed."""
    for path, _text, tree in files:
        printed = {line for output in tree.find_all(nodes.Output) for line in _mentions(output)}
        for line in sorted(printed or set(_mentions(tree))):
            place = Place(path, line)
            if lines:
                step = f"at most {lines} lines, without links; leave original.quote out unless it is worth that"
                yield Problem(place, f"this answer quotes the letter: {_WHY}", step, "warning")
            else:
                sentence = "original.quote is always empty, as rules.yaml does not allow to quote"
                yield Problem(place, sentence, "answer: {quote: 10 lines}", "warning")


def _mentions(template: nodes.Node) -> Iterator[int]:
    """The lines that ask for `original.quote`, whatever `original` is called there."""
    for found in template.find_all(nodes.Getattr):
        owner = found.node.name if isinstance(found.node, nodes.Name) else ""
        if found.attr == "quote" and owner != "contact":
            yield found.lineno
    if any(value.name == "original" for value in template.find_all(nodes.Name)):
        yield from (text.lineno for text in template.find_all(nodes.Const) if text.value == "quote")


def places(template: Place, seen: Iterable[tuple[str, str]], *, named: bool) -> Iterator[Problem]:
    """Where a filled template says what the letter says and should not. `seen`: (what it is, the text) of the answer;
    `named`: a warning was given already."""
    said = {where: text.lower() for where, text in seen if _WORD in text.lower()}
    if set(said) - {"text", "page"}:
        yield Problem(template, "the letter is quoted in the subject or the name", "original.quote belongs in the body")
    if any(_WORD in line and not line.lstrip().startswith(">") for line in said.get("text", "").split("\n")):
        yield Problem(
            template, "the quoted words are not marked as such", "put them in a quote: > {{ original.quote }}"
        )
    if said and not named:
        step = "say original.quote, or leave it out"
        yield Problem(template, f"this answer quotes the letter, by a detour: {_WHY}", step, "warning")
