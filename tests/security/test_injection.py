"""What a sender controls goes the whole way, from hostile bytes to a real SMTP dialogue: one recipient, one sender,
one letter, or silence. And forged marks of ours change nothing for anybody else."""

import asyncio
import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from autoresponder.core.authres import authenticated, dmarc
from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, letter_key, parse
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.rules import Rule
from autoresponder.core.token import TOKEN_HEADER, Signer
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp import Connection
from tests.answer.house import composer, folder_of, library
from tests.core.letters import NOW, letter, raw

OURS = Signer(b"k" * 32)
BOX = Mailbox("contact", "contact@example.com")
POLICY = Policy(
    mailboxes={"contact": BOX},
    rules=(Rule("Everything", reply="a"),),
    own=frozenset(["contact@example.com"]),
    authserv_ids=frozenset(["mx.example.com"]),
    signer=OURS,
)


def decided(letter_: bytes, history: History | None = None) -> Decision:
    """What is decided about these bytes."""
    arrival = Arrival("contact", "INBOX", 1, 1, NOW)
    return decide(read(parse(letter_), POLICY), arrival, POLICY, history or History(), NOW + timedelta(seconds=1))


# addresses ------------------------------------------------------------------------------------------------------------
ADDRESSES = [
    "<ana@example.net>\r\nBcc: <victim@example.org>",
    "<ana@example.net>\r\n <victim@example.org>",
    "ana@example.net, victim@example.org",
    "group: ana@example.net, victim@example.org;",
    '"ana@example.net>\\r\\nRCPT TO:<victim"@example.org',
    '"a\r\nRCPT TO:<victim@example.org>\r\n"@example.net',
    "<ana@example.net> SIZE=1\r\nRCPT TO:<victim@example.org>",
    "<ana@example.net\x00victim@example.org>",
    "<ana@example.net%0d%0aRCPT%20TO:victim@example.org>",
    "=?utf-8?q?ana=40example=2Enet=3E=0D=0ARCPT_TO=3A=3Cvictim=40example=2Eorg?=",
    "=?utf-8?b?YW5hQGV4YW1wbGUubmV0Pg0KREFUQQ0K?= <ana@example.net>",
    "<@victim.example.org:ana@example.net>",
    "<ana@example.net>,<victim@example.org",
    "<victim@example.org@example.net>",
    "<ana%victim.example.org@example.net>",
    "<victim.example.org!ana@example.net>",
    "<|/bin/sh@example.net>",
    "<-oQ/tmp@example.net>",
    "<ana@[192.0.2.1]>",
    "<ana@localhost>",
    "<ana@example.net\u2028RCPT TO:<victim@example.org>>",
    "<ana@exa\u200bmple.net>",
    "<\uff41na@example.net>",
    "<ana@example.net.>",
    "<" + "a" * 65 + "@example.net>",
    "<ana@" + "a" * 250 + ".net>",
]


