"""SMTP: letters handed to a submission server or relay, one phase at a time, so that we always know how far we were.

Contract: `Connection.send` ends in exactly one `Sent` whatever the server does. Nothing can have been accepted before
the final dot has left, and the dot leaves only after `before_dot` has returned; so every failure before it is a plain
DEFERRED or REFUSED, and only a lost answer to the dot is NO_ANSWER. An exception of `before_dot`, or a cancellation,
drops the connection where it stands: without the dot, if it had not left yet.

aiosmtplib opens the session (greeting, EHLO, STARTTLS, AUTH). The letters are spoken by `_Wire` on the same transport,
for two reasons: aiosmtplib raises the same exception for a connection lost before and after the dot, and it loses
replies when commands are pipelined (RFC 2920), which halves the time a letter takes.

Letters go in 8 bits where the server offers 8BITMIME (`mail.eightbit`), with SMTPUTF8 where an address needs it and the
server offers it: a domain never does, for it has A-labels.

TLS is verified, STARTTLS is never done without when it is asked for, a password goes out in clear to loopback only, and
neither it nor a token is ever in an error's text. `open` fails with `RemoteError`.
"""

import asyncio
import base64
import contextlib
import ipaddress
import random
import re
import socket
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import aiosmtplib

from autoresponder.aside import aside
from autoresponder.core.address import Address, is_answerable
from autoresponder.core.outbox import Event
from autoresponder.errors import RemoteError, UserError
from autoresponder.faults import Point, point
from autoresponder.mail import tls
from autoresponder.mail.eightbit import eight_bit
from autoresponder.mail.refusal import readable
from autoresponder.mail.servers import SmtpServer

BeforeDot = Callable[[], Awaitable[None]]
Phase = Literal["address", "connect", "rset", "mail", "rcpt", "data", "body", "dot"]

IDLE = 30.0
"""Seconds after which a kept-open connection is closed: a burst of answers is over, a server's patience is not."""
DOT_PATIENCE = 10
"""The answer to the final dot is waited for that many times longer than any other: ten minutes by default, as RFC 5321
section 4.5.3.2.6 wants it, for giving up too early is what makes a letter arrive twice."""
FAREWELL = 2.0
"""Seconds that the answer to QUIT is worth waiting for."""
BACK_OFF = (1, 2, 5, 15, 30, 60, 120, 300)
"""Seconds between attempts to reach a server."""
FATAL_FROM = 5
"""Where in BACK_OFF an error begins that trying again cannot mend by itself (a refused password)."""
LOGIN_CODES = (530, 535, 538)
"""Replies to MAIL that are about the login (RFC 4954 section 6): the same for every letter."""
CROWDED = 300.0
"""Seconds during which a server that took fewer connections than allowed is not asked for more."""
SHOWN = 300
"""Characters of a server's words that are kept."""
REPLY_LIMIT = 64 * 1024
"""Bytes of one reply; EHLO's is a few hundred."""
PIPELINED = 4
"""Replies that we wait for at once: to RSET, MAIL, RCPT and DATA."""
ACCEPTED: dict[Phase, Point] = {"mail": "mail-accepted", "rcpt": "rcpt-accepted", "data": "data-accepted"}
"""Where a fault can strike after the reply to a command."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt: ACCEPTED, REFUSED, DEFERRED or NO_ANSWER."""

    event: Event
    phase: Phase
    code: int  # of the reply; 0 when there was none
    text: str  # the server's own words, or ours when it said nothing: one line, capped
    null_sender_refused: bool = False  # it was the empty envelope sender that the server would not take
    blame: Literal["letter", "server"] = "letter"  # server: it would have refused any letter just now


class Reply(NamedTuple):
    """One reply of RFC 5321 section 4.2, its lines joined by spaces."""

    code: int
    text: str


class _LostError(Exception):
    """The connection is of no more use; the text says why."""


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())


