"""The proxy does to a connection exactly what it was asked for, where it was asked for."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.lab import HOST, PATIENCE
from tests.lab.proxy import GARBAGE, Proxy

HELLO = b"hello, this is the server\r\n"


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy to a server that greets and then repeats what it hears."""
    listener = socket.create_server((HOST, 0))

    def serve(stream: socket.socket) -> None:
        with stream, suppress(OSError):
            stream.sendall(HELLO)
            while data := stream.recv(65536):
                stream.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with Proxy(listener.getsockname()[1]) as proxy:
        yield proxy
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def talk(proxy: Proxy, words: bytes, expected: int) -> tuple[bytes, str]:
    """What a client hears after the greeting when it says `words`, and how that ended: open, end or reset. What is
    expected it waits for, as long as that takes; for more only a moment."""
    got = b""
    with socket.create_connection((HOST, proxy.port), timeout=PATIENCE) as client:
        try:
            for end in sorted({len(HELLO), len(HELLO) + expected}):
                while len(got) < min(end, len(HELLO) + expected):
                    if not (data := client.recv(100)):
                        return got, "end"
                    got += data
                if end == len(HELLO) <= len(HELLO) + expected:
                    client.sendall(words)
            client.settimeout(0.3)
            if not (data := client.recv(100)):
                return got, "end"
            got += data
        except TimeoutError:
            return got, "open"
        except OSError:
            return got, "reset"
    return got, "more"


@pytest.mark.parametrize(
    ("fault", "heard", "end"),
    [
        ({"direction": "up", "action": "garbage", "match": b"never said"}, HELLO + b"one two", "open"),
        ({"direction": "up", "action": "cut", "match": b"two"}, HELLO, "end"),
        ({"direction": "up", "action": "reset", "at": 3}, HELLO, "reset"),
        ({"direction": "up", "action": "stall", "at": 3}, HELLO, "open"),
        ({"direction": "up", "action": "half-close", "at": 3}, HELLO + b"one", "end"),
        ({"direction": "up", "action": "garbage", "match": b"one"}, HELLO + b"one" + GARBAGE + b" two", "open"),
        ({"direction": "down", "action": "cut", "at": 5}, HELLO[:5], "end"),
        ({"direction": "down", "action": "stall", "match": rb"\r\n"}, HELLO, "open"),
        ({"direction": "down", "action": "stall", "match": b"this", "passing": False}, HELLO[:7], "open"),
        ({"direction": "down", "action": "slow", "at": 0}, HELLO + b"one two", "open"),
    ],
    ids=lambda value: f"{value['action']} {value['direction']}" if isinstance(value, dict) else None,
)
def test_each_fault(proxy: Proxy, fault: dict[str, Any], heard: bytes, end: str) -> None:
    proxy.on(**fault)
    got, how = talk(proxy, b"one two", len(heard) - len(HELLO))
    assert how == end or (how == "reset" and fault["action"] == "cut")  # what was unread when it was cut
    assert got == heard or (how == "reset" and heard.startswith(got))
    assert proxy.hits == (fault.get("match") != b"never said")
    proxy.behave()
    assert talk(proxy, b"again", 5) == (HELLO + b"again", "open")


@pytest.mark.parametrize("how", ["cut", "reset", "stall"])
def test_all_connections_of_this_moment(proxy: Proxy, how: str) -> None:
    with socket.create_connection((HOST, proxy.port), timeout=0.3) as client:
        client.recv(100)
        assert (proxy.stall() if how == "stall" else proxy.cut(reset=how == "reset")) == 1
        outcome = b"x"
        with suppress(TimeoutError, ConnectionResetError):
            outcome = client.recv(1)
        assert outcome == (b"" if how == "cut" else b"x")
    assert talk(proxy, b"again", 5) == (HELLO + b"again", "open")
