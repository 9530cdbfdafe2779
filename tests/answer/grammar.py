"""The grammar of mail, written down from the RFCs as data: what may stand in a header field, in a line, in a part.

`faults` reads a letter's octets with nothing but these tables and names every breach. It is stricter than a receiver:
only what a program may generate counts, none of the obsolete forms (RFC 5322 section 4) that it must understand.
"""

import re
from collections.abc import Iterator

ATEXT = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff]"  # RFC 5322 section 3.2.3, RFC 6532 section 3.2
DOT_ATOM = rf"{ATEXT}+(?:\.{ATEXT}+)*"
QUOTED = r'"(?:[\x20!#-\[\]-~]|\\[\x20-~])*"'  # section 3.2.4, ASCII only
DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]*[A-Za-z]"  # RFC 5321 section 4.1.2, A-labels
ADDRESS = rf"(?:{DOT_ATOM}|{QUOTED})@{DOMAIN}"
ENCODED_WORD = r"=\?[A-Za-z0-9-]+\?(?:[bB]\?[A-Za-z0-9+/]+={0,2}|[qQ]\?[A-Za-z0-9!*+\-/=_]+)\?="  # RFC 2047, in phrases
WORD = rf"(?:{ENCODED_WORD}|{ATEXT}+|{QUOTED})"
MAILBOX = rf"(?:{WORD}(?: {WORD})* <{ADDRESS}>|{ADDRESS})"  # RFC 5322 section 3.4
MSG_ID = rf"<{DOT_ATOM}@{DOT_ATOM}>"  # section 3.6.4
ANY_ID = r"<[\x21-\x3b\x3d\x3f-\x7e]+@[\x21-\x3b\x3d\x3f-\x7e]+>"  # those of others, which we repeat as they are
DATE = (
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60) [+-](?:[01]\d|2[0-3])[0-5]\d"
)  # section 3.3
TOKEN = r"[!#$%&'*+\-.^_`{|}~A-Za-z0-9]+"  # RFC 2045 section 5.1
VALUE = rf"(?:{TOKEN}|{QUOTED})"
EXTENDED = r"(?:utf-8'[A-Za-z-]*')?(?:%[0-9A-F]{2}|[!#$&+\-.^_`{|}~A-Za-z0-9])*"  # RFC 2231 section 7
PARAMETER = rf"; (?:{TOKEN}={VALUE}|[A-Za-z]+(?:\*\d+)?\*={EXTENDED})"
UNSTRUCTURED = r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?"
LETTER = {
    "Date": DATE,
    "From": MAILBOX,
    "To": MAILBOX,
    "Subject": UNSTRUCTURED,
    "Message-ID": MSG_ID,
    "In-Reply-To": ANY_ID,
    "References": rf"{ANY_ID}(?: {ANY_ID})*",
    "Auto-Submitted": r"auto-replied|auto-generated",  # RFC 3834 section 5
    "Content-Language": r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*",  # RFC 3282, RFC 5646
    "MIME-Version": r"1\.0",  # RFC 2045 section 4
    "X-Auto-Response-Suppress": UNSTRUCTURED,
    "X-Autoresponder-Token": UNSTRUCTURED,
    "Thread-Topic": UNSTRUCTURED,
    "Thread-Index": r"(?:[A-Za-z0-9+/]{4}\s?)*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",  # [MS-OXOMSG] 2.2.1.3
}
PART = {
    "Content-Type": rf"{TOKEN}/{TOKEN}(?:{PARAMETER})*",  # RFC 2045 section 5.1
    "Content-Transfer-Encoding": r"7bit|8bit|quoted-printable|base64",  # section 6.1
    "Content-Disposition": rf"(?:inline|attachment)(?:{PARAMETER})*",  # RFC 2183 section 2
    "Content-ID": MSG_ID,  # RFC 2045 section 7
}
ONCE = ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted")
AT_MOST_ONCE = ("In-Reply-To", "References", "Content-Language", "Thread-Topic", "Thread-Index")
NEVER = ("Cc", "Bcc", "Reply-To", "Sender", "Return-Path", "Precedence", "Resent-To", "Received")
QP_LINE = re.compile(rb"(?:[\t !-<>-~]|=[0-9A-F]{2})*(?:[!-<>-~]|=[0-9A-F]{2}|=)?(?<![\t ])")  # RFC 2045 section 6.7
BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{0,76}={0,2}")  # section 6.8
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 section 5.1.1


def faults(raw: bytes, *, utf8: bool = False) -> list[str]:
    """Every breach in a letter as it goes out; `utf8`: header fields may be those of RFC 6532, and bodies 8bit."""
    return [*_lines(raw, utf8=utf8), *_letter(raw, utf8=utf8)]


def _lines(raw: bytes, *, utf8: bool) -> Iterator[str]:
    if not raw.endswith(b"\r\n"):
        yield "the last line has no end"
    if b"\0" in raw or re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        yield "NUL, or a bare CR or LF"
    if not utf8 and not raw.isascii():
        yield "octets above 127"
    for line in raw.split(b"\r\n"):
        if len(line) > 998:  # RFC 5322 section 2.1.1
            yield f"a line of {len(line)} octets"


