"""Letters and circumstances for the tests of the core, with only what a test cares about spelt out."""

from datetime import UTC, datetime
from typing import Any

from autoresponder.core.address import parse_addresses
from autoresponder.core.conditions import Facts
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, Message, parse

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
"""A Monday morning."""


def raw(
    subject: str = "A question", body: str = "Good morning", sender: str = "Ana Ruiz <ana@example.net>", **more: str
) -> bytes:
    """An ordinary letter; further headers by name, `_` for `-`."""
    fields = {
        "Return-Path": f"<{sender.rpartition('<')[2].rstrip('>')}>",
        "From": sender,
        "To": "contact@example.com",
        "Subject": subject,
        "Date": "Mon, 23 Nov 2026 10:00:00 +0000",
        "Message-ID": "<1@example.net>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    }
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return (head + "\r\n" + body + "\r\n").encode()


def letter(*args: str, **more: str) -> Message:
    """`raw`, parsed."""
    return parse(raw(*args, **more))


def facts(message: Message | None = None, **more: Any) -> Facts:
    """The circumstances of a letter that came on a Monday morning."""
    message = message or letter()
    given: dict[str, Any] = {
        "message": message,
        "arrival": Arrival("contact", "INBOX", 1, 1, NOW),
        "target": (parse_addresses(["ana@example.net"]) or (None,))[0],
        "history": History(),
        "now": NOW,
        "office": "open",
        "authenticated": False,
    }
    return Facts(**(given | more))
