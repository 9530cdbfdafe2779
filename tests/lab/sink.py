"""A recording SMTP server in this process: keeps whole letters, lets a test wait for the n-th, misbehaves on request.

Each connection has a thread. What arrives is under one condition variable, so `wait` returns at the moment of arrival
and needs no sleep. Misbehaviour is data: a `Fault` names a stage of the dialogue and what to do there.

    sink.on("RCPT", answer="451 4.3.0 later", times=1)      # refuse the first recipient, then go on
    sink.on("DOT", drop=True)                               # the letter is thrown away, the connection too
    sink.on("DOT", drop=True, accept=True)                  # the letter is accepted, only the answer is lost
    sink.on("MAIL", match="<>", answer="550 5.7.1 no null sender")
"""

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import Message
from typing import ClassVar, Literal, Self

from tests.lab import HOST, PATIENCE
from tests.lab.tls import Certificate

Stage = Literal["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "DOT", "RSET", "NOOP", "QUIT"]
"""DATA: the command, before 354. BODY: the first bytes after 354. DOT: the whole letter is here, its answer is not."""
EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 52428800", "ENHANCEDSTATUSCODES")
"""What EHLO offers, beside STARTTLS and AUTH, unless a test says otherwise."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One accepted RCPT TO with its parameters, upper-cased (`NOTIFY=NEVER`)."""

    address: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """One letter, accepted."""

    connection: int  # 1 for the first connection
    ehlo: str
    tls: bool
    login: str  # the user of AUTH, "" without
    sender: str  # "" for MAIL FROM:<>
    parameters: tuple[str, ...]  # of MAIL, upper-cased
    recipients: tuple[Recipient, ...]
    data: bytes  # dots unstuffed, CRLF kept
    at: float  # time.monotonic() when the final dot was read

    @property
    def to(self) -> tuple[str, ...]:
        """The addresses of the recipients."""
        return tuple(recipient.address for recipient in self.recipients)

    @property
    def message(self) -> Message:
        """The letter, parsed."""
        return message_from_bytes(self.data)


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do at a stage: answer something else, close without a word, or say nothing more. Answer and drop together
    answer first (421)."""

    stage: Stage
    answer: str = ""
    drop: bool = False
    hang: bool = False
    match: str = ""  # only for command lines that contain this
    accept: bool = False  # DOT only: keep the letter although its sender will not hear so
    times: int | None = None  # how often; None: always


class _Closed(Exception):
    """The connection is to be closed."""


@dataclass(slots=True)
class _Session:
    """Where one connection is in its dialogue."""

    number: int
    stream: socket.socket
    tls: bool
    buffer: bytearray = field(default_factory=bytearray)
    ehlo: str = ""
    login: str = ""
    sender: str | None = None
    parameters: tuple[str, ...] = ()
    recipients: list[Recipient] = field(default_factory=list)

    def received(self, data: bytes) -> Received:
        return Received(
            connection=self.number,
            ehlo=self.ehlo,
            tls=self.tls,
            login=self.login,
            sender=self.sender or "",
            parameters=self.parameters,
            recipients=tuple(self.recipients),
            data=data,
            at=time.monotonic(),
        )

    def forget_letter(self) -> None:
        self.sender, self.parameters, self.recipients = None, (), []


class Sink:
    """An SMTP server on a free port of 127.0.0.1."""

    def __init__(
        self,
        certificate: Certificate | None = None,
        *,
        implicit_tls: bool = False,
        logins: dict[str, str] | None = None,
        extensions: tuple[str, ...] = EXTENSIONS,
        idle: float = 60,
    ) -> None:
        """With a certificate STARTTLS is offered (or TLS from the first byte). With `logins` (user -> password) AUTH is
        offered, and required. After `idle` seconds of silence a client gets 421 (RFC 5321 4.5.3.2.7)."""
        self._tls = certificate.server_context() if certificate else None
        self._implicit, self._logins, self._extensions, self._idle = implicit_tls, logins, extensions, idle
        self._news = threading.Condition()
        self._messages: list[Received] = []
        self._transcript: list[tuple[int, str]] = []
        self._faults: list[Fault] = []
        self._sessions: dict[int, _Session] = {}
        self._connections = 0
        self._over = threading.Event()
        self._server = socket.create_server((HOST, 0), backlog=256)
        self.host, self.port = HOST, int(self._server.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, name=f"sink {self.port}", daemon=True)]
        self._threads[0].start()

    # what tests see ---------------------------------------------------------------------------------------------------
    @property
    def messages(self) -> tuple[Received, ...]:
        """All that was accepted so far, in order of arrival."""
        with self._news:
            return tuple(self._messages)

    @property
    def commands(self) -> tuple[str, ...]:
        """Every command line of every connection in order of arrival (AUTH without its secret)."""
        with self._news:
            return tuple(line for _, line in self._transcript)

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        with self._news:
            return self._connections

    @property
    def open_connections(self) -> int:
        """How many there are now."""
        with self._news:
            return len(self._sessions)

    def wait(self, count: int = 1, *, to: str = "", seconds: float = PATIENCE) -> tuple[Received, ...]:
        """The letters (to one recipient), as soon as there are `count`; AssertionError with the dialogue when not."""
        found: tuple[Received, ...] = ()

        def enough() -> bool:
            nonlocal found
            found = tuple(one for one in self._messages if not to or to in one.to)
            return len(found) >= count

        self.wait_for(enough, f"{count} letters{' to ' + to if to else ''}", seconds)
        return found

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Return when `condition()`, asked at every event here, holds; AssertionError with the dialogue when not."""
        with self._news:
            if not self._news.wait_for(condition, seconds):
                dialogue = "\n".join(f"  {number}: {line}" for number, line in self._transcript[-50:])
                got = len(self._messages)
                raise AssertionError(f"the sink waited {seconds} s for {what}; it has {got} letters\n{dialogue}")

    def on(
        self,
        stage: Stage,
        *,
        answer: str = "",
        drop: bool = False,
        hang: bool = False,
        match: str = "",
        accept: bool = False,
        times: int | None = None,
    ) -> None:
        """Misbehave from now on (see `Fault`). Of several faults for a stage the first acts until it is used up."""
        with self._news:
            self._faults.append(Fault(stage, answer, drop, hang, match, accept, times))

    def behave(self) -> None:
        """No more faults."""
        with self._news:
            self._faults.clear()

    def clear(self) -> None:
        """Forget letters, dialogue and faults; connections stay."""
        with self._news:
            self._messages.clear()
            self._transcript.clear()
            self._faults.clear()

    def hang_up(self, farewell: str = "421 4.4.2 idle for too long") -> int:
        """Close every open connection, as a server does that has waited long enough; how many there were."""
        with self._news:
            victims = list(self._sessions.values())
        for session in victims:
            with suppress(OSError):
                if farewell:
                    session.stream.sendall(farewell.encode() + b"\r\n")
                session.stream.shutdown(socket.SHUT_RDWR)
        return len(victims)

    def close(self) -> None:
        """Stop listening, close what is open, end all threads."""
        self._over.set()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.hang_up("")
        for thread in self._threads:
            thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # the dialogue -----------------------------------------------------------------------------------------------------
    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                stream, _ = self._server.accept()
            except OSError:
                return
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.settimeout(self._idle)
            thread = threading.Thread(target=self._serve, args=(stream,), name=f"sink {self.port} client", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, stream: socket.socket) -> None:
        with self._news:
            self._connections += 1
            session = _Session(self._connections, stream, self._implicit)
            self._sessions[session.number] = session
            self._news.notify_all()
        with suppress(_Closed, OSError, ValueError):
            if self._implicit and self._tls:
                session.stream = self._tls.wrap_socket(stream, server_side=True)
            self._dialogue(session)
        session.stream.close()
        with self._news:
            del self._sessions[session.number]
            self._news.notify_all()

    def _dialogue(self, session: _Session) -> None:
        if not self._act(session, "CONNECT"):
            self._say(session, "220 sink.lab.test ESMTP")
        for line in self._lines(session):
            verb = line.split(maxsplit=1)[0].upper() if line.strip() else ""
            with self._news:
                self._transcript.append((session.number, "AUTH ..." if verb == "AUTH" else line))
                self._news.notify_all()
            stage, handler = self._HANDLERS.get(verb, ("NOOP", Sink._unknown))
            if not self._act(session, stage, line):
                handler(self, session, line)

    def _lines(self, session: _Session) -> Iterator[str]:
        while True:
            yield self._until(session, b"\r\n").decode("utf-8", "replace")

    def _until(self, session: _Session, end: bytes) -> bytes:
        """The bytes up to `end`, which is taken off too."""
        searched = 0
        while (at := session.buffer.find(end, searched)) < 0:
            searched = max(0, len(session.buffer) - len(end) + 1)
            try:
                chunk = session.stream.recv(65536)
            except TimeoutError:
                self._say(session, "421 4.4.2 idle for too long")
                raise _Closed from None
            if not chunk:
                raise _Closed
            session.buffer += chunk
        found = bytes(session.buffer[:at])
        del session.buffer[: at + len(end)]
        return found

    @staticmethod
    def _say(session: _Session, *lines: str) -> None:
        last = len(lines) - 1
        marked = (line if n == last else f"{line[:3]}-{line[4:]}" for n, line in enumerate(lines))
        session.stream.sendall("".join(f"{line}\r\n" for line in marked).encode())

    def _act(self, session: _Session, stage: Stage, line: str = "") -> bool:
        """Do what a fault asks for here; False when none applies."""
        fault = self._take(stage, line)
        if fault is not None:
            self._carry_out(session, fault)
        return fault is not None

    def _take(self, stage: Stage, line: str = "") -> Fault | None:
        """The fault for this stage, used up by one."""
        with self._news:
            for n, fault in enumerate(self._faults):
                if fault.stage == stage and fault.match in line:
                    if fault.times is not None:
                        left = fault.times - 1
                        self._faults[n : n + 1] = [replace(fault, times=left)] if left else []
                    return fault
        return None

    def _carry_out(self, session: _Session, fault: Fault) -> None:
        if fault.hang:
            while session.stream.recv(65536):
                pass
            raise _Closed
        if fault.answer:
            self._say(session, fault.answer)
        if fault.drop:
            raise _Closed

    def _ehlo(self, session: _Session, line: str) -> None:
        session.ehlo = line.partition(" ")[2]
        session.forget_letter()
        offers = list(self._extensions)
        if self._tls and not session.tls:
            offers.append("STARTTLS")
        if self._logins is not None:
            offers.append("AUTH PLAIN LOGIN")
        self._say(session, "250 sink.lab.test", *(f"250 {offer}" for offer in offers))

    def _starttls(self, session: _Session, _line: str) -> None:
        if self._tls is None or session.tls:
            return self._say(session, "503 5.5.1 no TLS here")
        self._say(session, "220 2.0.0 go")
        session.buffer.clear()  # RFC 3207 4.2: nothing said in clear counts afterwards
        session.stream = self._tls.wrap_socket(session.stream, server_side=True)
        session.tls, session.ehlo = True, ""
        return session.forget_letter()

    def _auth(self, session: _Session, line: str) -> None:
        _, mechanism, *initial = line.split(" ")
        if mechanism.upper() == "PLAIN":
            given = initial[0] if initial else self._challenge(session, "")
            _, user, password = base64.b64decode(given).decode().split("\0")
        elif mechanism.upper() == "LOGIN":
            user = base64.b64decode(initial[0] if initial else self._challenge(session, "Username:")).decode()
            password = base64.b64decode(self._challenge(session, "Password:")).decode()
        else:
            return self._say(session, "504 5.5.4 PLAIN or LOGIN")
        if (self._logins or {}).get(user) != password:
            return self._say(session, "535 5.7.8 wrong user or password")
        session.login = user
        return self._say(session, "235 2.7.0 welcome")

    def _challenge(self, session: _Session, text: str) -> str:
        self._say(session, f"334 {base64.b64encode(text.encode()).decode()}")
        return self._until(session, b"\r\n").decode()

    def _mail(self, session: _Session, line: str) -> None:
        if self._logins is not None and not session.login:
            return self._say(session, "530 5.7.0 log in first")
        session.forget_letter()
        session.sender, session.parameters = _path(line)
        return self._say(session, "250 2.1.0 ok")

    def _rcpt(self, session: _Session, line: str) -> None:
        if session.sender is None:
            return self._say(session, "503 5.5.1 MAIL first")
        session.recipients.append(Recipient(*_path(line)))
        return self._say(session, "250 2.1.5 ok")

    def _data(self, session: _Session, _line: str) -> None:
        if not session.recipients:
            return self._say(session, "503 5.5.1 RCPT first")
        self._say(session, "354 go on")
        if (fault := self._take("BODY")) is not None:
            session.stream.recv(1)
            self._carry_out(session, fault)
        session.buffer[:0] = b"\r\n"  # so that an empty letter ends like any other
        stuffed = self._until(session, b"\r\n.\r\n") + b"\r\n"
        return self._finish(session, stuffed.replace(b"\r\n..", b"\r\n.")[2:])

    def _finish(self, session: _Session, data: bytes) -> None:
        fault = self._take("DOT")
        with self._news:
            if fault is None or fault.accept:
                self._messages.append(session.received(data))
                self._news.notify_all()
        session.forget_letter()
        if fault is None:
            self._say(session, "250 2.0.0 queued")
        else:
            self._carry_out(session, fault)

    def _rset(self, session: _Session, _line: str) -> None:
        session.forget_letter()
        self._say(session, "250 2.0.0 ok")

    def _noop(self, session: _Session, _line: str) -> None:
        self._say(session, "250 2.0.0 ok")

    def _quit(self, session: _Session, _line: str) -> None:
        self._say(session, "221 2.0.0 bye")
        raise _Closed

    def _unknown(self, session: _Session, _line: str) -> None:
        self._say(session, "500 5.5.2 what?")

    _HANDLERS: ClassVar[dict[str, tuple[Stage, Callable[["Sink", _Session, str], None]]]] = {
        "EHLO": ("EHLO", _ehlo),
        "HELO": ("EHLO", _ehlo),
        "STARTTLS": ("STARTTLS", _starttls),
        "AUTH": ("AUTH", _auth),
        "MAIL": ("MAIL", _mail),
        "RCPT": ("RCPT", _rcpt),
        "DATA": ("DATA", _data),
        "RSET": ("RSET", _rset),
        "NOOP": ("NOOP", _noop),
        "QUIT": ("QUIT", _quit),
    }


def _path(line: str) -> tuple[str, tuple[str, ...]]:
    """The address and the parameters of a MAIL or RCPT command line."""
    _, _, rest = line.partition("<")
    address, _, parameters = rest.partition(">")
    return address, tuple(parameters.upper().split())
