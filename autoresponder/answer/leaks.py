"""The last look at a filled answer: it says no e-mail address that has no business in it.

Contract: `Guard.check` raises `LeakError` where subject, name, text or page say an address that is neither the
recipient's, nor one of our mailboxes', nor in the recipient's row of contacts, nor written literally in the
configuration (templates, layouts, brand, seasons). Addresses are read as a mail program or its reader would: entities
and percent signs decoded, full-width letters and our own invisible joiners seen through, domains as A-labels (RFC
5890). The error never shows a whole address. It takes microseconds, as it looks for at-signs only.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html import escape, unescape
from urllib.parse import unquote

from autoresponder.answer.brand import LOGO_ID
from autoresponder.answer.clean import visible
from autoresponder.core.address import matches, sender_key
from autoresponder.core.contacts import Row
from autoresponder.errors import UserError

PAGE = "page"
"""What the HTML is called: in it entities count."""
_BEFORE, _AFTER = 90, 260
"""Characters that are looked at around an at-sign: RFC 5321 section 4.5.3.1 allows 64 and 255."""
_SPELT = re.compile(r"&(?:#0{0,9}64|#[xX]0{0,9}40|commat);?")
_WIDE = ("＠", "﹫", "%40")
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_LOCAL = re.compile(r"[^\s<>()\[\]{},;:\"'|\\/=?&@%*`~…“”„«»]+\Z")
_DOMAIN = re.compile(r"\[[0-9A-Fa-f.:]{3,60}\]|(?:[\w-]+[.。])+[\w-]+")
_ASCII_TAIL, _ASCII_HEAD = re.compile(r"[!-~]+\Z"), re.compile(r"[!-~]+")
_ESCAPED = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
"""What Markdown takes away before punctuation."""


class LeakError(UserError):
    """An answer would have said an address of somebody else."""


class Guard:
    """Which addresses every answer may say; see the module's contract. May be used from several threads."""

    def __init__(self, configured: Iterable[str], texts: Iterable[str] = ()) -> None:
        """`configured` as `written` found them in the files; `texts` of the configuration besides."""
        self._keys = frozenset(configured) | {LOGO_ID}.union(*map(written, texts))

    def check(self, texts: Iterable[tuple[str, str]], ours: Sequence[str], row: Row, file: str) -> None:
        """`texts`: (what it is, the text) of all that the recipient will read. `ours`: the recipient's address and our
        own, and patterns such as @example.com; `row`: what is known of the recipient; `file`: the template's."""
        for where, text in texts:
            page = where == PAGE
            if self._foreign(text, ours, row, page) and (key := self._foreign(_without(text, ours), ours, row, page)):
                sentence = f"the {where} would say {masked(key)}, neither the recipient’s address nor one of ours"
                raise LeakError(sentence, place=file, step="write it out in the template if it belongs there")

    def _foreign(self, text: str, ours: Sequence[str], row: Row, page: bool) -> str:
        """The first address that may not be said, "" when there is none."""
        for keys in addresses(text, page=page):
            if self._keys.isdisjoint(keys) and not _excused(keys, ours, row):
                return keys[0]
        return ""


def _excused(keys: Sequence[str], ours: Sequence[str], row: Row) -> bool:
    if any(sender_key(one) in keys or matches(one, key) for one in ours for key in keys):
        return True
    return any(not written(cell).isdisjoint(keys) for cell in row.cells)


def _without(text: str, ours: Sequence[str]) -> str:
    """A text without the addresses that it may say, as templates write them: RFC 5322 allows more characters in them
    than anybody expects, o'brien@example.net among others."""
    spelt = (form for one in ours for form in (one, visible(one)) if not one.startswith("@"))
    known = "|".join(
        re.escape(form) for plain in spelt for form in (plain, escape(plain), escape(plain).replace("&#x27;", "&#39;"))
    )
    return re.sub(rf"(?<![\w.+@-])(?:{known})(?![\w@-]|\u2060?\.\w)", " ", text)


def written(text: str) -> frozenset[str]:
    """The keys of the addresses that stand in a text of the configuration, Markdown or not."""
    return frozenset(
        key for form in (text, _ESCAPED.sub("", text)) for keys in addresses(form, page=True) for key in keys
    )


def addresses(text: str, *, page: bool = False) -> Iterator[tuple[str, ...]]:
    """Every address in a text or (with entities) a page, by its key (`sender_key`), and by a second one where it may
    begin later or end earlier: Chinese and Japanese put no spaces around it."""
    if page and "&" in text:
        text = _SPELT.sub("@", text)
    for spelling in _WIDE:
        if spelling in text:
            text = text.replace(spelling, "@")
    at = text.find("@")
    while at >= 0:
        if keys := _keys(text[max(0, at - _BEFORE) : at], text[at + 1 : at + _AFTER], page):
            yield keys
        at = text.find("@", at + 1)


def _keys(before: str, after: str, page: bool) -> tuple[str, ...]:
    """Those of the address around an at-sign, none where there is none (`@media`)."""
    before, after = _plain(before, page), _plain(after, page)
    domain = _DOMAIN.match(after)
    local = _LOCAL.search(before) if domain else None
    if not domain or not local:
        return ()
    pairs = [(local[0], domain[0])]
    if not (local[0].isascii() and domain[0].isascii()):
        tail, head = _ASCII_TAIL.search(local[0]), _ASCII_HEAD.match(domain[0])
        pairs += [(tail[0] if tail else local[0], head[0] if head else domain[0])]
    found = (f"{name.lstrip('._-+*#!')}@{host.strip('_-.')}" for name, host in pairs)
    return tuple(sender_key(one) or one.lower() for one in found if one[0] != "@")


def _plain(piece: str, page: bool) -> str:
    if page and "&" in piece:
        piece = unescape(piece)
    if "%" in piece:
        piece = unquote(piece)
    return piece if piece.isascii() else _UNSEEN.sub("", unicodedata.normalize("NFKC", piece))


def masked(address: str) -> str:
    """`a…@other.example`: enough to find it, not enough to write to it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
