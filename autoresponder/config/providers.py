"""Where the mail of an address is kept: the servers of well-known providers, and what to try for everybody else.

Pure. A provider is known by the domain of the address, by the mail servers its customers' domains name (MX), or by its
own name. Whatever is tried, is tried in order and only over TLS; the hosts of a guess are all of the address's domain.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Security = Literal["tls", "starttls", "none"]


_ENDINGS = """
com es fr de it pt nl be at ch ie pl ro se dk no fi gr cz hu eu net fm ca cl in jp
co.uk co.in co.jp co.za com.ar com.au com.br com.co com.mx com.pe com.tr com.sg com.hk
"""
ENDINGS = frozenset(_ENDINGS.split())
"""Under which the big providers hand out addresses."""


@dataclass(frozen=True, slots=True)
class Place:
    """One server to try."""

    host: str
    port: int
    security: Security

    def __str__(self) -> str:
        """`imap.example.com:993`."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Provider:
    """A mail provider: names people know it by, its servers, what one must know before the first login."""

    names: tuple[str, ...]
    imap: Place
    smtp: Place
    domains: tuple[str, ...] = ()  # of addresses; * at the end stands for the endings in `ENDINGS`
    mx: tuple[str, ...] = ()  # endings of the mail servers that customers' own domains name
    hint: str = ""
    tokens: bool = False  # takes no passwords over IMAP, only access tokens


def _tls(host: str, port: int = 993) -> Place:
    return Place(host, port, "tls")


def _start(host: str) -> Place:
    return Place(host, 587, "starttls")


_APP = "it wants an app password, not your usual one: "
_SWITCH = "access by IMAP must be switched on first, in the settings of its web mail (POP3/IMAP)"
_MICROSOFT = (
    "Microsoft takes no passwords over IMAP any more, only access tokens: give a program that prints one "
    "(--token-command)"
)
_APPLE = _APP + "make one at https://account.apple.com, Sign-In and Security"

PROVIDERS = (
    Provider(("Gmail", "Google", "Google Workspace"), _tls("imap.gmail.com"), _start("smtp.gmail.com"),
             ("gmail.com", "googlemail.com"), ("google.com", "googlemail.com"),
             _APP + "switch on 2-Step Verification, then https://myaccount.google.com/apppasswords"),
    Provider(("Outlook.com", "Hotmail"), _tls("outlook.office365.com"), _start("smtp-mail.outlook.com"),
             ("outlook.*", "hotmail.*", "live.*", "msn.com"), (), _MICROSOFT, True),
    Provider(("Microsoft 365", "Office 365", "Exchange Online", "Microsoft"), _tls("outlook.office365.com"),
             _start("smtp.office365.com"), ("onmicrosoft.com",), ("mail.protection.outlook.com", "mx.microsoft"),
             _MICROSOFT, True),
    Provider(("Yahoo",), _tls("imap.mail.yahoo.com"), _start("smtp.mail.yahoo.com"),
             ("yahoo.*", "ymail.com", "rocketmail.com"), ("yahoodns.net",),
             _APP + "make one at https://login.yahoo.com/account/security"),
    Provider(("iCloud", "Apple"), _tls("imap.mail.me.com"), _start("smtp.mail.me.com"),
             ("icloud.com", "me.com", "mac.com"), ("mail.icloud.com",), _APPLE),
    Provider(("GMX",), _tls("imap.gmx.net"), _start("mail.gmx.net"), ("gmx.de", "gmx.net", "gmx.at", "gmx.ch"),
             (), _SWITCH),
    Provider(("GMX.com",), _tls("imap.gmx.com"), _start("mail.gmx.com"), ("gmx.*",), (), _SWITCH),
    Provider(("Web.de",), _tls("imap.web.de"), _start("smtp.web.de"), ("web.de",), (), _SWITCH),
    Provider(("IONOS", "1&1"), _tls("imap.ionos.com"), _start("smtp.ionos.com"), ("ionos.com",), ("ionos.com",)),
    Provider(("IONOS.es",), _tls("imap.ionos.es"), _start("smtp.ionos.es"), (), ("ionos.es", "1and1.es")),
    Provider(("IONOS.de",), _tls("imap.ionos.de"), _start("smtp.ionos.de"), (), ("kundenserver.de", "ionos.de")),
    Provider(("OVH", "OVHcloud"), _tls("ssl0.ovh.net"), _tls("ssl0.ovh.net", 465), (), ("mail.ovh.net", "ovh.net")),
    Provider(("Fastmail",), _tls("imap.fastmail.com"), _tls("smtp.fastmail.com", 465), ("fastmail.*",),
             ("messagingengine.com",), _APP + "Settings, Privacy & Security, Manage app passwords"),
    Provider(("Zoho",), _tls("imap.zoho.com"), _start("smtp.zoho.com"), ("zoho.com", "zohomail.com"), ("zoho.com",),
             _SWITCH + "; with two-factor login it wants an app password"),
    Provider(("Zoho.eu",), _tls("imap.zoho.eu"), _start("smtp.zoho.eu"), ("zoho.eu", "zohomail.eu"), ("zoho.eu",),
             _SWITCH + "; with two-factor login it wants an app password"),
    Provider(("Movistar", "Telefónica"), _tls("imap.movistar.es"), _start("smtp.movistar.es"), ("movistar.es",)),
    Provider(("Telefonica.net",), _tls("imap.telefonica.net"), _start("smtp.telefonica.net"),
             ("telefonica.net", "terra.es")),
    Provider(("Orange", "Wanadoo"), _tls("imap.orange.fr"), _tls("smtp.orange.fr", 465), ("orange.fr", "wanadoo.fr")),
    Provider(("Orange.es",), _tls("imap.orange.es"), _tls("smtp.orange.es", 465), ("orange.es",)),
    Provider(("Arsys", "Acens"), _tls("imap.serviciodecorreo.es"), _tls("smtp.serviciodecorreo.es", 465), (),
             ("serviciodecorreo.es",)),
    Provider(("Strato",), _tls("imap.strato.de"), _tls("smtp.strato.de", 465), (), ("rzone.de",)),
    Provider(("Infomaniak",), _tls("mail.infomaniak.com"), _tls("mail.infomaniak.com", 465), ("ik.me", "etik.com"),
             ("infomaniak.ch",)),
    Provider(("mailbox.org",), _tls("imap.mailbox.org"), _tls("smtp.mailbox.org", 465), ("mailbox.org",),
             ("mailbox.org",)),
    Provider(("Posteo",), _tls("posteo.de"), _tls("posteo.de", 465), ("posteo.*",), ("posteo.de",)),
)  # fmt: skip


