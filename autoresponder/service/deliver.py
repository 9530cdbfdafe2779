"""The delivery of replies: takes what is due out of the outbox, hands it to the servers, records what became of it.

Contract: a letter is claimed (SENDING) before its first byte, IN_DOUBT is on disk before its final dot, and every
result is recorded as an event of `core.outbox`; so no crash, lost connection or second daemon makes a letter go out
twice by itself, and a letter whose answer was lost is UNCERTAIN and waits for a person. Results share the next commit
and do not hold up the connection. Each server has a lane of its own, with its own workers and back-off: whatever
happens to one, the others go on. Where the server is to blame, its letters go back without having lost their turn.

While the store cannot be written nothing is sent; that is said once, and tried again with growing pauses. Replies whose
mailbox is not configured stay pending and are named in the log. `stop` begins no new letter, lets those in hand finish
within its grace, and puts the others back.

All methods belong to one event loop, but for `wake`, which any thread may call.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from autoresponder.core.bounce import no_such_address
from autoresponder.core.outbox import Event, State, next_attempt
from autoresponder.errors import UserError
from autoresponder.faults import point
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp import Sent
from autoresponder.mail.smtp_pool import Pool
from autoresponder.service.writer import Writer
from autoresponder.store import Letter, Store

log = logging.getLogger(__name__)
BATCH = 50
"""Letters claimed at once; with that many waiting in a lane, no more are claimed for it."""
LOW = 12
"""When a lane has no more than this left, more are claimed: its workers never wait for the store."""
LOOK = 15.0
"""Seconds after which the outbox is looked at even when nobody called: an operator may have released a letter."""
SHORTEST = 0.05
"""Seconds slept at least, for a letter that is due in a moment."""
STORE_BACK_OFF = (1, 2, 5, 10, 15)
"""Seconds for which a store that failed is left alone."""
LAST_WORDS = 2.0
"""Seconds that `stop` may take beyond its grace, to record what happened and to say goodbye to the servers."""

OnEvent = Callable[[Letter, Sent], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How a mailbox sends: its server, and the address that stands in where the null envelope sender is refused."""

    server: SmtpServer
    address: str


class _StoreError(Exception):
    """The store failed while a letter was on its way."""


class _NotOursError(Exception):
    """Somebody else has moved the letter meanwhile: it must not be sent from here."""


@dataclass(slots=True, eq=False)
class _Lane:
    """One server: the letters claimed for it, and the tasks that send them (none while there is nothing to send)."""

    pool: Pool
    null_key: str  # under which the store remembers that this server refuses the null sender
    null_refused: bool  # it does: known from the store, or found out just now
    null_known: bool  # the store knows
    queue: deque[Letter] = field(default_factory=deque)
    workers: set["asyncio.Task[None]"] = field(default_factory=set)
    trouble: str = ""  # why the server cannot be used, as the log said

    def take_all(self) -> list[Letter]:
        """Empties the queue."""
        letters = list(self.queue)
        self.queue.clear()
        return letters


@dataclass(frozen=True, slots=True)
class _Record:
    """Something the store must be told, and what to do when it knows."""

    job: Callable[[Store], Any]
    done: Callable[[Any], None]


