"""The letters of the demo, and what must become of each: a dozen that every contact address gets sooner or later.

A letter with `target` must be answered, to that address only; one without must stay silent, for one of `reasons` (names
of guards, or `core.decide.REASONS`). Which rule answers depends on rules.yaml and the hour, so it is not said here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr

PDF = b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n" \
      b"trailer<</Root 1 0 R>>\n%%EOF\n"  # fmt: skip
TELLTALES = ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Autoresponder-Token", "Precedence")
"""What a careless forwarder drops from an automatic answer; it must be recognised all the same."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter. `title` says what it is, to people."""

    title: str
    raw: bytes
    target: str = ""
    language: str = ""  # it is written in; the answer should be too
    reasons: frozenset[str] = frozenset()


def letters(ours: str) -> Iterator[Letter]:
    """All but the last one, to our address `ours`, in the order in which they are to come."""
    yield Letter(
        "a customer, in English",
        _letter(
            "Emily Clark <emily.clark@customer.example>",
            ours,
            "Do you deliver to Ireland?",
            "Hello,\n\nI saw your oak tables and would like one for our kitchen. Do you deliver to Ireland?\n\nEmily\n",
        ),
        target="emily.clark@customer.example",
        language="en",
    )
    yield Letter(
        "a customer, in Spanish",
        _letter(
            "Lucía Fernández <lucia@floristeria.example>",
            ours,
            "¿Tienen mesas de terraza?",
            "Buenos días:\n\nEstamos abriendo una floristería y necesitamos cuatro mesas para la terraza. "
            "¿Podrían enviarnos un presupuesto?\n\nMuchas gracias,\nLucía\n",
        ),
        target="lucia@floristeria.example",
        language="es",
    )
    carlos = "Carlos Ortega <facturas@ortega.example>"
    invoice = "Buenos días:\n\nLes enviamos la factura del pedido de septiembre.\n\nUn saludo,\nCarlos Ortega\n"
    yield Letter(
        "an invoice as PDF",
        _letter(carlos, ours, "Factura 2026-118", invoice, pdf="factura-2026-118.pdf"),
        target="facturas@ortega.example",
        language="es",
    )
    yield Letter(  # of those who write twice the one whom the same rule answers at any hour
        "the same person again",
        _letter(carlos, ours, "Factura 2026-118, segundo envío", invoice, pdf="factura-2026-118.pdf"),
        reasons=frozenset({"once"}),
    )
    yield Letter(
        "a mailing list post",
        _letter(
            "Ben Walsh <ben@walsh.example>",
            "oak@lists.example",
            "[oak] Which oil for oak?",
            "Linseed or tung? Opinions, please.\n",
            delivered=ours,
            bounces="oak-bounces@lists.example",
            headers={"List-Id": "Woodworkers <oak.lists.example>", "Precedence": "list"},
        ),
        reasons=frozenset({"list", "daemon-return-path"}),
    )
    yield Letter("a bounce", _bounce(ours), reasons=frozenset({"null-return-path", "report"}))
    yield Letter(
        "an out-of-office reply",
        _letter(
            "Jonas Weber <jonas@weber.example>",
            ours,
            "Automatic reply: Your order 4711",
            "I am out of the office until Monday.\n",
            headers={"Auto-Submitted": "auto-replied"},
        ),
        reasons=frozenset({"auto-submitted"}),
    )
    yield Letter(
        "a no-reply sender",
        _letter(
            "Parcel Post <no-reply@parcel.example>",
            ours,
            "Your parcel is on its way",
            "Your parcel will be delivered tomorrow.\n",
        ),
        reasons=frozenset({"daemon-address", "daemon-return-path"}),
    )
    yield Letter(
        "a newsletter",
        _letter(
            "Partner News <news@partner.example>",
            ours,
            "Our spring offers",
            "Ten per cent off all hinges until Friday!\n",
            headers={"List-Unsubscribe": "<https://partner.example/unsubscribe>"},
        ),
        reasons=frozenset({"rule", "unsubscribe"}),
    )
    yield Letter("a customer, broken MIME", _broken(ours), target="tom.burke@old-mailer.example", language="en")
    yield Letter(
        "our own web form",
        _letter(
            f"Website <{ours}>",
            ours,
            "Contact form: opening hours",
            "Name: Sofia Rossi\nMessage: Are you open on Saturday afternoon? I would like to see the chairs.\n",
            headers={"Reply-To": "Sofia Rossi <sofia@rossi.example>", "X-Mailer": "PHPMailer 6.9.1"},
        ),
        target="sofia@rossi.example",
        language="en",
    )
    yield Letter("an attack, by its words", _attack(ours), target="mallory@attacker.example", language="en")


