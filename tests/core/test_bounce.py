"""Which bounces are believed: the forms that mail servers give them, ours by its signature, failures that are for good.

The bounces are of our own making, in the shape of what each server sends.
"""

import random
import time

import pytest

from autoresponder.core.bounce import no_such_address, original
from autoresponder.core.token import Signer

SIGNER = Signer(b"0123456789abcdef0123456789abcdef")
OURS = SIGNER.message_id("letter", "example.com")
FORGED = Signer(b"somebody else's secret key......").message_id("letter", "example.com")
THEIRS = "<20261122.7@customer.example>"


def report(status: str, returned: str, kind: str = "message/rfc822", *, head: str = "", encoding: str = "") -> bytes:
    """A multipart/report: words for people, delivery-status, returned letter."""
    more = f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else ""
    return (
        "Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.net>\r\nTo: contact@example.com\r\n"
        f"{head}Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="b/1"\r\n\r\n'
        "This is a MIME-encapsulated message.\r\n\r\n--b/1\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        "<ana@example.net>: host mx.example.net said: 550 5.1.1 no such user\r\n\r\n"
        f"--b/1\r\nContent-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n"
        f"--b/1\r\nContent-Description: Undelivered Message\r\nContent-Type: {kind}\r\n{more}\r\n{returned}"
        "\r\n--b/1--\r\n"
    ).encode()


POSTFIX = """Reporting-MTA: dns; mail.example.com
X-Postfix-Queue-ID: 4D3F21C0A1
X-Postfix-Sender: rfc822; contact@example.com
Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0100 (CET)

Final-Recipient: rfc822; ana@example.net
Original-Recipient: rfc822;ana@example.net
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550 5.1.1 <ana@example.net>: Recipient address rejected:
    User unknown in virtual mailbox table
""".replace("\n", "\r\n")
EXIM = """Reporting-MTA: dns; mx.example.net

Action: failed
Final-Recipient: rfc822;ana@example.net
Status: 5.0.0
Remote-MTA: dns; mail.example.net
Diagnostic-Code: smtp; 550 Unknown user
""".replace("\n", "\r\n")
EXCHANGE = """Reporting-MTA: dns;AM6PR01MB1234.eurprd01.prod.exchangelabs.com
Received-From-MTA: dns;mail.example.com
Arrival-Date: Sun, 22 Nov 2026 09:00:00 +0000

Final-Recipient: rfc822;ana@example.net
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ana@example.net not found by SMTP
 address lookup
X-Display-Name: ana
""".replace("\n", "\r\n")
GMAIL = """Reporting-MTA: dns; googlemail.com
Arrival-Date: Sun, 22 Nov 2026 01:00:00 -0800 (PST)
X-Original-Message-ID: %s

Final-Recipient: rfc822; ana@gmail.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; gmail-smtp-in.l.google.com. (142.250.0.26, the server for the domain gmail.com.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
Last-Attempt-Date: Sun, 22 Nov 2026 01:00:01 -0800 (PST)
""".replace("\n", "\r\n")


def letter(message_id: str = OURS) -> str:
    """The answer that came back."""
    return (
        "Received: from daemon by mail.example.com; Sun, 22 Nov 2026 10:00:00 +0100\r\nFrom: contact@example.com\r\n"
        f"To: ana@example.net\r\nSubject: Thank you\r\nMessage-ID: {message_id}\r\nIn-Reply-To: {THEIRS}\r\n"
        f"References: {THEIRS}\r\nAuto-Submitted: auto-replied\r\n\r\nHello\r\n"
    )