def _clean(text: str) -> str:
    """A server's words as one line for people."""
    return text if len(text) <= SHOWN and text.isprintable() else readable(text, SHOWN)


class _Wire(asyncio.Protocol):
    """The transport after the login: bytes out, replies in, in order, however they were cut into segments."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._buffer = bytearray()
        self._lines: list[str] = []  # of a reply that is not complete yet
        self._unread = 0  # bytes of it
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self.lost = ""  # why the connection is of no more use
        transport.set_write_buffer_limits(high=0)  # so that `resume_writing` means: all is with the kernel
        transport.set_protocol(self)

    @property
    def alive(self) -> bool:
        """Whether another command may be written."""
        return not self.lost and not self._transport.is_closing()

    @property
    def spoken(self) -> Reply | None:
        """A reply that nobody has asked for yet."""
        return self._replies[0] if self._replies else None

    def write(self, data: bytes) -> None:
        """Sends, or queues what the kernel does not take."""
        self._transport.write(data)

    async def flush(self, seconds: float) -> None:
        """Returns when all that was written is with the kernel, or the server has spoken. Raises _LostError when
        nothing moves for `seconds`."""
        while (size := self._transport.get_write_buffer_size()) and not self._replies:
            with contextlib.suppress(TimeoutError):
                await self._wait(seconds)
            if self._transport.get_write_buffer_size() == size and not self._replies:
                self.drop(self.lost or f"the server took nothing for {seconds:g} s")
            if self.lost:
                raise _LostError(self.lost)

    async def reply(self, seconds: float) -> Reply:
        """The next reply. Raises _LostError; after `seconds` the connection is given up."""
        while not self._replies:
            if self.lost:
                raise _LostError(self.lost)
            try:
                await self._wait(seconds)
            except TimeoutError:
                self.drop(f"the server did not answer for {seconds:g} s")
        return self._replies.popleft()

    def drop(self, why: str) -> None:
        """Cuts the connection; what is still unsent stays unsent."""
        self.lost = self.lost or why
        self._transport.abort()

    async def _wait(self, seconds: float) -> None:
        """Until something happens; TimeoutError when nothing does."""
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, _expire, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _notify(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # what the event loop tells us
    def data_received(self, data: bytes) -> None:
        """Cuts replies out of the stream."""
        buffer = self._buffer
        buffer += data
        while (end := buffer.find(b"\n")) >= 0:
            line = buffer[:end].decode("utf-8", "replace")
            del buffer[: end + 1]
            if not self._take(line):
                return self.drop("the server's reply was not SMTP")
        self._unread = self._unread + len(data) if buffer or self._lines else 0
        if self._unread > REPLY_LIMIT:
            return self.drop("the server's reply had no end")
        if len(self._replies) > PIPELINED:
            return self.drop("the server said more than it was asked")
        return self._notify() if self._replies else None

    def _take(self, line: str) -> bool:
        """One line of a reply; False when it is none."""
        code, mark = line[:3], line[3:4]
        if not (code.isascii() and code.isdigit() and code[0] in "2345" and mark.strip() in ("", "-")):
            return False
        self._lines.append(line[4:].rstrip())
        if mark != "-":
            self._replies.append(Reply(int(code), _clean(" ".join(self._lines))))
            self._lines.clear()
        return True

    def eof_received(self) -> None:
        """The server has closed its side."""
        self.lost = self.lost or "the server closed the connection"
        self._notify()

    def connection_lost(self, error: Exception | None) -> None:
        """Both sides are closed."""
        self.lost = self.lost or f"the connection was lost{f' ({_clean(str(error))})' if error else ''}"
        self._notify()

    def resume_writing(self) -> None:
        """The kernel has taken everything."""
        self._notify()


@dataclass(frozen=True, slots=True)
class _Envelope:
    """A letter ready for the wire."""

    mail: bytes
    rcpt: bytes
    body: bytes  # dots stuffed, ends with CRLF; the final dot is not part of it
    null: bool


class Connection:
    """One connection, for one letter at a time, kept open between letters."""

    def __init__(self, server: SmtpServer) -> None:
        """Nothing happens before `open`."""
        self.server = server
        self._wire: _Wire | None = None
        self._offers: dict[str, str] = {}  # EHLO keywords, lower case, and their parameters
        self._pipelining = False
        self._dirty = False  # a transaction was begun and not ended: RSET first

    @property
    def alive(self) -> bool:
        """Whether it may be used for another letter, as far as one can see from here."""
        return self._wire is not None and self._wire.alive

    async def open(self) -> None:
        """Connects, says EHLO, changes to TLS and logs in, as configured. Raises `RemoteError`."""
        server = self.server
        smtp = await _client(server)
        try:
            await smtp.connect()
            if smtp.is_ehlo_or_helo_needed:
                await _greet(smtp)
            if server.user:
                await _log_in(smtp, server)
        except (aiosmtplib.SMTPException, OSError) as error:
            smtp.close()
            raise _explain(error, server) from None
        except BaseException:
            smtp.close()
            raise
        transport = smtp.transport
        if not isinstance(transport, asyncio.Transport):  # lost since the last reply
            raise _explain(aiosmtplib.SMTPServerDisconnected(""), server)
        self._offers = {keyword.lower(): value for keyword, value in smtp.esmtp_extensions.items()}
        self._pipelining = "pipelining" in self._offers
        self._wire = _Wire(transport)

    async def send(self, envelope_from: str, target: str, raw: bytes, before_dot: BeforeDot) -> Sent:
        """Hands over one letter from `envelope_from` ("" for the null sender) to `target`. `before_dot` is awaited when
        all but the final dot is with the server; what it raises comes out of here, and the dot never leaves."""
        envelope = self._envelope(envelope_from, target, raw)
        if isinstance(envelope, Sent):
            return envelope
        wire = self._wire
        if wire is None or not wire.alive or wire.spoken:
            last = wire.spoken if wire else None
            self._drop("the connection was lost while it was idle")
            return _deferred("mail", last.text if last else "the connection was lost while it was idle", "server")
        try:
            return await self._speak(wire, envelope, before_dot)
        except BaseException:
            self._drop("given up in the middle of a letter")
            raise

    async def close(self) -> None:
        """Says goodbye, unless the connection is lost; never raises."""
        wire, self._wire = self._wire, None
        if wire is None:
            return
        with contextlib.suppress(_LostError):
            if wire.alive and not wire.spoken:
                wire.write(b"QUIT\r\n")
                await wire.reply(min(FAREWELL, self.server.timeout))
        wire.drop("closed")

    def _drop(self, why: str) -> None:
        if self._wire is not None:
            self._wire.drop(why)

    # one letter -------------------------------------------------------------------------------------------------------
    async def _speak(self, wire: _Wire, envelope: _Envelope, before_dot: BeforeDot) -> Sent:
        if refused := await self._open_letter(wire, envelope):
            return refused
        try:
            wire.write(envelope.body)
            await wire.flush(self.server.timeout)
        except _LostError as lost:
            return _deferred("body", str(lost))
        point("body-written")
        if wire.alive and not wire.spoken:
            await before_dot()
        if wire.alive and not wire.spoken:
            wire.write(b".\r\n")
            point("dot-written")
        if not wire.alive or wire.spoken:  # also when the kernel would not take the dot
            return await self._interrupted(wire)
        try:
            reply = await wire.reply(self.server.timeout * DOT_PATIENCE)
        except _LostError as lost:
            return Sent(Event.NO_ANSWER, "dot", 0, str(lost))
        point("answer-read")
        return self._judge_dot(wire, reply, envelope)

    async def _open_letter(self, wire: _Wire, envelope: _Envelope) -> Sent | None:
        """MAIL, RCPT and DATA, at once where the server can take that; what it objected to, None when nothing."""
        steps: list[tuple[Phase, bytes, int]] = [
            ("mail", envelope.mail, 2), ("rcpt", envelope.rcpt, 2), ("data", b"DATA\r\n", 3)]  # fmt: skip
        if self._dirty:
            steps.insert(0, ("rset", b"RSET\r\n", 2))
        self._dirty = True
        if self._pipelining:
            wire.write(b"".join(command for _, command, _ in steps))
        refused: Sent | None = None
        for phase, command, wanted in steps:
            if not self._pipelining:
                if refused:
                    break
                wire.write(command)
            try:
                reply = await wire.reply(self.server.timeout)
            except _LostError as lost:
                return refused or _stopped(phase, Reply(0, str(lost)))
            if reply.code // 100 != wanted:
                refused = refused or self._objection(wire, phase, reply, envelope)
            elif refused and phase == "data":  # it waits for a letter whose recipient it has refused
                wire.drop("the server is out of step")
            elif phase in ACCEPTED:
                point(ACCEPTED[phase])
            if reply.code == 421:  # RFC 5321 section 3.8: the server closes; replies to what is pipelined do not come
                break
        return refused

    def _objection(self, wire: _Wire, phase: Phase, reply: Reply, envelope: _Envelope) -> Sent:
        """The reply to a step before the dot that was not the wanted one."""
        login = phase == "mail" and reply.code in LOGIN_CODES
        if phase == "rset" or login or reply.code == 421 or not 400 <= reply.code <= 599:
            wire.drop("the server ended the session")
            return _stopped(phase, reply)
        event = Event.REFUSED if reply.code >= 500 else Event.DEFERRED
        return Sent(event, phase, *reply, null_sender_refused=_is_about_null_sender(phase, reply, envelope))

    async def _interrupted(self, wire: _Wire) -> Sent:
        """The connection was lost, or the server spoke out of turn, before the dot: it stays unsent."""
        try:
            reply = await wire.reply(0)
        except _LostError as lost:
            return _deferred("body", str(lost))
        wire.drop("the server spoke before the letter's end")
        refused = 500 <= reply.code <= 599
        return Sent(Event.REFUSED if refused else Event.DEFERRED, "body", *reply)

    def _judge_dot(self, wire: _Wire, reply: Reply, envelope: _Envelope) -> Sent:
        self._dirty = False
        if 200 <= reply.code <= 299:
            return Sent(Event.ACCEPTED, "dot", *reply)
        if reply.code < 400:  # neither yes nor no
            wire.drop("the server is out of step")
            return Sent(Event.NO_ANSWER, "dot", *reply)
        if reply.code == 421:
            wire.drop("the server closed the connection")
        event = Event.REFUSED if reply.code >= 500 else Event.DEFERRED
        return Sent(event, "dot", *reply, null_sender_refused=_is_about_null_sender("dot", reply, envelope))

    def _envelope(self, envelope_from: str, target: str, raw: bytes) -> _Envelope | Sent:
        """The commands and the body; REFUSED where this letter can never be given to this server."""
        offers = self._offers
        if not is_answerable(target) or (envelope_from and not is_answerable(envelope_from)):
            return _refused("address", 553, "not an address that a letter can be sent to")
        sender, recipient = (Address("", one).routable for one in (envelope_from, target))
        utf8 = not (sender.isascii() and recipient.isascii())
        if utf8 and "smtputf8" not in offers:
            return _refused("address", 553, "5.6.7 the server does not offer SMTPUTF8, which this address needs")
        body = _with_crlf(raw)
        if "8bitmime" in offers:
            body = eight_bit(body)
        is_eight_bit = not body.isascii()
        if is_eight_bit and "8bitmime" not in offers:
            return _refused("mail", 554, "5.6.3 the letter has 8-bit characters and the server does not offer 8BITMIME")
        if "size" in offers:
            limit = int(offers["size"]) if offers["size"].isdecimal() else 0
            if 0 < limit < len(body):
                return _refused("mail", 552, f"5.3.4 the server takes {limit} bytes at most; this are {len(body)}")
        options = "".join(
            option
            for wanted, option in (
                ("size" in offers, f" SIZE={len(body)}"),
                (is_eight_bit, " BODY=8BITMIME"),
                (utf8, " SMTPUTF8"),
            )
            if wanted
        )
        never = " NOTIFY=NEVER" if "dsn" in offers else ""  # RFC 3461 section 4.1: no bounce for an automatic answer
        return _Envelope(
            f"MAIL FROM:<{sender}>{options}\r\n".encode(),
            f"RCPT TO:<{recipient}>{never}\r\n".encode(),
            _stuffed(body),
            null=not envelope_from,
        )


def _deferred(phase: Phase, text: str, blame: Literal["letter", "server"] = "letter") -> Sent:
    return Sent(Event.DEFERRED, phase, 0, text, blame=blame)


def _refused(phase: Phase, code: int, text: str) -> Sent:
    return Sent(Event.REFUSED, phase, code, text)


def _stopped(phase: Phase, reply: Reply) -> Sent:
    """The session ended before the dot. To MAIL, any letter would have met with the same; later it may be this letter
    that the server cannot bear, and it must not keep others from being sent."""
    if phase in ("rset", "mail"):
        return Sent(Event.DEFERRED, "mail", *reply, blame="server")
    return Sent(Event.DEFERRED, phase, *reply)


_SENDER_WORDS = re.compile(r"<>|null sender|null reverse|(?:sender|from) address|\b5\.1\.[78]\b|\b5\.7\.60\b", re.I)
"""How servers say that they will not take a sender when they say so later than in reply to MAIL: Postfix at RCPT
(smtpd_delay_reject), Exchange Online after the dot."""


def _is_about_null_sender(phase: Phase, reply: Reply, envelope: _Envelope) -> bool:
    """Whether a 5xx can be cured by another envelope sender. To MAIL, all but size and parameters."""
    if not envelope.null or reply.code < 500:
        return False
    return reply.code not in (552, 555) if phase == "mail" else bool(_SENDER_WORDS.search(reply.text))


_LINE_END = re.compile(rb"\r\n|\r|\n")


def _with_crlf(raw: bytes) -> bytes:
    """Every line end CRLF (RFC 5321 section 2.3.8: a bare CR or LF could hide a second letter), and one at the end."""
    if not raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n"):
        raw = _LINE_END.sub(b"\r\n", raw)
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def _stuffed(body: bytes) -> bytes:
    """RFC 5321 section 4.5.2: a leading dot is doubled."""
    return (b"." if body.startswith(b".") else b"") + body.replace(b"\r\n.", b"\r\n..")


# opening --------------------------------------------------------------------------------------------------------------
async def _client(server: SmtpServer) -> aiosmtplib.SMTP:
    try:
        context = None if server.security == "none" else tls.context(server.ca_file)
        async with asyncio.timeout(server.timeout):
            reached = await _reach(server)
    except UserError as error:
        raise RemoteError(error.sentence, place=error.place, step=error.step, fatal=True) from None
    except (OSError, UnicodeError) as error:
        raise _explain(error, server) from None
    return aiosmtplib.SMTP(
        hostname=server.host,
        sock=reached,
        local_hostname=server.local_hostname or _own_name(),
        timeout=server.timeout,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=context,
    )


async def _reach(server: SmtpServer) -> socket.socket:
    """A connection to the first address that answers, else OSError. The name is looked up aside: left to asyncio, the
    end of the program would wait for that, however long the resolver takes."""
    found = await aside(partial(socket.getaddrinfo, server.host, server.port, type=socket.SOCK_STREAM))
    failure: OSError | None = None
    for family, kind, protocol, _, address in found:
        made = socket.socket(family, kind, protocol)
        try:
            made.setblocking(False)
            await asyncio.get_running_loop().sock_connect(made, address)
        except OSError as error:
            made.close()
            failure = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failure or OSError("the host has no address")


def _own_name() -> str:
    """This machine's name where it can stand after EHLO (RFC 5321 section 4.1.1.1)."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name) else "localhost"


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    """EHLO, or HELO where that is all the server knows."""
    try:
        await smtp.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not smtp.is_connected:
            raise
        await smtp.helo()


