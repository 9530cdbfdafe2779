"""One watcher for one folder: keeps a session with the server, and brings every new message to the desk.

Contract: nothing that enters the folder is missed (IDLE where offered, polling as the safety net and where it is not),
nothing is handled twice (the cursor moves in the same transaction as the decisions), and whatever goes wrong with one
server stays with its watcher: it says so in one log line, backs off (clamped, with jitter) and says so again when the
server is back. All blocking work runs in the shared threads, one job at a time for each watcher.

`state` tells the watchdog and `status` how things stand; `deadline` is the moment (time.monotonic) by which the watcher
will have moved again, whatever the server does: a watcher past it is stuck.
"""

import asyncio
import logging
import math
import random
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, TypeVar

from autoresponder.config.settings import Account
from autoresponder.errors import RemoteError, UserError
from autoresponder.faults import point
from autoresponder.mail.imap import Fetched, IdleRefused, Selected, Session
from autoresponder.service.care import Care
from autoresponder.service.desk import Act, Desk
from autoresponder.service.filing import Filing
from autoresponder.service.log import counted
from autoresponder.service.threads import Threads
from autoresponder.service.writer import Writer
from autoresponder.store import Cursor, Quarantined

log = logging.getLogger(__name__)
T = TypeVar("T")
RENEW = 8.5 * 60
"""Seconds after which an IDLE is renewed: some servers and most NAT boxes forget a connection after 10 minutes."""
BACK_OFF = (1, 2, 5, 15, 30, 60, 120, 300)
"""Seconds between attempts to reach a server; a refused password goes straight to the slow end."""
FATAL_FROM = 5
"""Where in BACK_OFF an error begins that trying again cannot mend by itself."""
BATCH = 200
SKEW = timedelta(minutes=2)
"""INTERNALDATE has whole seconds of the server's clock, which may be behind ours: what is new by its UID must not look
older than the start."""
A_MOMENT = timedelta(seconds=5)
"""What reaching a server may take before letters could have come meanwhile."""
A_DAY = timedelta(days=1)
"""Further back that a search by date begins: SINCE means the days of the server's own time zone."""
SLACK = 120
"""Seconds a job may take beyond the server's own time limits before the watcher counts as stuck."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """How a watcher stands, for `status`."""

    mailbox: str
    folder: str
    phase: Literal["connecting", "reading", "idle", "polling", "waiting", "stopped"]
    since: datetime
    error: str = ""
    heard: datetime | None = None


class Watcher:
    """See the module's contract."""

    def __init__(
        self,
        account: Account,
        folder: str,
        desk: Desk,
        care: Care,
        writer: Writer,
        threads: Threads,
        now: Callable[[], datetime],
        on_replies: Callable[[], None],
        on_change: Callable[[], None] = lambda: None,
        backlog: timedelta | None = None,
        writable: bool = False,
        filing: Filing | None = None,
    ) -> None:
        """on_replies is called (from any thread) when there is something to send, on_change when an error came or
        went. backlog: at the very first start, how far back to answer. writable: some rule marks or moves. filing: of
        what was sent, one copy at a time whenever nothing else is to be done."""
        self.account, self.folder = account, folder
        self._desk, self._care, self._writer, self._threads, self._now = desk, care, writer, threads, now
        self._on_replies, self._on_change, self._backlog, self._writable = on_replies, on_change, backlog, writable
        self._wake = asyncio.Event()
        self._stopping = False
        self._session: Session | None = None
        self._cursor: Cursor | None = None
        self._last_waiting: int | None = None  # of what is read with care
        self._failures = 0
        self._acts: deque[Act] = deque()  # decided, and not yet done on the server
        self._act_failed = False  # the connection was lost at the first of them
        self._filing = filing
        self.caught_up = asyncio.Event()
        self._begun = now()
        self.state = WatchState(account.name, folder, "connecting", self._begun)
        self.deadline = time.monotonic() + self._job_limit()

    @property
    def place(self) -> str:
        """`mailbox/folder`."""
        return f"{self.account.name}/{self.folder}"

    def poll(self) -> None:
        """Look at the folder now (the polling job, a retry, a reload)."""
        self._wake.set()

    def stop(self, *, cut: bool = False) -> None:
        """End after the batch in hand; with `cut`, or where only a server is being waited for, at once."""
        self._stopping = True
        self._wake.set()
        if self._session is not None and (cut or self.state.phase == "connecting"):
            self._session.abort()
        if self._filing is not None and cut:
            self._filing.abort()

    async def run(self) -> None:
        """Watches until `stop`."""
        while not self._stopping:
            try:
                await self._attend()
            except UserError as error:
                await self._back_off(error)
            except Exception as error:  # a bug of ours must not end the watch: shown with its traceback, tried again
                log.exception("%s: %s", self.place, error, extra={"mailbox": self.account.name})
                await self._back_off(RemoteError(f"internal error: {type(error).__name__}: {error}"))
            finally:
                await self._hang_up()
        self._phase("stopped")

    async def once(self) -> None:
        """Handles what is there and ends (`run --once`). Raises `RemoteError`."""
        try:
            await self._job(self._open)
            await self._catch_up()
        finally:
            await self._hang_up()

    # ------------------------------------------------------------------------------------------------------------
    async def _attend(self) -> None:
        """One connection, from login to its end."""
        self._phase("connecting", self.state.error)  # which lasts until the server is seen to be well
        session, _selected = await self._job(self._open)
        if self._failures:
            log.info("%s: connected again", self.place, extra={"mailbox": self.account.name})
        while not self._stopping:
            self._wake.clear()
            self._phase("reading")
            await self._catch_up()
            self._failures = 0
            self.caught_up.set()
            if await self._file(session):
                continue  # what arrived meanwhile comes before the next copy
            if session.can_idle:
                await self._idle(session)
            else:
                await self._wait_poll(session)

    async def _catch_up(self) -> None:
        """Handles everything above the cursor, batch by batch."""
        while not self._stopping and await self._turn():
            continue

    async def _file(self, session: Session) -> bool:
        """Files one copy of what was sent; whether there was one."""
        filing = self._filing
        if filing is None:
            return False
        before = filing.trouble
        try:
            return await self._job(partial(filing.step, session))
        finally:
            if filing.trouble != before:
                self._on_change()

    async def _turn(self) -> bool:
        if not self._care.needed(self.account.name, self.folder):
            return await self._job(self._next_batch)
        self.deadline = math.inf  # it is whoever has the turn that must move
        async with self._care.turn:
            return await self._job(self._next_with_care) if not self._stopping else False

    async def _idle(self, session: Session) -> None:
        """Waits in the event loop until the folder changes, IDLE is due for renewal, or somebody wakes us."""
        try:
            news = await self._job(session.idle)
        except IdleRefused as refused:
            log.warning("%s: %s; polling instead", self.place, refused, extra={"mailbox": self.account.name})
            return
        self._phase("idle")
        renew_at = time.monotonic() + RENEW
        while not (news or self._wake.is_set()):
            left = renew_at - time.monotonic()
            if left <= 0:
                break
            self.deadline = time.monotonic() + left + SLACK
            if await self._readable(session.fileno(), left):
                news = await self._job(session.idle_news)
        if news:
            point("exists-seen")
        if not self._stopping:
            await self._job(session.idle_done)

    async def _readable(self, fd: int, seconds: float) -> bool:
        """Whether the socket became readable; False after so many seconds or when woken."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(fd, readable.set)
        waits = [asyncio.ensure_future(readable.wait()), asyncio.ensure_future(self._wake.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(fd)
            for wait in waits:
                wait.cancel()
        return readable.is_set()

    async def _wait_poll(self, session: Session) -> None:
        self._phase("polling")
        wait = self.account.poll.total_seconds()
        self.deadline = time.monotonic() + wait + SLACK
        await self._sleep(wait)
        if not self._stopping:
            await self._job(session.noop)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _back_off(self, error: UserError) -> None:
        if self._stopping:
            return
        step = max(self._failures, FATAL_FROM if isinstance(error, RemoteError) and error.fatal else 0)
        wait = BACK_OFF[min(step, len(BACK_OFF) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311 - spreads reconnections
        self._failures = step + 1
        self.caught_up.set()
        self._phase("waiting", str(error))
        log.warning(
            "%s: %s; next attempt in %.0f s",
            self.place,
            error,
            wait,
            extra={"mailbox": self.account.name, "folder": self.folder, "wait": round(wait)},
        )
        self.deadline = time.monotonic() + wait + SLACK
        self._wake.clear()
        await self._sleep(wait)

    async def _hang_up(self) -> None:
        if (session := self._session) is not None:
            with suppress(RuntimeError):  # no more threads: the daemon has ended without waiting for this one
                await self._threads.do(self._server, session.close)
            self._session = None  # not before, so that `stop` can cut a goodbye short

    async def _job(self, work: Callable[[], T]) -> T:
        """Blocking work in a thread; the watchdog knows how long it may take, once it has begun."""

        def begin() -> T:
            self.deadline = time.monotonic() + self._job_limit()
            return work()

        self.deadline = math.inf  # it is whoever has the threads that must move
        return await self._threads.do(self._server, begin)

    @property
    def _server(self) -> str:
        return f"{self.account.imap.host}:{self.account.imap.port}"

    def _job_limit(self) -> float:
        server = self.account.imap
        return server.connect_timeout * 2 + server.read_timeout * 2 + SLACK

    def _phase(
        self,
        phase: Literal["connecting", "reading", "idle", "polling", "waiting", "stopped"],
        error: str = "",
    ) -> None:
        now = self._now()
        heard = now if phase in ("idle", "polling", "reading") else self.state.heard
        since = self.state.since if error and self.state.error else now
        changed = error != self.state.error
        self.state = WatchState(self.account.name, self.folder, phase, since, error, heard)
        if changed:
            self._on_change()

    # in a thread ----------------------------------------------------------------------------------------
    def _open(self) -> tuple[Session, Selected]:
        """Connects, logs in, selects, and makes sure that the cursor fits the folder."""
        session = self._session = Session(self.account.imap, self.account.name)
        if self._stopping:  # meanwhile: whoever stopped us could not see this session
            session.abort()
        session.connect()
        selected = session.select(self.folder, readonly=not self._writable)
        cursor = self._writer.run(lambda store: store.cursor(self.account.name, self.folder))
        if cursor is None:
            cursor = self._baseline(session, selected)
        elif _is_renumbered(cursor, selected):
            cursor = self._renumbered(session, selected, self._timely(cursor))
        self._cursor, self._last_waiting = cursor, None
        self._act(session)
        return session, selected

    def _baseline(self, session: Session, selected: Selected) -> Cursor:
        """First start: what is there now is never answered, unless a backlog was asked for, or it came while we were
        trying to reach the server, which took long or several attempts."""
        start, next_uid = self._begun - SKEW, selected.uidnext
        if self._backlog is not None:
            start = self._begun - self._backlog
        slow = self._failures or self._now() - self._begun > A_MOMENT
        if self._backlog is not None or slow:
            next_uid = min(session.uids_since(start.date() - A_DAY), default=selected.uidnext)
        cursor = Cursor(self.account.name, self.folder, selected.uidvalidity, next_uid, start)
        self._writer.run(lambda store: store.set_cursor(cursor))
        log.info(
            "%s: first start: %s there already; answering what arrives from %s",
            self.place,
            counted(selected.exists, "message"),
            "now on" if next_uid == selected.uidnext else f"{start:%Y-%m-%d %H:%M} on",
            extra={"mailbox": self.account.name, "uidvalidity": selected.uidvalidity, "uidnext": selected.uidnext},
        )
        return cursor

    def _renumbered(self, session: Session, selected: Selected, old: Cursor) -> Cursor:
        """The numbers are other ones: read again all that could still be answered; letters already decided are known by
        their Message-ID or digest, and stay decided."""
        policy = self._desk.book.policy
        oldest = max([policy.default_age, *(rule.not_older_than for rule in policy.rules)])
        since = max(self._now() - oldest, old.baseline)
        next_uid = min(session.uids_since(since.date() - A_DAY), default=selected.uidnext)
        cursor = Cursor(self.account.name, self.folder, selected.uidvalidity, next_uid, old.baseline)
        self._writer.run(lambda store: store.set_cursor(cursor))
        self._acts.clear()  # their numbers are others' now
        log.warning(
            "%s: the server renumbered the folder (UIDVALIDITY %d, was %d; UIDNEXT %d, was at least %d);"
            " reading letters since %s again",
            self.place,
            selected.uidvalidity,
            old.uidvalidity,
            selected.uidnext,
            old.next_uid,
            since.date(),
            extra={"mailbox": self.account.name, "uidvalidity": selected.uidvalidity},
        )
        return cursor

    def _timely(self, cursor: Cursor) -> Cursor:
        """No folder was first seen in the future: the clock was ahead then. What was there is known by its UID; an old
        letter that is moved in still counts as one from before."""
        now = self._now()
        if cursor.baseline <= now:
            return cursor
        timely = replace(cursor, baseline=now - A_DAY)
        self._writer.run(lambda store: store.set_cursor(timely))
        log.warning(
            "%s: by the clock of that time the folder was first seen at %s, which is still to come",
            self.place,
            f"{cursor.baseline:%Y-%m-%d %H:%M %Z}",
            extra={"mailbox": self.account.name},
        )
        return timely

    def _next_batch(self) -> bool:
        """Handles a retry, or the next messages above the cursor; whether there may be more."""
        session, cursor = self._connected()
        if asked := self._asked(cursor):
            self._try_again(asked)
            return True
        uids = session.uids_from(cursor.next_uid)
        batch = uids[: min(BATCH, self._desk.at_once)]
        if not batch:
            return False
        self._handle(list(session.fetch(batch)), batch[-1] + 1)
        return len(uids) > len(batch)

    def _next_with_care(self) -> bool:
        """As `_next_batch`, of one letter, which is in hand; the end of care where nothing is left that waited."""
        session, cursor = self._connected()
        if asked := self._asked(cursor):
            self._try_again(asked)
            return True
        uids = session.uids_from(cursor.next_uid)
        if self._last_waiting is None:
            self._last_waiting = max(uids, default=0)
            if uids:
                log.warning(
                    "%s: the last run did not end in order: %d messages are read one at a time",
                    self.place,
                    len(uids),
                    extra={"mailbox": self.account.name, "waiting": len(uids)},
                )
        if not uids or uids[0] > self._last_waiting:
            self._care.done(self.account.name, self.folder)
            return bool(uids)
        with self._care.in_hand(cursor, uids[0]) as unread:
            self._handle([unread] if unread else list(session.fetch(uids[:1])), uids[0] + 1)
        return True

    def _connected(self) -> tuple[Session, Cursor]:
        session, cursor = self._session, self._cursor
        if session is None or cursor is None:
            raise RemoteError("not connected", place=self.place)
        return session, cursor

    def _handle(self, fetched: list[Fetched], next_uid: int) -> None:
        """Has these decided, with `next_uid` as the new cursor, their answers sent, and done with them what the rules
        say."""
        session, cursor = self._connected()
        cursor = self._timely(cursor)
        point("fetched")
        handled = self._desk.handle(cursor, fetched, next_uid)
        self._cursor = replace(cursor, next_uid=next_uid)
        if handled.replies:
            self._on_replies()
        self._acts.extend(handled.acts)
        self._act(session)

    # out of quarantine ----------------------------------------------------------------------------------------------
    def _asked(self, cursor: Cursor) -> Quarantined | None:
        """A quarantined message that is to be tried again; not one above the cursor, which comes with what is new."""
        asked = self._writer.run(lambda store: store.retries(self.account.name, self.folder))
        return next((one for one in asked if one.uidvalidity != cursor.uidvalidity or one.uid < cursor.next_uid), None)

    def _try_again(self, asked: Quarantined) -> None:
        """It is read and decided anew, in hand; or it cannot be found, and that ends the matter."""
        session, cursor = self._connected()
        uid, moved = asked.uid, asked.uidvalidity != cursor.uidvalidity
        if moved:
            uid, why_not = _found(session, asked)
            if not uid:
                self._end_quarantine(asked, "gone", f"the server renumbered the folder, and {why_not}")
                return
        if uid < cursor.next_uid:  # else it comes with what is new
            with self._care.in_hand(cursor, uid) as unread:
                fetched = [unread] if unread else list(session.fetch([uid]))
                if not fetched:
                    self._end_quarantine(asked, "gone", "the message is no longer in the folder")
                    return
                self._handle(fetched, cursor.next_uid)
        if moved:
            self._end_quarantine(asked, "moved", f"the server renumbered the folder, and it was tried as uid {uid}")

    def _end_quarantine(self, asked: Quarantined, reason: str, why: str) -> None:
        self._writer.run(lambda store: store.end_quarantine(asked.id, reason, why, self._now(), decided=False))
        place = {"mailbox": asked.mailbox, "folder": asked.folder, "uid": asked.uid}
        log.warning("%s: uid %d leaves quarantine: %s", self.place, asked.uid, why, extra={**place, "reason": reason})

    def _act(self, session: Session) -> None:
        """Marks and moves what the rules say. A refusal is reported, for the one message; the decision stands. What a
        lost connection left undone is done on the next one; what costs that as well is given up."""
        while self._acts:
            act = self._acts[0]
            try:
                if act.mark:
                    session.mark([act.uid], act.mark)
                if act.move_to:
                    session.move([act.uid], act.move_to)
            except RemoteError as error:
                if not (session.alive or self._act_failed):
                    self._act_failed = True
                    raise
                log.warning("%s: uid %d: %s", self.place, act.uid, error, extra={"mailbox": self.account.name})
            self._acts.popleft()
            self._act_failed = False
            if not session.alive:
                raise RemoteError("the connection was lost", place=self.place)


def _is_renumbered(cursor: Cursor, selected: Selected) -> bool:
    """Whether the numbers of the folder are no longer those that the cursor counts: UIDVALIDITY changed (RFC 3501
    section 2.3.1.1); or UIDNEXT went back, which it never may: a backup was put back, or the mailbox moved to another
    server that happens to have the same UIDVALIDITY."""
    back = selected.uidnext_told and selected.uidnext < cursor.next_uid
    return cursor.uidvalidity != selected.uidvalidity or back


def _found(session: Session, asked: Quarantined) -> tuple[int, str]:
    """The UID that a message of an older numbering has now; or 0, and why it cannot be tried."""
    if not asked.message_id:
        return 0, "without a Message-ID the message cannot be found any more"
    try:
        uids = session.uids_of(asked.message_id)
    except RemoteError as error:
        if not session.alive:
            raise
        return 0, f"the message cannot be found any more: {error}"
    return (uids[0], "") if uids else (0, "no message in it has this one's Message-ID")
