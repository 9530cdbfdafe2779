"""One letter over SMTP: every phase, every way it can go wrong, and what must be known about it afterwards."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import aiosmtplib
import pytest

from autoresponder.core.outbox import Event
from autoresponder.errors import ConfigError, RemoteError
from autoresponder.mail import smtp, smtp_pool
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp import Connection, Sent
from autoresponder.mail.smtp_pool import Pool
from tests.lab.sink import EXTENSIONS, Sink
from tests.lab.tls import Certificates

RAW = b"From: contact@lab.test\r\nTo: ana@example.com\r\nSubject: Hello\r\n\r\nThank you.\r\n"
TARGET = "ana@example.com"
TIMEOUT = 0.3
"""Seconds, where the server will not answer."""
PATIENT = 20
"""Seconds, where it will."""
BARE = tuple(offer for offer in EXTENSIONS if offer != "PIPELINING")
MakeSink = Callable[..., Sink]


def server_of(sink: Sink, **changes: object) -> SmtpServer:
    values: dict[str, object] = {"host": sink.host, "port": sink.port, "security": "none", "timeout": PATIENT}
    return SmtpServer(**(values | changes))  # type: ignore[arg-type]  # the values of a table


async def nothing() -> None:
    """A `before_dot` for those who do not care."""


async def send(pool: Pool, before_dot: Callable[[], Awaitable[None]] = nothing, raw: bytes = RAW) -> Sent:
    return await pool.send("", TARGET, raw, before_dot)


DROP, HANG = {"drop": True}, {"hang": True}
FAULTS = [
    # stage, misbehaviour, event, phase, blame, whether the dot had left
    ("MAIL", DROP, "deferred", "mail", "server", False),
    ("MAIL", HANG, "deferred", "mail", "server", False),
    ("MAIL", {"answer": "421 4.3.2 going down", "drop": True}, "deferred", "mail", "server", False),
    ("MAIL", {"answer": "451 4.3.0 later"}, "deferred", "mail", "letter", False),
    ("MAIL", {"answer": "452 4.3.1 no space"}, "deferred", "mail", "letter", False),
    ("MAIL", {"answer": "550 5.7.1 not you"}, "refused", "mail", "letter", False),
    ("MAIL", {"answer": "530 5.7.0 log in first"}, "deferred", "mail", "server", False),
    ("MAIL", {"answer": "what was that"}, "deferred", "mail", "server", False),
    ("RCPT", DROP, "deferred", "rcpt", "letter", False),
    ("RCPT", HANG, "deferred", "rcpt", "letter", False),
    ("RCPT", {"answer": "421 4.7.0 slow down", "drop": True}, "deferred", "rcpt", "letter", False),
    ("RCPT", {"answer": "450 4.2.0 greylisted"}, "deferred", "rcpt", "letter", False),
    ("RCPT", {"answer": "550 5.1.1 no such user"}, "refused", "rcpt", "letter", False),
    ("RCPT", {"answer": "500 5.5.2 what?"}, "deferred", "rcpt", "letter", False),  # garbled on the way
    ("DATA", {"answer": "503 5.5.1 RCPT first"}, "deferred", "data", "letter", False),
    ("RCPT", {"answer": "354 go on"}, "deferred", "rcpt", "letter", False),
    ("DATA", DROP, "deferred", "data", "letter", False),
    ("DATA", HANG, "deferred", "data", "letter", False),
    ("DATA", {"answer": "451 4.3.0 later"}, "deferred", "data", "letter", False),
    ("DATA", {"answer": "554 5.5.1 no valid recipients"}, "refused", "data", "letter", False),
    ("DATA", {"answer": "250 2.0.0 fine"}, "deferred", "data", "letter", False),
    ("BODY", HANG, "no_answer", "dot", "letter", True),
    ("DOT", DROP, "no_answer", "dot", "letter", True),
    ("DOT", {"drop": True, "accept": True}, "no_answer", "dot", "letter", True),
    ("DOT", HANG, "no_answer", "dot", "letter", True),
    ("DOT", {"answer": "421 4.3.2 going down", "drop": True}, "deferred", "dot", "letter", True),
    ("DOT", {"answer": "451 4.3.0 later"}, "deferred", "dot", "letter", True),
    ("DOT", {"answer": "552 5.2.2 full"}, "refused", "dot", "letter", True),
    ("DOT", {"answer": "354 go on"}, "no_answer", "dot", "letter", True),
    ("DOT", {"answer": "what was that"}, "no_answer", "dot", "letter", True),
]
IDS = [f"{stage}-{next(iter(str(v)[:3] if k == 'answer' else k for k, v in fault.items()))}-{n}"
       for n, (stage, fault, *_) in enumerate(FAULTS)]  # fmt: skip


@pytest.mark.parametrize("extensions", [EXTENSIONS, BARE], ids=["pipelined", "step-by-step"])
@pytest.mark.parametrize(("stage", "fault", "event", "phase", "blame", "dot"), FAULTS, ids=IDS)
def test_faults(
    make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch, extensions: tuple[str, ...], stage: str,
    fault: dict[str, object], event: str, phase: str, blame: str, dot: bool,
) -> None:  # fmt: skip
    """Whatever happens where: the outcome says how far we were, and the next letter goes out on a clean connection."""
    monkeypatch.setattr(smtp, "DOT_PATIENCE", 1)
    sink = make_sink(extensions=extensions)
    dots: list[int] = []

    async def before_dot() -> None:
        dots.append(len(sink.messages))

    async def body() -> None:
        pool = Pool(server_of(sink, timeout=TIMEOUT if "hang" in fault else PATIENT))
        sink.on(stage, times=1, **fault)  # type: ignore[arg-type]  # the values of a table
        sent = await send(pool, before_dot)
        assert (str(sent.event), sent.phase, sent.blame) == (event, phase, blame), sent
        assert dots == ([0] if dot else [])
        assert len(sink.messages) == ("accept" in fault)
        sink.behave()
        pool.server = server_of(sink)
        assert (await send(pool, raw=b"Subject: second\r\n\r\n2\r\n")).event is Event.ACCEPTED
        await pool.close()
        assert len(sink.messages) == ("accept" in fault) + 1
        assert sink.messages[-1].to == (TARGET,)
        assert sink.messages[-1].message["Subject"] == "second"

    asyncio.run(body())


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "DOT"])
def test_cancelled(make_sink: MakeSink, stage: str) -> None:
    """A cancelled send leaves no connection that is one reply off, and without the dot nothing is accepted."""
    sink = make_sink()

    async def body() -> None:
        pool = Pool(server_of(sink))
        sink.on(stage, hang=True, times=1)  # type: ignore[arg-type]  # a Stage
        dot = asyncio.Event()

        async def before_dot() -> None:
            dot.set()

        task = asyncio.create_task(send(pool, before_dot))
        reached = {"CONNECT": lambda: sink.connections > 0, "BODY": None, "DOT": None}.get(
            stage, lambda: any(line.startswith(stage) for line in sink.commands)
        )
        if reached:
            await asyncio.to_thread(sink.wait_for, reached, stage)
        else:
            await dot.wait()
            await asyncio.sleep(0)
        while not task.done():  # more than once: Python 3.11's wait_for can swallow a cancellation
            task.cancel()
            await asyncio.wait([task], timeout=0.1)
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(sink.wait_for, lambda: not sink.open_connections, "the connection to be closed")
        assert sink.messages == ()
        assert (await send(pool)).event is Event.ACCEPTED
        await pool.close()
        assert len(sink.messages) == 1

    asyncio.run(body())


def test_before_dot_fails(sink: Sink) -> None:
    """What `before_dot` raises comes out, the dot does not leave, and the connection is dropped."""

    async def body() -> None:
        pool = Pool(server_of(sink))

        async def broken() -> None:
            raise OSError("the disk is full")

        with pytest.raises(OSError, match="the disk is full"):
            await send(pool, broken)
        await asyncio.to_thread(sink.wait_for, lambda: not sink.open_connections, "the connection to be closed")
        assert sink.messages == ()
        assert (await send(pool)).event is Event.ACCEPTED
        await pool.close()

    asyncio.run(body())
    assert len(sink.messages) == 1


@pytest.mark.parametrize(
    ("fault", "event", "code"),
    [
        ({"drop": True}, Event.DEFERRED, 0),
        ({"answer": "421 4.3.2 going down", "drop": True}, Event.DEFERRED, 421),
        ({"answer": "552 5.3.4 too much", "drop": True}, Event.REFUSED, 552),
    ],
)
@pytest.mark.parametrize("already_gone", [True, False])
def test_lost_before_the_dot(sink: Sink, fault: dict[str, object], event: Event, code: int, already_gone: bool) -> None:
    """Lost, or interrupted, while the letter is on its way or while `before_dot` takes its time: the dot never
    leaves, so it is no doubt but a plain outcome."""

    async def body() -> None:
        pool = Pool(server_of(sink))
        sink.on("BODY", times=1, **fault)  # type: ignore[arg-type]  # the values of a table

        async def before_dot() -> None:
            await asyncio.to_thread(sink.wait_for, lambda: not sink.open_connections, "the server to hang up")

        raw = RAW + b"x" * (40_000_000 if already_gone else 10) + b"\r\n"
        sent = await send(pool, before_dot, raw)
        assert sent.phase == "body"
        assert (
            (sent.event, sent.code) in {(event, code), (Event.DEFERRED, 0)}
            if already_gone
            else ((sent.event, sent.code) == (event, code))
        )
        await pool.close()

    asyncio.run(body())
    assert sink.messages == ()


@pytest.mark.parametrize("how", ["421", "silent", "421 to MAIL", "drop at MAIL", "hang at MAIL", "dead at RSET"])
def test_dead_connection_is_replaced(sink: Sink, how: str) -> None:
    """A kept connection found dead before MAIL is accepted: another one, without a word."""

    async def body() -> None:
        pool = Pool(server_of(sink, timeout=TIMEOUT if how == "hang at MAIL" else PATIENT))
        if how == "dead at RSET":
            sink.on("RCPT", answer="450 4.2.0 greylisted", times=1)
            sink.on("RSET", answer="421 4.4.2 idle for too long", drop=True, times=1)
            assert (await send(pool)).event is Event.DEFERRED
        else:
            assert (await send(pool)).event is Event.ACCEPTED
        if how in ("421", "silent"):
            sink.hang_up("421 4.4.2 idle for too long" if how == "421" else "")
        elif how == "421 to MAIL":
            sink.on("MAIL", answer="421 4.4.2 enough for one connection", drop=True, times=1)
        elif how != "dead at RSET":
            sink.on("MAIL", drop="drop" in how, hang="hang" in how, times=1)
            pool.server = server_of(sink)  # for the one that replaces it
        assert (await send(pool)).event is Event.ACCEPTED
        assert pool.rest == 0
        await pool.close()
        assert sink.connections == 2

    asyncio.run(body())
    assert len(sink.messages) == (1 if how == "dead at RSET" else 2)


def test_refused_transaction_is_reset(make_sink: MakeSink) -> None:
    """After a refusal the kept connection is used again, and the refused recipient does not get the next letter."""
    for extensions in (EXTENSIONS, BARE):
        sink = make_sink(extensions=extensions)

        async def body(sink: Sink = sink) -> None:
            pool = Pool(server_of(sink))
            sink.on("DATA", answer="451 4.3.0 later", times=1)
            assert (await pool.send("", "first@example.com", RAW, nothing)).event is Event.DEFERRED
            assert (await pool.send("", "second@example.com", RAW, nothing)).event is Event.ACCEPTED
            await pool.close()

        asyncio.run(body())
        assert [letter.to for letter in sink.messages] == [("second@example.com",)]
        assert sink.connections == 1
        assert "RSET" in sink.commands
        assert sink.commands[-1] == "QUIT"


def test_server_waits_for_a_letter_it_refused(sink: Sink) -> None:
    """354 although the recipient was refused: nothing more goes out there, for it would be taken for the letter."""

    async def body() -> None:
        pool = Pool(server_of(sink))
        sink.on("RCPT", answer="550 5.1.1 no such user", times=1)
        sink.on("DATA", answer="354 go on", times=1)
        sent = await send(pool)
        assert (sent.event, sent.phase, sent.code) == (Event.REFUSED, "rcpt", 550)
        assert (await send(pool)).event is Event.ACCEPTED
        await pool.close()

    asyncio.run(body())
    assert sink.connections == 2
    assert len(sink.messages) == 1


ALL = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 1000")
EIGHT = "Subject: x\r\n\r\nñ\r\n".encode()
WIRE = [
    # offers, sender, target, letter, MAIL and RCPT as they must be on the wire
    (ALL, "", TARGET, RAW, f"MAIL FROM:<> SIZE={len(RAW)}", f"RCPT TO:<{TARGET}> NOTIFY=NEVER"),
    ((), "", TARGET, RAW, "MAIL FROM:<>", f"RCPT TO:<{TARGET}>"),
    (("DSN",), "a@lab.test", TARGET, RAW, "MAIL FROM:<a@lab.test>", f"RCPT TO:<{TARGET}> NOTIFY=NEVER"),
    (("8BITMIME",), "", TARGET, EIGHT, "MAIL FROM:<> BODY=8BITMIME", f"RCPT TO:<{TARGET}>"),
    (("8BITMIME",), "", TARGET, RAW, "MAIL FROM:<>", f"RCPT TO:<{TARGET}>"),
    (("SMTPUTF8",), "", "josé@example.com", RAW, "MAIL FROM:<> SMTPUTF8", "RCPT TO:<josé@example.com>"),
    (("SMTPUTF8",), "", "jose@español.example", RAW, "MAIL FROM:<>", "RCPT TO:<jose@xn--espaol-zwa.example>"),
    ((), "", "jose@español.example", RAW, "MAIL FROM:<>", "RCPT TO:<jose@xn--espaol-zwa.example>"),
    (("SIZE",), "", TARGET, RAW, f"MAIL FROM:<> SIZE={len(RAW)}", f"RCPT TO:<{TARGET}>"),
    ((), "", "a..b.@docomo.ne.jp", RAW, "MAIL FROM:<>", 'RCPT TO:<"a..b."@docomo.ne.jp>'),
]


@pytest.mark.parametrize(("offers", "sender", "target", "raw", "mail", "rcpt"), WIRE)
def test_parameters(
    make_sink: MakeSink, offers: tuple[str, ...], sender: str, target: str, raw: bytes, mail: str, rcpt: str
) -> None:
    """Parameters only where the server offers them and the letter needs them."""
    sink = make_sink(extensions=offers)

    async def body() -> None:
        pool = Pool(server_of(sink))
        assert (await pool.send(sender, target, raw, nothing)).event is Event.ACCEPTED
        await pool.close()

    asyncio.run(body())
    assert [line for line in sink.commands if line[:4] in ("MAIL", "RCPT")] == [mail, rcpt]


NEVER = [
    # offers, sender, target, letter, phase, code
    (ALL, "", "x@example.com>\r\nRCPT TO:<evil@example.com", RAW, "address", 553),
    (ALL, "", "x y@example.com", RAW, "address", 553),
    (ALL, "", "", RAW, "address", 553),
    (ALL, "a@lab.test>\r\nRSET", TARGET, RAW, "address", 553),
    (("8BITMIME",), "", "josé@example.com", RAW, "address", 553),
    (("SMTPUTF8",), "", TARGET, EIGHT, "mail", 554),
    (ALL, "", TARGET, RAW * 100, "mail", 552),
]


@pytest.mark.parametrize(("offers", "sender", "target", "raw", "phase", "code"), NEVER)
def test_never_sent(
    make_sink: MakeSink, offers: tuple[str, ...], sender: str, target: str, raw: bytes, phase: str, code: int
) -> None:
    """What this server can never be given is refused here; not a byte of it goes out."""
    sink = make_sink(extensions=offers)

    async def body() -> None:
        pool = Pool(server_of(sink))
        sent = await pool.send(sender, target, raw, nothing)
        assert (sent.event, sent.phase, sent.code, sent.blame) == (Event.REFUSED, phase, code, "letter")
        await pool.close()

    asyncio.run(body())
    assert [line[:4] for line in sink.commands] == ["EHLO", "QUIT"]


LETTERS = [
    (b"a: b\r\n\r\ntext\r\n", b"a: b\r\n\r\ntext\r\n"),
    (b"a: b\r\n\r\ntext", b"a: b\r\n\r\ntext\r\n"),
    (b"a: b\n\ntext\n", b"a: b\r\n\r\ntext\r\n"),
    (b"a: b\r\n\r\n.\r\nMAIL FROM:<evil@example.com>\r\n", b"a: b\r\n\r\n.\r\nMAIL FROM:<evil@example.com>\r\n"),
    (b"a: b\r\n\r\nx\n.\nMAIL FROM:<e@e.e>\n", b"a: b\r\n\r\nx\r\n.\r\nMAIL FROM:<e@e.e>\r\n"),
    (b"a: b\r\n\r\nx\r.\rMAIL FROM:<e@e.e>\r", b"a: b\r\n\r\nx\r\n.\r\nMAIL FROM:<e@e.e>\r\n"),
    (b"a: b\r\n\r\n..two\r\n...three\r\n", b"a: b\r\n\r\n..two\r\n...three\r\n"),
    (b".a: b\r\n\r\n", b".a: b\r\n\r\n"),
    (b"a: b\r\n\r\n" + b"x" * 3_000_000, b"a: b\r\n\r\n" + b"x" * 3_000_000 + b"\r\n"),
]


@pytest.mark.parametrize(("raw", "arrives"), LETTERS)
def test_letter_arrives_whole(sink: Sink, raw: bytes, arrives: bytes) -> None:
    """Leading dots and odd line ends: what arrives is one letter, with CRLF."""

    async def body() -> None:
        pool = Pool(server_of(sink))
        assert (await send(pool, raw=raw)).event is Event.ACCEPTED
        await pool.close()

    asyncio.run(body())
    assert [letter.data for letter in sink.messages] == [arrives]


NULL = [
    # stage, answer, sender, whether another sender may help
    ("MAIL", "550 5.7.1 no null sender", "", True),
    ("MAIL", "501 5.1.7 bad sender", "", True),
    ("MAIL", "550 5.7.1 not you", "contact@lab.test", False),
    ("MAIL", "451 4.7.1 later", "", False),
    ("MAIL", "552 5.3.4 too big", "", False),
    ("RCPT", "553 5.7.1 <>: Sender address rejected: not owned by user u", "", True),
    ("RCPT", "550 5.1.1 <ana@example.com>: Recipient address rejected", "", False),
    ("DOT", "554 5.7.60 SMTP; Client does not have permissions to send as this sender", "", True),
    ("DOT", "554 5.7.1 spam", "", False),
]


@pytest.mark.parametrize(("stage", "answer", "sender", "flagged"), NULL)
def test_null_sender_refused(sink: Sink, stage: str, answer: str, sender: str, flagged: bool) -> None:
    """Refusals of MAIL FROM:<> are told from refusals of the letter, also where servers say so later than at MAIL."""

    async def body() -> None:
        pool = Pool(server_of(sink))
        sink.on(stage, answer=answer, times=1)  # type: ignore[arg-type]  # a Stage
        assert (await pool.send(sender, TARGET, RAW, nothing)).null_sender_refused is flagged
        await pool.close()

    asyncio.run(body())


def test_words_of_the_server(sink: Sink) -> None:
    """Kept for people: one line, printable, capped; several lines joined."""

    async def body() -> None:
        pool = Pool(server_of(sink))
        sink.on("RCPT", answer="550-5.1.1 \x1b[31mno\x07\r\n550 such user " + "x" * 2000, times=1)
        sent = await send(pool)
        assert sent.code == 550
        assert sent.text.startswith("5.1.1 [31mno such user xxx")
        assert sent.text.isprintable()
        assert len(sent.text) <= 300
        await pool.close()

    asyncio.run(body())


# opening ------------------------------------------------------------------------------------------------------------
SECRET = "hunter2 ñ"


def failure(server: SmtpServer) -> RemoteError:
    """The error of opening a connection that cannot be opened."""

    async def body() -> None:
        await Connection(server).open()

    with pytest.raises(RemoteError) as caught:
        asyncio.run(body())
    return caught.value


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_and_login(make_sink: MakeSink, certificates: Certificates, security: str) -> None:
    """TLS from the first byte or after STARTTLS, verified, then AUTH."""
    sink = make_sink(certificates.server, implicit_tls=security == "tls", logins={"u": SECRET})
    server = server_of(sink, security=security, user="u", password=lambda: SECRET, ca_file=str(certificates.ca))

    async def body() -> None:
        pool = Pool(server)
        for _ in range(3):
            assert (await send(pool)).event is Event.ACCEPTED
        await pool.close()

    asyncio.run(body())
    assert [(letter.tls, letter.login) for letter in sink.messages] == [(True, "u")] * 3
    assert sink.connections == 1


def test_starttls_vanished(make_sink: MakeSink) -> None:
    """STARTTLS is asked for and not offered: refused, nothing goes out in clear."""
    sink = make_sink(logins={"u": SECRET})
    error = failure(server_of(sink, security="starttls", user="u", password=lambda: SECRET))
    assert "does not offer STARTTLS" in str(error)
    assert error.fatal
    assert [line[:4] for line in sink.commands] == ["EHLO"]


def test_certificates_are_verified(make_sink: MakeSink, certificates: Certificates) -> None:
    """Unknown authority, other host, expired: a sentence each, and no letter."""
    other = certificates.issue("elsewhere.example")
    expired = certificates.issue("localhost", "127.0.0.1", expires=datetime.now(UTC) - timedelta(days=1))
    for certificate, ca, words in (
        (certificates.server, "", "not trusted"),
        (other, str(certificates.ca), "not for"),
        (expired, str(certificates.ca), "expired"),
    ):
        for security in ("tls", "starttls"):
            sink = make_sink(certificate, implicit_tls=security == "tls")
            error = failure(server_of(sink, security=security, ca_file=ca))
            assert words in str(error), error
            assert error.fatal
            assert error.place == f"{sink.host}:{sink.port}"
            assert not any(line.startswith("MAIL") for line in sink.commands)


def test_no_password_in_clear(make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TLS a password goes to loopback only."""
    sink = make_sink(logins={"u": SECRET})
    server = server_of(sink, user="u", password=lambda: SECRET)

    async def body() -> None:
        pool = Pool(server)
        assert (await send(pool)).event is Event.ACCEPTED  # loopback
        await pool.close()

    asyncio.run(body())
    real = aiosmtplib.SMTP.get_transport_info
    monkeypatch.setattr(
        aiosmtplib.SMTP,
        "get_transport_info",
        lambda self, key: ("192.0.2.1", 25) if key == "peername" else real(self, key),
    )
    before = len(sink.commands)
    assert "in clear" in str(failure(server))
    assert not any(line.startswith("AUTH") for line in sink.commands[before:])


