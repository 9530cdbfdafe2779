"""An IMAP session: one login, one selected folder (RFC 3501), on imapclient over a connection of our own.

Promises: a password goes over verified TLS, or to this machine itself, or not at all; no report of the server is lost
between commands and IDLE; only BODY.PEEK is used, so `\\Seen` stays as it is; a message is never read beyond the limit
asked for. Fails with `RemoteError` only: a sentence, host:port or mailbox/folder, the next step. After a failure of the
connection the session is dead (`alive` is False); a plain refusal (no such folder, keyword refused) leaves it alive.
Blocking, for one thread at a time; `abort` may come from any.
"""

import base64
import difflib
import imaplib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from imapclient import IMAPClient, SocketTimeout, imap_utf7

from autoresponder.errors import RemoteError, UserError
from autoresponder.mail import tls
from autoresponder.mail.fetched import (
    MONTHS,
    Fetched,
    Unreadable,
    best_text,
    fetch_items,
    internal_date,
    message,
    outline,
    parts,
    values,
)
from autoresponder.mail.refusal import TEMPORARY, code_of, readable, refusal
from autoresponder.mail.servers import ImapServer
from autoresponder.mail.transport import Imap4, Line, Refused, Response

__all__ = ["Fetched", "IdleRefused", "ImapServer", "Selected", "Session"]

BATCH = 200
"""Messages asked for in one command; fewer while they are big."""
BATCH_OCTETS = 4 << 20
"""A batch that brought more than this makes the next one smaller."""
SEARCH_SPAN = 50_000
"""Messages searched with one command, so that the answer stays a line of a few hundred kB."""
MAX_HEADER = 256 << 10
"""Octets read of a header that does not end within the limit."""
STORE_BATCH = 500
DATES = 2_000
"""Messages whose dates are asked for in one command."""
GOODBYE = 2.0
"""Seconds a server gets to answer LOGOUT."""

T = TypeVar("T")
_KEYWORD = re.compile(r"\\?[A-Za-z0-9$_.+-]{1,100}\Z")
_CLEAR = "use tls or starttls as security"


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder as it was when it was selected. `permanent_keywords`: whether new keywords can be stored in it (servers
    tell only where `readonly=False`). `uidnext_told`: else it is only one more than the highest UID there is, and may
    fall when that is deleted."""

    uidvalidity: int
    uidnext: int
    exists: int
    permanent_keywords: bool
    uidnext_told: bool = True


class IdleRefused(RemoteError):
    """The server offers IDLE and refuses it. The session stays alive, its `can_idle` is False now: poll."""


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient ships no type information
    """imapclient over a `Line`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(
            line.host, line.port, ssl=False, timeout=SocketTimeout(line.connect_timeout, line.read_timeout)
        )
        self._imap.debug = 0  # else imapclient has every literal repr()ed
        self.normalise_times = False

    def _create_IMAP4(self) -> Imap4:
        return Imap4(self._line)


