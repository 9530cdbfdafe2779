"""The connection to an IMAP server: socket, TLS, our own buffer, and the framing of responses (RFC 3501 section 7).

Promises: no byte is lost between a command, IDLE and the next command; nothing is held beyond the bounds below, however
much a server sends; every failure is a `RemoteError` naming host:port, after which the connection is of no more use.
What a server reports unasked (EXISTS, EXPUNGE, BYE) is noted wherever it stands. `Imap4` lets imaplib, and so
imapclient, talk over it through imaplib's documented hooks. Owned by one thread; only `abort` may come from another.
"""

import imaplib
import ipaddress
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from autoresponder.errors import RemoteError
from autoresponder.mail.refusal import readable, refusal
from autoresponder.mail.tls import why_not_trusted

CHUNK = 65536
MAX_LINE = 1 << 20
"""Octets kept of one response, without its literals."""
MAX_LITERAL = 1 << 20
"""Octets kept of one literal, unless a smaller figure is asked for."""
MAX_SKIPPED = 128 << 20
"""Octets of one literal or line read over and thrown away; a server that sends more is not listened to."""
MAX_ANSWER = 64 << 20
"""Octets kept of all responses to one command."""
ENDS = 64
"""Octets kept of both ends of what is over the bounds: they tell what it was, and whether a literal follows."""
MAX_LITERALS = 1000
"""Literals kept of one response."""
MAX_UNASKED = 65536
"""Octets of one unfinished response during IDLE."""

