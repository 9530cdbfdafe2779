"""FETCH data: from a server's response to a `Fetched` message, from BODYSTRUCTURE to an `Outline` (RFC 3501, 7.4.2).

Pure. Anything a server can send ends as a value or as `Unreadable`, in time linear in its size: depth, number of values
and number of parts are bounded.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import collapse_rfc2231_value, decode_params, unquote
from typing import Any

from autoresponder.core.message import Attachment, Outline
from autoresponder.mail.transport import Response

MAX_DEPTH = 100
MAX_VALUES = 50_000
MAX_PARTS = 1_000
"""Parts of a message that are looked at; the rest is left out of the outline."""

_FETCH = re.compile(rb"\* \d{1,10} FETCH ", re.I)
_TOKEN = re.compile(rb' *(?:(\()|(\))|"((?:[^"\\]++|\\.)*+)"|~?\{(\d{1,19})\+?\}|([^ ()"{]+))', re.S)
_OPEN, _CLOSE, _QUOTED, _LITERAL = 1, 2, 3, 4
_DATE = re.compile(r" ?(\d{1,2})-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Value = Any
"""bytes, None for NIL, or a list of values."""


class Unreadable(ValueError):
    """The server's response is not what RFC 3501 says; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message as it lies on the server.

    `raw`: all of it when it is no longer than the limit asked for, else its header and as much of the body as came
    along; `size`: octets of the whole. `outline`: only for a longer message, None also when the server's BODYSTRUCTURE
    could not be read. `broken`: "" or the sentence why this message could not be fetched: then `raw` is b"" and
    `arrived` the present moment; quarantine it."""

    uid: int
    raw: bytes
    size: int
    arrived: datetime
    flags: frozenset[str]
    outline: Outline | None
    broken: str = ""


def values(text: bytes, literals: Sequence[bytes], start: int = 0) -> list[Value]:
    """The values of a response from position `start` on, each `{n}` replaced by its literal."""
    match, stack, count, taken = _TOKEN.match, [[]], 0, 0  # type: ignore[var-annotated]  # a list of Values
    position, end = start, len(text)
    while position < end:
        if not (found := match(text, position)):
            if text[position:].strip():
                raise Unreadable("the server's answer is not IMAP")
            break
        position, kind = found.end(), found.lastindex
        count += 1
        if count > MAX_VALUES:
            raise Unreadable("the server's answer has too many values")
        if kind == _OPEN:
            if len(stack) > MAX_DEPTH:
                raise Unreadable("the server's answer is nested too deep")
            stack.append([])
        elif kind == _CLOSE:
            if len(stack) == 1:
                raise Unreadable("the server's answer has a parenthesis too many")
            done = stack.pop()
            stack[-1].append(done)
        elif kind == _QUOTED:
            quoted = found[_QUOTED]
            stack[-1].append(re.sub(rb"\\(.)", rb"\1", quoted, flags=re.S) if b"\\" in quoted else quoted)
        elif kind == _LITERAL:
            if taken == len(literals):
                raise Unreadable("the server's answer announces more than it brings")
            stack[-1].append(literals[taken])
            taken += 1
        else:
            atom = found[0].lstrip(b" ")
            stack[-1].append(None if atom.upper() == b"NIL" else atom)
    if len(stack) > 1:
        raise Unreadable("the server's answer ends too early")
    return stack[0]


def fetch_items(response: Response) -> dict[bytes, Value] | None:
    """The data items of a FETCH response, names in upper case; None for any other response."""
    if not (start := _FETCH.match(response.text)):
        return None
    if response.cut:
        raise Unreadable("the server's answer is too long")
    found = values(response.text, response.literals, start.end())
    if len(found) != 1 or not isinstance(found[0], list):
        raise Unreadable("the server's answer to FETCH is not a list")
    pairs = found[0]
    if len(pairs) % 2 or not all(isinstance(name, bytes) for name in pairs[::2]):
        raise Unreadable("the server's answer to FETCH does not pair names and values")
    return {name.upper(): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)}


def message(items: dict[bytes, Value], limit: int) -> Fetched | None:
    """The message of a FETCH response; None when it brings no message (a change of flags)."""
    try:
        uid, body = int(items[b"UID"]), next(value for name, value in items.items() if name.startswith(b"BODY[]"))
    except (KeyError, StopIteration):
        return None
    except (ValueError, TypeError):
        raise Unreadable("the server gave no readable UID") from None
    if not isinstance(body, bytes):
        raise Unreadable("the server gave no content for this message")
    flags, size = items.get(b"FLAGS"), items.get(b"RFC822.SIZE")
    if not isinstance(flags, list) or not all(isinstance(flag, bytes) for flag in flags):
        raise Unreadable("the server gave no readable flags for this message")
    if not isinstance(size, bytes) or not size.isdigit() or len(size) > 19:
        raise Unreadable("the server gave no readable size for this message")
    return Fetched(
        uid=uid,
        raw=body,
        size=max(int(size), len(body)) if len(body) >= limit else len(body),  # RFC822.SIZE is a guess on some servers
        arrived=internal_date(items.get(b"INTERNALDATE")),
        flags=frozenset([flag.decode("utf-8", "replace") for flag in flags]),
        outline=None,
    )


def internal_date(value: Value) -> datetime:
    """INTERNALDATE (RFC 3501 section 9, date-time), aware."""
    found = _DATE.fullmatch(value.decode("latin-1")) if isinstance(value, bytes) else None
    if found:
        day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        try:
            zone = timezone(-offset if sign == "-" else offset)
            return datetime(
                int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), min(int(second), 59), tzinfo=zone
            )
        except ValueError:
            pass
    raise Unreadable("the server gave no readable INTERNALDATE for this message")


# BODYSTRUCTURE ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that is not a multipart, with the number under which FETCH knows it ("" for a multipart itself)."""

    number: str
    type: str
    name: str
    disposition: str
    charset: str
    encoding: str
    size: int
    embedded: bool = False  # a picture within multipart/related: shown, not attached

    @property
    def is_attachment(self) -> bool:
        """A part sent as a file, or one that nobody reads as the text of the letter."""
        return bool(self.number) and (
            self.disposition == "attachment" or bool(self.name) or not self.type.startswith("text/")
        )


