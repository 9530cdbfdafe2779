"""8 bits on the wire where the server takes them: the same letter, shorter, whatever is in it."""

import asyncio
import re
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest

from autoresponder.core.outbox import Event
from autoresponder.mail.eightbit import eight_bit
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp import Sent
from autoresponder.mail.smtp_pool import Pool
from tests.answer.house import BOX, NOW, composer, decision
from tests.answer.language_table import LANGUAGES
from tests.core.letters import letter
from tests.lab import PASSWORD
from tests.lab.dovecot import Dovecot
from tests.lab.postfix import Postfix
from tests.lab.sink import EXTENSIONS, Sink

TARGET = "ana@example.net"


def leaves(raw: bytes) -> list[tuple[object, ...]]:
    """Each part that is no multipart: every header but its encoding, and the octets that it stands for."""
    parts = [part for part in message_from_bytes(raw).walk() if not part.is_multipart()]
    return [(*headers(part), part.get_payload(decode=True)) for part in parts]


def headers(part: Message) -> list[tuple[str, str]]:
    return [(name, value) for name, value in part.items() if name != "Content-Transfer-Encoding"]


def encodings(raw: bytes) -> list[str]:
    return [str(part["Content-Transfer-Encoding"]) for part in message_from_bytes(raw).walk()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_answers_say_the_same_in_fewer_octets(language: str) -> None:
    message = letter(Subject="Größe, ¿cuándo? Łódź")
    raw = composer(language=language).compose(decision(message), message, BOX, NOW).raw
    made = eight_bit(raw)
    assert raw.isascii() and not made.isascii()
    assert len(made) < 0.97 * len(raw)
    assert headers(message_from_bytes(made)) == headers(message_from_bytes(raw))
    assert leaves(made) == leaves(raw)
    assert set(encodings(made)) <= {"8bit", "7bit"}
    assert encodings(made)[0] == "8bit"  # RFC 2045 section 6.4: a multipart says what its parts are
    made.replace(b"\r\n", b"").decode("utf-8")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", made)
    assert max(map(len, made.split(b"\r\n"))) <= 998


def part(body: bytes, encoding: str = "quoted-printable", more: str = "") -> bytes:
    """A letter of one text."""
    head = (
        f"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n{more}\r\n"
    )
    return head.encode() + body


def mixed(*parts: bytes, boundary: str = "=_m_1") -> bytes:
    """A multipart of parts."""
    edge = f"\r\n--{boundary}".encode()
    head = f'Subject: x\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n'.encode()
    return head + b"".join(edge + b"\r\n" + one for one in parts) + edge + b"--\r\n"


SHORTER = [
    (part(b"=C3=B1" * 20), "ñ" * 20),
    (part(b"w7HDscOxw7HDscOxw7HDsQ==\r\n", "base64"), "ñ" * 8),
    (part(b"a=\r\nb =3D c=20\r\n.\r\nx"), "ab = c \r\n.\r\nx"),  # ASCII after all: 7bit
]


@pytest.mark.parametrize(("raw", "text"), SHORTER)
def test_a_single_text(raw: bytes, text: str) -> None:
    made = eight_bit(raw)
    assert made.partition(b"\r\n\r\n")[2].decode() == text
    assert encodings(made) == ["7bit" if text.isascii() else "8bit"]
    assert leaves(made) == leaves(raw)


LEFT = {
    "a long line": part(b"=C3=B1" * 500),
    "a bare line feed": part(b"=C3=B1=0A=C3=B1"),
    "a bare carriage return": part(b"=C3=B1=0D=C3=B1"),
    "a nul": part(b"=C3=B1=00=C3=B1"),
    "From at the start of a line": part(b"=C3=B1\r\n=46rom x"),
    "From at the start": part(b"=46rom =C3=B1=C3=B1"),
    "a line like the boundary": mixed(part(b"=C3=B1" * 40 + b"\r\n=2D-=3D_m_1--=C3=B1")),
    "a text that is an attachment": part(b"w7HDscOxw7HDscOxw7HDsQ==", "base64", "Content-Disposition: attachment\r\n"),
    "another charset": part(b"=F1=F1=F1").replace(b"utf-8", b"latin-1"),
    "another type": part(b"w7HDscOxw7HDscOxw7HDsQ==", "base64").replace(b"text/plain; charset=utf-8", b"image/png"),
    "broken base64": part(b"w7H!!cOx", "base64"),
    "a text in 7 bits that looks encoded": part(b"=C3=B1=C3=B1=C3=B1", "7bit"),
    "much besides the text": mixed(part(b"=C3=B1" * 40), part(b"x\r\n" * 100_000, "7bit")),
    "no body": b"Subject: x",
    "nothing": b"",
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\n--\r\n" + part(b"=C3=B1" * 9),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_said_so_stays_as_it_is(name: str) -> None:
    assert eight_bit(LEFT[name]) is LEFT[name]


def test_each_part_for_itself() -> None:
    attached = part(b"w7HDscOxw7HDsQ==", "base64", "Content-Disposition: attachment; filename=a.txt\r\n")
    quoted = part(b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nw7E=", "7bit")
    inner = mixed(part(b"=C3=B1" * 40), part(b"plain", "7bit"), boundary="=_a_1")
    raw = mixed(inner, attached, quoted, part(b"=C3=B1" * 500))
    made = eight_bit(raw)
    assert leaves(made) == leaves(raw)
    assert encodings(made) == ["8bit", "8bit", "8bit", "7bit", "base64", "7bit", "quoted-printable"]


def sent_through(server: SmtpServer, target: str, raw: bytes) -> Sent:
    """One letter over a connection of its own."""

    async def nothing() -> None:
        """Nobody has to be told before the dot."""

    async def body() -> Sent:
        pool = Pool(server)
        try:
            return await pool.send("", target, raw, nothing)
        finally:
            await pool.close()

    return asyncio.run(body())


def answer_to(target: str) -> bytes:
    """A German answer, with non-ASCII text and subject."""
    message = letter(From=f"Jörg <{target}>", Subject="Größe")
    return composer(language="de").compose(decision(message), message, BOX, NOW).raw


WIRE = [
    # without, target, MAIL's parameters, recipient on the wire
    ((), TARGET, ("BODY=8BITMIME",), TARGET),
    (("8BITMIME",), TARGET, (), TARGET),
    (("SMTPUTF8",), TARGET, ("BODY=8BITMIME",), TARGET),
    ((), "jörg@example.net", ("BODY=8BITMIME", "SMTPUTF8"), "jörg@example.net"),
    ((), "joerg@münchen.example", ("BODY=8BITMIME",), "joerg@xn--mnchen-3ya.example"),
    (("SMTPUTF8", "8BITMIME"), "joerg@münchen.example", (), "joerg@xn--mnchen-3ya.example"),
    (("SMTPUTF8",), "jörg@example.net", None, ""),
    (("SMTPUTF8", "8BITMIME"), "jörg@münchen.example", None, ""),
]


@pytest.mark.parametrize(("without", "target", "parameters", "recipient"), WIRE)
def test_extensions_only_where_offered_and_needed(
    make_sink: Any, without: tuple[str, ...], target: str, parameters: tuple[str, ...] | None, recipient: str
) -> None:
    sink: Sink = make_sink(extensions=tuple(one for one in EXTENSIONS if one not in without))
    raw = answer_to(target)
    sent = sent_through(SmtpServer(sink.host, sink.port, "none", timeout=20), target, raw)
    if parameters is None:
        assert (sent.event, sent.code) == (Event.REFUSED, 553)
        assert sent.text == "5.6.7 the server does not offer SMTPUTF8, which this address needs"
        assert sink.messages == ()
        return
    (got,) = sink.messages
    assert sent.event is Event.ACCEPTED
    assert [one for one in got.parameters if not one.startswith("SIZE")] == list(parameters)
    assert got.to == (recipient,)
    assert leaves(got.data) == leaves(raw)
    assert got.message["Message-ID"] == message_from_bytes(raw)["Message-ID"]
    assert got.data.isascii() == (not parameters)
    assert "@münchen".encode() not in got.data  # domains are A-labels (RFC 5890)


@pytest.mark.parametrize("poor", [False, True])
def test_a_real_postfix_with_and_without_them(postfix: Postfix, dovecot: Dovecot, poor: bool) -> None:
    server = SmtpServer(
        "localhost", postfix.poor_port if poor else postfix.submission_port, "starttls", user=dovecot.new_user(),
        password=lambda: PASSWORD, ca_file=str(dovecot.certificates.ca), timeout=30,
    )  # fmt: skip
    target, local = f"jose{poor}@español.example".lower(), f"josé{poor}@elsewhere.example".lower()
    raw, other = answer_to(target), answer_to(local)
    assert sent_through(server, target, raw).event is Event.ACCEPTED
    (got,) = postfix.sink.wait(1, to=target.replace("español", "xn--espaol-zwa"))
    assert leaves(got.data) == leaves(raw)
    assert got.data.endswith(raw if poor else eight_bit(raw))  # below what Postfix puts before it
    if poor:
        assert (sent := sent_through(server, local, other)).event is Event.REFUSED
        assert "SMTPUTF8" in sent.text
        return
    assert sent_through(server, local, other).event is Event.ACCEPTED
    (got,) = postfix.sink.wait(1, to=local)
    assert leaves(got.data) == leaves(other)
    assert "SMTPUTF8" in got.parameters