class Session:
    """One connection to one mailbox."""

    def __init__(self, server: ImapServer, name: str) -> None:
        """`name` is what messages call the mailbox; nothing is connected yet."""
        self.server, self.name = server, name
        self.capabilities: frozenset[str] = frozenset()
        """What the server offers, upper case; known after `connect`."""
        self._line = Line(server.host, server.port, server.connect_timeout, server.read_timeout)
        self._client: Any = None
        self._folder = ""
        self._selected: Selected | None = None
        self._readonly = True
        self._idle_tag = b""
        self._idle_refused = False

    @property
    def alive(self) -> bool:
        """Whether commands can still be given."""
        return self._client is not None

    @property
    def can_idle(self) -> bool:
        """Whether the server offers IDLE (RFC 2177) and has not refused it."""
        return "IDLE" in self.capabilities and not self._idle_refused

    @property
    def heard_at(self) -> float:
        """time.monotonic() of the last octets from the server."""
        return self._line.heard_at

    # beginning and end ------------------------------------------------------------------------------------------
    def connect(self) -> None:
        """TCP, TLS, login."""
        server, line = self.server, self._line
        with self._talk(line.place, "the server refused the connection"):
            context = tls.context(server.ca_file) if server.security != "none" else None
            line.connect(context if server.security == "tls" else None)
            if server.security == "none" and not line.is_loopback:
                raise line.lost("refusing to send a password in clear over the network", _CLEAR, fatal=True)
            client = _understood(lambda: _Client(line))
            if client._imap.state != "NONAUTH":
                raise line.lost(
                    "the server greeted us as logged in already (PREAUTH), so nothing proves whose mailbox it is",
                    "check host and port",
                    fatal=True,
                )
            if server.security == "starttls" and context:
                if "STARTTLS" not in _offers(client):
                    raise line.lost(
                        "the server does not offer STARTTLS; refusing to go on in clear",
                        "use tls as security (port 993), or mend the server",
                        fatal=True,
                    )
                client._imap.secure(context)
                client._starttls_done = True  # capabilities told in clear do not count (RFC 2595 section 3.1)
            self._login(client)
            self.capabilities = _offers(client)
            self._client = client

    def _login(self, client: Any) -> None:
        offered, user, secret = _offers(client), self.server.user, self.server.password()
        plain = "AUTH=PLAIN" in offered or not (user + secret).isascii() or not (user + secret).isprintable()
        if self.server.login == "oauth2":
            bearer = "AUTH=OAUTHBEARER" in offered and "AUTH=XOAUTH2" not in offered
            mechanism, answer = ("OAUTHBEARER", b"\1") if bearer else ("XOAUTH2", b"")
            gs2 = f"n,a={user.replace('=', '=3D').replace(',', '=2C')},\1" if bearer else f"user={user}\1"
            initial = f"{gs2}auth=Bearer {secret}\1\1"  # RFC 7628 section 3.1
        elif plain:
            mechanism, answer, initial = "PLAIN", b"", f"\0{user}\0{secret}"
        elif "LOGINDISABLED" in offered:
            raise self._line.lost("the server allows no login with a password here", _CLEAR, fatal=True)
        else:
            mechanism, answer, initial = "", b"", ""
        reasons: list[bytes] = []

        def respond(challenge: bytes) -> bytes:
            if challenge and mechanism != "PLAIN":
                reasons.append(challenge)  # why a token was refused, as JSON
                return answer
            return initial.encode()

        try:
            if mechanism:
                _understood(lambda: client.sasl_login(mechanism, respond))
            else:  # not through imaplib, which keeps the last commands in memory
                self._line.command(b"LOGIN %s %s" % (_quoted(user), _quoted(secret)))
                client._imap.state = "AUTH"
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, Refused) as error:
            words = _silenced(str(error), secret, initial)
            reason = _silenced(readable(b" ".join(reasons[:3])), secret, initial)
            if "oauth" in self.server.login:
                failure = refusal(words, "the access token was refused", self._line.place, fatal=True)
                step = "renew the authorisation (oauth2)" if failure.fatal else failure.step
                sentence = failure.sentence + (f"; the server's reason: {reason}" if reason else "")
                failure = RemoteError(sentence, place=failure.place, step=step, fatal=failure.fatal)
            else:
                failure = refusal(
                    words,
                    f"the server refused the login of {readable(user)}",
                    self._line.place,
                    step="check user and password; many providers want an app password",
                    fatal=True,
                )
            self._die()
            raise failure from None

    def close(self) -> None:
        """LOGOUT where that is possible at once, then closes. Never raises; a second call does nothing."""
        try:
            if self._client is not None and self._idle_tag:
                self._line.send(b"DONE\r\nbye LOGOUT\r\n")
            elif self._client is not None:
                self._line.sock.settimeout(GOODBYE)
                self._line.command(b"LOGOUT")
        except (UserError, Refused, OSError):
            pass  # it was no longer there to say goodbye to
        finally:
            self._die()

    def abort(self) -> None:
        """From any thread: a blocked call fails at once, and every later one."""
        self._line.abort()

    def _die(self) -> None:
        self._client, self._idle_tag = None, b""
        self._line.close()

    @contextmanager
    def _talk(self, place: str, refused: str) -> Iterator[None]:
        """Every way of failing becomes a RemoteError; all but a plain refusal end the session."""
        try:
            yield
        except RemoteError:
            if self._line.is_closed:
                self._die()
            raise
        except UserError as error:  # ca_file, or where the password comes from
            self._die()
            raise RemoteError(error.sentence, place=error.place, step=error.step, fatal=True) from error
        except Refused as error:
            if self._client is None:
                self._die()
            raise refusal(error.text, refused, place) from None
        except imaplib.IMAP4.error as error:
            raise self._translated(error, place, refused) from None
        except Unreadable as error:
            self._die()
            raise RemoteError(f"{refused}: {error}", place=place) from error
        except BaseException:
            self._die()
            raise

    def _translated(self, error: imaplib.IMAP4.error, place: str, refused: str) -> RemoteError:
        """What imaplib and imapclient raise: `abort` for a broken connection, `error` for NO and BAD."""
        if self._client is None and not self._line.bye:
            words = readable(str(error))
            return self._line.lost(f"no IMAP server answers there: {words}", "check port and security", fatal=True)
        if isinstance(error, imaplib.IMAP4.abort) or self._line.bye:
            failure = self._line.lost(f"the connection broke: {readable(str(error))}")
            self._die()
            return failure
        return refusal(str(error).partition("failed: ")[2] or str(error), refused, place)

    def _command(self, text: bytes, keep: int = 1 << 20) -> list[Response]:
        if self._client is None:
            raise RemoteError("not connected", place=self._line.place)
        return self._line.command(text, keep)

    def _place(self, folder: str = "") -> str:
        return f"{self.name}/{folder or self._folder}"

    # folders ----------------------------------------------------------------------------------------------------
    def folders(self) -> list[tuple[str, frozenset[str]]]:
        """All folders: decoded name, flags in lower case (RFC 6154: "\\sent", "\\junk" ...)."""
        with self._talk(self.name, "the server did not list its folders"):
            marks = b" RETURN (SPECIAL-USE)" if {"SPECIAL-USE", "LIST-EXTENDED"} <= self.capabilities else b""
            answers = self._command(b'LIST "" "*"' + marks)  # RFC 6154 section 2: else the marks may be left out
            listed = [answer for answer in answers if answer.text[:7].upper() == b"* LIST "]
            return [_folder(answer) for answer in listed]

    def select(self, folder: str, *, readonly: bool = True) -> Selected:
        """Opens a folder; what is reported from now on counts as news."""
        place = self._place(folder)
        self._line.exists = 0
        try:
            with self._talk(place, "the folder cannot be opened"):
                client = self._living
                answer = _understood(lambda: client.select_folder(folder, readonly=readonly))
                if b"UIDVALIDITY" not in answer:
                    raise RemoteError("the server gives no UIDVALIDITY, so letters have no identity", place=place)
                self._folder, self._readonly = folder, readonly
                self._line.news = False
                selected = self._selected = Selected(
                    uidvalidity=answer[b"UIDVALIDITY"],
                    uidnext=answer[b"UIDNEXT"] if b"UIDNEXT" in answer else self._next_uid(),
                    exists=self._line.exists,
                    permanent_keywords=b"\\*" in answer.get(b"PERMANENTFLAGS", ()),
                    uidnext_told=b"UIDNEXT" in answer,
                )
                return selected
        except RemoteError as error:
            raise self._missing(folder, error) from None

    @property
    def _living(self) -> Any:
        if self._client is None:
            raise RemoteError("not connected", place=self._line.place)
        return self._client

    def _missing(self, folder: str, error: RemoteError) -> RemoteError:
        """`error`, or that there is no such folder (and which there are) when that is why."""
        if not self.alive:
            return error
        names = [name for name, flags in self.folders() if "\\noselect" not in flags]
        if folder in names or folder.upper() == "INBOX":
            return error
        near = _near(folder, names)
        step = "did you mean " + " or ".join(f'"{name}"' for name in near) + "?" if near else "create it on the server"
        return RemoteError("there is no such folder", place=self._place(folder), step=step, fatal=True)

    def _next_uid(self) -> int:
        return max(self._search(b"UID *"), default=0) + 1

    # what is there ----------------------------------------------------------------------------------------------
    def uids_from(self, uid: int) -> list[int]:
        """The UIDs of all messages from `uid` on, sorted. Everything reported before this call is covered by it."""
        with self._talk(self._place(), "the server did not search the folder"):
            self._line.news = False
            found: set[int] = set()
            # From the newest down: an EXPUNGE in between shifts numbers towards what comes later, so nothing is missed.
            for span in self._spans():
                here = {
                    one for one in self._search(b"%sUID %d:*" % (span, uid)) if one >= uid
                }  # n:* holds the last one always
                if not here:
                    break
                found |= here
            return sorted(found)

    def uids_since(self, day: date) -> list[int]:
        """The UIDs of all messages whose INTERNALDATE is `day` or later, sorted."""
        with self._talk(self._place(), "the server did not search the folder"):
            self._line.news = False
            since = f"SINCE {day.day}-{MONTHS[day.month - 1]}-{day.year:04}".encode()
            return sorted({uid for span in self._spans() for uid in self._search(span + since)})

    def uids_of(self, message_id: str) -> list[int]:
        """The UIDs of the messages with this Message-ID, sorted; none where it is not ASCII."""
        if not (message_id.isascii() and message_id.isprintable()):
            return []
        with self._talk(self._place(), "the server did not search the folder"):
            wanted = b"HEADER Message-ID " + _quoted(message_id)
            return sorted({uid for span in self._spans() for uid in self._search(span + wanted)})

    def _spans(self) -> Iterator[bytes]:
        """Message number ranges that cover the folder, newest first; one empty one for a folder of usual size."""
        if self._line.exists <= SEARCH_SPAN:
            yield b""
            return
        first, last = max(1, self._line.exists - SEARCH_SPAN + 1), b"*"
        while True:
            yield b"%d:%s " % (first, last)
            if first == 1:
                return
            first, last = max(1, first - SEARCH_SPAN), b"%d" % (first - 1)

    def _search(self, criteria: bytes) -> list[int]:
        found: list[int] = []
        for answer in self._command(b"UID SEARCH " + criteria):
            if answer.text[:8].upper() == b"* SEARCH":
                numbers = answer.text[8:].partition(b"(")[0].split()  # "(MODSEQ 5)" may follow
                if answer.cut or not all(map(bytes.isdigit, numbers)):
                    raise Unreadable("its answer is not a list of numbers")
                found += map(int, numbers)
        return found

    # messages ---------------------------------------------------------------------------------------------------
    def fetch(self, uids: Sequence[int], limit: int = 65536) -> Iterator[Fetched]:
        """These messages, in this order, each up to `limit` octets; one that is no longer there is left out.

        A message longer than that comes with an `outline` of its parts. One that the server cannot give, or whose data
        cannot be read, comes with `broken` set. A batch is read whole before its first message is yielded."""
        size, start = BATCH, 0
        while start < len(uids):
            with self._talk(self._place(), "the server did not give the messages"):
                batch = self._batch(uids[start : start + size], limit)
            yield from batch
            start += size
            heavy = sum(len(one.raw) for one in batch) > BATCH_OCTETS
            size = max(25, size // 2) if heavy else min(BATCH, size * 2)

    def arrivals(self, uids: Sequence[int]) -> list[tuple[datetime, int]]:
        """(INTERNALDATE, UID) of these messages, in the order of their arrival; those no longer there are left out."""
        found: dict[int, datetime] = {}
        with self._talk(self._place(), "the server did not give the dates of the messages"):
            for start in range(0, len(uids), DATES):
                for answer in self._command(b"UID FETCH %s (UID INTERNALDATE)" % _set(uids[start : start + DATES])):
                    data = fetch_items(answer) or {}
                    if b"UID" in data and b"INTERNALDATE" in data:
                        found[_number(data[b"UID"])] = internal_date(data[b"INTERNALDATE"])
        return sorted((found[uid], uid) for uid in set(uids) & found.keys())

    def _batch(self, uids: Sequence[int], limit: int) -> list[Fetched]:
        found, trouble = self._ask(uids, limit)
        passed_over = set() if trouble else self._still_there([uid for uid in uids if uid not in found])
        batch: list[Fetched] = []
        for uid in uids:
            one, why = found.get(uid), trouble
            if one is None and (uid in passed_over or why):  # alone, and even so twice: the trouble may have passed
                alone, why = self._ask([uid], limit)
                one = alone.get(uid)
                why = why or ("the server has this message and does not give it" if uid in passed_over else "")
            if one is not None:
                batch.append(self._whole(one, limit) if len(one.raw) >= limit and one.size > len(one.raw) else one)
            elif why:
                batch.append(Fetched(uid, b"", 0, datetime.now(UTC), frozenset(), None, why))
        return batch

    def _still_there(self, uids: Sequence[int]) -> set[int]:
        """Which of these messages, that an answer did not hold, are in the folder all the same."""
        return set(self._search(b"UID " + _set(uids))) & set(uids) if uids else set()

    def _ask(self, uids: Sequence[int], limit: int) -> tuple[dict[int, Fetched], str]:
        """What came of these messages, and a sentence when something did not."""
        found: dict[int, Fetched] = {}
        trouble = ""
        items = b"(UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[]<0.%d>)" % limit
        try:
            answers = self._command(b"UID FETCH %s %s" % (_set(uids), items), limit)
        except Refused as refused:
            answers, trouble = refused.answers, self._why_not(refused)
        for answer in answers:
            try:
                data = fetch_items(answer)
                one = message(data, limit) if data else None
            except Unreadable as error:
                trouble = trouble or str(error)
                continue
            if one is not None:
                found[one.uid] = one
        return found, trouble

    def _why_not(self, refused: Refused) -> str:
        """Why a FETCH was refused; "" when the message is gone. Raises when it is not about the message."""
        code = code_of(refused.text)
        if code in TEMPORARY:
            raise refused
        gone = code in ("EXPUNGEISSUED", "NONEXISTENT")
        return "" if gone else f'the server did not give this message: "{refused.text}"'

    def _whole(self, one: Fetched, limit: int) -> Fetched:
        """A message longer than the limit, with all of its header and the outline of its parts."""
        header_there = b"\r\n\r\n" in one.raw or b"\n\n" in one.raw
        wanted = b"BODYSTRUCTURE" + (b"" if header_there else b" BODY.PEEK[HEADER]<0.%d>" % MAX_HEADER)
        data = self._items(one.uid, wanted, MAX_HEADER)
        header = next((value for name, value in data.items() if name.startswith(b"BODY[HEADER]")), None)
        raw = header if isinstance(header, bytes) else one.raw
        try:
            leaves = parts(data.get(b"BODYSTRUCTURE"))
        except Unreadable:
            return replace(one, raw=raw)
        best, text = best_text(leaves), b""
        if best is not None:
            wanted = b"BODY.PEEK[%s]<0.%d>" % (best.number.encode(), limit)
            values = [value for name, value in self._items(one.uid, wanted, limit).items() if name.startswith(b"BODY[")]
            text = values[0] if values and isinstance(values[0], bytes) else b""
        return replace(one, raw=raw, outline=outline(leaves, text))

    def _items(self, uid: int, wanted: bytes, keep: int) -> dict[bytes, Any]:
        """Data items of one message; what cannot be had is not among them."""
        try:
            answers = self._command(b"UID FETCH %d (UID %s)" % (uid, wanted), keep)
        except Refused as refused:
            answers = refused.answers
        items: dict[bytes, Any] = {}
        for answer in answers:
            try:
                data = fetch_items(answer) or {}
            except Unreadable:
                continue
            if data.get(b"UID") == b"%d" % uid:
                items |= data
        return items

    # waiting ----------------------------------------------------------------------------------------------------
    def idle(self) -> bool:
        """Begins IDLE (RFC 2177); True when the folder has changed since the last search, also before IDLE stood."""
        with self._talk(self._place(), "the server refused IDLE"):
            self._living  # noqa: B018 - raises when there is no connection
            tag = self._line.start(b"IDLE")
            while not (answer := self._line.response()).text.startswith(b"+"):
                if answer.text.startswith(tag):
                    self._idle_refused = True
                    words = readable(answer.text[len(tag) :])
                    raise IdleRefused(f'the server refused IDLE: "{words}"', place=self._place(), step="poll")
            self._idle_tag = tag
            return self.idle_news()

    def idle_news(self) -> bool:
        """Reads, without waiting, all that has come; True when the folder has changed since the last search.

        When it returns False nothing complete is left unread anywhere: the socket may be waited for."""
        with self._talk(self._place(), "the server ended IDLE"):
            drained = self._line.pump()
            while (answer := self._line.arrived()) is not None:
                if self._line.bye:
                    raise self._line.lost("the server ended the connection")
                if answer.text.startswith(self._idle_tag):
                    raise self._line.lost(f'the server ended IDLE: "{readable(answer.text)}"')
            return self._line.news or not drained

    def idle_done(self) -> bool:
        """Ends IDLE; True when the folder has changed since the last search."""
        with self._talk(self._place(), "the server ended IDLE"):
            tag, self._idle_tag = self._idle_tag, b""
            if tag:
                self._line.send(b"DONE\r\n")
                while not (answer := self._line.response()).text.startswith(tag):
                    pass
                self._line.check(tag, answer, [])
            return self._line.news

    def noop(self) -> bool:
        """Asks for reports; True when the folder has changed since the last search."""
        with self._talk(self._place(), "the server refused NOOP"):
            self._command(b"NOOP")
            return self._line.news

    def fileno(self) -> int:
        """The socket's, to wait for."""
        return self._line.sock.fileno()

    # changes ----------------------------------------------------------------------------------------------------
    def mark(self, uids: Sequence[int], keywords: Sequence[str]) -> None:
        """Adds keywords or flags to messages."""
        if not keywords:
            return
        if wrong := [one for one in keywords if not _KEYWORD.match(one)]:
            raise RemoteError(
                f'"{readable(wrong[0])}" cannot be a keyword',
                place=self._place(),
                step="use letters, digits, $ and _",
                fatal=True,
            )
        with self._talk(self._place(), "the server did not mark the messages"):
            self._make_writable()
            for some in _chunks(uids):
                self._command(b"UID STORE %s +FLAGS.SILENT (%s)" % (_set(some), " ".join(keywords).encode()))

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Moves messages: MOVE (RFC 6851), else COPY, \\Deleted and UID EXPUNGE (RFC 4315) of exactly these."""
        can_move, can_expunge = "MOVE" in self.capabilities, "UIDPLUS" in self.capabilities
        if not (can_move or can_expunge):
            raise RemoteError(
                "the server can neither MOVE nor UID EXPUNGE; a plain EXPUNGE would delete other letters as well",
                place=self._place(),
                step="leave move_to out, or mark the letters instead",
                fatal=True,
            )
        try:
            with self._talk(self._place(folder), "the server did not move the messages"):
                self._make_writable()
                for some in _chunks(uids):
                    if can_move:
                        self._living.move(some, folder)
                        continue
                    self._living.copy(some, folder)
                    self._command(b"UID STORE %s +FLAGS.SILENT (\\Deleted)" % _set(some))
                    self._command(b"UID EXPUNGE %s" % _set(some))
        except RemoteError as error:
            raise self._missing(folder, error) from None

    def append(self, folder: str, raw: bytes, flags: Sequence[str], when: datetime) -> None:
        """Files a letter; `when` (aware) becomes its INTERNALDATE."""
        try:
            with self._talk(self._place(folder), "the server did not file the letter"):
                self._living.append(folder, raw, list(flags), when)
        except RemoteError as error:
            raise self._missing(folder, error) from None

    def _make_writable(self) -> None:
        """Opens the folder for writing when it was opened read-only; it must still be the same folder."""
        before = self._selected
        if before is None:
            raise RemoteError("no folder is open", place=self.name)
        if self._readonly:
            if self.select(self._folder, readonly=False).uidvalidity != before.uidvalidity:
                raise self._line.lost("the server renumbered the folder")
            self._line.news = True  # what was reported before this is to be searched for


def _understood(call: Callable[[], T]) -> T:
    """What imapclient gives; `Unreadable` where its parsers stumble over an answer of the server."""
    try:
        return call()
    except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise Unreadable(f"its answer is not IMAP ({type(error).__name__})") from error


def _offers(client: Any) -> frozenset[str]:
    return frozenset(one.decode("latin-1").upper() for one in _understood(client.capabilities))


def _folder(answer: Response) -> tuple[str, frozenset[str]]:
    """Name and flags of a LIST response (RFC 3501 section 7.2.2)."""
    found = values(answer.text, answer.literals, len("* LIST "))
    if answer.cut or len(found) < 3 or not isinstance(found[0], list) or not isinstance(found[2], bytes):
        raise Unreadable("its answer is not a list of folders")
    name = _understood(lambda: str(imap_utf7.decode(found[2])))
    return name, frozenset(flag.decode("latin-1").lower() for flag in found[0] if isinstance(flag, bytes))


def _quoted(text: str) -> bytes:
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode("ascii") + b'"'


def _silenced(text: str, *secrets: str) -> str:
    """The server's words, unless they repeat a secret, plain or in base64."""
    for secret in filter(None, secrets):
        if secret in text or base64.b64encode(secret.encode()).decode().rstrip("=") in text:
            return ""
    return text


def _near(folder: str, names: Sequence[str]) -> list[str]:
    """Up to three names the user may have meant: `Sent` for `INBOX.Sent` and the like first."""
    lower = {name.lower(): name for name in names}
    last = [name for name in names if re.split(r"[/.]", name)[-1].lower() == re.split(r"[/.]", folder)[-1].lower()]
    close = [lower[one] for one in difflib.get_close_matches(folder.lower(), list(lower), n=3, cutoff=0.6)]
    return list(dict.fromkeys(last + close))[:3]


def _number(value: object) -> int:
    if isinstance(value, bytes) and value.isdigit() and len(value) < 20:
        return int(value)
    raise Unreadable("the server gave no readable UID")


def _chunks(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), STORE_BATCH):
        yield uids[start : start + STORE_BATCH]


def _set(uids: Sequence[int]) -> bytes:
    """A UID set: runs of neighbours as ranges, `1:4,7`."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return b",".join(b"%d" % first if first == last else b"%d:%d" % (first, last) for first, last in runs)
