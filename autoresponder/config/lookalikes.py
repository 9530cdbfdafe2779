"""Conditions that a person would read otherwise than they are meant: a list in one text, stars in a text, `@gmail`.

Pure. Each yields a warning with the way to write it; where the text is meant just so, a table says it
(`{contains: "…"}`) and there is no warning.
"""

import re
from collections.abc import Iterable, Iterator

from autoresponder.config.loader import Document, Path_
from autoresponder.config.problems import about
from autoresponder.config.schema import Pattern, When
from autoresponder.config.values import shown
from autoresponder.errors import Problem

_LIST = re.compile(r"[\w-]+(?:\s*([,;|])\s*[\w-]+)(?:\s*\1\s*[\w-]+)*\Z")
_EXPRESSION = re.compile(r"/(.+)/[gim]{1,3}\Z")
_STARS = re.compile(r"\*(?!\*)[^*]+\*?\Z|[^*]+(?<!\*)\*\Z")


def lookalikes(document: Document, path: Path_, when: When) -> Iterator[Problem]:
    """Warnings of one `when` (not of those inside it); `path` is where it stands."""
    texts: dict[Path_, tuple[Pattern | str, ...] | None] = {
        ("subject",): when.subject, ("body",): when.body, ("text",): when.text,
    }  # fmt: skip
    for name, value in (when.header or {}).items():
        if not isinstance(value, bool):
            texts["header", name] = value
    for place, patterns in texts.items():
        yield from _texts(document, (*path, *place), patterns or ())
    fields = (("from", when.from_), ("to", when.to), ("cc", when.cc), ("recipient", when.recipient),
              ("sender", when.sender), ("reply_to", when.reply_to))  # fmt: skip
    for key, addresses in fields:
        for i, pattern in enumerate(addresses or ()):
            local, _, domain = pattern.rpartition("@")
            if not local and not set(".*") & set(domain) and domain.casefold() != "localhost":
                sentence = f"{shown(pattern)} is no whole domain: no address ends so"
                yield about(document, (*path, key, i), sentence, f'such as "{pattern}.com"', warning=True)


def _texts(document: Document, path: Path_, patterns: Iterable[Pattern | str]) -> Iterator[Problem]:
    for i, pattern in enumerate(patterns):
        if isinstance(pattern, str) and (step := _instead(pattern)):
            sentence = f"{shown(pattern)} is looked for just as it stands"
            yield about(document, (*path, i), sentence, step, warning=True)


def _instead(text: str) -> str:
    """How to write what was probably meant, "" where a text means what it says."""
    if found := _LIST.match(text):
        words = ", ".join(word.strip() for word in text.split(found[1]))
        return f'write [{words}] for any of them, {{contains: "{text}"}} where that is meant'
    if found := _EXPRESSION.match(text):
        return f"write {{regex: '{found[1]}'}}"
    if _STARS.match(text):
        return f'write "{text.strip("*")}": a text is found anywhere'
    return ""
