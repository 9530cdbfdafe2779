"""Letters to our own people: a few plain lines, in headers that cannot be forged into and that no machine answers.

Contract: `staff_letter` gives a complete RFC 5322 message with CRLF line ends: one recipient, text/plain,
`Auto-Submitted: auto-generated` (RFC 3834 section 5), `X-Auto-Response-Suppress: All`, our token and signed Message-ID,
so that a copy that comes back is known for ours. Texts of strangers may stand in subject and lines: line ends and
control characters become spaces. Raises ValueError for an address that no letter can be sent to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from autoresponder.answer.clean import one_line
from autoresponder.answer.headers import encoded, mailbox_header
from autoresponder.answer.parts import text_part
from autoresponder.core.address import Address, is_answerable
from autoresponder.core.token import TOKEN_HEADER, Signer, digest

MAX_LINE = 500
"""Characters of one line of text."""
MAX_LINES = 100
SUBJECT = "[autoresponder] "
"""Before every subject, so that people can sort these letters."""


@dataclass(frozen=True, slots=True)
class StaffAnswer:
    """A composed letter to one of our own people."""

    raw: bytes = field(repr=False)
    message_id: str
    subject: str


def staff_letter(
    signer: Signer, sender: str, target: str, subject: str, lines: Iterable[str], topic: str, now: datetime
) -> StaffAnswer:
    """A letter from our own mailbox `sender` to `target`. `topic`: what it is about; with `target` and `now` (aware, in
    the zone that Date shall show) it makes the Message-ID."""
    if not is_answerable(target):
        raise ValueError("the target is not an address a letter can be sent to")
    from_ = Address("", sender)
    message_id = signer.message_id(digest("staff", topic, target, now.isoformat()), from_.domain)
    subject = SUBJECT + one_line(subject, 200)
    text = "".join(_plain(line) + "\n" for line in list(lines)[:MAX_LINES])
    head = [
        f"From: {mailbox_header('autoresponder', from_)}",
        f"To: {mailbox_header('', Address('', target))}",
        f"Subject: {encoded(subject, len('Subject: '))}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: {message_id}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        f"{TOKEN_HEADER}: {signer.token(message_id)}",
        "MIME-Version: 1.0",
    ]
    return StaffAnswer("\r\n".join(head).encode() + b"\r\n" + text_part("plain", text), message_id, subject)


def _plain(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line[:MAX_LINE]).rstrip()