def parts(structure: Value) -> list[Leaf]:
    """All parts of a BODYSTRUCTURE, multiparts too, top first; not those of an attached message."""
    if not isinstance(structure, list) or not structure:
        raise Unreadable("the server gave no readable BODYSTRUCTURE")
    found: list[Leaf] = []
    todo = [(structure, "" if isinstance(structure[0], list) else "1", "")]
    while todo and len(found) < MAX_PARTS:
        part, number, parent = todo.pop()
        children = [child for child in part if isinstance(child, list)] if isinstance(part[0], list) else []
        if not children:
            found.append(_leaf(part, number, parent))
            continue
        count = next((at for at, child in enumerate(part) if not isinstance(child, list)), len(part))
        kind = f"multipart/{_lower(part, count) or 'mixed'}"
        found.append(Leaf("", kind, "", "", "", "", 0))
        prefix = number + "." if number else ""
        inner = [(child, f"{prefix}{at}", kind) for at, child in enumerate(part[:count], 1) if child]
        todo.extend(reversed(inner))
    return found


def _leaf(part: list[Value], number: str, parent: str) -> Leaf:
    parameters = _parameters(part[2] if len(part) > 2 else None)
    disposition, more = "", {}
    for value in part[7:]:  # the disposition's place depends on the type; nothing else has this form
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], bytes) and _is_parameters(value[1]):
            disposition, more = value[0].decode("latin-1").lower(), _parameters(value[1])
            break
    size = part[6] if len(part) > 6 else None
    kind = f"{_lower(part, 0) or 'text'}/{_lower(part, 1) or 'plain'}"
    return Leaf(
        number=number,
        type=kind,
        name=more.get("filename") or parameters.get("name", ""),
        disposition=disposition,
        charset=parameters.get("charset", "").lower(),
        encoding=_lower(part, 5),
        size=int(size) if isinstance(size, bytes) and size.isdigit() and len(size) < 19 else 0,
        embedded=parent == "multipart/related"
        and bool(_lower(part, 3))  # its Content-ID
        and kind.startswith("image/")
        and disposition != "attachment",
    )


def _lower(part: list[Value], at: int) -> str:
    value = part[at] if at < len(part) else None
    return value.decode("latin-1").lower() if isinstance(value, bytes) else ""


def _is_parameters(value: Value) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(one, bytes) for one in value))


def _parameters(value: Value) -> dict[str, str]:
    """name -> decoded value, continuations joined (RFC 2231), encoded words read (RFC 2047)."""
    if not isinstance(value, list) or not _is_parameters(value):
        return {}
    texts = [one[:2000].decode("utf-8", "replace") for one in value[:100]]
    pairs = list(zip(texts[::2], texts[1::2], strict=False))
    try:
        decoded = decode_params([("", ""), *pairs])[1:]
        return {name.lower(): _words(unquote(collapse_rfc2231_value(one))) for name, one in decoded}
    except (ValueError, TypeError, LookupError, IndexError, AttributeError):
        return {name.lower(): _words(one) for name, one in pairs}


def _words(text: str) -> str:
    text = text.strip()
    if "=?" in text:
        with suppress(HeaderParseError, ValueError, LookupError):
            text = str(make_header(decode_header(text)))
    return "".join(character for character in text if character.isprintable())[:255]


def best_text(leaves: Sequence[Leaf]) -> Leaf | None:
    """The part to read: the first plain text, else the first HTML, that is no attachment."""
    texts = [leaf for leaf in leaves if leaf.number and leaf.type.startswith("text/") and not leaf.is_attachment]
    plain: Iterator[Leaf] = (leaf for leaf in texts if leaf.type == "text/plain")
    return next(plain, None) or next((leaf for leaf in texts if leaf.type == "text/html"), None)


def outline(leaves: Sequence[Leaf], text: bytes) -> Outline:
    """What the parts say; `text` is the content of `best_text`."""
    best = best_text(leaves)
    return Outline(
        types=tuple(leaf.type for leaf in leaves),
        attachments=tuple(
            Attachment(leaf.name, leaf.type, leaf.size)
            for leaf in leaves
            if leaf.is_attachment and not leaf.embedded and not leaf.type.endswith("-signature")
        ),
        text=text,
        text_type=best.type if best else "text/plain",
        charset=best.charset if best else "",
        encoding=best.encoding if best else "",
    )
