"""A letter as immutable facts, from any bytes whatever.

Contract: `parse` never raises for any input; time and memory are bounded by the size of the input and by the limits
here and in `core.mime`, whatever the input is. Nothing is looked up anywhere; text is decoded and never trusted.
"""

import re
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from autoresponder.core import mime
from autoresponder.core.address import Address, parse_addresses
from autoresponder.core.html import html_to_text
from autoresponder.core.token import digest

MAX_TEXT = 65_536
"""Characters of text that are kept."""
MAX_SUBJECT = 1_000
MAX_REFERENCES = 100
"""Message ids that are kept of References: the oldest one and the newest."""
MAX_ATTACHMENTS = 200
_ABSENT = ("",)


@dataclass(frozen=True, slots=True)
class Headers:
    """All header fields in order: (lower-case name, unfolded value as text, comments and encoded words untouched)."""

    fields: mime.Fields = ()
    _index: dict[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[str, list[str]] = {}
        for name, value in self.fields:
            index.setdefault(name, []).append(value)
        object.__setattr__(self, "_index", {name: tuple(values) for name, values in index.items()})

    @property
    def names(self) -> Set[str]:
        """The names that occur, lower case, each once."""
        return self._index.keys()

    def all(self, name: str) -> tuple[str, ...]:
        """Every occurrence of `name` (any case), top first."""
        return self._index.get(name.lower(), ())

    def first(self, name: str) -> str:
        """The topmost occurrence of `name`, "" when absent."""
        return self._index.get(name.lower(), _ABSENT)[0]

    def has(self, name: str) -> bool:
        """Whether `name` occurs at all."""
        return name.lower() in self._index


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached part: decoded file name ("" when it has none), lower-case MIME type, size in octets as sent."""

    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Outline:
    """What BODYSTRUCTURE told about a message too big to fetch whole: used in place of our own MIME walk.

    `types` are all part types (lower case, top first), `text` the bytes of the best text part as sent (capped),
    with its type, charset and transfer encoding."""

    types: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    text: bytes = b""
    text_type: str = "text/plain"
    charset: str = ""
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where and when a message was found: its identity on the server (RFC 3501 section 2.3.1.1)."""

    mailbox: str  # the name in rules.yaml, not the address
    folder: str
    uidvalidity: int
    uid: int
    arrived: datetime  # INTERNALDATE, aware; the file's own date (or now) for `explain`
    flags: frozenset[str] = frozenset()  # as the server spells them: \\Seen, $Junk, Junk ...


@dataclass(frozen=True, slots=True)
class Message:
    """The facts. Text is decoded, never trusted; nothing in here has been looked up anywhere."""

    headers: Headers
    subject: str  # decoded, one line, control characters out
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    return_paths: tuple[str, ...]  # one an occurrence; "" for the null sender <>
    message_id: str  # "<...@...>" or ""
    in_reply_to: tuple[str, ...]  # message ids
    references: tuple[str, ...]  # message ids, oldest first, bounded
    date: datetime | None  # aware; None when absent or unreadable
    content_type: str  # of the top, lower case, no parameters
    types: tuple[str, ...]  # of every part found, top first (text/plain when nothing says otherwise)
    attachments: tuple[Attachment, ...]
    text: str  # readable text of the best text part (HTML converted), capped
    size: int  # octets of the whole message, also when only its beginning was read
    defects: tuple[str, ...] = ()  # short sentences: what was broken and how it was read
    calendar: str = (
        ""  # lower-case method of a text/calendar part (RFC 6047): request, reply, cancel ...; "" when unknown
    )


def parse(raw: bytes, *, size: int | None = None, outline: Outline | None = None) -> Message:
    """The facts of a message from its (beginning of) bytes; never raises.

    raw: header, and as much of the body as was fetched. size: octets of the whole message where `raw` is only its
    beginning. outline: from BODYSTRUCTURE, for a message whose parts are not all in `raw`."""
    octets = len(raw) if size is None else max(size, len(raw))
    raw = mime.lines_with_lf(raw)
    fields, body, wrong = mime.split_header(raw, mime.beginning(raw))
    headers = Headers(fields)
    content = _outlined(outline) if outline else _walked(raw, fields, body)
    return Message(
        headers=headers,
        subject=mime.one_line(mime.decode_words(headers.first("subject")[: MAX_SUBJECT * 8]), MAX_SUBJECT),
        from_=parse_addresses(headers.all("from")),
        sender=parse_addresses(headers.all("sender")),
        reply_to=parse_addresses(headers.all("reply-to")),
        to=parse_addresses(headers.all("to")),
        cc=parse_addresses(headers.all("cc")),
        return_paths=tuple(_path(value) for value in headers.all("return-path")),
        message_id=_own_id(headers.first("message-id")),
        in_reply_to=_ids(headers.all("in-reply-to")),
        references=_ids(headers.all("references")),
        date=_date(headers.first("date")),
        content_type=content.types[0],
        types=content.types,
        attachments=content.attachments,
        text=content.text,
        size=octets,
        defects=(wrong, *content.defects) if wrong else content.defects,
        calendar=content.calendar,
    )


def handed_in(raw: bytes) -> datetime | None:
    """When our own server took a letter in, from the beginning of its bytes: the date of the topmost Received field
    (RFC 5321 section 4.4), else its Date; None when neither can be read."""
    raw = mime.lines_with_lf(raw)
    fields, _, _ = mime.split_header(raw, mime.beginning(raw))
    dates = [value.rpartition(";")[2] for name, value in fields if name == "received"][:1]
    dates += [value for name, value in fields if name == "date"][:1]
    return next((found for value in dates if (found := _date(value))), None)


def letter_key(message: Message) -> str:
    """Under which this very letter is known wherever it turns up: a digest of Message-ID and sender, or of what it says
    where it has no Message-ID."""
    sender = message.from_[0].key if message.from_ else ""
    if message.message_id:
        return digest("letter", message.message_id, sender)
    return digest("letter", "", sender, message.headers.first("date"), message.subject, message.text)


def thread_key(message: Message, sender_key: str) -> str:
    """Under which a sender's thread is known: a digest of the oldest message id it names (its own when it names none)
    and the sender."""
    ids = message.references or message.in_reply_to or (message.message_id,)
    return digest("thread", ids[0] or letter_key(message), sender_key)


@dataclass(frozen=True, slots=True)
class _Content:
    """What the body tells."""

    types: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    text: str
    calendar: str = ""
    defects: tuple[str, ...] = ()


def _outlined(outline: Outline) -> _Content:
    types = tuple(kind.lower() for kind in outline.types[: mime.MAX_PARTS]) or ("text/plain",)
    text = _readable(outline.text, outline.text_type.lower(), outline.charset, outline.encoding.lower())
    return _Content(types, outline.attachments[:MAX_ATTACHMENTS], text)


def _walked(raw: bytes, fields: mime.Fields, body: int) -> _Content:
    types: list[str] = []
    attachments: list[Attachment] = []
    calendar = ""
    plain: mime.Part | None = None
    other: mime.Part | None = None
    for part in mime.parts_of(raw, fields, body):
        types.append(part.type)
        if part.type.startswith("multipart/") and part.end == part.start:
            continue
        if part.type == "text/calendar" and not calendar:
            calendar = _method(raw, part)
        if _attached(part):
            if len(attachments) < MAX_ATTACHMENTS and not part.embedded and part.type not in _SIGNATURES:
                attachments.append(Attachment(part.name, part.type, part.end - part.start))
        elif part.type == "text/plain" or part.type.startswith("multipart/"):
            if plain is None and raw[part.start : min(part.end, part.start + 2000)].strip():
                plain = part
        elif other is None or (part.type == "text/html" and other.type != "text/html"):
            other = part
    best = plain or other
    text = _text_of(raw, best) if best else ""
    if not text and plain and other:
        text = _text_of(raw, other)
    broken = (f"only the first {mime.MAX_PARTS} parts were read",) if len(types) >= mime.MAX_PARTS else ()
    return _Content(tuple(types), tuple(attachments), text, calendar, broken)


_SIGNATURES = frozenset(("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"))
_METHOD = re.compile(r"^METHOD:\s*([A-Za-z-]{1,20})", re.MULTILINE | re.IGNORECASE)


def _attached(part: mime.Part) -> bool:
    """Whether a leaf is an attachment rather than text to be read (RFC 2183 section 2)."""
    if part.disposition == "attachment" or part.name:
        return True
    return not part.type.startswith(("text/", "multipart/"))


def _method(raw: bytes, part: mime.Part) -> str:
    if method := part.params.get("method", ""):
        return method.lower()[:20]
    found = _METHOD.search(
        mime.unpack(raw[part.start : min(part.end, part.start + 4000)], part.encoding).decode("latin-1")
    )
    return found[1].lower() if found else ""


def _text_of(raw: bytes, part: mime.Part) -> str:
    octets = raw[part.start : min(part.end, part.start + mime.MAX_TEXT_OCTETS)]
    return _readable(octets, part.type, part.params.get("charset", ""), part.encoding)


def _readable(octets: bytes, kind: str, charset: str, encoding: str) -> str:
    text = mime.decode(mime.unpack(octets[: mime.MAX_TEXT_OCTETS], encoding), charset)
    if kind == "text/html":
        text = html_to_text(text)
    return mime.clean_text(text)[:MAX_TEXT].strip()


def _path(value: str) -> str:
    """The address of a Return-Path, "" for the null sender (RFC 5321 section 4.5.5)."""
    value = mime.strip_comments(value)
    inner = value.partition("<")[2].partition(">")[0] if "<" in value else value
    return inner.strip().strip('"')[:400]


_ID = re.compile(r"<[^<>\s]{1,500}>")
_BARE_ID = re.compile(r"[^<>\s@]{1,250}@[^<>\s@]{1,250}\Z")


def _own_id(value: str) -> str:
    if found := _ID.search(value):
        return found[0]
    return f"<{value.strip()}>" if _BARE_ID.match(value.strip()) else ""


def _ids(values: tuple[str, ...]) -> tuple[str, ...]:
    found = [match[0] for value in values for match in _ID.finditer(value)]
    if len(found) > MAX_REFERENCES:
        found = found[:1] + found[1 - MAX_REFERENCES :]
    return tuple(found)


_DATE = re.compile(
    r"\s*(?:[A-Za-z]{3,9}\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?[\s-]+(\d{2,4})"
    r"\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*(?:([+-])(\d{2}):?(\d{2})|\(?([A-Za-z]{1,5}))?"
)
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
           "nov": 11, "dec": 12}  # fmt: skip
_ZONES = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "cet": 1, "cest": 2,
          "met": 1, "mest": 2, "bst": 1, "jst": 9}  # fmt: skip


def _date(value: str) -> datetime | None:
    """A Date field, RFC 5322 section 3.3 and 4.3; an unknown zone is UTC."""
    match = _DATE.match(value[:200])
    if match is None or match[2].lower() not in _MONTHS:
        return None
    year = int(match[3])
    if len(match[3]) < 4:
        year += 2000 if year < 50 else 1900
    if match[7]:
        offset = timedelta(hours=int(match[8]), minutes=int(match[9])) * (-1 if match[7] == "-" else 1)
    else:
        offset = timedelta(hours=_ZONES.get((match[10] or "").lower(), 0))
    try:
        zone = timezone(offset) if offset else UTC
        second = min(int(match[6] or 0), 59)  # 60 is a leap second
        return datetime(
            year, _MONTHS[match[2].lower()], int(match[1]), int(match[4]), int(match[5]), second, tzinfo=zone
        )
    except ValueError:
        return None