def by_domain(domain: str) -> Provider | None:
    """The provider whose addresses end in `domain`."""
    found = domain.casefold().rstrip(".")
    return next((p for p in PROVIDERS if any(_same(found, known) for known in p.domains)), None)


def by_mx(hosts: Iterable[str]) -> Provider | None:
    """The provider that one of these mail servers belongs to."""
    names = [host.casefold().rstrip(".") for host in hosts]
    return next(
        (p for p in PROVIDERS for known in p.mx if any(n == known or n.endswith(f".{known}") for n in names)), None
    )


def by_name(name: str) -> Provider | None:
    """The provider that people call so."""
    found = name.strip().casefold()
    return next((p for p in PROVIDERS if found in (known.casefold() for known in p.names)), None)


def _same(domain: str, known: str) -> bool:
    if known.endswith(".*"):
        return domain.startswith(known[:-1]) and domain.removeprefix(known[:-1]) in ENDINGS
    return domain == known or (known == "onmicrosoft.com" and domain.endswith(f".{known}"))


def imap_guesses(domain: str) -> Iterator[Place]:
    """What to try for a domain of which nothing is known."""
    hosts = (f"imap.{domain}", f"mail.{domain}", domain)
    yield from (Place(host, 993, "tls") for host in hosts)
    yield from (Place(host, 143, "starttls") for host in hosts)


def smtp_guesses(domain: str, imap: str) -> Iterator[Place]:
    """What to try there for sending; `imap` is the host that holds the mail, which often sends it too."""
    hosts = tuple(dict.fromkeys((f"smtp.{domain}", imap.replace("imap.", "smtp.", 1), imap, f"mail.{domain}", domain)))
    for host in hosts:
        yield Place(host, 587, "starttls")
        yield Place(host, 465, "tls")


def place(written: str, kind: Literal["imap", "smtp"], security: Security | None = None) -> Place:
    """`HOST` or `HOST:PORT`, with the port and security that go together where they are not said. Raises `ValueError`
    for a port that is none."""
    host, _, port = written.strip().partition(":")
    if not host or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise ValueError(f"“{written}” is not HOST or HOST:PORT")
    usual: dict[Security, int] = (
        {"tls": 993, "starttls": 143, "none": 143} if kind == "imap" else {"tls": 465, "starttls": 587, "none": 25}
    )
    default: Security = "tls" if kind == "imap" else "starttls"
    known: dict[int, Security] = {number: name for name, number in reversed(usual.items())}
    chosen = security or (known.get(int(port), default) if port else default)
    return Place(host, int(port) if port else usual[chosen], chosen)
