"""A TCP proxy that misbehaves on request: cuts, stalls, half-closes, slows and spoils connections to a server.

A `Fault` acts on one direction of whatever connection first comes to its place: a byte of the stream or a pattern in it
(a phase of the protocol). `cut` and `stall` act on all open connections at once; they have happened when they return.

    proxy.on("down", "cut", match=rb"354", passing=False)   # the answer to DATA is never seen
    proxy.on("up", "stall", at=100)                         # a black hole after 100 bytes from the client
"""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar

from tests.lab import HOST

T = TypeVar("T")
Direction = Literal["up", "down"]
"""up: from the client to the server."""
Action = Literal["cut", "reset", "stall", "half-close", "garbage", "slow"]
WINDOW = 512
"""Bytes of the past in which a pattern may begin."""
PACE = 0.0005
"""Seconds for each byte of a slow connection."""
GARBAGE = bytes(range(128, 192))


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens where. cut: both sides get an end of file; reset: an RST; stall: nothing passes any more, either
    way, and nothing is closed; half-close: an end of file in this direction only, and what follows is lost; garbage: 64
    bytes that are no text are slipped in; slow: from here on a byte at a time. `passing`: the bytes that matched go
    through first."""

    direction: Direction
    action: Action
    at: int | None = None
    match: bytes = b""
    passing: bool = True

    def place(self, past: bytes, passed: int, data: bytes) -> int | None:
        """How many bytes of `data` still go through; None when the place is not in it. `past` comes before `data`."""
        if self.at is not None:
            return self.at - passed if passed <= self.at < passed + len(data) else None
        for found in re.finditer(self.match, past + data):
            if found.end() > len(past):
                return max(0, (found.end() if self.passing else found.start()) - len(past))
        return None


@dataclass(slots=True, eq=False)
class _Link:
    """One connection through the proxy."""

    client: socket.socket
    server: socket.socket
    stalled: bool = False
    slow: set[Direction] = field(default_factory=set)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def ends(self, direction: Direction) -> tuple[socket.socket, socket.socket]:
        return (self.client, self.server) if direction == "up" else (self.server, self.client)


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes everything on to `target`, a port there."""

    def __init__(self, target: int) -> None:
        """Starts it, in a thread of its own."""
        self._target, self._faults, self._links = target, list[Fault](), set[_Link]()
        self.hits = 0
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy {self.port}", daemon=True)
        self._thread.start()
        self._accepting = asyncio.run_coroutine_threadsafe(self._accept(), self._loop)

    # what tests say ---------------------------------------------------------------------------------------------------
    def on(
        self, direction: Direction, action: Action, *, at: int | None = None, match: bytes = b"", passing: bool = True
    ) -> None:
        """Arms a fault; it acts once. An `at` of the past never comes."""
        self.arm(Fault(direction, action, at, match, passing))

    def arm(self, fault: Fault) -> None:
        """As `on`."""
        self._do(self._arm(fault))

    def behave(self) -> None:
        """No more faults; what is stalled stays so."""
        self._do(self._arm(None))

    def cut(self, *, reset: bool = False) -> int:
        """Ends all connections now; how many there were."""
        return self._do(self._end_all(reset))

    def stall(self) -> int:
        """All connections of this moment become black holes; later ones do not. How many there were."""
        return self._do(self._stall_all())

    def close(self) -> None:
        """No more proxy."""
        self._accepting.cancel()
        self.cut()
        self._listener.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    # in the proxy's thread --------------------------------------------------------------------------------------------
    async def _arm(self, fault: Fault | None) -> None:
        self._faults = [*self._faults, fault] if fault else []

    async def _end_all(self, reset: bool) -> int:
        links = list(self._links)
        for link in links:
            self._end(link, reset=reset)
        return len(links)

    async def _stall_all(self) -> int:
        for link in self._links:
            link.stalled = True
        return len(self._links)

    async def _accept(self) -> None:
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            server = socket.socket()
            for one in (client, server):
                one.setblocking(False)
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await self._loop.sock_connect(server, (HOST, self._target))
            except OSError:
                client.close()
                server.close()
                continue
            link = _Link(client, server)
            self._links.add(link)
            ways: tuple[Direction, ...] = ("up", "down")
            link.tasks += [self._loop.create_task(self._pump(link, way)) for way in ways]

    def _end(self, link: _Link, *, reset: bool = False) -> None:
        """Closes both sides. The tasks notice afterwards."""
        self._links.discard(link)
        for one in (link.client, link.server):
            self._loop.remove_reader(one)
            self._loop.remove_writer(one)
            with suppress(OSError):
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    one.shutdown(socket.SHUT_RDWR)
            one.close()
        me = asyncio.current_task()
        for task in link.tasks:
            if task is not me:
                task.cancel()

    async def _pump(self, link: _Link, way: Direction) -> None:
        source, target = link.ends(way)
        past, passed = b"", 0
        try:
            while data := await self._loop.sock_recv(source, 65536):
                while data and not link.stalled:
                    fault, upto = self._next(way, past, passed, data)
                    await self._pass(link, way, data[:upto])
                    past, passed, data = (past + data[:upto])[-WINDOW:], passed + upto, data[upto:]
                    if fault and not await self._strike(link, way, fault):
                        return
                if link.stalled:
                    await asyncio.Event().wait()
            target.shutdown(socket.SHUT_WR)
            if link.tasks and all(task.done() for task in link.tasks if task is not asyncio.current_task()):
                self._end(link)
        except OSError:
            self._end(link)

    async def _pass(self, link: _Link, way: Direction, data: bytes) -> None:
        target = link.ends(way)[1]
        if way not in link.slow:
            return await self._loop.sock_sendall(target, data)
        for n in range(len(data)):
            await self._loop.sock_sendall(target, data[n : n + 1])
            await asyncio.sleep(PACE)
        return None

    def _next(self, way: Direction, past: bytes, passed: int, data: bytes) -> tuple[Fault | None, int]:
        """The first fault in this piece, used up by that, and how much goes through before it."""
        places = [
            (place, n)
            for n, fault in enumerate(self._faults)
            if fault.direction == way and (place := fault.place(past, passed, data)) is not None
        ]
        if not places:
            return None, len(data)
        place, n = min(places)
        self.hits += 1
        return self._faults.pop(n), place

    async def _strike(self, link: _Link, way: Direction, fault: Fault) -> bool:
        """Does it; False when this direction is at its end."""
        source, target = link.ends(way)
        if fault.action in ("cut", "reset"):
            self._end(link, reset=fault.action == "reset")
            return False
        if fault.action == "half-close":
            target.shutdown(socket.SHUT_WR)
            while await self._loop.sock_recv(source, 65536):
                pass
            return False
        if fault.action == "garbage":
            await self._loop.sock_sendall(target, GARBAGE)
        if fault.action == "slow":
            link.slow.add(way)
        link.stalled = link.stalled or fault.action == "stall"
        return True
