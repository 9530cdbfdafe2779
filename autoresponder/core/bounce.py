"""Bounces: which of our letters a report of a mail system says can never be delivered.

Pure and total, bounded by the limits of `core.mime`. Believed is only a multipart/report (RFC 6522) whose
delivery-status (RFC 3464) says that the letter failed for good, and only when it names a Message-ID that we signed: in
the headers it returns, else in its own In-Reply-To or References (Exchange and Gmail write those). Whose address that
was, our own outbox knows; what the report says about addresses is not looked at. A forged report can at most name
a Message-ID that its author got from us, and so condemn the author's own address.
"""

import re

from autoresponder.core import mime
from autoresponder.core.token import Signer

STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
RETURNED_TYPES = ("text/rfc822-headers", "message/rfc822", "message/global-headers", "message/global")
MAX_STATUS = 32_768
"""Octets of a delivery-status that are read."""
MAX_RECIPIENTS = 100
"""Recipients of a report that are looked at."""
ARRIVED = ("delivered", "relayed", "expanded")
"""Actions of RFC 3464 section 2.3.3 that say: somebody has got it."""
_BLANK = re.compile(rb"\n[ \t\r]*\n")
_ID = re.compile(r"<[^<>\s]{1,500}>")
_NO_SUCH_ADDRESS = re.compile(r"#?5\.1\.(?:0|1|10)(?!\d)")


def original(raw: bytes, signer: Signer) -> str:
    """The Message-ID of the letter of ours that this message (or its beginning) reports as failed for good; "" for any
    other message."""
    raw = mime.lines_with_lf(raw)
    fields, body, _ = mime.split_header(raw, mime.beginning(raw))
    if mime.mime_type(_value(fields, "content-type")) != "multipart/report":
        return ""
    failed, named = False, ""
    for part in mime.parts_of(raw, fields, body):
        if part.type in STATUS_TYPES:
            failed = failed or _failed(_octets(raw, part, MAX_STATUS))
        elif part.type in RETURNED_TYPES and not named:
            returned = _octets(raw, part, mime.MAX_HEADER)
            named = _ours(_value(mime.split_header(returned, mime.beginning(returned))[0], "message-id"), signer)
    if not failed:
        return ""
    return named or _ours(_value(fields, "in-reply-to"), signer) or _ours(_value(fields, "references"), signer)


def no_such_address(code: int, text: str) -> bool:
    """Whether a server's answer to RCPT says that the address does not exist (RFC 3463 section 3.2: X.1.0, X.1.1,
    X.1.10), and not that it dislikes us, the letter or the moment."""
    if not 550 <= code <= 553 or not (found := _NO_SUCH_ADDRESS.match(text)):
        return False
    return not (found[0].endswith("5.1.0") and "sender" in text.lower())  # some refuse the sender only here


def _failed(status: bytes) -> bool:
    """Whether a delivery-status says that it failed for good, for somebody, and that nobody has got it."""
    failed = False
    for block in _BLANK.split(status)[: MAX_RECIPIENTS + 1]:
        fields = mime.split_header(block)[0]
        action = mime.strip_comments(_value(fields, "action")).lower()
        if action in ARRIVED:
            return False
        failed = failed or (action == "failed" and mime.strip_comments(_value(fields, "status")).startswith("5."))
    return failed


def _octets(raw: bytes, part: mime.Part, limit: int) -> bytes:
    octets = mime.unpack(raw[part.start : min(part.end, part.start + limit)], part.encoding)
    return octets.replace(b"\r\n", b"\n")


def _value(fields: mime.Fields, name: str) -> str:
    return next((value for field, value in fields if field == name), "")


def _ours(ids: str, signer: Signer) -> str:
    """The last of these Message-IDs that we signed."""
    return next((one for one in reversed(_ID.findall(ids[:20_000])) if signer.is_ours(one)), "")