@pytest.mark.parametrize("field", ["From", "Reply_To"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_one_recipient_or_silence(field: str, address: str, sink: Any, tmp_path: Any) -> None:
    hostile = raw(**({"sender": address} if field == "From" else {"Reply_To": address}))
    hostile = re.sub(rb"(?m)^Return-Path: .*\n", b"", hostile)
    decision = decided(hostile)
    if decision.action != "reply":
        assert decision.target is None or decision.reason
        return
    assert decision.target is not None
    answer = composer(library(folder_of(tmp_path, a="Thank you."))).compose(decision, parse(hostile), BOX, NOW)

    async def send() -> None:
        connection = Connection(SmtpServer(sink.host, sink.port, "none", timeout=5))
        await connection.open()
        await connection.send("", decision.target.email if decision.target else "", answer.raw, _no_wait)
        await connection.close()

    asyncio.run(send())
    verbs = [line.split()[0] for line in sink.commands]
    assert verbs in (["EHLO", "MAIL", "RCPT", "DATA", "QUIT"], ["EHLO", "QUIT"])
    named = [line for line in sink.commands if line.startswith("RCPT")]
    assert all(line == f"RCPT TO:<{decision.target.email}> NOTIFY=NEVER" for line in named)  # as it was read, or none
    for received in sink.messages:
        assert received.to == (decision.target.email,)
        assert [name.lower() for name in received.message if name.lower() in ("bcc", "cc", "reply-to")] == []
        assert len(received.message.get_all("To")) == 1


async def _no_wait() -> None:
    return


# our own marks --------------------------------------------------------------------------------------------------------
THEIRS = Signer(b"x" * 32)


@pytest.mark.parametrize(
    ("more", "action"),
    [
        ({"Message_ID": OURS.message_id("1", "example.com")}, "silent"),  # ours, come back
        ({"Message_ID": THEIRS.message_id("1", "example.com")}, "reply"),  # looks like ours, is not
        ({"Message_ID": "<ar." + "0" * 20 + "." + "0" * 20 + "@example.com>"}, "reply"),
        ({"In_Reply_To": OURS.message_id("1", "example.com")}, "reply"),  # a person answers our answer
        ({"References": OURS.message_id("1", "example.com")}, "reply"),
        ({TOKEN_HEADER: "0" * 20}, "silent"),  # whoever writes this wants no answer, and gets none
        ({"X_Comment": f"{TOKEN_HEADER}: {'0' * 20}"}, "reply"),
    ],
)
def test_marks_of_ours_true_and_forged(more: dict[str, str], action: str) -> None:
    assert decided(raw(**more)).action == action


def test_somebody_else_s_message_id_does_not_silence_them() -> None:
    """An attacker who knows the Message-ID of a letter and sends another with it first makes no copy of that letter."""
    mallory = letter(sender="Mallory <mallory@example.org>", Message_ID="<known@example.net>")
    ana = letter(sender="Ana <ana@example.net>", Message_ID="<known@example.net>")
    assert letter_key(mallory) != letter_key(ana)


def test_our_message_ids_cannot_be_foretold() -> None:
    assert OURS.message_id("seed", "example.com") != THEIRS.message_id("seed", "example.com")
    assert OURS.token("<a@b>") != THEIRS.token("<a@b>")


# Authentication-Results -----------------------------------------------------------------------------------------------
RESULTS = [
    # fields from the top; what dmarc says; whether From is proven
    (["mx.example.com; dmarc=pass header.from=example.net"], "pass", True),
    (["mx.evil.example; dmarc=pass header.from=example.net"], "", False),
    (["mx.example.com; dmarc=fail", "mx.example.com; dmarc=pass"], "fail", False),  # ours on top, a forgery below
    (["mx.example.com; spf=pass; dmarc=none", "mx.example.com; dmarc=pass"], "none", False),
    (["mx.evil.example; dmarc=pass", "mx.example.com; dmarc=fail"], "fail", False),
    (["MX.EXAMPLE.COM; dmarc=pass"], "pass", True),
    (["mx.example.com.evil.example; dmarc=pass"], "", False),
    (["evil mx.example.com; dmarc=pass"], "", False),
    (["(mx.example.com;) evil; dmarc=pass"], "", False),
    (['"mx.evil.example\\"; x=mx.example.com"; dmarc=pass'], "", False),
    (["mx.example.com; x=(dmarc=pass)"], "", False),
    (["dmarc=pass; mx.example.com"], "", False),
    (["mx.example.com; dkim=pass header.d=evil.example; x.from=example.net"], "", False),
    (["mx.example.com; dkim=pass header.d=net"], "", False),
]


@pytest.mark.parametrize(("fields", "verdict", "proven"), RESULTS)
def test_authentication_results_from_the_sender_s_side(fields: list[str], verdict: str, proven: bool) -> None:
    head = "".join(f"Authentication-Results: {field}\r\n" for field in fields)
    message = parse(head.encode() + raw())
    assert dmarc(message, POLICY) == verdict
    assert authenticated(message, POLICY) is proven


def test_without_a_configured_server_nobody_is_believed() -> None:
    message = letter(Authentication_Results="mx.example.com; dmarc=pass")
    assert not authenticated(message, replace(POLICY, authserv_ids=frozenset()))


# size -----------------------------------------------------------------------------------------------------------------
B64 = b"QUJD" * 19 + b"\r\n"
BOMBS = {
    "a thousand headers of 1 kB": b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(1000)) + b"\r\nhi",
    "base64 of 20 MB as text": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 * 260_000,
    "base64 of 20 MB as HTML": b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 * 260_000,
    "10,000 recipients": b"To: " + b", ".join(b"u%d@example.com" % n for n in range(10_000)) + b"\r\n\r\nhi",
    "10,000 senders": b"From: " + b", ".join(b"u%d@example.com" % n for n in range(10_000)) + b"\r\n\r\nhi",
    "100,000 Received": b"Received: x\r\n" * 100_000 + b"\r\nhi",
    "a name of 1 MB": b"From: " + b"x" * 1_000_000 + b" <ana@example.net>\r\n\r\nhi",
    "an address of 1 MB": b"From: <" + b"x" * 1_000_000 + b"@example.net>\r\n\r\nhi",
    "an Authentication-Results of 1 MB": b"Authentication-Results: mx.example.com;" + b"a=b;" * 250_000 + b"\r\n\r\nx",
    "nested multiparts": b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(20_000)
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_not_hold_the_desk_up(name: str) -> None:
    """Counted in this thread's own processor time, as a guard against hanging; a tenth of the limit is usual."""
    decided(b"From: x@y.example\r\n\r\nwarm up")
    hostile = BOMBS[name] if BOMBS[name].startswith(b"From") else b"From: Ana <ana@example.net>\r\n" + BOMBS[name]
    started = time.thread_time()
    decision = decided(hostile)
    assert time.thread_time() - started < 5
    assert decision.why
