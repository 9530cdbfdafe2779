"""Where mail is fetched from and handed in: what a login needs, apart from the sessions that use it.

Plain values. So that whoever only reads the configuration need not load the IMAP and SMTP libraries.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class ImapServer:
    """How to reach one mailbox. Timeouts in seconds."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str
    password: Callable[[], str] = field(repr=False)  # asked anew at each login, never kept
    login: Literal["password", "oauth2"] = "password"  # oauth2: `password` returns an access token
    ca_file: str = ""
    connect_timeout: float = 20
    read_timeout: float = 60


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server that takes our letters. `password` is asked at every login and gives a token when `login` is oauth2; it
    may block and may raise `UserError`. `timeout` is in seconds, for each step of the dialogue."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str = ""  # "" : no AUTH
    password: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    login: Literal["password", "oauth2"] = "password"
    ca_file: str = ""
    timeout: float = 60
    local_hostname: str = ""  # what EHLO says; "" : this machine's name
    connections: int = 4

    @property
    def place(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"