def _letter(raw: bytes, *, utf8: bool) -> Iterator[str]:
    head, gap, _body = raw.partition(b"\r\n\r\n")
    if not gap:
        yield "there is no empty line after the header"
    fields = list(_fields(head))
    names = [name for name, _value, _lines in fields]
    for name in ONCE:
        if names.count(name) != 1:
            yield f"{name} is there {names.count(name)} times"
    yield from (f"{name} is there {names.count(name)} times" for name in AT_MOST_ONCE if names.count(name) > 1)
    yield from (f"{name} is there" for name in NEVER if name.lower() in map(str.lower, names))
    for name, value, lines in fields:
        if name not in PART:
            yield from _field(LETTER, name, value, lines)
    yield from _part(raw, (), utf8=utf8)


def _fields(head: bytes) -> Iterator[tuple[str, str, list[str]]]:
    """(name, unfolded value, lines) of each field; RFC 5322 section 2.2.3."""
    for block in re.split(r"\r\n(?![ \t])", head.decode("utf-8")):
        name, _, value = block.partition(":")
        yield name, re.sub(r"\r\n(?=[ \t])", "", value).removeprefix(" "), block.split("\r\n")


def _field(table: dict[str, str], name: str, value: str, lines: list[str]) -> Iterator[str]:
    if name not in table:
        yield f"{name!r} is no field that we send"
        return
    if not re.fullmatch(table[name], value):
        yield f"{name}: {value!r} is not {table[name]}"
    if any(not line.strip() for line in lines):
        yield f"{name}: a folded line of white space only"
    for line in lines:
        if name == "Subject" and len(line) > 78 and " " in line[9:].strip():
            yield f"{name}: a line of {len(line)} characters that could have been folded"
        if "=?" in line and len(line) > 76:  # RFC 2047 section 2
            yield f"{name}: a line of {len(line)} characters with an encoded word"
        for word in re.findall(r"=\?[^?\s]+\?[^?\s]+\?[^?\s]*\?=", line):
            if len(word) > 75:
                yield f"{name}: an encoded word of {len(word)} characters"
            if not re.search(rf"(?:^|[\s:]){re.escape(word)}(?:$|\s)", line):
                yield f"{name}: an encoded word without space around it"


def _part(part: bytes, around: tuple[str, ...], *, utf8: bool) -> Iterator[str]:
    """A part, and those in it. `around`: the boundaries that it stands within."""
    head, gap, body = part.partition(b"\r\n\r\n")
    fields = {name: (value, lines) for name, value, lines in _fields(head) if name in PART or around}
    if not gap:
        yield "a part without an empty line"
    for name, (value, lines) in fields.items():
        yield from _field(PART, name, value, lines)
    kind = fields.get("Content-Type", ("text/plain", []))[0]
    encoding = fields.get("Content-Transfer-Encoding", ("7bit", []))[0]
    if kind.startswith("multipart/"):
        yield from _multipart(kind, encoding, body, around, utf8=utf8)
    else:
        yield from _body(kind, encoding, body)


def _multipart(kind: str, encoding: str, body: bytes, around: tuple[str, ...], *, utf8: bool) -> Iterator[str]:
    found = re.search(r'; boundary="([^"]*)"', kind)
    if not found or not BOUNDARY.fullmatch(found[1]):
        yield f"no boundary in {kind}"
        return
    boundary, edge = found[1], b"\r\n--" + found[1].encode()
    if any(boundary.startswith(other) or other.startswith(boundary) for other in around):
        yield f"boundary {boundary} begins like one around it"
    if encoding not in ("7bit", "8bit"):  # RFC 2045 section 6.4
        yield f"{kind} is {encoding}"
    if encoding == "7bit" and not body.isascii():
        yield f"{kind} is said to be 7bit"
    pieces = (b"\r\n" + body).split(edge)
    if len(pieces) < 3 or pieces[-1].strip(b"\r\n") != b"--":
        yield f"{kind} does not end in its boundary"
    for piece in pieces[1:-1]:
        if not piece.startswith(b"\r\n"):
            yield f"a line begins like the boundary {boundary}"
        yield from _part(piece[2:], (*around, boundary), utf8=utf8)


def _body(kind: str, encoding: str, body: bytes) -> Iterator[str]:
    lines = body.split(b"\r\n")
    if encoding == "7bit" and not body.isascii():
        yield f"{kind} is said to be 7bit"
    if encoding == "quoted-printable":
        yield from (
            f"not quoted-printable: {line!r}" for line in lines if len(line) > 76 or not QP_LINE.fullmatch(line)
        )
    if encoding == "base64":
        yield from (f"not base64: {line!r}" for line in lines if not BASE64_LINE.fullmatch(line))
    if "charset=us-ascii" in kind and encoding not in ("7bit", "base64", "quoted-printable"):
        yield f"{kind} is {encoding}"
