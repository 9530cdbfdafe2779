"""Header fields that mean what they should to every reader: folded, encoded (RFC 2047), and not to be forged into.

Pure. Nothing that comes out holds a line end but those of its own folding, and no line with an encoded word is over 76
characters. Raises ValueError for an address that cannot stand in a header.
"""

import binascii
import re

from autoresponder.answer.clean import one_line
from autoresponder.core.address import Address

MAX_TEXT, MAX_NAME = 400, 120
"""Characters of a text and of a display name."""
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_AS_IT_IS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""Octets that stand for themselves in a Q-encoded word, also in a phrase (RFC 2047 section 5)."""
_QUOTED = tuple("_" if octet == 32 else chr(octet) if octet in _AS_IT_IS else f"={octet:02X}" for octet in range(256))
"""Each octet as a Q-encoded word has it."""
_ROOM = 75 - len("=?utf-8?q??=")
"""Characters that an encoded word has for its text (section 2)."""


def mailbox_header(name: str, address: Address) -> str:
    """`"Name" <address>` for From and To, encoded."""
    email = address.routable
    if any(c <= " " or c in "<>,\x7f" for c in email):
        raise ValueError("this address cannot stand in a header")
    name = one_line(name, MAX_NAME)
    if not name:
        return email
    if name.isascii() and "=?" not in name and len(name) < 60:
        if not _ATOMS.fullmatch(name):
            name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    else:
        name = _encoded(name, len("From: "))
    last = len(name) - name.rfind("\n")
    return f"{name}\r\n <{email}>" if last + len(email) > 64 else f"{name} <{email}>"


def encoded(text: str, used: int) -> str:
    """Unstructured text as a header may carry it, after `used` characters of its line: ASCII as it is, folded between
    words; anything else, and anything that could be taken for an encoded word, as encoded words. A `Re: ` before it
    stays what it is, so that every program knows it."""
    text = one_line(text, MAX_TEXT)
    if text.isascii() and "=?" not in text:
        return _folded(text, used)
    prefix = "Re: " if text.startswith("Re: ") else ""
    return prefix + _encoded(text[len(prefix) :], used + len(prefix))


def _folded(text: str, used: int) -> str:
    out: list[str] = []
    length = used
    for word in text.split(" "):
        if out and length + 1 + len(word) > 78:
            out.append(f"\r\n {word}")
            length = 1 + len(word)
        else:
            out.append(f" {word}" if out else word)
            length += 1 + len(word)
    return "".join(out)


def _encoded(text: str, used: int) -> str:
    words: list[str] = []
    start, room = 0, min(_ROOM, _ROOM + 1 - used)
    while start < len(text):
        word, start = _word(text, start, room)
        words.append(word)
        room = _ROOM
    return "\r\n ".join(words)


def _word(text: str, start: int, room: int) -> tuple[str, int]:
    """The next encoded word, in the encoding in which it holds more of the text, and where the text goes on.

    A word in base64 holds a multiple of three octets unless it is the last, so that none is padded: programs that join
    the words before they decode them (GMime 3.2) would lose all that comes after the padding."""
    quoted, quoted_end, size = "", start, 0
    octets, octets_end = b"", start
    whole = b""
    for end, char in enumerate(text[start : start + room], start + 1):
        data = char.encode("utf-8", "replace")
        if size >= 0:
            piece = _QUOTED[data[0]] if len(data) == 1 else "".join([_QUOTED[octet] for octet in data])
            size = size + len(piece) if size + len(piece) <= room else -1
            if size >= 0:
                quoted, quoted_end = quoted + piece, end
        whole += data
        if len(whole) > room // 4 * 3:
            break
        if len(whole) % 3 == 0 or end == len(text):
            octets, octets_end = whole, end
    if quoted_end >= octets_end:
        return f"=?utf-8?q?{quoted}?=", quoted_end
    return f"=?utf-8?b?{binascii.b2a_base64(octets, newline=False).decode()}?=", octets_end