THREAD = f"In-Reply-To: {OURS}\r\nReferences: {THEIRS} {OURS}\r\n"
COMMENTED = POSTFIX.replace("failed", "Failed (for good)").replace("5.1.1\r", "5.1.1 (bad mailbox)\r")
HEAD_ONLY = letter().partition("\r\n\r\n")[0] + "\r\n"
QP = letter().replace("=", "=3D").replace("ar.", "a=72.")
FOLDED = letter().replace("Message-ID: ", "Message-Id:\r\n ")
BELIEVED = {
    "postfix": report(POSTFIX, letter()),
    "postfix, header only": report(POSTFIX, HEAD_ONLY, "text/rfc822-headers"),
    "exim": report(EXIM, letter()),
    "exchange": report(EXCHANGE, letter(), head=THREAD),
    "exchange, header only": report(EXCHANGE, HEAD_ONLY, "text/rfc822-headers; charset=utf-8"),
    "gmail": report(GMAIL % OURS, letter(), head=f"X-Failed-Recipients: ana@gmail.com\r\n{THREAD}"),
    "smtputf8": report(POSTFIX, letter(), "message/global").replace(b"/delivery-status", b"/global-delivery-status"),
    "LF only": report(POSTFIX, letter()).replace(b"\r\n", b"\n"),
    "an mbox line before the letter": report(POSTFIX, "From a@example.com Sun Nov 22 10:00:00 2026\r\n" + letter()),
    "folded": report(POSTFIX, FOLDED),
    "quoted-printable": report(POSTFIX, QP, "text/rfc822-headers", encoding="quoted-printable"),
    "comments": report(COMMENTED, letter()),
    "nothing returned, In-Reply-To": report(POSTFIX, "", "text/plain", head=f"In-Reply-To: {OURS}\r\n"),
    "nothing returned, References": report(POSTFIX, "", "text/plain", head=f"References: {OURS} {THEIRS}\r\n"),
    "cut off after the header": report(POSTFIX, letter()).partition(b"\r\nHello")[0],
}  # fmt: skip
DELAYED = POSTFIX.replace("failed", "delayed").replace("Status: 5.1.1", "Status: 4.4.1")
TWO = POSTFIX + "\r\n" + EXIM.partition("\r\n\r\n")[2].replace("failed", "{}").replace("5.0.0", "2.0.0")
CHANGES_NOTHING = {
    "delayed": report(DELAYED, letter(), head=THREAD),
    "given up after days, 4.x.x": report(POSTFIX.replace("5.1.1\r", "4.4.7\r"), letter()),
    "delayed, with a status of 5": report(POSTFIX.replace("failed", "delayed"), letter()),
    "delivered": report(POSTFIX.replace("failed", "delivered").replace("5.1.1", "2.0.0"), letter()),
    "relayed to one, failed for another": report(TWO.format("relayed"), letter()),
    "expanded": report(TWO.format("expanded"), letter()),
    "forged signature": report(POSTFIX, letter(FORGED), head=f"In-Reply-To: {FORGED}\r\n"),
    "one bit changed": report(POSTFIX, letter(OURS.replace("@", "0@"))),
    "no Message-ID at all": report(POSTFIX, letter("")),
    "a letter of somebody else": report(POSTFIX, letter(THEIRS)),
    "no delivery-status": report("", letter()),
    "a status without an action": report(POSTFIX.replace("Action: failed\r\n", ""), letter()),
    "an action without a status": report(POSTFIX.replace("Status: 5.1.1\r\n", ""), letter()),
    "read receipt": report(POSTFIX, letter()).replace(b"message/delivery-status", b"message/disposition-notification"),
    "a person's reply": f"{THREAD}\r\nAction: failed\r\nStatus: 5.1.1\r\n".encode(),
    "forwarded by a person": report(POSTFIX, letter()).replace(b"multipart/report", b"multipart/mixed"),
    "the status only in the words": report("Reporting-MTA: x\r\n\r\nX-A: Action: failed Status: 5.1.1\r\n", letter()),
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("raw", BELIEVED.values(), ids=BELIEVED.keys())
def test_believed(raw: bytes) -> None:
    assert original(raw, SIGNER) == OURS


@pytest.mark.parametrize("raw", CHANGES_NOTHING.values(), ids=CHANGES_NOTHING.keys())
def test_changes_nothing(raw: bytes) -> None:
    assert original(raw, SIGNER) == ""


def test_fuzzed() -> None:
    """Invariant: whatever is done to a bounce, it never raises and names nothing that we did not sign."""
    chance, seeds = random.Random(7), list(BELIEVED.values())
    named = set()
    for _ in range(3000):
        raw = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(raw) + 1)
            raw[at : at + chance.choice((0, 1, 40))] = chance.choice(
                (
                    b"",
                    b"\x00",
                    b"\r\n",
                    b"\xff",
                    b"--b/1\r\n",
                    b"\r\n\r\n",
                    b"Action: failed\r\nStatus: 5\r\n",
                    OURS.encode(),
                )
            )
        named.add(original(bytes(raw), SIGNER).partition("@")[0])  # of the rest, the outbox makes sure
    assert named == {"", OURS.partition("@")[0]}


def test_bounded() -> None:
    """A report of ten thousand recipients and a hundred thousand parts is read in a moment."""
    block = POSTFIX.partition("\r\n\r\n")[2].replace("failed", "delayed")
    long = report("Reporting-MTA: dns; x\r\n\r\n" + (block + "\r\n") * 10_000, letter())
    parts = report(POSTFIX, letter()).replace(b"--b/1--", b"--b/1\r\n" * 100_000)
    began = time.monotonic()
    assert original(long, SIGNER) == ""
    assert original(parts, SIGNER) == OURS
    assert time.monotonic() - began < 2


REFUSALS = [
    (550, "5.1.1 <ana@example.net>: Recipient address rejected: User unknown", True),
    (550, "5.1.1 The email account that you tried to reach does not exist. 5.1.1 Please try", True),
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", True),
    (553, "5.1.0 address unknown", True),
    (550, "#5.1.0 Address rejected.", True),
    (550, "5.1.0 <contact@example.com> sender rejected", False),
    (550, "5.1.8 sender domain does not exist", False),
    (550, "5.1.2 bad destination system", False),
    (550, "5.1.100 nobody knows", False),
    (550, "5.7.1 blocked for spam", False),
    (552, "5.2.2 mailbox full", False),
    (550, "no such user", False),  # no enhanced code: it may as well be about us
    (550, "said 5.1.1", False),
    (554, "5.1.1 transaction failed", False),
    (450, "4.1.1 try later", False),
    (450, "5.1.1 contradicts itself", False),
    (0, "", False),
]


@pytest.mark.parametrize(("code", "text", "unknown"), REFUSALS)
def test_no_such_address(code: int, text: str, unknown: bool) -> None:
    assert no_such_address(code, text) is unknown