def returned(answer: bytes) -> Letter:
    """The last letter: one of our own answers, sent back by a forwarder that dropped every header which would tell."""
    letter = message_from_bytes(answer)
    for name in TELLTALES:
        del letter[name]
    return Letter("a loop: our own answer", letter.as_bytes(), reasons=frozenset({"own-letter"}))


def _letter(
    sender: str,
    to: str,
    subject: str,
    text: str,
    *,
    headers: dict[str, str] | None = None,
    pdf: str = "",
    delivered: str = "",
    bounces: str = "",
) -> bytes:
    """A letter as a mail server hands it over. `delivered`: to whom, where To does not say. `bounces`: the envelope
    sender, where it is not From."""
    address = parseaddr(sender)[1]
    message = EmailMessage()
    message["Return-Path"] = f"<{bounces or address}>"
    message["Delivered-To"] = delivered or to
    message["Date"] = _now()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    if pdf:
        message.add_attachment(PDF, maintype="application", subtype="pdf", filename=pdf)
    return message.as_bytes()


def _now() -> str:
    return format_datetime(datetime.now(UTC))


def _bounce(ours: str) -> bytes:
    """A delivery status notification (RFC 3464)."""
    return f"""\
Return-Path: <>
Delivered-To: {ours}
Date: {_now()}
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: {ours}
Subject: Undeliverable: Offer 2026-77
Message-ID: <20261122.4711@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"

--=_report
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; nobody@closed-shop.example
Action: failed
Status: 5.1.1

--=_report--
""".encode()


def _broken(ours: str) -> bytes:
    """A person's letter as an ancient program may write it: no Message-ID, a bare 8-bit subject, an unknown charset, a
    part that never ends, base64 that is none."""
    head = f"""\
Return-Path: <tom.burke@old-mailer.example>
Delivered-To: {ours}
Date: some day last week
From: Tom Burke <tom.burke@old-mailer.example>
To: {ours}
""".encode()
    return (
        head
        + b"""\
Subject: Chairs for our caf\xe9, please
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="never closed
Content-Transfer-Encoding: base64

--never closed
Content-Type: text/plain; charset=x-unknown-9
Content-Transfer-Encoding: quoted-printable

Hello, we would like to order twelve chairs for our caf=E9 =ZZ. What would
they cost, and when could you deliver them? Thank you very much, Tom Burke

--never closed
Content-Type: image/png; name="cafe.png"
Content-Transfer-Encoding: base64

!!!! this is not base64 !!!!
"""
    )


def _attack(ours: str) -> bytes:
    """Template code, HTML and a header injection, in the places that an answer repeats."""
    return f"""\
Return-Path: <mallory@attacker.example>
Delivered-To: {ours}
Date: {_now()}
From: "{{{{ 7*7 }}}} <script>alert(1)</script>" <mallory@attacker.example>
To: {ours}
Subject: =?utf-8?q?Hello=0D=0ABcc=3A_everyone=40victims.example?= {{% for x in range(99999999) %}}
Message-ID: <x@attacker.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Hello, could you please tell me whether you have this table in stock, and what it costs?
{{{{ ''.__class__.__mro__ }}}} <img src=x onerror=alert(1)>
""".encode()
