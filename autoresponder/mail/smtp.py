"""SMTP: letters handed to a submission server or relay, one phase at a time, so that we always know how far we were.

Contract: `Connection.send` ends in exactly one `Sent` whatever the server does. Nothing can have been accepted before
the final dot has left, and the dot leaves only after `before_dot` has returned; so every failure before it is a plain
DEFERRED or REFUSED, and only a lost answer to the dot is NO_ANSWER. An exception of `before_dot`, or a cancellation,
drops the connection where it stands: without the dot, if it had not left yet.

`mail.smtp_login` opens the session, `mail.smtp_wire` carries what is said in it, `mail.smtp_pool` keeps it open between
letters.

Letters go in 8 bits where the server offers 8BITMIME (`mail.eightbit`), with SMTPUTF8 where an address needs it and the
server offers it: a domain never does, for it has A-labels.
"""

import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from autoresponder.core.address import Address, is_answerable
from autoresponder.core.outbox import Event
from autoresponder.faults import Point, point
from autoresponder.mail.eightbit import eight_bit
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp_login import log_in
from autoresponder.mail.smtp_wire import LostError, Reply, Wire

BeforeDot = Callable[[], Awaitable[None]]
Phase = Literal["address", "connect", "rset", "mail", "rcpt", "data", "body", "dot"]

DOT_PATIENCE = 10
"""The answer to the final dot is waited for that many times longer than any other: ten minutes by default, as RFC 5321
section 4.5.3.2.6 wants it, for giving up too early is what makes a letter arrive twice."""
FAREWELL = 2.0
"""Seconds that the answer to QUIT is worth waiting for."""
LOGIN_CODES = (530, 535, 538)
"""Replies to MAIL that are about the login (RFC 4954 section 6): the same for every letter."""
NOT_UNDERSTOOD = (500, 502, 503)
"""Replies to RCPT and DATA that are not about the letter: what we said, or its place in the dialogue, did not come over
(RFC 5321 section 4.2.4). Another connection may do better."""
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
        self._wire: Wire | None = None
        self._offers: dict[str, str] = {}  # EHLO keywords, lower case, and their parameters
        self._pipelining = False
        self._dirty = False  # a transaction was begun and not ended: RSET first

    @property
    def alive(self) -> bool:
        """Whether it may be used for another letter, as far as one can see from here."""
        return self._wire is not None and self._wire.alive

    async def open(self) -> None:
        """Connects, says EHLO, changes to TLS and logs in, as configured. Raises `RemoteError`."""
        transport, self._offers = await log_in(self.server)
        self._pipelining = "pipelining" in self._offers
        self._wire = Wire(transport)

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
        with contextlib.suppress(LostError):
            if wire.alive and not wire.spoken:
                wire.write(b"QUIT\r\n")
                await wire.reply(min(FAREWELL, self.server.timeout))
        wire.drop("closed")

    def _drop(self, why: str) -> None:
        if self._wire is not None:
            self._wire.drop(why)

    # one letter -------------------------------------------------------------------------------------------------------
    async def _speak(self, wire: Wire, envelope: _Envelope, before_dot: BeforeDot) -> Sent:
        if refused := await self._open_letter(wire, envelope):
            return refused
        try:
            wire.write(envelope.body)
            await wire.flush(self.server.timeout)
        except LostError as lost:
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
        except LostError as lost:
            return Sent(Event.NO_ANSWER, "dot", 0, str(lost))
        point("answer-read")
        return self._judge_dot(wire, reply, envelope)

    async def _open_letter(self, wire: Wire, envelope: _Envelope) -> Sent | None:
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
            except LostError as lost:
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

    def _objection(self, wire: Wire, phase: Phase, reply: Reply, envelope: _Envelope) -> Sent:
        """The reply to a step before the dot that was not the wanted one."""
        login = phase == "mail" and reply.code in LOGIN_CODES
        garbled = phase in ("rcpt", "data") and reply.code in NOT_UNDERSTOOD
        if phase == "rset" or login or garbled or reply.code == 421 or not 400 <= reply.code <= 599:
            wire.drop("the server ended the session")
            return _stopped(phase, reply)
        event = Event.REFUSED if reply.code >= 500 else Event.DEFERRED
        return Sent(event, phase, *reply, null_sender_refused=_is_about_null_sender(phase, reply, envelope))

    async def _interrupted(self, wire: Wire) -> Sent:
        """The connection was lost, or the server spoke out of turn, before the dot: it stays unsent."""
        try:
            reply = await wire.reply(0)
        except LostError as lost:
            return _deferred("body", str(lost))
        wire.drop("the server spoke before the letter's end")
        refused = 500 <= reply.code <= 599
        return Sent(Event.REFUSED if refused else Event.DEFERRED, "body", *reply)

    def _judge_dot(self, wire: Wire, reply: Reply, envelope: _Envelope) -> Sent:
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
