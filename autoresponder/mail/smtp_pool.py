"""The connections to one SMTP server: at most `server.connections`, kept open between letters, closed when idle.

Contract: `Pool.send` ends as `Connection.send` does; a kept connection that turns out to be dead is replaced without a
word. While the server cannot be used, `rest` says for how long it should be left alone: longer with every failure, with
jitter. A server that takes fewer connections than allowed is used with those (`slots`).
"""

import asyncio
import random
import time

from autoresponder.core.outbox import Event
from autoresponder.errors import RemoteError
from autoresponder.faults import point
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp import LOGIN_CODES, BeforeDot, Connection, Sent
from autoresponder.mail.smtp_wire import clean

IDLE = 30.0
"""Seconds after which a kept-open connection is closed: a burst of answers is over, a server's patience is not."""
BACK_OFF = (1, 2, 5, 15, 30, 60, 120, 300)
"""Seconds between attempts to reach a server."""
FATAL_FROM = 5
"""Where in BACK_OFF an error begins that trying again cannot mend by itself (a refused password)."""
CROWDED = 300.0
"""Seconds during which a server that took fewer connections than allowed is not asked for more."""


class Pool:
    """See the module's contract."""

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
                return Sent(Event.DEFERRED, "connect", 0, clean(str(error)), blame="server")
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