def test_login_refused_without_leak(make_sink: MakeSink) -> None:
    """Wrong password: fatal, the server's fault and not the letter's, and the secret is nowhere, not even repeated."""
    sink = make_sink(logins={"u": "right"})
    server = server_of(sink, user="u", password=lambda: SECRET)
    error = failure(server)
    assert error.fatal
    assert "535" in str(error)
    assert "login of u" in str(error)
    echo = f"535 5.7.8 no: {base64.b64encode(f'{chr(0)}u{chr(0)}{SECRET}'.encode()).decode()} {SECRET}"
    sink.on("AUTH", answer=echo, times=1)
    text = f"{failure(server)!r} {failure(server)} {server!r}"
    assert "hunter2" not in text
    assert "aHVudGVyMi" not in text
    assert "AHUAaHVudGVyMi" not in text

    async def body() -> Sent:
        pool = Pool(server)
        sent = await send(pool)
        assert pool.rest >= 60
        return sent

    sent = asyncio.run(body())
    assert (sent.event, sent.phase, sent.blame) == (Event.DEFERRED, "connect", "server")


def missing_file() -> str:
    raise ConfigError("the credential imap is not there", place="rules.yaml:3:4", step="add LoadCredential=")


OPENING = [
    ({"port": 1}, "nothing listens there"),
    ({"host": "does-not-exist.invalid"}, "there is no host does-not-exist.invalid"),
    ({"host": f"{'a' * 64}.invalid"}, "there is no host aaa"),
    ({"security": "tls"}, "does not speak TLS"),
    ({"user": "u", "password": lambda: "x"}, "offers no login that we know (no AUTH)"),
    ({"security": "tls", "ca_file": "/nowhere/ca.pem"}, "cannot read ca_file"),
]


