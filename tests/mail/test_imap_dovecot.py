"""The IMAP session against a real Dovecot."""

import select
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from autoresponder.errors import RemoteError
from autoresponder.mail.imap import ImapServer, Session
from tests.lab.dovecot import Dovecot
from tests.mail.scripted_imap import ScriptedImap

LETTER = b"From: A <a@example.net>\r\nSubject: letter %d\r\nMessage-ID: <%d@example.net>\r\n\r\nHello.\r\n"
Open = Callable[..., Session]


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    return dovecot.new_user()


@pytest.fixture
def make(dovecot: Dovecot, user: str) -> Iterator[Open]:
    """Makes sessions of `user`; settings of ImapServer may be given."""
    made: list[Session] = []

    def session(server: Dovecot = dovecot, **settings: Any) -> Session:
        defaults: dict[str, Any] = {
            "host": "localhost",
            "port": server.imaps_port,
            "security": "tls",
            "user": user,
            "password": lambda: server.password,
            "ca_file": str(server.certificates.ca),
            "connect_timeout": 10,
            "read_timeout": 20,
        }
        made.append(Session(ImapServer(**defaults | settings), "contact"))
        return made[-1]

    yield session
    for one in made:
        one.close()


def await_news(session: Session) -> None:
    """Returns when idle_news says so."""
    poll = select.poll()
    poll.register(session.fileno(), select.POLLIN)
    while not session.idle_news():
        assert poll.poll(10_000), "nothing came"


def test_a_password_may_be_of_any_letters(dovecot: Dovecot, make: Open) -> None:
    for password in ('contraseña €"\\', " two words "):
        session = make(user=dovecot.new_user(f"{password}"), password=lambda password=password: password)
        session.connect()
        assert session.alive


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_connects_and_reads(security: str, dovecot: Dovecot, user: str, make: Open) -> None:
    when = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
    dovecot.append(user, LETTER % (1, 1), when=when, flags=("\\Flagged", "$Junk"))
    dovecot.append(user, LETTER % (2, 2))
    session = make(security=security, port=dovecot.imaps_port if security == "tls" else dovecot.imap_port)
    session.connect()
    selected = session.select("INBOX", readonly=False)
    assert (selected.exists, selected.uidnext) == (2, 3)
    assert selected.uidvalidity > 0
    assert session.uids_from(1) == [1, 2]
    assert session.uids_from(3) == []
    assert session.uids_since((datetime.now(UTC) - timedelta(days=1)).date()) == [2]
    first, second = session.fetch([1, 2, 77])
    assert (first.raw, first.size, first.arrived) == (LETTER % (1, 1), len(LETTER % (1, 1)), when)
    assert first.flags >= {"\\Flagged", "$Junk"}
    assert (second.raw, second.outline, second.broken) == (LETTER % (2, 2), None, "")
    assert dovecot.flags(user) == [{"\\Flagged", "$Junk"}, frozenset()]  # \Seen was not set


def test_long_letters_come_in_part(dovecot: Dovecot, user: str, make: Open) -> None:
    head = b"Subject: long\r\nMIME-Version: 1.0\r\n"
    pdf = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''a%C3%B1o.pdf\r\n"
    pdf += b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 18 + b"\r\n" + b"QUJDQUJD\r\n" * 30_000
    text = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe text.\r\n"
    multipart = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n%s--b\r\n%s--b--\r\n"
    dovecot.append(user, head + multipart % (pdf, text))
    dovecot.append(user, b"Subject: x\r\n" + b"X-Long: y\r\n" * 10_000 + b"\r\nbody\r\n")
    dovecot.append(user, b"Subject: plain\r\n\r\n" + b"line\r\n" * 30_000)
    session = make()
    session.connect()
    session.select("INBOX")
    mixed, long_header, plain = session.fetch([1, 2, 3])
    assert len(mixed.raw) == 65536
    assert mixed.size == len(head + multipart % (pdf, text))
    assert mixed.outline is not None
    assert mixed.outline.types == ("multipart/mixed", "application/pdf", "text/plain")
    assert [one.name for one in mixed.outline.attachments] == ["año.pdf"]
    assert mixed.outline.text == b"The text."
    assert long_header.raw.endswith(b"X-Long: y\r\n\r\n")
    assert long_header.outline is not None
    assert long_header.outline.text == b"body\r\n"
    assert plain.raw.startswith(b"Subject: plain")
    assert plain.outline is not None
    assert plain.outline.text[:6] == b"line\r\n"
    assert (len(plain.outline.text), plain.size) == (65536, 180_018)


def test_an_expunged_letter_is_left_out(dovecot: Dovecot, user: str, make: Open) -> None:
    for number in range(1, 4):
        dovecot.append(user, LETTER % (number, number))
    session = make()
    session.connect()
    session.select("INBOX")
    assert session.uids_from(1) == [1, 2, 3]
    dovecot.doveadm("expunge", "-u", user, "mailbox", "INBOX", "uid", "2")
    assert [one.uid for one in session.fetch([1, 2, 3])] == [1, 3]


