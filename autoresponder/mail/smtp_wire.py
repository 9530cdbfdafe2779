"""The transport of an SMTP session after its login: bytes out, replies in, in order, however they were cut up.

Of our own, and not aiosmtplib's, for two reasons: that raises the same exception for a connection lost before and after
the final dot, and it loses replies when commands are pipelined (RFC 2920), which halves the time a letter takes.

Contract: what a server may say is bounded; whoever waits hears `LostError` when the connection is of no more use, or
when nothing comes in time, and never waits again after that.
"""

import asyncio
import contextlib
from collections import deque
from typing import NamedTuple

from autoresponder.mail.refusal import readable

SHOWN = 300
"""Characters of a server's words that are kept."""
REPLY_LIMIT = 64 * 1024
"""Bytes of one reply; EHLO's is a few hundred."""
PIPELINED = 4
"""Replies that we wait for at once: to RSET, MAIL, RCPT and DATA."""


class Reply(NamedTuple):
    """One reply of RFC 5321 section 4.2, its lines joined by spaces."""

    code: int
    text: str


class LostError(Exception):
    """The connection is of no more use; the text says why."""


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())


def clean(text: str) -> str:
    """A server's words as one line for people, capped."""
    return text if len(text) <= SHOWN and text.isprintable() else readable(text, SHOWN)


class Wire(asyncio.Protocol):
    """See the module's contract."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Takes the transport over, wherever its session stands."""
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
        """Returns when all that was written is with the kernel, or the server has spoken. Raises LostError when
        nothing moves for `seconds`."""
        while (size := self._transport.get_write_buffer_size()) and not self._replies:
            with contextlib.suppress(TimeoutError):
                await self._wait(seconds)
            if self._transport.get_write_buffer_size() == size and not self._replies:
                self.drop(self.lost or f"the server took nothing for {seconds:g} s")
            if self.lost:
                raise LostError(self.lost)

    async def reply(self, seconds: float) -> Reply:
        """The next reply. Raises LostError; after `seconds` the connection is given up."""
        while not self._replies:
            if self.lost:
                raise LostError(self.lost)
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
            self._replies.append(Reply(int(code), clean(" ".join(self._lines))))
            self._lines.clear()
        return True

    def eof_received(self) -> None:
        """The server has closed its side."""
        self.lost = self.lost or "the server closed the connection"
        self._notify()

    def connection_lost(self, error: Exception | None) -> None:
        """Both sides are closed."""
        self.lost = self.lost or f"the connection was lost{f' ({clean(str(error))})' if error else ''}"
        self._notify()

    def resume_writing(self) -> None:
        """The kernel has taken everything."""
        self._notify()
