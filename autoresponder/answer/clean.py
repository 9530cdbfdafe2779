"""Text that came with a letter, made fit to be shown: one line, nothing invisible, nothing that mail makes a link of.

Pure functions of a string; none fails.
"""

import re
import unicodedata

JOINER = "\u2060"
"""Word joiner: invisible, has no width, and breaks what programs would take for a link."""

_LINK = re.compile(r"://|[@＠﹫]|%40|\bmailto:|\bwww[.。．｡]", re.IGNORECASE)
_DOT = re.compile(r"(?<=[^\W_])[.。．｡](?=[^\W\d_]{2})")


def one_line(text: str, limit: int) -> str:
    """On one line, composed (NFC), without control, format and private characters, at most `limit` characters."""
    text = text[: limit * 4]
    if not text.isprintable():
        text = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " if c.isspace() else "" for c in text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def inert(text: str) -> str:
    """The same text, in which no mail program finds a link: addresses and URLs give way to an ellipsis, and a word
    joiner, which is invisible, goes before the dot of what could still be taken for a host name."""
    words = ("…" if _LINK.search(word) else word for word in text.split(" "))
    return _DOT.sub(lambda found: JOINER + found[0], " ".join(words))


def visible(address: str) -> str:
    """An address to be read, which no mail program turns into a link: a joiner before each dot and @."""
    return re.sub("[.@]", lambda found: JOINER + found[0], one_line(address, 254))