class Delivery:
    """See the module's contract."""

    def __init__(
        self,
        writer: Writer,
        outgoing: Mapping[str, Outgoing],
        owner: str,
        now: Callable[[], datetime],
        *,
        alone: bool = True,
        on_event: OnEvent | None = None,
    ) -> None:
        """`outgoing` by mailbox name. `owner` names this daemon in its claims. `alone`: no other daemon uses this
        store, so what is found claimed at start was left by a crash; else only this owner's claims are taken back.
        `on_event` is called with each outcome once it is recorded, but not when the server's trouble sends a letter
        back."""
        self._writer, self._outgoing, self._owner, self._now = writer, dict(outgoing), owner, now
        self._alone, self._on_event = alone, on_event
        self._lanes: dict[SmtpServer, _Lane] = {}
        self._homeless: set[str] = set()  # mailboxes with replies in the outbox that are not configured
        self._recording: set[asyncio.Future[Any]] = set()
        self._unrecorded: deque[_Record] = deque()  # the store failed: to be told again before anything else
        self._retiring: dict[asyncio.Task[None], _Lane] = {}
        self._store_failures, self._store_rest = 0, 0.0
        self._recovered = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken, self._quiet = asyncio.Event(), asyncio.Event()
        self._stopping, self._ended, self._until = asyncio.Event(), asyncio.Event(), 0.0

    # what the daemon calls --------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Delivers until `stop`."""
        self._loop = asyncio.get_running_loop()
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                try:
                    pause = await self._turn()
                except Exception as error:  # the store: whatever is wrong with it, the loop survives it
                    self._store_failed(error)
                    pause = 0.0
                await self._sleep(pause)
        finally:
            await self._wind_down()

    def wake(self) -> None:
        """There is something new in the outbox. From any thread."""
        if self._loop is None or self._woken.is_set():  # run looks into the outbox before it sleeps
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._woken.set)

    async def drain(self) -> None:
        """Returns when all that was due has been tried once and the outcome is recorded, or when the store fails."""
        while not (self._ended.is_set() or self._store_failures):
            self._quiet.clear()
            self._woken.set()
            await self._quiet.wait()
            if not self._recording:
                return
            await asyncio.wait(self._recording)

    async def stop(self, grace: float) -> None:
        """Ends `run`: no new letter, `grace` seconds from now for those in hand, the others go back to PENDING."""
        if self._loop is None:
            return
        self._until = time.monotonic() + grace
        self._stopping.set()
        self._woken.set()
        await self._ended.wait()

    def update(self, outgoing: Mapping[str, Outgoing]) -> None:
        """Other mailboxes or servers from now on; letters in hand are finished, waiting ones change over."""
        self._outgoing = dict(outgoing)
        self._homeless.clear()
        servers = {home.server: home.server for home in outgoing.values()}
        for server, lane in list(self._lanes.items()):
            self._put_back(lane.take_all())
            if server in servers:
                lane.pool.server = servers[server]  # equal, but its password may come from elsewhere
            else:
                del self._lanes[server]
                task = asyncio.create_task(self._retire(lane))
                self._retiring[task] = lane
                task.add_done_callback(self._retiring.pop)
        self.wake()

    def try_now(self) -> None:
        """Servers that were being left alone are tried at once."""
        for lane in self._lanes.values():
            lane.pool.try_now()
        self.wake()

    @property
    def troubles(self) -> dict[str, str]:
        """`host:port` of each server that cannot be used at the moment, and why."""
        return {lane.pool.server.place: lane.trouble for lane in self._lanes.values() if lane.trouble}

    # the dispatcher ---------------------------------------------------------------------------------------------------
    async def _turn(self) -> float:
        """Claims what is due and gives it to the lanes; the seconds until there is something to do again."""
        await self._recover()
        await self._record_again()
        await self._open_lanes()
        busy, now = self._busy(), self._now()
        letters = await self._writer.call(lambda store: store.claim(now, BATCH, self._owner, busy))
        if letters:
            point("claimed")
        self._distribute(letters)
        for lane in self._lanes.values():
            self._employ(lane)
        if len(letters) == BATCH:
            return 0.0
        if not letters:
            self._store_is_well()
            if not (self._woken.is_set() or any(lane.queue or lane.workers for lane in self._lanes.values())):
                self._quiet.set()
        return self._pause(now, await self._writer.call(lambda store: store.next_due(now)))

    async def _recover(self) -> None:
        if self._recovered:
            return
        owner, now = "" if self._alone else self._owner, self._now()
        back, uncertain = await self._writer.call(lambda store: store.recover(now, owner))
        self._recovered = True
        if back:
            log.info("%d letters were about to be sent when the daemon ended: they are sent now", back)
        if uncertain:
            log.error(
                "%d letters were being accepted when the daemon ended and may or may not have arrived:"
                " see `autoresponder outbox list`",
                uncertain,
                extra={"state": str(State.UNCERTAIN)},
            )

    async def _record_again(self) -> None:
        """What the store would not take comes first: it happened before anything that could happen now."""
        while self._unrecorded:
            record = self._unrecorded[0]
            result = await self._writer.call(record.job)
            self._unrecorded.popleft()
            record.done(result)

    def _busy(self) -> list[str]:
        """Mailboxes for which nothing is to be claimed: their server rests or has enough to do, or they have none."""
        busy = list(self._homeless)
        for mailbox, home in self._outgoing.items():
            lane = self._lanes.get(home.server)
            if lane and (lane.pool.rest or len(lane.queue) >= BATCH):
                busy.append(mailbox)
        return busy

    async def _open_lanes(self) -> None:
        """One for each server that is configured."""
        for home in list(self._outgoing.values()):
            if home.server not in self._lanes:
                key = f"null-sender-refused:{home.server.place}"
                known = bool(await self._writer.call(lambda store: store.recall(key)))  # noqa: B023 - awaited here
                self._lanes[home.server] = _Lane(Pool(home.server), key, null_refused=known, null_known=known)

    def _distribute(self, letters: Iterable[Letter]) -> None:
        back = []
        for letter in letters:
            home = self._outgoing.get(letter.mailbox)
            lane = self._lanes.get(home.server) if home else None
            if lane and not lane.pool.rest:  # it may have failed while these were claimed
                lane.queue.append(letter)
                continue
            back.append(letter)
            if not home and letter.mailbox not in self._homeless:
                self._homeless.add(letter.mailbox)
                log.warning(
                    "replies of mailbox %s wait: it is not configured, or in shadow mode",
                    letter.mailbox,
                    extra={"mailbox": letter.mailbox},
                )
        self._put_back(back)

    def _pause(self, now: datetime, due: datetime | None) -> float:
        """Seconds to sleep. Whatever is due already and was not claimed waits for a lane, which will wake us."""
        waits = [LOOK, *(lane.pool.rest for lane in self._lanes.values() if lane.pool.rest)]
        if due is not None and due > now:
            waits.append((due - now).total_seconds())
        return max(SHORTEST, min(waits))

    async def _sleep(self, pause: float) -> None:
        """Until somebody wakes us, or `pause` seconds; while the store rests, nobody but `stop` can wake us."""
        event = self._woken
        if (rest := self._store_rest - time.monotonic()) > 0:
            event, pause = self._stopping, rest
        if pause:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await event.wait()

    # one lane ---------------------------------------------------------------------------------------------------------
    def _employ(self, lane: _Lane) -> None:
        """As many workers as there are letters, and the server takes at once."""
        if not self._may_send(lane):
            return
        for _ in range(min(lane.pool.slots - len(lane.workers), len(lane.queue))):
            worker = asyncio.create_task(self._work(lane))
            lane.workers.add(worker)
            worker.add_done_callback(lambda task: self._leave(lane, task))

    def _may_send(self, lane: _Lane) -> bool:
        return not (self._stopping.is_set() or lane.pool.rest or time.monotonic() < self._store_rest)

    def _leave(self, lane: _Lane, worker: "asyncio.Task[None]") -> None:
        lane.workers.discard(worker)
        if not worker.cancelled() and (error := worker.exception()):
            log.error("internal error in delivery: %s", error, exc_info=error)
        if not lane.workers:
            self._woken.set()

    async def _work(self, lane: _Lane) -> None:
        """Sends what waits in the lane."""
        while lane.queue and self._may_send(lane) and len(lane.workers) <= lane.pool.slots:
            letter = lane.queue.popleft()
            if len(lane.queue) == LOW:
                self._woken.set()
            await self._deliver(lane, letter)

    async def _deliver(self, lane: _Lane, letter: Letter) -> None:
        """One letter: one attempt, and a second one when only the null sender was refused."""
        sent = await self._attempt(lane, letter)
        if sent and sent.null_sender_refused and letter.envelope_from == "auto":
            lane.null_refused = True
            if sent.phase == "dot":  # its letter has gone that way; it begins anew, with the other sender
                return self._settle(lane, letter, replace(sent, event=Event.DEFERRED), again=self._now())
            sent = await self._attempt(lane, letter)
            if sent and sent.event is Event.REFUSED:
                lane.null_refused = lane.null_known  # it was not the sender after all
        if sent is None:
            return None
        if sent.blame == "server":
            return self._server_failed(lane, letter, sent)
        return self._settle(lane, letter, sent)

    async def _attempt(self, lane: _Lane, letter: Letter) -> Sent | None:
        """None when all has been said already about how it ended."""
        sender = letter.envelope_from
        if sender == "auto":
            home = self._outgoing.get(letter.mailbox)
            sender = home.address if home and lane.null_refused else ""
        dot_left = False

        async def before_dot() -> None:
            nonlocal dot_left
            now = self._now()
            try:
                state = await self._writer.call(lambda store: store.move(letter.id, Event.FINAL_DOT, now))
            except Exception as error:
                raise _StoreError(str(error)) from error
            if state is None:
                raise _NotOursError
            dot_left = True
            point("in-doubt-recorded")

        try:
            return await lane.pool.send(sender, letter.target, await self._whole(letter), before_dot)
        except _NotOursError:
            log.error("reply %d was taken by somebody else, and is left to them", letter.id, extra=_fields(letter))
        except _StoreError as error:
            self._store_failed(error.__cause__ or error)
            self._settle(lane, letter, Sent(Event.DEFERRED, "body", 0, "the store failed"), again=self._now())
        except asyncio.CancelledError:
            self._settle(lane, letter, _broken_off(dot_left, "the daemon was stopped"), again=self._now())
            raise
        except Exception as error:  # a bug of ours costs this letter an attempt, and nothing else
            log.exception("reply %d: internal error: %s", letter.id, error, extra=_fields(letter))
            self._settle(lane, letter, _broken_off(dot_left, f"internal error: {type(error).__name__}"))
        return None

    async def _whole(self, letter: Letter) -> bytes:
        """The letter's octets; a heavy one's are read only now, so that many may wait."""
        if letter.raw:
            return letter.raw
        try:
            found = await self._writer.call(lambda store: store.letter(letter.id))
        except Exception as error:
            raise _StoreError(str(error)) from error
        return found.raw if found else b""

    def _server_failed(self, lane: _Lane, letter: Letter, sent: Sent) -> None:
        """The letter goes back, and with it all that wait for this server, unless other connections to it work."""
        lane.queue.appendleft(letter)
        if not lane.pool.rest:
            return
        self._put_back(lane.take_all(), _words(sent))
        server = lane.pool.server
        if lane.trouble != sent.text:
            lane.trouble = sent.text
            log.warning(
                "%s cannot be used, its letters wait: %s",
                server.place,
                _words(sent),
                extra={"server": server.place, "code": sent.code, "phase": sent.phase},
            )

    # what the store is told -------------------------------------------------------------------------------------------
    def _settle(self, lane: _Lane, letter: Letter, sent: Sent, again: datetime | None = None) -> None:
        """Records how an attempt ended; a deferred letter has its next one at `again`, or when the back-off says."""
        if lane.trouble and sent.code:
            log.info("%s can be used again", lane.pool.server.place, extra={"server": lane.pool.server.place})
            lane.trouble = ""
        now = self._now()
        if sent.event is not Event.DEFERRED:
            again = None
        elif again is None:
            again = next_attempt(now, letter.attempts + 1, random.random())  # noqa: S311 - spreads, hides nothing
        error = "" if sent.event is Event.ACCEPTED else _words(sent)
        unknown = sent.event is Event.REFUSED and sent.phase == "rcpt" and no_such_address(sent.code, sent.text)

        def done(state: State | None) -> None:
            if state is State.SENT:
                point("sent-recorded")
            _report(letter, sent, state, again)
            if self._on_event is not None and state is not None:
                try:
                    self._on_event(letter, sent)
                except Exception:  # whoever listens must not stop the delivery
                    log.exception("reply %d: what follows its delivery failed", letter.id, extra=_fields(letter))

        self._record(
            lambda store: store.move(letter.id, sent.event, now, error=error, next_attempt=again, bounced=unknown), done
        )
        if sent.event is Event.ACCEPTED and lane.null_refused and not lane.null_known:
            self._remember_null_refused(lane, now)

    def _remember_null_refused(self, lane: _Lane, now: datetime) -> None:
        lane.null_known = True
        log.info(
            "%s refuses the null envelope sender: the mailbox's address is used instead",
            lane.pool.server.place,
            extra={"server": lane.pool.server.place},
        )
        self._record(lambda store: store.remember(lane.null_key, now.isoformat()), lambda _: None)

    def _put_back(self, letters: list[Letter], error: str = "") -> None:
        """Letters that were claimed and not begun go back, with their turn and their attempts as they were."""
        now = self._now()

        def job(store: Store) -> None:
            for letter in letters:
                store.move(letter.id, Event.CRASHED, now, error=error, next_attempt=letter.next_attempt)

        if letters:
            self._record(job, lambda _: None)

    def _record(self, job: Callable[[Store], Any], done: Callable[[Any], None]) -> None:
        """Has the store do something that must not be forgotten, without waiting for it."""
        record = _Record(job, done)
        future: asyncio.Future[Any] = self._writer.submit_lazily(job)
        self._recording.add(future)
        future.add_done_callback(lambda future: self._recorded(record, future))

    def _recorded(self, record: _Record, future: "asyncio.Future[Any]") -> None:
        self._recording.discard(future)
        if error := future.exception():
            self._unrecorded.append(record)
            self._store_failed(error)
        else:
            self._store_is_well()
            record.done(future.result())

    def _store_failed(self, error: BaseException) -> None:
        """Leaves the store alone for a while; says so the first time."""
        if time.monotonic() < self._store_rest:
            return
        if not self._store_failures:
            bug = None if isinstance(error, UserError) else error
            log.error("the outbox cannot be used, nothing is sent until it can: %s", error, exc_info=bug)
        wait = STORE_BACK_OFF[min(self._store_failures, len(STORE_BACK_OFF) - 1)]
        self._store_failures += 1
        self._store_rest = time.monotonic() + wait
        self._quiet.set()
        self._woken.set()

    def _store_is_well(self) -> None:
        if self._store_failures:
            log.info("the outbox can be used again")
            self._store_failures = 0

    # the end ----------------------------------------------------------------------------------------------------------
    async def _wind_down(self) -> None:
        try:
            await self._end_workers()
            for lane in self._lanes.values():
                self._put_back(lane.take_all())
            async with asyncio.timeout(LAST_WORDS):
                await asyncio.gather(*(lane.pool.close() for lane in self._lanes.values()), *self._retiring)
                while self._recording:
                    await asyncio.wait(self._recording)
        except TimeoutError:
            log.warning("stopping without waiting any longer for servers or store")
        finally:
            if self._unrecorded or self._recording:
                log.error("the store did not record what became of some letters: they are shown at the next start")
            self._ended.set()
            self._quiet.set()

    async def _retire(self, lane: _Lane) -> None:
        """The end of a lane whose server is no longer configured."""
        if lane.workers:
            await asyncio.wait(lane.workers)
        self._put_back(lane.take_all())
        await lane.pool.close()

    async def _end_workers(self) -> None:
        """Lets the letters in hand finish within the grace, then breaks them off."""
        lanes = [*self._lanes.values(), *self._retiring.values()]
        workers = {worker for lane in lanes for worker in lane.workers}
        grace = max(0.0, self._until - time.monotonic())
        while workers:
            _, workers = await asyncio.wait(workers, timeout=grace)
            for worker in workers:  # more than once: Python 3.11's wait_for can swallow a cancellation
                worker.cancel()
            grace = 0.1


