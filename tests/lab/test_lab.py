"""The lab itself: real servers deliver, the sink records and misbehaves as told."""

import imaplib
import smtplib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.lab.dovecot import Dovecot
from tests.lab.postfix import Postfix
from tests.lab.sink import Recipient, Sink
from tests.lab.tls import Certificates

LETTER = b"From: ana@example.net\r\nSubject: hello\r\n\r\nFirst line\r\n.dot\r\n"


def test_a_letter_delivered_by_lmtp_is_in_the_inbox(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, LETTER, sender="ana@example.net")
    (raw,) = dovecot.letters(user)
    assert raw.startswith(b"Return-Path: <ana@example.net>\r\nDelivered-To: " + user.encode() + b"@lab.test\r\n")
    assert raw.endswith(b".dot\r\n")


def test_append_keeps_flags_and_date(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    when = datetime(2024, 2, 29, 12, tzinfo=UTC)
    uid = dovecot.append(user, LETTER, "Sent", flags=("\\Answered", "Mine"), when=when)
    assert uid == 1
    assert dovecot.flags(user, "Sent") == [{"\\Answered", "Mine"}]
    with dovecot.session(user) as imap:
        imap.select("Sent", readonly=True)
        assert '"29-Feb-2024 12:00:00 +0000"' in str(imap.fetch("1", "INTERNALDATE")[1])


def test_folders_have_their_special_use_and_a_new_uidvalidity_when_asked(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.session(user) as imap:
        listed = str(imap.list()[1])
        assert "Sent) " in listed
        assert "Junk) " in listed
    dovecot.set_uidvalidity(user, 4711)
    with dovecot.session(user) as imap:
        imap.select()
        assert imap.response("UIDVALIDITY")[1] == [b"4711"]


def test_a_changed_password_is_the_only_one(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.session(user):
        pass
    dovecot.change_password(user, "other!")
    with pytest.raises(imaplib.IMAP4.error), dovecot.session(user):
        pass
    with dovecot.session(user, "other!"):
        pass


def test_starttls_in_the_clear_port(dovecot: Dovecot, certificates: Certificates) -> None:
    with imaplib.IMAP4(dovecot.host, dovecot.imap_port) as imap:
        imap.starttls(certificates.client_context())
        assert imap.login("u1", dovecot.password)[0] == "OK"


def test_a_poorer_dovecot_can_be_restarted(make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot(without=("IDLE", "MOVE"))
    server.restart()
    with server.session("u1") as imap:
        assert not {"IDLE", "MOVE"} & set(imap.capability()[1][0].decode().split())
        imap.select()
        server.kick("u1")
        with pytest.raises(imaplib.IMAP4.abort):
            for _ in range(100):
                imap.noop()


def test_postfix_takes_mail_from_those_who_log_in_and_relays_it(postfix: Postfix, certificates: Certificates) -> None:
    context = certificates.client_context()
    with smtplib.SMTP(postfix.host, postfix.submission_port) as smtp:
        smtp.starttls(context=context)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail("u1@lab.test", ["lab-a@example.net"], LETTER)
        smtp.login("u1", postfix.password)
        smtp.sendmail("", ["lab-a@example.net"], LETTER)
    with smtplib.SMTP_SSL(postfix.host, postfix.submissions_port, context=context) as smtp:
        smtp.login("u1", postfix.password)
        smtp.sendmail("u1@lab.test", ["lab-b@example.net"], LETTER)
    (first,) = postfix.sink.wait(to="lab-a@example.net")
    (second,) = postfix.sink.wait(to="lab-b@example.net")
    assert (first.sender, second.sender) == ("", "u1@lab.test")
    assert first.data.endswith(b"First line\r\n.dot\r\n")


def test_the_sink_keeps_all_of_a_letter(make_sink: Callable[..., Sink], certificates: Certificates) -> None:
    sink = make_sink(certificates.server, logins={"me": "pass"})
    with smtplib.SMTP(sink.host, sink.port, local_hostname="here.test") as smtp:
        smtp.starttls(context=certificates.client_context())
        smtp.login("me", "pass")
        smtp.sendmail("", ["a@b.test"], LETTER, ["BODY=8BITMIME"], ["NOTIFY=NEVER"])
    (got,) = sink.wait(1)
    assert (got.connection, got.ehlo, got.tls, got.login, got.sender) == (1, "here.test", True, "me", "")
    assert "BODY=8BITMIME" in got.parameters
    assert got.recipients == (Recipient("a@b.test", ("NOTIFY=NEVER",)),)
    assert got.data == LETTER
    assert "pass" not in " ".join(sink.commands)


@pytest.mark.parametrize("password", ["wrong", ""])
def test_the_sink_wants_the_right_password(make_sink: Callable[..., Sink], password: str) -> None:
    sink = make_sink(logins={"me": "pass"})
    with smtplib.SMTP(sink.host, sink.port) as smtp, pytest.raises(smtplib.SMTPException):
        if password:
            smtp.login("me", password)
        else:
            smtp.sendmail("a@b.test", ["c@d.test"], LETTER)
    assert sink.messages == ()


@pytest.mark.parametrize(
    ("fault", "error", "kept"),
    [
        ({"stage": "CONNECT", "answer": "554 5.3.2 go away", "drop": True}, smtplib.SMTPException, 0),
        ({"stage": "MAIL", "match": "<>", "answer": "550 5.7.1 no null sender"}, smtplib.SMTPSenderRefused, 0),
        ({"stage": "RCPT", "answer": "451 4.3.0 later"}, smtplib.SMTPRecipientsRefused, 0),
        ({"stage": "DATA", "answer": "421 4.3.2 bye", "drop": True}, smtplib.SMTPException, 0),
        ({"stage": "BODY", "drop": True}, (smtplib.SMTPException, OSError), 0),
        ({"stage": "DOT", "answer": "552 5.3.4 too big"}, smtplib.SMTPDataError, 0),
        ({"stage": "DOT", "drop": True}, smtplib.SMTPServerDisconnected, 0),
        ({"stage": "DOT", "drop": True, "accept": True}, smtplib.SMTPServerDisconnected, 1),
        ({"stage": "RCPT", "hang": True}, (smtplib.SMTPException, TimeoutError), 0),
    ],
    ids=lambda value: value["stage"] if isinstance(value, dict) else None,
)
def test_the_sink_misbehaves_once(sink: Sink, fault: dict[str, Any], error: type[Exception], kept: int) -> None:
    sink.on(**fault, times=1)
    with pytest.raises(error), smtplib.SMTP(sink.host, sink.port, timeout=0.5) as smtp:
        smtp.sendmail("", ["a@b.test"], LETTER)
    assert len(sink.messages) == kept
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as smtp:
        smtp.sendmail("", ["a@b.test"], LETTER)
    assert len(sink.wait(kept + 1)) == kept + 1


def test_the_sink_tires_of_silence(make_sink: Callable[..., Sink]) -> None:
    sink = make_sink(idle=0.01)
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as smtp:
        assert smtp.getreply()[0] == 421


def test_the_sink_hangs_up_on_request(sink: Sink) -> None:
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as smtp:
        sink.wait_for(lambda: sink.connections == 1, "a connection")
        assert sink.hang_up("421 4.4.2 enough") == 1
        assert smtp.getreply() == (421, b"4.4.2 enough")
    assert sink.connections == 1


def test_waiting_in_vain_shows_the_dialogue(sink: Sink) -> None:
    with smtplib.SMTP(sink.host, sink.port) as smtp:
        smtp.ehlo("here.test")
    with pytest.raises(AssertionError, match=r"1 letters to x@y.test; it has 0 letters\n  1: ehlo here.test"):
        sink.wait(to="x@y.test", seconds=0)
