"""The beginning of an SMTP session: connection, greeting, EHLO, TLS and AUTH, by aiosmtplib.

Contract: TLS is verified, STARTTLS is never done without when it is asked for, a password goes out in clear to loopback
only, and neither it nor a token is ever in an error's text. `log_in` fails with `RemoteError`: a sentence, and what to
do. What nobody can break off (looking up a name, asking for a password) is done aside.
"""

import asyncio
import base64
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from functools import partial

import aiosmtplib

from autoresponder.aside import aside
from autoresponder.errors import RemoteError, UserError
from autoresponder.mail import tls
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp_wire import clean


async def log_in(server: SmtpServer) -> tuple[asyncio.Transport, dict[str, str]]:
    """Connects, says EHLO, changes to TLS and logs in, as configured: the transport, and what the server offers there
    (EHLO keywords, lower case, and their parameters). Raises `RemoteError`."""
    smtp = await _client(server)
    try:
        await smtp.connect()
        if smtp.is_ehlo_or_helo_needed:
            await _greet(smtp)
        if server.user:
            await _authenticate(smtp, server)
    except (aiosmtplib.SMTPException, OSError) as error:
        smtp.close()
        raise _explain(error, server) from None
    except BaseException:
        smtp.close()
        raise
    transport = smtp.transport
    if not isinstance(transport, asyncio.Transport):  # lost since the last reply
        raise _explain(aiosmtplib.SMTPServerDisconnected(""), server)
    return transport, {keyword.lower(): value for keyword, value in smtp.esmtp_extensions.items()}


async def _client(server: SmtpServer) -> aiosmtplib.SMTP:
    try:
        context = None if server.security == "none" else tls.context(server.ca_file)
        async with asyncio.timeout(server.timeout):
            reached = await _reach(server)
    except UserError as error:
        raise RemoteError(error.sentence, place=error.place, step=error.step, fatal=True) from None
    except (OSError, UnicodeError) as error:
        raise _explain(error, server) from None
    return aiosmtplib.SMTP(
        hostname=server.host,
        sock=reached,
        local_hostname=server.local_hostname or _own_name(),
        timeout=server.timeout,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=context,
    )


async def _reach(server: SmtpServer) -> socket.socket:
    """A connection to the first address that answers, else OSError. Each gets its share of the time, for one that is a
    black hole (IPv6 that leads nowhere, often) must not hide the others. The name is looked up aside: left to asyncio,
    the end of the program would wait for that, however long the resolver takes."""
    loop = asyncio.get_running_loop()
    end = loop.time() + server.timeout
    found = await aside(partial(socket.getaddrinfo, server.host, server.port, type=socket.SOCK_STREAM))
    failure: OSError | None = None
    for to_try, (family, kind, protocol, _, address) in zip(range(len(found), 0, -1), found, strict=True):
        made = socket.socket(family, kind, protocol)
        try:
            made.setblocking(False)
            async with asyncio.timeout((end - loop.time()) / to_try):
                await loop.sock_connect(made, address)
        except OSError as error:
            made.close()
            failure = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failure or OSError("the host has no address")


def _own_name() -> str:
    """This machine's name where it can stand after EHLO (RFC 5321 section 4.1.1.1)."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name) else "localhost"


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    """EHLO, or HELO where that is all the server knows."""
    try:
        await smtp.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not smtp.is_connected:
            raise
        await smtp.helo()


async def _authenticate(smtp: aiosmtplib.SMTP, server: SmtpServer) -> None:
    peer = smtp.get_transport_info("peername")
    if smtp.get_transport_info("sslcontext") is None and not (peer and ipaddress.ip_address(peer[0]).is_loopback):
        raise RemoteError(
            "the password would go over the network in clear",
            place=server.place,
            step="set security to tls or starttls",
            fatal=True,
        )
    methods = {"xoauth2": smtp.auth_xoauth2} if server.login == "oauth2" else {
        "plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}  # fmt: skip
    offered = [method for method in methods if method in smtp.server_auth_methods]
    if not offered:
        raise RemoteError(
            f"the server offers no login that we know ({clean(' '.join(smtp.server_auth_methods)) or 'no AUTH'})",
            place=server.place,
            step="check port and security; a relay that wants no login needs no user",
            fatal=True,
        )
    secret = await _secret(server)
    try:
        await methods[offered[0]](server.user, secret)
    except aiosmtplib.SMTPResponseException as error:
        words = _without(secret, server.user, f"{error.code} {error.message}")
        raise RemoteError(
            f"the server refused the login of {server.user}: {words}",
            place=server.place,
            step="check user and password, or the token" if error.code >= 500 else "",
            fatal=error.code >= 500,
        ) from None


async def _secret(server: SmtpServer) -> str:
    """The password or token; asked for aside, for it may come from a command or over the network."""
    if server.password is None:
        raise RemoteError(
            "no password is configured", place=server.place, step="add one, or leave out user", fatal=True
        )
    try:
        return await aside(server.password)
    except RemoteError:
        raise
    except UserError as error:
        raise RemoteError(error.sentence, place=error.place or server.place, step=error.step, fatal=True) from None


def _without(secret: str, user: str, words: str) -> str:
    """A server's words, should it have repeated what we sent, without it."""
    plain = [secret, f"\0{user}\0{secret}", f"user={user}\x01auth=Bearer {secret}\x01\x01"]
    for form in [*plain, *(base64.b64encode(one.encode()).decode().rstrip("=") for one in plain)]:
        words = words.replace(form, "…") if form else words
    return clean(words)


def _explain(error: Exception, server: SmtpServer) -> RemoteError:
    """Why the session could not be opened: a sentence and what to do about it."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return tls.why_not_trusted(cause, server.host, server.place)
        if isinstance(cause, socket.gaierror | UnicodeError):
            return RemoteError(f"there is no host {server.host}", place=server.place, step="check host, or DNS here")
        if isinstance(cause, ConnectionRefusedError):
            return RemoteError("nothing listens there", place=server.place, step="check host and port")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return RemoteError(f"the server refused us: {error.code} {clean(error.message)}", place=server.place)
    if isinstance(error, TimeoutError):
        return RemoteError(f"the server did not answer for {server.timeout:g} s", place=server.place)
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return RemoteError("the server closed the connection before the first letter", place=server.place)
    if "STARTTLS" in str(error):
        return RemoteError(
            "the server does not offer STARTTLS; nothing was sent in clear",
            place=server.place,
            step="use security tls if that is its TLS port",
            fatal=True,
        )
    return RemoteError(f"cannot connect: {clean(str(error))}", place=server.place)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