def _broken_off(dot_left: bool, why: str) -> Sent:
    """The outcome of an attempt that ended without one."""
    return Sent(Event.NO_ANSWER, "dot", 0, why) if dot_left else Sent(Event.DEFERRED, "body", 0, why)


def _words(sent: Sent) -> str:
    """`550 5.1.1 no such user (to RCPT)`: what goes into the store and the log."""
    command = {"mail": "MAIL", "rcpt": "RCPT", "data": "DATA", "body": "the letter", "dot": "the final dot"}
    where = f" (to {command[sent.phase]})" if sent.code and sent.phase in command else ""
    return f"{sent.code or ''} {sent.text}".strip() + where


def _fields(letter: Letter, sent: Sent | None = None, state: State | None = None) -> dict[str, object]:
    fields: dict[str, object] = {"mailbox": letter.mailbox, "reply_id": letter.id, "target": letter.target}
    if sent is not None:
        fields |= {"state": str(state or ""), "code": sent.code, "phase": sent.phase}
    return fields


def _report(letter: Letter, sent: Sent, state: State | None, again: datetime | None) -> None:
    """The log line for an outcome."""
    fields = _fields(letter, sent, state)
    who = f"{'reply' if letter.kind == 'reply' else 'letter'} {letter.id} to {letter.target}"
    if state is None:
        log.error("%s: somebody else moved it; what we saw: %s %s", who, sent.event, _words(sent), extra=fields)
    elif sent.event is Event.ACCEPTED:
        log.info("%s: sent (%s)", who, _words(sent), extra=fields)
    elif sent.event is Event.DEFERRED and again is not None:
        log.warning("%s: not now, again at %s: %s", who, f"{again:%Y-%m-%d %H:%M:%S %Z}", _words(sent), extra=fields)
    elif sent.event is Event.REFUSED:
        log.warning("%s: refused for good: %s", who, _words(sent), extra=fields)
    else:
        log.error(
            "%s may or may not have arrived (%s): look for Message-ID %s in the server's log, then say"
            " `autoresponder outbox close %d` when it did, `autoresponder outbox resend %d` when it did not",
            who,
            _words(sent),
            letter.message_id,
            letter.id,
            letter.id,
            extra=fields,
        )
