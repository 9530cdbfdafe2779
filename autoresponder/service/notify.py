"""Tells systemd how the daemon fares (sd_notify(3)): ready, reloading, a line of status, still alive, stopping.

Speaks the protocol itself: one datagram per message to the socket named by NOTIFY_SOCKET. Without that variable (a
terminal, another init system) every method does nothing. Nothing here ever raises or blocks: a message that cannot be
delivered is dropped, for a daemon must not fail because nobody listens.

The watchdog is to be fed by progress, not by a timer of its own: whoever calls `watchdog()` vouches for the work.
"""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress


class Notifier:
    """The line to systemd. `watchdog_seconds`: how often at least `watchdog()` must be called; 0: not at all."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from `environ` once."""
        self._socket: socket.socket | None = None
        self.watchdog_seconds = _watchdog_seconds(environ)
        if address := environ.get("NOTIFY_SOCKET", ""):
            self._connect("\0" + address[1:] if address.startswith("@") else address)

    def ready(self, status: str) -> None:
        """Start-up or a reload is complete."""
        self._send("READY=1", _status(status))

    def reloading(self) -> None:
        """The configuration is being read again; `ready` must follow. The time is what Type=notify-reload asks for."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(_status(text))

    def watchdog(self) -> None:
        """The work goes on."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Give the socket back; a second call does nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self, address: str) -> None:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        line.setblocking(False)
        try:
            line.connect(address)
        except OSError:
            line.close()
        else:
            self._socket = line

    def _send(self, *fields: str) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.send("\n".join(fields).encode())


def _status(text: str) -> str:
    """A status field; line breaks would begin another field."""
    return "STATUS=" + " ".join(text.split())


def _watchdog_seconds(environ: Mapping[str, str]) -> float:
    """WatchdogSec= of the unit, when it is meant for this process (sd_watchdog_enabled(3)); else 0."""
    meant_for, period = environ.get("WATCHDOG_PID", ""), environ.get("WATCHDOG_USEC", "")
    if not period.isdecimal() or meant_for not in ("", str(os.getpid())):
        return 0
    return int(period) / 1_000_000
