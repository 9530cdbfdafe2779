"""Which of several servers is the right one: each is tried for real, in order, with a login.

Contract: the password goes to a server only over verified TLS (or on this machine), and once a server has taken or
refused the login no other is tried: a wrong password is never shown around. Fails with `LoginRefused` when the server
is right and the login is not, with another `RemoteError` when no server could be reached.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from autoresponder.config.providers import Place
from autoresponder.errors import RemoteError
from autoresponder.mail.imap import Session
from autoresponder.mail.servers import ImapServer, SmtpServer
from autoresponder.mail.smtp import Connection

T = TypeVar("T")
CONNECT, ANSWER = 8.0, 30.0
"""Seconds."""
SENT_NAMES = ("Sent", "Sent Items", "Sent Messages", "Enviados", "Elementos enviados", "Gesendet", "Gesendete Elemente",
              "Envoyés", "Éléments envoyés", "Inviata", "Posta inviata", "Verzonden items", "Itens enviados",
              "Wysłane", "Enviats")  # fmt: skip
"""What the folder is called where the server does not say which it is."""


class LoginRefused(RemoteError):
    """The server is there and did not take user and password."""

    def __init__(self, error: RemoteError, place: Place) -> None:
        """As `error`, from the server at `place`."""
        super().__init__(error.sentence, place=error.place, step=error.step, fatal=error.fatal)
        self.server = place


@dataclass(slots=True)
class Login:
    """Who logs in. `secret` gives the password, or a token with `tokens`."""

    user: str
    secret: Callable[[], str]
    tokens: bool = False
    ca_file: str = ""
    asked: bool = False  # a server wanted the secret

    def password(self) -> str:
        """The secret; that a server wanted it is remembered, for then it was the right one."""
        self.asked = True
        return self.secret()


def reach_imap(places: Iterable[Place], login: Login, tell: Callable[[Place, str], None]) -> tuple[Place, Session]:
    """The first server that takes the login, and the open session. `tell` hears of each attempt: "" when it worked."""

    def attempt(place: Place) -> Session:
        session = Session(
            ImapServer(place.host, place.port, place.security, login.user, login.password,
                       "oauth2" if login.tokens else "password", login.ca_file, CONNECT, ANSWER),
            login.user,
        )  # fmt: skip
        session.connect()
        return session

    return _first(places, login, tell, attempt, "IMAP")


def reach_smtp(places: Iterable[Place], login: Login, tell: Callable[[Place, str], None]) -> Place:
    """The first server that takes the login; with no user, the first that speaks to us."""

    async def talk(place: Place) -> None:
        connection = Connection(
            SmtpServer(place.host, place.port, place.security, login.user, login.password if login.user else None,
                       "oauth2" if login.tokens else "password", login.ca_file, CONNECT)
        )  # fmt: skip
        try:
            await connection.open()
        finally:
            await connection.close()

    return _first(places, login, tell, lambda place: asyncio.run(talk(place)), "SMTP")[0]


def _first(
    places: Iterable[Place], login: Login, tell: Callable[[Place, str], None], attempt: Callable[[Place], T], kind: str
) -> tuple[Place, T]:
    last: RemoteError | None = None
    tried = []
    for place in dict.fromkeys(places):
        login.asked = False
        try:
            made = attempt(place)
        except RemoteError as error:
            tell(place, error.sentence)
            if login.asked:
                raise LoginRefused(error, place) from None
            last = error
            tried.append(str(place))
        else:
            tell(place, "")
            return place, made
    if last is not None and len(tried) == 1:
        raise last
    raise RemoteError(f"none of these is an {kind} server for us: {', '.join(tried)}", place=kind,
                      step=f"name it: --{kind.lower()}-host HOST")  # fmt: skip


def sent_folder(folders: Sequence[tuple[str, frozenset[str]]]) -> tuple[str, bool]:
    """The folder of sent letters among these (names and flags, as `Session.folders` gives them), and whether the server
    itself says so (RFC 6154); else known by its name, or "Sent"."""
    if marked := [name for name, flags in folders if "\\sent" in flags]:
        return marked[0], True
    for known in SENT_NAMES:
        for name, _flags in folders:
            if name.casefold().replace("/", ".").rpartition(".")[2] == known.casefold():
                return name, False
    return "Sent", False