_NOTE = re.compile(rb"\* (?:(\d{1,10}) (EXISTS|EXPUNGE)\b|BYE\b ?(.*))", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Response:
    """One response: its lines joined, each literal's `{n}` left where it stood; `cut` when it was over the bounds."""

    text: bytes
    literals: list[bytes] = field(default_factory=list)
    cut: bool = False


class Refused(Exception):
    """A tagged NO or BAD: what the server wrote after it (code in brackets first), and what it had answered before."""

    def __init__(self, text: bytes, answers: list[Response]) -> None:
        """`text` without tag and status."""
        super().__init__(readable(text))
        self.text, self.answers = readable(text), answers


class Line:
    """A connection to host:port; times in seconds."""

    def __init__(self, host: str, port: int, connect_timeout: float, read_timeout: float) -> None:
        """Connects nothing yet."""
        self.host, self.port, self.place = host, port, f"{host}:{port}"
        self.connect_timeout, self.read_timeout = connect_timeout, read_timeout
        self.heard_at = time.monotonic()
        self.exists = 0
        self.news = False  # the folder changed since this was last set to False
        self.bye = ""
        self._socket: socket.socket | None = None
        self._buffer = bytearray()
        self._budget = MAX_ANSWER
        self._tags = 0
        self._aborted = False

    @property
    def sock(self) -> socket.socket:
        """The socket; RemoteError when there is none."""
        if self._socket is None or self._aborted:
            raise self.lost("not connected")
        return self._socket

    # beginning and end ------------------------------------------------------------------------------------------
    def connect(self, context: ssl.SSLContext | None) -> None:
        """TCP to the first address that answers, then TLS when a context is given. Each address gets its share of the
        time, for one that is a black hole (IPv6 that leads nowhere, often) must not hide the others."""
        end = time.monotonic() + self.connect_timeout
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            gone = isinstance(error, UnicodeError) or getattr(error, "errno", 0) in (
                socket.EAI_NONAME,
                socket.EAI_FAIL,
                getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
            )
            sentence = "there is no such host" if gone else "the host name cannot be looked up now"
            raise self.lost(sentence, "check host, and this machine's DNS", fatal=gone) from error
        failure: RemoteError | None = None
        for to_try, (family, kind, protocol, _, address) in zip(range(len(found), 0, -1), found, strict=True):
            try:
                self._reach(family, kind, protocol, address, (end - time.monotonic()) / to_try)
            except OSError as error:
                failure = self._unreached(error)
                self.close()
                continue
            if context:
                self.secure(context)
            self.sock.settimeout(self.read_timeout)
            return
        raise failure or self.lost("there is no such host", "check host", fatal=True)

    def _reach(self, family: int, kind: int, protocol: int, address: Any, left: float) -> None:
        made = self._socket = socket.socket(family, kind, protocol)
        if self._aborted or left <= 0:  # asked once `abort` can see the socket, so that it is never missed
            raise TimeoutError
        made.settimeout(left)
        made.connect(address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # an APPEND takes 44 ms without, 2 ms with
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 120)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30)

    def _unreached(self, error: OSError) -> RemoteError:
        if isinstance(error, TimeoutError):
            return self.lost(f"no connection within {self.connect_timeout:g} s", "check host, port and firewalls")
        if isinstance(error, ConnectionRefusedError):
            return self.lost("the connection was refused", "check host and port, and that the server runs")
        return self.lost(f"no connection: {(error.strerror or type(error).__name__).lower()}", "check the network")

    def secure(self, context: ssl.SSLContext) -> None:
        """TLS from here on, certificate and host name verified. What came before the handshake is a forgery."""
        if self._buffer:
            raise self.lost("the server sent data in clear after STARTTLS: somebody may be in between", fatal=True)
        plain = self.sock
        plain.settimeout(self.connect_timeout)
        try:
            made = context.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
            self._socket = made  # before the handshake, so that `abort` can end it
            if self._aborted:  # it may have met the plain socket, which is of no more use
                raise self.lost("not connected")
            made.do_handshake()
        except TimeoutError as error:
            raise self.lost(f"no TLS within {self.connect_timeout:g} s", "check the port and security") from error
        except ssl.SSLError as error:
            self.close()
            raise why_not_trusted(error, self.host, self.place) from error
        except OSError as error:
            raise self.lost("the connection broke during the TLS handshake", "check the port and security") from error
        made.settimeout(self.read_timeout)

    @property
    def is_loopback(self) -> bool:
        """Whether the other end is this very machine."""
        return ipaddress.ip_address(self.sock.getpeername()[0].partition("%")[0]).is_loopback

    def lost(self, sentence: str, step: str = "", *, fatal: bool = False) -> RemoteError:
        """Closes; the error to raise: what the server said in its BYE, else `sentence`."""
        for line in bytes(self._buffer).splitlines()[-3:]:  # a BYE that came together with the end
            self._note(line)
        self.close()
        if self._aborted:
            return RemoteError("the connection was given up", place=self.place)
        if self.bye:
            return refusal(self.bye, "the server ended the connection", self.place)
        return RemoteError(sentence, place=self.place, step=step, fatal=fatal)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._socket is None

    def close(self) -> None:
        """Closes the socket; never raises."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._buffer = bytearray()

    def abort(self) -> None:
        """From any thread: whatever waits on this connection fails at once, as does all that follows."""
        self._aborted = True
        if (sock := self._socket) is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # SSLSocket.shutdown would let a reader go on in clear
            except OSError:
                return  # was closed already

    # bytes ------------------------------------------------------------------------------------------------------
    def send(self, data: bytes) -> None:
        """All of it, and a new allowance for the answer."""
        self._budget = MAX_ANSWER
        try:
            self.sock.sendall(data)
        except TimeoutError as error:
            raise self.lost(f"the server takes no data for {self.read_timeout:g} s") from error
        except OSError as error:
            raise self.lost("the connection was lost") from error

    def _fill(self) -> bool:
        """One receive into the buffer; False when that would have waited (non-blocking only)."""
        try:
            data = self.sock.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except TimeoutError as error:
            raise self.lost(f"no answer for {self.read_timeout:g} s") from error
        except OSError as error:
            raise self.lost("the connection was lost") from error
        if not data:
            raise self.lost("the server closed the connection")
        self._buffer += data
        self.heard_at = time.monotonic()
        return True

    def _take(self, size: int) -> bytes:
        self._budget -= size
        if self._budget < 0:
            raise self.lost(f"the server sent more than {MAX_ANSWER >> 20} MB for one command")
        data = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return data

    def _skip(self, size: int) -> None:
        while size:
            here = min(size, len(self._buffer))
            del self._buffer[:here]
            size -= here
            if size:
                self._fill()

    def _line_end(self) -> int:
        """Octets up to and with the next line break; -1 when over MAX_LINE have come without one."""
        start = 0
        while (found := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            if start > MAX_LINE:
                return -1
            self._fill()
        return found + 1 if found < MAX_LINE else -1

    def read(self, size: int) -> bytes:
        """A literal of `size` octets."""
        if size > MAX_LITERAL:
            raise self.lost(f"the server sent {size} octets where a few were expected")
        while len(self._buffer) < size:
            self._fill()
        return self._take(size)

    def readline(self) -> bytes:
        """A line with its end; noted when it reports something."""
        if (end := self._line_end()) < 0:
            raise self.lost(f"the server sent a line of more than {MAX_LINE} octets")
        line = self._take(end)
        self._note(line)
        return line

    def _note(self, line: bytes) -> None:
        if found := _NOTE.match(line):
            count, what, bye = found.groups()
            if bye is not None:
                self.bye = readable(bye) or "no reason given"
                return
            exists = int(count) if what.upper() == b"EXISTS" else max(0, self.exists - 1)
            self.news = self.news or exists != self.exists  # some servers repeat EXISTS after every command
            self.exists = exists

    # responses --------------------------------------------------------------------------------------------------
    def response(self, keep: int = MAX_LITERAL) -> Response:
        """The next whole response, waiting for it; of each literal the first `keep` octets."""
        line, cut = self._long_line()
        self._note(line)
        text = line
        literals: list[bytes] = []
        while (size := _literal_size(line)) >= 0:
            if size > MAX_SKIPPED:
                raise self.lost(f"the server sent {size} octets where at most {MAX_SKIPPED} are read")
            kept = min(size, keep) if len(literals) < MAX_LITERALS else 0
            literals.append(self._beginning(kept))
            self._skip(size - kept)
            line, long = self._long_line()
            cut = cut or long or len(literals) > MAX_LITERALS or len(text) + len(line) > MAX_LINE
            if cut:  # only read to its end
                text, literals = text[:ENDS], []
            else:
                text = text.rstrip(b"\r\n") + line
        return Response(text.rstrip(b"\r\n"), literals, cut)

    def _beginning(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        return self._take(size)

    def _long_line(self) -> tuple[bytes, bool]:
        """A line; of one over MAX_LINE only its two ends, and True."""
        if (end := self._line_end()) >= 0:
            return self._take(end), False
        head, skipped = self._take(ENDS), 0
        while (found := self._buffer.find(b"\n") + 1) == 0:
            here = len(self._buffer) - ENDS
            skipped += here
            if skipped > MAX_SKIPPED:
                raise self.lost(f"the server sent a line of more than {MAX_SKIPPED} octets")
            del self._buffer[:here]
            self._fill()
        self._skip(max(0, found - ENDS))
        return head + self._take(min(found, ENDS)), True

    def command(self, text: bytes, keep: int = MAX_LITERAL) -> list[Response]:
        """Sends a command and gives all untagged responses to it; `Refused` for NO and BAD."""
        tag = self.start(text)
        answers: list[Response] = []
        while not (answer := self.response(keep)).text.startswith(tag):
            answers.append(answer)
        self.check(tag, answer, answers)
        return answers

    def start(self, text: bytes) -> bytes:
        """Sends a command without awaiting its answer; its tag, with the space after it."""
        self._tags += 1
        tag = b"r%d " % self._tags  # imaplib's tags begin with four capitals
        self.send(tag + text + b"\r\n")
        return tag

    def check(self, tag: bytes, answer: Response, before: list[Response]) -> None:
        """`Refused` unless this tagged response says OK; `before` are the untagged ones to the same command."""
        status, _, text = answer.text[len(tag) :].partition(b" ")
        if status.upper() != b"OK":
            raise Refused(text, before)

    # without waiting --------------------------------------------------------------------------------------------
    def pump(self) -> bool:
        """Reads what has arrived, without waiting; True when nothing is left, in the kernel or in the TLS layer."""
        self.sock.setblocking(False)
        try:
            while len(self._buffer) < MAX_UNASKED:
                if not self._fill():
                    return True
        finally:
            if self._socket is not None:
                self._socket.settimeout(self.read_timeout)
        return False

    def arrived(self) -> Response | None:
        """The next response if it lies whole in the buffer."""
        end = 0
        while True:
            found = self._buffer.find(b"\n", end) + 1
            if not found:
                break
            size = _literal_size(bytes(self._buffer[max(end, found - ENDS) : found]))
            end = found + max(size, 0)
            if size < 0:
                return self.response()
            if end > len(self._buffer):
                break
        if max(end, len(self._buffer)) >= MAX_UNASKED:
            raise self.lost("the server sent much more than a notice during IDLE")
        return None


def _literal_size(line: bytes) -> int:
    """Of the literal announced at the end of a line; -1 when there is none."""
    if not line.endswith((b"}\r\n", b"}\n")):
        return -1
    digits = line[line.rfind(b"{") + 1 :].rstrip(b"+}\r\n")
    return int(digits) if digits.isdigit() and len(digits) < 20 and b"{" in line else -1


class Imap4(imaplib.IMAP4):
    """imaplib over a `Line` that is already connected."""

    def __init__(self, line: Line) -> None:
        """Reads the greeting and asks for the capabilities."""
        self._line = line
        super().__init__(line.host, line.port)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Nothing is left to open."""
        self.host, self.port, self.sock = host, port, self._line.sock

    def read(self, size: int) -> bytes:
        """`Line.read`."""
        return self._line.read(size)

    def readline(self) -> bytes:
        """`Line.readline`."""
        return self._line.readline()

    def send(self, data: Any) -> None:
        """`Line.send`."""
        self._line.send(data)

    def shutdown(self) -> None:
        """`Line.close`."""
        self._line.close()

    def secure(self, context: ssl.SSLContext) -> None:
        """STARTTLS (RFC 3501 section 6.2.1); `Refused` when the server will not."""
        self._line.command(b"STARTTLS")
        self._line.secure(context)
        self.sock = self._line.sock