@pytest.mark.parametrize(("changes", "words"), OPENING)
def test_cannot_open(make_sink: MakeSink, changes: dict[str, object], words: str) -> None:
    """A sentence that says what to do."""
    error = failure(server_of(make_sink(), **changes))
    assert words in str(error)
    assert error.place
    assert error.step


@pytest.mark.parametrize(
    ("password", "words"), [(missing_file, "the credential imap is not there"), (None, "no password is configured")]
)
def test_no_secret(make_sink: MakeSink, password: Callable[[], str] | None, words: str) -> None:
    """A secret that cannot be had is the sentence of whoever could not give it."""
    assert words in str(failure(server_of(make_sink(logins={"u": "x"}), user="u", password=password)))


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        ("CONNECT", {"answer": "554 5.7.1 go away", "drop": True}),
        ("CONNECT", {"answer": "421 4.7.0 too many connections", "drop": True}),
        ("CONNECT", DROP),
        ("CONNECT", HANG),
        ("EHLO", DROP),
        ("EHLO", HANG),
        ("EHLO", {"answer": "550 5.7.1 not you"}),
        ("AUTH", DROP),
        ("AUTH", HANG),
        ("AUTH", {"answer": "454 4.7.0 temporary failure"}),
        ("AUTH", {"answer": "535 5.7.8 no"}),
        ("STARTTLS", DROP),
        ("STARTTLS", {"answer": "454 4.7.0 no TLS today"}),
    ],
)
def test_server_is_to_blame(
    make_sink: MakeSink, certificates: Certificates, stage: str, fault: dict[str, object]
) -> None:
    """Whatever goes wrong before MAIL is not the letter's fault: it is deferred, and the server left alone."""
    sink = make_sink(certificates.server, logins={"u": "x"})
    sink.on(stage, **fault)  # type: ignore[arg-type]  # the values of a table
    server = server_of(
        sink, security="starttls", ca_file=str(certificates.ca), user="u", password=lambda: "x",
        timeout=TIMEOUT if "hang" in fault else PATIENT,
    )  # fmt: skip

    async def body() -> None:
        pool = Pool(server)
        sent = await send(pool)
        assert (sent.event, sent.phase, sent.blame) == (Event.DEFERRED, "connect", "server")
        assert sent.text.startswith(f"{sink.host}:{sink.port}: ")
        assert pool.rest > 0
        assert pool.slots == 4

    asyncio.run(body())
    assert sink.messages == ()


