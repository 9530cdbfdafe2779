"""The demo's own mail servers: pymap keeps the mailboxes (in memory), aiosmtpd keeps whatever it is given to send.

Contract: both listen on free ports of 127.0.0.1 only, live in the running event loop, and are gone when their context
ends. Nothing they are given ever leaves this process. They stand in for a mail provider in a demonstration: no TLS, and
every password is `PASSWORD`.
"""

import asyncio
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.result import ProxyResultLocal
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Identity, Login
from pymap.concurrent import Event
from pymap.context import connection_exit
from pymap.imap import IMAPConnection
from pymap.imap.state import ConnectionState
from pymap.parsing.command.select import IdleCommand
from pymap.parsing.message import AppendMessage
from pymap.parsing.response import UntaggedResponse
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

HOST = "127.0.0.1"
NAME = "demo.localhost"
"""What both servers call themselves; asking the resolver for a name could take seconds."""
PASSWORD = "demo"  # noqa: S105 - of mailboxes that live for seconds on loopback


class _Config(Config):
    @property
    def greeting(self) -> bytes:
        return f"{NAME} is ready".encode()


class _State(ConnectionState):
    """What happened since the last command, a client is told as soon as it asks to IDLE; pymap alone would wait for the
    next change before it spoke of this one."""

    async def receive_updates(self, cmd: IdleCommand, done: Event) -> Iterable[UntaggedResponse]:
        self._selected, missed = (await self.session.check_mailbox(self.selected)).fork(cmd)
        return list(missed) or await super().receive_updates(cmd, done)


class Mailboxes:
    """The IMAP side: users with folders, and a way to put a letter into one of them."""

    def __init__(self, login: Login, port: int) -> None:
        self._login, self.port = login, port

    async def deliver(self, user: str, raw: bytes, folder: str = "INBOX") -> None:
        """Puts a letter into a folder as a mail server would; clients that IDLE there hear of it."""
        letter = AppendMessage(raw, datetime.now(UTC))
        async with Identity(user, self._login, None, frozenset()).new_session() as session:
            await session.append_messages(folder, [letter])


@asynccontextmanager
async def imap_server(users: Mapping[str, Iterable[str]]) -> AsyncIterator[Mailboxes]:
    """An IMAP server with these users, each with INBOX and the folders named."""
    arguments = Namespace(passlib_cfg=None, proxy_protocol=None)
    config = _Config(
        arguments, host=HOST, port=0, tls_enabled=False, hash_context=Cleartext(),
        demo_data=False, demo_user="", demo_password="",
    )  # fmt: skip
    config.apply_context()
    login = Login(config)
    for user, folders in users.items():
        login.users_dict[user] = UserMetadata(config, user, password=PASSWORD)
        async with Identity(user, login, None, frozenset()).new_session() as session:
            for folder in {folder for folder in folders if folder.upper() != "INBOX"}:
                await session.create_mailbox(folder)
    clients: set[asyncio.Task[None]] = set()  # pymap's own service keeps no reference, and Python 3.13 collects them

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = IMAPConnection(config.commands, config, reader, writer, SocketInfo.get(writer, ProxyResultLocal()))
        async with AsyncExitStack() as stack:
            connection_exit.set(stack)
            stack.callback(connection.close)
            await connection.run(_State(login, config))

    def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(attend(reader, writer))
        clients.add(task)
        task.add_done_callback(clients.discard)

    server = await asyncio.start_server(welcome, HOST, 0)
    try:
        yield Mailboxes(login, server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter that the daemon handed over for delivery. `at` is time.monotonic(), in seconds."""

    at: float
    sender: str  # the envelope sender; "" for the null one
    recipients: tuple[str, ...]
    raw: bytes


class Outgoing:
    """The SMTP side: accepts everything, delivers nothing, remembers all."""

    def __init__(self) -> None:
        self.port = 0
        self.letters: list[Sent] = []
        self._news = asyncio.Event()

    async def wait(self, count: int) -> None:
        """Returns as soon as there are `count` letters."""
        while len(self.letters) < count:
            self._news.clear()
            await self._news.wait()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook: a letter was given to us."""
        raw = bytes(envelope.original_content or b"")
        sender = (envelope.mail_from or "").strip("<>")
        self.letters.append(Sent(time.monotonic(), sender, tuple(envelope.rcpt_tos), raw))
        self._news.set()
        return "250 2.0.0 kept for the demo"


@asynccontextmanager
async def smtp_server() -> AsyncIterator[Outgoing]:
    """An SMTP server that keeps what it is given."""
    outgoing = Outgoing()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(outgoing, hostname=NAME, loop=loop), HOST, 0)
    outgoing.port = server.sockets[0].getsockname()[1]
    try:
        yield outgoing
    finally:
        server.close()
