"""A host with several addresses: one that leads nowhere does not hide the others."""

import asyncio
import socket
from contextlib import ExitStack

import pytest

from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp import Connection
from autoresponder.mail.transport import Line
from tests.lab import HOST, holes
from tests.lab.sink import Sink

SECONDS = 22
"""For all addresses: more than ten are left to the second one, however long the machine stands still."""


def test_the_second_address_answers(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    async def smtp() -> bool:
        connection = Connection(SmtpServer("two.example", sink.port, "none", timeout=SECONDS))
        await connection.open()
        found = connection.alive
        await connection.close()
        return found

    def imap() -> int:
        line = Line("two.example", sink.port, SECONDS, SECONDS)
        line.connect(None)
        port = int(line.sock.getpeername()[1])
        line.close()
        return port

    async def body() -> tuple[bool, int]:
        return await asyncio.gather(smtp(), asyncio.to_thread(imap))

    with ExitStack() as stack:
        ports = holes.unreachable(stack), sink.port
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (HOST, port)) for port in ports]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        alive, port = asyncio.run(body())
    assert alive
    assert port == sink.port