# the pool -----------------------------------------------------------------------------------------------------------
def test_pool_keeps_connections(sink: Sink) -> None:
    """Forty letters at once over two connections, and not one more."""

    async def body() -> None:
        pool = Pool(server_of(sink, connections=2))
        sent = await asyncio.gather(*(pool.send("", f"p{n}@example.com", RAW, nothing) for n in range(40)))
        assert {one.event for one in sent} == {Event.ACCEPTED}
        await pool.close()

    asyncio.run(body())
    assert sorted(letter.to[0] for letter in sink.messages) == sorted(f"p{n}@example.com" for n in range(40))
    assert sink.connections == 2


def test_pool_closes_idle_connections(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept connection is closed politely after a while."""
    monkeypatch.setattr(smtp_pool, "IDLE", 0.05)

    async def body() -> None:
        pool = Pool(server_of(sink))
        await send(pool)
        await asyncio.to_thread(sink.wait_for, lambda: not sink.open_connections, "the idle connection to be closed")
        assert sink.commands[-1] == "QUIT"
        await send(pool)
        await pool.close()

    asyncio.run(body())
    assert sink.connections == 2


def test_pool_rests_longer(make_sink: MakeSink) -> None:
    """The pauses grow while a server cannot be used, and are forgotten when it can."""
    sink = make_sink()

    async def body() -> None:
        pool = Pool(server_of(sink))
        sink.on("CONNECT", drop=True)
        rests = []
        for _ in range(4):
            await send(pool)
            rests.append(pool.rest)
            pool._rest_until = time.monotonic()  # the pause is over
        assert rests == sorted(rests)
        assert rests[3] > 14 > 1.3 > rests[0] > 0.9
        sink.behave()
        assert (await send(pool)).event is Event.ACCEPTED
        assert pool.rest == 0
        await pool.close()

    asyncio.run(body())


def test_crowded_server(make_sink: MakeSink) -> None:
    """A server that takes one connection of ours and refuses the second is used with one, not left alone."""
    sink = make_sink()

    async def body() -> None:
        pool = Pool(server_of(sink))
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def before_dot() -> None:
            begun.set()
            await may_end.wait()

        first = asyncio.create_task(send(pool, before_dot))
        await begun.wait()
        sink.on("CONNECT", answer="421 4.7.0 too many connections", drop=True)
        second = await send(pool)
        assert (second.event, second.blame) == (Event.DEFERRED, "server")
        assert (pool.rest, pool.slots) == (0, 1)
        may_end.set()
        assert (await first).event is Event.ACCEPTED
        assert (await send(pool)).event is Event.ACCEPTED  # over the one there is
        await pool.close()

    asyncio.run(body())
    assert len(sink.messages) == 2


async def read_line(reader: asyncio.StreamReader) -> bytes:
    """The next line, b"" at the end, however that came about."""
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


@pytest.mark.parametrize("when", ["with 354", "during before_dot"])
def test_spoken_out_of_turn(when: str) -> None:
    """A server that refuses before the letter's end never sees the dot: what it would make of it cannot be known."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await read_line(reader):
            heard.append(line)
            if line == b"DATA\r\n":
                writer.write(b"354 go on\r\n" + b"552 5.3.4 too big\r\n" * (when == "with 354"))
            elif line == RAW.splitlines(keepends=True)[-1]:
                writer.write(b"552 5.3.4 too big\r\n" * (when != "with 354"))
            elif line[:4] in (b"EHLO", b"MAIL", b"RCPT", b".\r\n"):
                writer.write(b"250 2.0.0 fine\r\n")
        writer.close()
        gone.set()

    async def body() -> Sent:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            connection = Connection(SmtpServer("127.0.0.1", server.sockets[0].getsockname()[1], "none", timeout=5))
            await connection.open()

            async def before_dot() -> None:
                while not (connection._wire and connection._wire.spoken):
                    await asyncio.wait({asyncio.create_task(nothing())})  # a turn of the loop

            sent = await connection.send("", TARGET, RAW, before_dot)
            await gone.wait()  # the server has read all there was
            return sent

    gone = asyncio.Event()
    sent = asyncio.run(body())
    assert (sent.event, sent.phase, sent.code) == (Event.REFUSED, "body", 552)
    assert b".\r\n" not in heard


# segments -----------------------------------------------------------------------------------------------------------
async def scripted(reply: Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]) -> Sent:
    """One letter to a server that cuts its replies into segments as `reply` likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reply(writer, b"220 here\r\n")
        answers = {b"EHLO": b"250-here\r\n250-PIPELINING\r\n250 DSN\r\n", b"DATA": b"354-go\r\n354 on\r\n"}
        while line := await reader.readline():
            await reply(writer, answers.get(line[:4], b"250-2.0.0\r\n250 fine\r\n"))
            if line[:4] == b"DATA":
                await reader.readuntil(b"\r\n.\r\n")
                await reply(writer, b"250 2.0.0 queued as 17\r\n")
            if line[:4] == b"QUIT":
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        pool = Pool(SmtpServer("127.0.0.1", server.sockets[0].getsockname()[1], "none", timeout=2))
        sent = await send(pool)
        await pool.close()
    return sent


async def bytewise(writer: asyncio.StreamWriter, reply: bytes) -> None:
    for n in range(len(reply)):
        writer.write(reply[n : n + 1])
        await writer.drain()
        await asyncio.sleep(0)


async def endless(writer: asyncio.StreamWriter, reply: bytes) -> None:
    writer.write(reply if b"250-2.0.0" not in reply else b"250-\r\n" * 100_000)
    await writer.drain()


async def talkative(writer: asyncio.StreamWriter, reply: bytes) -> None:
    writer.write(reply if b"queued" not in reply else b"250 2.0.0 fine\r\n" * 100_000)
    await writer.drain()


def test_replies_in_pieces() -> None:
    """One byte at a time is as good as all at once; a reply without an end is cut off."""
    sent = asyncio.run(scripted(bytewise))
    assert (sent.event, sent.code, sent.text) == (Event.ACCEPTED, 250, "2.0.0 queued as 17")
    sent = asyncio.run(scripted(endless))
    assert (sent.event, sent.phase, sent.text) == (Event.DEFERRED, "mail", "the server's reply had no end")
    assert asyncio.run(scripted(talkative)).event is Event.ACCEPTED
