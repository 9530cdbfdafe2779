"""A letter as it goes to a server that offers 8BITMIME (RFC 6152): texts as they are, not quoted-printable or base64.

Letters are made and kept in 7 bits, which every server takes. Contract: `eight_bit` changes nothing but the transfer
encoding of texts: every part decodes to the same octets, all other header fields stay as they are (Message-ID, dates,
boundaries), and what cannot be said so without any loss stays encoded: lines over 998 octets, bare CR or LF, NUL, lines
that begin like a boundary, or with "From ", which some servers change. What is not like our letters stays as it was.
"""

import binascii
import re

MAX_LINE = 998
"""Octets of a line without its CRLF (RFC 5322 section 2.1.1); 8BITMIME leaves that limit as it is."""
WORTH = 200_000
"""Octets of a letter above which its texts are too small a part of it to be worth the work."""
_MULTIPART = re.compile(rb'^Content-Type: multipart/[^\r\n]*; boundary="([^"\r\n]+)"\r?$', re.MULTILINE | re.IGNORECASE)
_TEXT = re.compile(rb"^Content-Type: text/[a-z]+; charset=utf-8\r?$", re.MULTILINE | re.IGNORECASE)
_ENCODING = re.compile(rb"^Content-Transfer-Encoding: (quoted-printable|base64)\r?$", re.MULTILINE | re.IGNORECASE)
_LABELLED = re.compile(rb"^Content-Transfer-Encoding:", re.MULTILINE | re.IGNORECASE)
_ATTACHED = re.compile(rb"^Content-Disposition: attachment", re.MULTILINE | re.IGNORECASE)


def eight_bit(raw: bytes) -> bytes:
    """The same letter with its texts in 8 bits; `raw` itself where that would be no shorter, or hardly."""
    if len(raw) > WORTH:
        return raw
    made = _part(raw, ())
    return made if len(made) < len(raw) else raw


def _part(part: bytes, edges: tuple[bytes, ...]) -> bytes:
    """One part, or the letter; `edges` are the boundaries around it, as they begin a line."""
    head, gap, body = part.partition(b"\r\n\r\n")
    if found := _MULTIPART.search(head):
        return _parts(head, body, (*edges, b"--" + found[1])) if gap else part
    encoding = _ENCODING.search(head)
    if encoding is None or not _TEXT.search(head) or _ATTACHED.search(head):
        return part
    text = _decoded(encoding[1].lower(), body)
    if text is None or not _can_stand(text, edges):
        return part
    label = b"7bit" if text.isascii() else b"8bit"
    return head[: encoding.start(1)] + label + head[encoding.end(1) :] + gap + text


def _parts(head: bytes, body: bytes, edges: tuple[bytes, ...]) -> bytes:
    """A multipart; where a part of it is in 8 bits, it says so too (RFC 2045 section 6.4)."""
    edge = b"\r\n" + edges[-1]
    before, *parts = (b"\r\n" + body).split(edge)
    made = [one if one.startswith(b"--") else b"\r\n" + _part(one[2:], edges) for one in parts]
    if any(not one.isascii() for one in made) and not _LABELLED.search(head):
        head += b"\r\nContent-Transfer-Encoding: 8bit"
    return head + b"\r\n\r\n" + edge.join([before, *made])[2:]


def _decoded(encoding: bytes, body: bytes) -> bytes | None:
    """The octets that a part stands for; None where it cannot be read."""
    try:
        if encoding == b"quoted-printable":
            return binascii.a2b_qp(body)
        return binascii.a2b_base64(body.replace(b"\r\n", b""), strict_mode=True)
    except ValueError:
        return None


def _can_stand(text: bytes, edges: tuple[bytes, ...]) -> bool:
    """Whether these octets survive the way as they are."""
    if b"\0" in text or not text.count(b"\r") == text.count(b"\n") == text.count(b"\r\n"):
        return False
    lines = b"\r\n" + text
    return max(map(len, text.split(b"\r\n"))) <= MAX_LINE and not any(
        b"\r\n" + start in lines for start in (b"From ", *edges)
    )
