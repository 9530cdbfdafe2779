"""A letter as immutable facts, from any bytes whatever.

Contract: `parse` never raises for any input and is bounded in time and memory. (The skeleton below is the agreed
shape; see the functions for what each fact means.)
"""

from dataclasses import dataclass, field
from datetime import datetime

from autoresponder.core.address import Address


@dataclass(frozen=True, slots=True)
class Headers:
    """All header fields in order: (lower-case name, unfolded value as text, comments and encoded words untouched)."""

    fields: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Every occurrence of `name` (any case), top first."""
        raise NotImplementedError

    def first(self, name: str) -> str:
        """The topmost occurrence of `name`, "" when absent."""
        raise NotImplementedError

    def has(self, name: str) -> bool:
        """Whether `name` occurs at all."""
        raise NotImplementedError


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
    defects: tuple[str, ...] = field(default=())  # short sentences: what was broken and how it was read


def parse(raw: bytes, *, size: int | None = None, outline: Outline | None = None) -> Message:
    """The facts of a message from its (beginning of) bytes; never raises.

    raw: header, and as much of the body as was fetched. size: octets of the whole message where `raw` is only its
    beginning. outline: from BODYSTRUCTURE, for a message whose parts are not all in `raw`."""
    raise NotImplementedError