async def _log_in(smtp: aiosmtplib.SMTP, server: SmtpServer) -> None:
    peer = smtp.get_transport_info("peername")
    if smtp.get_transport_info("sslcontext") is None and not (peer and ipaddress.ip_address(peer[0]).is_loopback):
        raise RemoteError(
            "the password would go over the network in clear",
            place=server.place,
            step="set security to tls or starttls",
            fatal=True,
        )
    methods = {"xoauth2": smtp.auth_xoauth2} if server.login == "oauth2" else {
        "plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}  # fmt: skip
    offered = [method for method in methods if method in smtp.server_auth_methods]
    if not offered:
        raise RemoteError(
            f"the server offers no login that we know ({_clean(' '.join(smtp.server_auth_methods)) or 'no AUTH'})",
            place=server.place,
            step="check port and security; a relay that wants no login needs no user",
            fatal=True,
        )
    secret = await _secret(server)
    try:
        await methods[offered[0]](server.user, secret)
    except aiosmtplib.SMTPResponseException as error:
        words = _without(secret, server.user, f"{error.code} {error.message}")
        raise RemoteError(
            f"the server refused the login of {server.user}: {words}",
            place=server.place,
            step="check user and password, or the token" if error.code >= 500 else "",
            fatal=error.code >= 500,
        ) from None


async def _secret(server: SmtpServer) -> str:
    """The password or token; asked for aside, for it may come from a command or over the network."""
    if server.password is None:
        raise RemoteError(
            "no password is configured", place=server.place, step="add one, or leave out user", fatal=True
        )
    try:
        return await aside(server.password)
    except RemoteError:
        raise
    except UserError as error:
        raise RemoteError(error.sentence, place=error.place or server.place, step=error.step, fatal=True) from None


def _without(secret: str, user: str, words: str) -> str:
    """A server's words, should it have repeated what we sent, without it."""
    plain = [secret, f"\0{user}\0{secret}", f"user={user}\x01auth=Bearer {secret}\x01\x01"]
    for form in [*plain, *(base64.b64encode(one.encode()).decode().rstrip("=") for one in plain)]:
        words = words.replace(form, "…") if form else words
    return _clean(words)


def _explain(error: Exception, server: SmtpServer) -> RemoteError:
    """Why the session could not be opened: a sentence and what to do about it."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return tls.why_not_trusted(cause, server.host, server.place)
        if isinstance(cause, socket.gaierror | UnicodeError):
            return RemoteError(f"there is no host {server.host}", place=server.place, step="check host, or DNS here")
        if isinstance(cause, ConnectionRefusedError):
            return RemoteError("nothing listens there", place=server.place, step="check host and port")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return RemoteError(f"the server refused us: {error.code} {_clean(error.message)}", place=server.place)
    if isinstance(error, TimeoutError):
        return RemoteError(f"the server did not answer for {server.timeout:g} s", place=server.place)
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return RemoteError("the server closed the connection before the first letter", place=server.place)
    if "STARTTLS" in str(error):
        return RemoteError(
            "the server does not offer STARTTLS; nothing was sent in clear",
            place=server.place,
            step="use security tls if that is its TLS port",
            fatal=True,
        )
    return RemoteError(f"cannot connect: {_clean(str(error))}", place=server.place)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# the pool -------------------------------------------------------------------------------------------------------------
class Pool:
    """The connections to one server: at most `server.connections`, kept open between letters, closed when idle.

    While the server cannot be used, `rest` says for how long it should be left alone: longer with every failure, with
    jitter. A server that takes fewer connections than allowed is used with those (`slots`)."""

    def __init__(self, server: SmtpServer) -> None:
        """Nothing is opened before the first letter. `server` may be replaced by an equal one (another password)."""
        self.server = server
        self._idle: list[tuple[float, Connection]] = []  # (since, connection), the youngest last
        self._in_use = 0
        self._turn = asyncio.Semaphore(server.connections)
        self._sweeper: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._rest_until = 0.0
        self._crowded_until, self._crowd = 0.0, server.connections
        self._closed = False

    @property
    def rest(self) -> float:
        """Seconds for which the server is best left alone; 0 when it may be used."""
        return max(0.0, self._rest_until - time.monotonic())

    @property
    def slots(self) -> int:
        """How many letters it can take at once."""
        return self._crowd if time.monotonic() < self._crowded_until else self.server.connections

    async def send(self, envelope_from: str, target: str, raw: bytes, before_dot: BeforeDot) -> Sent:
        """As `Connection.send`. A kept connection that turns out to be dead is replaced without a word; a server that
        cannot be used is a DEFERRED with `blame="server"`."""
        async with self._turn:
            while self._idle:
                sent = await self._use(self._idle.pop()[1], envelope_from, target, raw, before_dot)
                if not (sent.event is Event.DEFERRED and sent.phase == "mail" and sent.blame == "server"):
                    return sent
            connection = Connection(self.server)
            try:
                await connection.open()
            except RemoteError as error:
                self._failed(fatal=error.fatal)
                return _deferred("connect", _clean(str(error)), "server")
            point("connected")
            sent = await self._use(connection, envelope_from, target, raw, before_dot)
            if sent.blame == "server":
                self._failed(fatal=sent.code in LOGIN_CODES)
            else:
                self._failures, self._rest_until = 0, 0.0
            return sent

    def try_now(self) -> None:
        """Ends the rest; the next failure makes for a longer one all the same."""
        self._rest_until = 0.0

    async def close(self) -> None:
        """Closes what is idle; a connection in use is closed after its letter."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.close() for _, connection in idle), *self._closing)

    async def _use(
        self, connection: Connection, envelope_from: str, target: str, raw: bytes, before_dot: BeforeDot
    ) -> Sent:
        self._in_use += 1
        try:
            sent = await connection.send(envelope_from, target, raw, before_dot)
        finally:
            self._in_use -= 1
        if self._closed:
            await connection.close()
        elif connection.alive:
            self._keep(connection)
        return sent

    def _keep(self, connection: Connection) -> None:
        self._idle.append((time.monotonic(), connection))
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(IDLE, self._sweep)

    def _sweep(self) -> None:
        """Closes what has been idle for long enough, and comes back while there is something left."""
        self._sweeper, now = None, time.monotonic()
        while self._idle and self._idle[0][0] + IDLE <= now:
            task = asyncio.ensure_future(self._idle.pop(0)[1].close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if self._idle:
            wait = self._idle[0][0] + IDLE - now
            self._sweeper = asyncio.get_running_loop().call_later(wait, self._sweep)

    def _failed(self, *, fatal: bool) -> None:
        """The server could not be used. When other connections to it work, it is only crowded."""
        working = self._in_use + len(self._idle)
        if working:
            self._crowd, self._crowded_until = working, time.monotonic() + CROWDED
        elif not self.rest:
            self._failures = max(self._failures + 1, FATAL_FROM + 1 if fatal else 0)
            wait = BACK_OFF[min(self._failures, len(BACK_OFF)) - 1]
            self._rest_until = time.monotonic() + wait * (1 + 0.2 * random.random())  # noqa: S311 - spreads, hides nothing
            self._crowded_until = 0.0
