"""Letters of `letters.yaml` as the bytes that a mail server hands out.

A letter is told in a few words (from, subject, body, attachment …) and gets the header that its mail program writes
(`with: gmail`, outlook, iphone, thunderbird), or it stands there whole, as it came (`mail: |`). Letters of machines are
of the second kind: their header is what they are told by.
"""

import mimetypes
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

_PICTURE = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"\x00" * 20_000
_PROGRAMS = {
    "gmail": {},
    "outlook": {
        "Thread-Topic": "{subject}",
        "Thread-Index": "AdyLk1b3q0P2m3cDTo6a0v0a1d6Zug==",
        "Accept-Language": "en-US",
        "Content-Language": "en-US",
        "X-MS-Has-Attach": "",
        "X-MS-TNEF-Correlator": "",
        "X-MS-Exchange-Organization-SCL": "0",
        "x-ms-exchange-messagesentrepresentingtype": "1",
    },
    "iphone": {"X-Mailer": "iPhone Mail (23B85)"},
    "thunderbird": {"User-Agent": "Mozilla Thunderbird"},
}


def letter_of(told: dict[str, Any], to: str, sent: datetime) -> bytes:
    """The whole message; `to` where it does not say, `sent` aware."""
    if "mail" in told:
        return str(told["mail"]).replace("\n", "\r\n").encode()
    made = _head(told, told.get("to", to), sent)
    body = told.get("body", "Hello.") + "\n"
    made.set_content(body)
    if told.get("with", "gmail") in ("gmail", "outlook"):
        made.add_alternative(f'<div dir="ltr">{body.replace(chr(10), "<br>")}</div>\n', subtype="html")
    attached = told.get("attachment", [])
    for name in [attached] if isinstance(attached, str) else attached:
        kind, _, sub = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
        made.add_attachment(_PICTURE, kind, sub, filename=name)
    return made.as_bytes()


def _head(told: dict[str, Any], to: str, sent: datetime) -> EmailMessage:
    made = EmailMessage()
    sender = parseaddr(told["from"])[1]
    domain, mx = sender.rpartition("@")[2], "mx." + parseaddr(to)[1].rpartition("@")[2]
    date = format_datetime(sent)
    written = told.get("headers", {})
    fields = {
        "Return-Path": f"<{sender}>",
        "Received": f"from out.{domain} (out.{domain} [192.0.2.25]) by {mx} (Postfix) with ESMTPS id 4dDwXz0; {date}",
        "From": told["from"],
        "To": to,
        "Subject": told["subject"],
        "Date": date,
        "Message-ID": f"<{sent:%Y%m%d%H%M%S}.CAJ7k@mail.{domain}>",
        **{name: value.format(**told) for name, value in _PROGRAMS[told.get("with", "gmail")].items()},
    }
    for name, value in (fields | written).items():
        for one in value if isinstance(value, list) else [value]:
            made[name] = one
    return made
