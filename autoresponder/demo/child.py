"""The real daemon, as the user would run it: `autoresponder -c rules.yaml run` in a process of its own.

Contract: `running` yields once the daemon has said READY (by the protocol that systemd listens to, sd_notify(3)) and
watches every folder; when its context ends the process is gone: asked first (SIGTERM), killed if it does not listen.
What it decides is read from its log. Every wait is bounded by `PATIENCE`; a daemon that is late or dies is a
`UserError` with the last lines of its log.
"""

import asyncio
import json
import os
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from autoresponder.errors import UserError

PATIENCE = 30.0
"""Seconds that the daemon may take for anything that is asked of it."""
NOT_PASSED_ON = ("CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "STATE_DIRECTORY", "WATCHDOG_PID", "WATCHDOG_USEC")
"""What systemd may have told us that is not meant for the demo's daemon."""
LINE = 1 << 20
"""Bytes of one line of the log at most."""
T = TypeVar("T")


class Child:
    """The running daemon."""

    def __init__(self, process: asyncio.subprocess.Process, notices: socket.socket) -> None:
        self._process, self._notices = process, notices
        self._log: deque[str] = deque(maxlen=10)
        self._decided: asyncio.Queue[None] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())
        self.status = ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def decision(self) -> None:
        """Returns when the daemon has recorded the next decision: once for each."""
        await self.within(self._decided.get(), "decide about a letter")

    async def within(self, wait: Awaitable[T], what: str) -> T:
        """What `wait` gives. Raises `UserError` when the daemon ends or `PATIENCE` is over before that."""
        waiting = asyncio.ensure_future(wait)
        await asyncio.wait([waiting, self._reader], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        late = f"did not {what} within {PATIENCE:g} s"
        ended = f"ended before it could {what}" if self._reader.done() else late
        raise UserError("\n  ".join([f"the daemon {ended}; its last words:", *self._log]))

    async def stop(self) -> int:
        """Asks it to end, and sees to it that it does; its exit code. A second call changes nothing."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
        await self._reader
        return await self._process.wait()

    async def ready(self) -> None:
        """Returns when the daemon has said READY; `status` is then what it said of itself."""
        loop = asyncio.get_running_loop()
        while True:
            fields = (await loop.sock_recv(self._notices, 4096)).decode(errors="replace").split("\n")
            self.status = next((f.removeprefix("STATUS=") for f in fields if f.startswith("STATUS=")), self.status)
            if "READY=1" in fields:
                return

    async def _read(self) -> None:
        """Reads the log, to its end: the pipe of a process that nobody reads would fill and stop it."""
        stream = self._process.stderr
        while stream is not None and (line := await stream.readline()):
            text = line.decode(errors="replace").rstrip()
            record = _record(text)
            self._log.append(str(record.get("message", text)))
            if "action" in record:
                self._decided.put_nowait(None)


def _record(line: str) -> dict[str, object]:
    """One line of the log; what is not JSON (a traceback of the interpreter) has no fields."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@asynccontextmanager
async def running(rules: Path, folders: int) -> AsyncIterator[Child]:
    """The daemon on this file, ready and watching so many folders. Raises `UserError` when that does not come about."""
    environ = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.setblocking(False)
        notices.bind("")  # an abstract address: the path of a temporary file may be too long for one
        address = "@" + notices.getsockname()[1:].decode()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "autoresponder", "-c", str(rules), "run", "--log", "json",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env=environ | {"NOTIFY_SOCKET": address}, limit=LINE,
        )  # fmt: skip
        child = Child(process, notices)
        try:
            await child.within(child.ready(), "start")
            if not child.status.startswith(f"{folders} of {folders} "):
                raise UserError(f"the daemon started, but: {child.status}")
            yield child
        finally:
            await child.stop()
