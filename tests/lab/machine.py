"""What a throw-away server needs from the machine: free ports, a process of its own, and to know what is missing."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab import HOST, PATIENCE

SKIPPED = "needs real servers: "
"""How the reason of such a skip begins; what follows is what to do."""
INOTIFY_INSTANCES = 8192
"""Dovecot spends one inotify instance on an idling client; beyond the kernel's usual 128 it looks only every 30 s."""


@dataclass(frozen=True, slots=True)
class Need:
    """A program some tests cannot do without, and the Debian package that brings it."""

    program: str
    package: str

    @property
    def missing(self) -> bool:
        """Whether the program is nowhere to be found, /usr/sbin and /usr/lib/dovecot included."""
        path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/lib/dovecot"))
        return shutil.which(self.program, path=path) is None


def require(needs: Iterable[Need], *, root: bool = False) -> None:
    """Skip the test that asks, or fail it with AUTORESPONDER_REQUIRE_SERVERS=1, when a package (or root) is missing."""
    missing = list(dict.fromkeys(need.package for need in needs if need.missing))
    if missing:
        reason = SKIPPED + "apt-get install " + " ".join(missing)
    elif root and os.geteuid() != 0:
        reason = SKIPPED + "run as root"
    else:
        return
    (pytest.fail if os.environ.get("AUTORESPONDER_REQUIRE_SERVERS") == "1" else pytest.skip)(reason)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listened on a moment ago, all different."""
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_until(ready: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return as soon as `ready()`; TimeoutError naming `what` when it has not become true in time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def is_listening(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def raise_inotify_limit() -> None:
    """Let many clients idle at once, where we may; without it, IDLE becomes slow from about a hundred clients on."""
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    if os.geteuid() == 0 and int(limit.read_text()) < INOTIFY_INSTANCES:
        limit.write_text(str(INOTIFY_INSTANCES))


class Process:
    """A server in the foreground of a session of its own; what it prints goes to `log`."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        """Start it; `await_ports` tells when it is there."""
        self.name, self.log = name, log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def await_ports(self, *ports: int) -> None:
        """Return when all ports answer; RuntimeError with the server's own words when it ended or never listened."""
        for port in ports:
            try:
                wait_until(lambda: self._is_over or is_listening(port), f"{self.name} on port {port}")  # noqa: B023 - called at once
            except TimeoutError as error:
                self.end()
                raise RuntimeError(f"{error}\n{self.words}") from None
            if self._is_over:
                raise RuntimeError(f"{self.name} ended with {self._process.returncode}\n{self.words}")

    @property
    def words(self) -> str:
        """What the server printed."""
        return self.log.read_text(errors="replace")

    @property
    def _is_over(self) -> bool:
        return self._process.poll() is not None

    def end(self, pid_file: Path | None = None, patience: float = 10) -> None:
        """Ask (SIGTERM, the pid in `pid_file` where the server forked away from ours), wait, insist (SIGKILL)."""
        if not self._is_over:
            os.kill(int(pid_file.read_text()) if pid_file and pid_file.exists() else self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its own session: nobody else is in this group
        self._process.wait(10)
