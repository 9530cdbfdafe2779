"""An IMAP server that speaks one dialogue, given as data, to one client on 127.0.0.1.

A dialogue is a list of steps: a str is a regex that the client's next command must match (without its tag), a `Raw` one
for a line without tag; bytes are sent in one piece (one TLS record), `%t` standing for the tag of the last command; GO
waits until the test calls `go()`; STARTTLS makes the TLS handshake; EOF closes. Leaving the `with` block raises
AssertionError when the client said something else, or the dialogue was not spoken to its end.
"""

import re
import socket
import ssl
import threading
from collections.abc import Sequence
from enum import Enum, auto
from typing import Self

from tests.lab import PATIENCE


class Act(Enum):
    """Steps without words."""

    GO = auto()
    STARTTLS = auto()
    EOF = auto()


class Raw(str):
    """What the client's next line must match, where it has no tag."""

    __slots__ = ()


GO, STARTTLS, EOF = Act.GO, Act.STARTTLS, Act.EOF
Step = str | bytes | Act
Dialogue = Sequence[Step]

CAPABILITIES = b"IMAP4rev1 IDLE UIDPLUS MOVE AUTH=PLAIN"


def opening(capabilities: bytes = CAPABILITIES, greeting: bytes = b"* OK ready\r\n") -> list[Step]:
    """The greeting and the first CAPABILITY."""
    return [greeting, "CAPABILITY", b"* CAPABILITY " + capabilities + b"\r\n%t OK done\r\n"]


def login(capabilities: bytes = CAPABILITIES) -> list[Step]:
    """From the greeting to a login with AUTHENTICATE PLAIN."""
    into = b"%t OK [CAPABILITY " + capabilities + b"] welcome\r\n"
    return [*opening(capabilities), "AUTHENTICATE PLAIN", b"+ \r\n", Raw(".+"), into]


def selected(exists: int = 4, capabilities: bytes = CAPABILITIES) -> list[Step]:
    """From the greeting to an open INBOX with so many messages."""
    state = b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 500] x\r\n%%t OK [READ-ONLY] open\r\n" % exists
    return [*login(capabilities), 'EXAMINE "?INBOX"?', state]


class ScriptedImap:
    """The server; `port`, and `heard`: the lines of the client."""

    def __init__(self, dialogue: Dialogue, tls: ssl.SSLContext | None = None, *, implicit: bool = True) -> None:
        """Listens at once. `tls`: speak it from the start (`implicit`), or after the step STARTTLS."""
        self.heard: list[bytes] = []
        self._dialogue, self._tls, self._implicit = dialogue, tls, implicit
        self._go = threading.Semaphore(0)
        self._wrong = "nobody connected"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def go(self) -> None:
        """Lets the dialogue pass its next GO."""
        self._go.release()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._thread.join(PATIENCE)
        self._listener.close()
        if kind is None and self._wrong:
            raise AssertionError(f"{self._wrong}; the client said {self.heard}")

    def _run(self) -> None:
        try:
            connection, _ = self._listener.accept()
            self._wrong = "the dialogue was not finished" if self._dialogue else ""
            connection.settimeout(PATIENCE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls and self._implicit:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._speak(connection)
        except (OSError, ValueError) as error:
            self._wrong = self._wrong and f"{self._wrong} ({error!r})"

    def _speak(self, connection: socket.socket) -> None:
        tag = b""
        for at, step in enumerate(self._dialogue):
            if isinstance(step, bytes):
                connection.sendall(step.replace(b"%t", tag))
            elif isinstance(step, str):
                line = _line(connection)
                self.heard.append(line)
                words = line if isinstance(step, Raw) else line.partition(b" ")[2]
                if not re.fullmatch(step.encode(), words, re.I):
                    self._wrong = f"step {at}: expected {step!r}, got {line!r}"
                    return
                tag = tag if isinstance(step, Raw) else line.partition(b" ")[0]
            elif step is GO:
                if not self._go.acquire(timeout=PATIENCE):
                    return
            elif step is STARTTLS and self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            else:
                self._wrong = ""
                connection.shutdown(socket.SHUT_RDWR)
                return
        self._wrong = ""
        while line := _line(connection):  # until the client goes, politely or not
            if line.endswith(b"LOGOUT"):
                connection.sendall(b"* BYE bye\r\n" + line.partition(b" ")[0] + b" OK done\r\n")


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\r\n"):
        if not (data := connection.recv(1)):
            return line
        line += data
    return line[:-2]
