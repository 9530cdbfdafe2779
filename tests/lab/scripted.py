"""A server that plays a dialogue written as data: for what no real IMAP server can be made to say at will.

    select, idle = Expect("SELECT", b"{tag} OK done\\r\\n"), Expect("IDLE", b"+ idl", b"ing\\r\\n* 1 EXI", b"STS\\r\\n")
    with Scripted([*LOGIN, select, idle, Mark("told"), Expect("DONE", b"{tag} OK done\\r\\n"), Drop()]) as server:
        ...                     # a client talks to server.port
        server.wait("told")

Each connection plays the next dialogue; further ones play the last again. A line of the client that is not the
expected one ends the connection, and leaving the `with` block raises AssertionError showing it. Each piece of bytes is
written by itself: one TLS record, one TCP segment where the network allows it.
"""

import re
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from tests.lab import HOST, PATIENCE
from tests.lab.tls import Certificate

_LITERAL = re.compile(r"\{(\d+)(\+?)\}\Z")


class Step:
    """One step of a dialogue."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Say(Step):
    """Write these bytes, piece by piece."""

    pieces: tuple[bytes, ...]

    def __init__(self, *pieces: bytes) -> None:
        object.__setattr__(self, "pieces", pieces)


@dataclass(frozen=True, slots=True)
class Expect(Step):
    """Read a command whose text after the tag matches a regular expression from its beginning (any case), then write
    the pieces, in which `{tag}` is the tag of the last command that had one (so DONE is answered with the tag of IDLE).
    A literal in the command is asked for and becomes part of it."""

    pattern: str
    pieces: tuple[bytes, ...] = ()

    def __init__(self, pattern: str, *pieces: bytes) -> None:
        object.__setattr__(self, "pattern", pattern)
        object.__setattr__(self, "pieces", pieces)


@dataclass(frozen=True, slots=True)
class StartTLS(Step):
    """Shake hands now (after the answer to STARTTLS was said)."""


@dataclass(frozen=True, slots=True)
class Mark(Step):
    """Tell the test that the dialogue is here: it may `wait(name)`."""

    name: str


@dataclass(frozen=True, slots=True)
class Hold(Step):
    """Say nothing until the test calls `release(name)`."""

    name: str


@dataclass(frozen=True, slots=True)
class Silence(Step):
    """Read what comes and say nothing more: a peer that is gone without a word."""


@dataclass(frozen=True, slots=True)
class Drop(Step):
    """Close, or reset the connection."""

    reset: bool = False


GREETING = Say(b"* OK [CAPABILITY IMAP4rev1 IDLE LITERAL+] here\r\n")
LOGIN = (GREETING, Expect("LOGIN", b"{tag} OK [CAPABILITY IMAP4rev1 IDLE LITERAL+] in\r\n"))
"""How most dialogues begin."""


class _Ended(Exception):
    """The connection is to be closed."""


@dataclass(slots=True)
class _Client:
    """One connection and how far its dialogue is."""

    stream: socket.socket
    buffer: bytearray = field(default_factory=bytearray)
    tag: str = ""

    def read(self, size: int) -> str:
        """Exactly `size` bytes."""
        while len(self.buffer) < size:
            chunk = self.stream.recv(65536)
            if not chunk:
                raise _Ended
            self.buffer += chunk
        taken = self.buffer[:size].decode("utf-8", "replace")
        del self.buffer[:size]
        return taken

    def line(self) -> str:
        """The next line without its end."""
        while (end := self.buffer.find(b"\r\n")) < 0:
            chunk = self.stream.recv(65536)
            if not chunk:
                raise _Ended
            self.buffer += chunk
        return self.read(end + 2)[:-2]


class Scripted:
    """Plays one dialogue a connection on a free port of 127.0.0.1. `lines` is every command received, whole."""

    def __init__(
        self, *dialogues: Sequence[Step], certificate: Certificate | None = None, implicit_tls: bool = False
    ) -> None:
        """`certificate` is for StartTLS steps, or with `implicit_tls` for TLS from the first byte."""
        self._dialogues, self._implicit = dialogues, implicit_tls
        self._tls = certificate.server_context() if certificate else None
        self._news = threading.Condition()
        self._names: set[str] = set()
        self._surprises: list[str] = []
        self._open: set[socket.socket] = set()
        self.lines: list[str] = []
        self.connections = 0
        self._server = socket.create_server((HOST, 0))
        self.host, self.port = HOST, int(self._server.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, name=f"scripted {self.port}", daemon=True)]
        self._threads[0].start()

    def wait(self, name: str) -> None:
        """Return when a dialogue has reached `Mark(name)`; AssertionError with what the client said when none does."""
        with self._news:
            if not self._news.wait_for(lambda: name in self._names, PATIENCE):
                raise AssertionError(f"the dialogue never reached {name!r}; the client said {self.lines}")

    def release(self, name: str) -> None:
        """Let `Hold(name)` go on."""
        with self._news:
            self._names.add(name)
            self._news.notify_all()

    def close(self) -> None:
        """End everything; AssertionError when a client said something that its dialogue did not expect."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._news:
            for stream in self._open:
                with suppress(OSError):
                    stream.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not self._surprises, "\n".join(self._surprises)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._server.accept()
            except OSError:
                return
            stream.settimeout(PATIENCE)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            dialogue = self._dialogues[min(self.connections, len(self._dialogues) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._play, args=(stream, dialogue), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, stream: socket.socket, dialogue: Sequence[Step]) -> None:
        client = _Client(stream)
        with self._news:
            self._open.add(stream)
        with suppress(_Ended, OSError):
            if self._implicit:
                self._shake_hands(client)
            for step in dialogue:
                self._step(client, step)
        with self._news:
            self._open.discard(stream)
            self._open.discard(client.stream)
        client.stream.close()

    def _step(self, client: _Client, step: Step) -> None:
        match step:
            case Say():
                self._write(client, step.pieces)
            case Expect():
                self._expect(client, step)
            case StartTLS():
                self._shake_hands(client)
            case Mark(name):
                self.release(name)
            case Hold(name):
                with self._news:
                    self._news.wait_for(lambda: name in self._names, PATIENCE)
            case Silence():
                while client.stream.recv(65536):
                    pass
            case Drop(reset):
                if reset:
                    client.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise _Ended

    def _shake_hands(self, client: _Client) -> None:
        assert self._tls is not None, "a certificate is needed"
        plain = client.stream
        client.stream = self._tls.wrap_socket(plain, server_side=True)
        with self._news:
            self._open.discard(plain)
            self._open.add(client.stream)

    def _expect(self, client: _Client, step: Expect) -> None:
        line = client.line()
        while literal := _LITERAL.search(line):
            if not literal[2]:
                client.stream.sendall(b"+ go on\r\n")
            line += "\r\n" + client.read(int(literal[1])) + client.line()
        self.lines.append(line)
        tag, _, text = line.partition(" ")
        if text:
            client.tag = tag
        if not re.match(step.pattern, text or line, re.IGNORECASE | re.DOTALL):
            self._surprises.append(f"expected {step.pattern!r}, the client said {line!r}")
            raise _Ended
        self._write(client, step.pieces)

    @staticmethod
    def _write(client: _Client, pieces: tuple[bytes, ...]) -> None:
        for piece in pieces:
            client.stream.sendall(piece.replace(b"{tag}", client.tag.encode()))
