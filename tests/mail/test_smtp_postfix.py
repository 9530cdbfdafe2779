"""A real Postfix: submission with STARTTLS and with TLS at once, log in, pipeline, keep the connection."""

import asyncio
from typing import Any

import pytest

from autoresponder.core.outbox import Event
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp import Sent
from autoresponder.mail.smtp_pool import Pool
from tests.lab import PASSWORD
from tests.lab.dovecot import Dovecot
from tests.lab.postfix import Postfix
from tests.lab.tls import Certificates


async def nothing() -> None:
    """Nobody has to be told before the dot."""


def letters(server: SmtpServer, *targets: str) -> list[Sent]:
    """One letter to each, one after the other over one pool."""

    async def body() -> list[Sent]:
        pool = Pool(server)
        try:
            return [
                await pool.send("", target, f"To: {target}\r\nSubject: x\r\n\r\n.\r\n..y\r\n".encode(), nothing)
                for target in targets
            ]
        finally:
            await pool.close()

    return asyncio.run(body())


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_submission(postfix: Postfix, dovecot: Dovecot, certificates: Certificates, security: Any) -> None:
    """Several letters over one connection; what arrives is what was sent, and a refusal disturbs nobody."""
    user = dovecot.new_user()
    port = postfix.submission_port if security == "starttls" else postfix.submissions_port
    server = SmtpServer(
        "localhost", port, security, user=user, password=lambda: PASSWORD, ca_file=str(certificates.ca), timeout=30
    )
    first, second = f"{security}1@elsewhere.example", f"{security}2@elsewhere.example"
    sent = letters(server, first, "no one@elsewhere.example", second)
    assert [one.event for one in sent] == [Event.ACCEPTED, Event.REFUSED, Event.ACCEPTED], sent
    for target in (first, second):
        (letter,) = postfix.sink.wait(1, to=target)
        assert letter.sender == ""
        assert letter.data.endswith(b"\r\n\r\n.\r\n..y\r\n")


def test_wrong_password(postfix: Postfix, dovecot: Dovecot, certificates: Certificates) -> None:
    """Nobody's letter is to blame for it."""
    server = SmtpServer(
        "localhost", postfix.submission_port, "starttls", user=dovecot.new_user(), password=lambda: "hunter2",
        ca_file=str(certificates.ca), timeout=30,
    )  # fmt: skip
    (sent,) = letters(server, "ana@elsewhere.example")
    assert (sent.event, sent.phase, sent.blame) == (Event.DEFERRED, "connect", "server")
    assert "refused the login" in sent.text
    assert "hunter2" not in sent.text


def test_relay_denied(postfix: Postfix, certificates: Certificates) -> None:
    """Without a login the recipient is refused, with the server's own words."""
    server = SmtpServer("localhost", postfix.submission_port, "starttls", ca_file=str(certificates.ca), timeout=30)
    (sent,) = letters(server, "ana@elsewhere.example")
    assert (sent.event, sent.phase, sent.code) == (Event.REFUSED, "rcpt", 554)
    assert "denied" in sent.text.lower()
