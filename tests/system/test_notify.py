"""`Notifier` says to a real datagram socket what sd_notify(3) asks for, and nothing where nobody listens."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autoresponder.service.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """The receiving end, and how NOTIFY_SOCKET names it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@autoresponder-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name.replace("@", "\0") if request.param == "abstract" else name)
        receiver.settimeout(5)
        yield receiver, name


@pytest.mark.parametrize(
    ("say", "datagram"),
    [
        (lambda notifier: notifier.ready("2 mailboxes"), b"READY=1\nSTATUS=2 mailboxes"),
        (lambda notifier: notifier.status("watching\r\nREADY=1"), b"STATUS=watching READY=1"),
        (lambda notifier: notifier.status("espera añadida"), "STATUS=espera añadida".encode()),
        (lambda notifier: notifier.watchdog(), b"WATCHDOG=1"),
        (lambda notifier: notifier.stopping(), b"STOPPING=1"),
    ],
    ids=["ready", "status is one line", "status is UTF-8", "watchdog", "stopping"],
)
def test_datagram(systemd: tuple[socket.socket, str], say: Callable[[Notifier], None], datagram: bytes) -> None:
    receiver, name = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name})
    say(notifier)
    notifier.close()
    notifier.close()
    say(notifier)
    assert receiver.recv(4096) == datagram
    receiver.setblocking(False)
    with pytest.raises(BlockingIOError):
        receiver.recv(4096)


def test_reloading_carries_the_monotonic_time(systemd: tuple[socket.socket, str]) -> None:
    receiver, name = systemd
    before = time.monotonic_ns() // 1000
    Notifier({"NOTIFY_SOCKET": name}).reloading()
    first, _, stamp = receiver.recv(4096).decode().partition("\nMONOTONIC_USEC=")
    assert first == "RELOADING=1"
    assert before <= int(stamp) <= time.monotonic_ns() // 1000


def test_a_full_socket_neither_blocks_nor_raises(systemd: tuple[socket.socket, str]) -> None:
    receiver, name = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name})
    for number in range(5000):
        notifier.status(str(number))
    assert receiver.recv(4096) == b"STATUS=0"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_without_systemd_nothing_happens(environ: dict[str, str]) -> None:
    notifier = Notifier(environ)
    notifier.ready("well")
    notifier.close()
    assert notifier.watchdog_seconds == 0


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "90000000"}, 90),
        ({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": str(os.getpid())}, 2.5),
        ({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": "1"}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
        ({}, 0),
    ],
)
def test_watchdog_period(environ: dict[str, str], seconds: float) -> None:
    assert Notifier(environ).watchdog_seconds == seconds