def test_idle_hears_a_delivery(dovecot: Dovecot, user: str, make: Open) -> None:
    session = make()
    session.connect()
    session.select("INBOX")
    assert session.can_idle
    for number in range(1, 4):
        assert session.idle() is False
        dovecot.deliver(user, LETTER % (number, number))
        await_news(session)
        assert session.idle_done()
        assert session.uids_from(number) == [number]
    dovecot.deliver(user, LETTER % (9, 9))
    assert session.noop()
    assert session.uids_from(4) == [4]


def test_idle_hears_the_end_of_the_session(dovecot: Dovecot, user: str, make: Open) -> None:
    session = make()
    session.connect()
    session.select("INBOX")
    session.idle()
    dovecot.kick(user)
    with pytest.raises(RemoteError):
        await_news(session)
    assert not session.alive


def test_marks_moves_and_files(dovecot: Dovecot, user: str, make: Open) -> None:
    with dovecot.session(user) as imap:
        imap.create('"Erledigt &- f&APw-r"')
    for number in range(1, 4):
        dovecot.append(user, LETTER % (number, number))
    session = make()
    session.connect()
    names = dict(session.folders())
    assert "\\sent" in names["Sent"]
    assert "Erledigt & für" in names
    assert not session.select("INBOX").permanent_keywords
    session.mark([1, 3], ["$Answered", "\\Flagged"])
    session.move([1], "Erledigt & für")
    assert dovecot.flags(user) == [frozenset(), {"$Answered", "\\Flagged"}]
    assert session.select("INBOX", readonly=False).permanent_keywords
    when = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    session.append("Sent", LETTER % (7, 7), ["\\Seen"], when)
    assert dovecot.letters(user, "Sent") == [LETTER % (7, 7)]
    assert dovecot.flags(user, "Sent") == [{"\\Seen"}]
    session.select("Sent")
    assert [one.arrived for one in session.fetch([1])] == [when]
    session.select("Erledigt & für")
    assert [one.raw for one in session.fetch([1])] == [LETTER % (1, 1)]


def test_moves_without_the_move_extension(make_dovecot: Callable[..., Dovecot], make: Open) -> None:
    server = make_dovecot(without=("MOVE",))
    with server.session("u1") as imap:
        for number in range(1, 4):
            imap.append("INBOX", "(\\Deleted)" if number == 3 else "", None, LETTER % (number, number))
    session = make(server, user="u1")
    session.connect()
    session.select("INBOX")
    session.move([1], "Sent")
    session.select("INBOX")
    assert session.uids_from(1) == [2, 3]  # 3 was marked as deleted by somebody else and is still there
    session.select("Sent")
    assert len(session.uids_from(1)) == 1


def test_missing_folders_are_named_with_what_is_there(make: Open) -> None:
    session = make()
    session.connect()
    session.select("INBOX")
    when = datetime.now(UTC)
    for attempt in (lambda: session.select("Snet"), lambda: session.append("Snet", b"Subject: x\r\n\r\n", [], when)):
        with pytest.raises(RemoteError) as caught:
            attempt()
        assert str(caught.value) == 'contact/Snet: there is no such folder (did you mean "Sent"?)'
        assert caught.value.fatal
        assert session.alive


WRONG: dict[str, tuple[dict[str, Any], str, bool | None]] = {
    "password": ({"password": lambda: "wrong"}, "wrong user or password", True),
    "unknown authority": ({"ca_file": ""}, "the server's certificate is not trusted", True),
    "no such file": ({"ca_file": "/nowhere/ca.pem"}, "/nowhere/ca.pem: cannot read ca_file: No such file", True),
    "not a PEM file": ({"ca_file": __file__}, "ca_file holds no certificate that can be read", True),
    "no such host": ({"host": "nowhere.invalid"}, "nowhere.invalid:", None),
    "nobody there": ({"port": 1}, "localhost:1: the connection was refused (check host and port", False),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str, make: Open) -> None:
    settings, words, fatal = WRONG[name]
    session = make(**settings)
    with pytest.raises(RemoteError) as caught:
        session.connect()
    assert words in str(caught.value)
    assert caught.value.step
    assert fatal in (None, caught.value.fatal)
    assert not session.alive


def test_certificates_for_others_and_of_the_past_are_refused(dovecot: Dovecot, make: Open, tmp_path: Path) -> None:
    certificates = dovecot.certificates
    for certificate, words in (
        (certificates.issue("mail.example.net"), "the server's certificate is not for localhost"),
        (
            certificates.issue("localhost", expires=datetime(2020, 1, 1, tzinfo=UTC)),
            "the server's certificate has expired",
        ),
    ):
        with ScriptedImap([], certificate.server_context()) as server:
            with pytest.raises(RemoteError, match=words) as caught:
                make(port=server.port).connect()
            assert caught.value.fatal
            assert caught.value.step


def test_a_stopped_server_is_a_lost_connection(make_dovecot: Callable[..., Dovecot], make: Open) -> None:
    server = make_dovecot()
    session = make(server, user="u1")
    session.connect()
    session.select("INBOX")
    server.stop()
    with pytest.raises(RemoteError) as caught:
        list(session.fetch([1]))
    assert not caught.value.fatal
    assert not session.alive
