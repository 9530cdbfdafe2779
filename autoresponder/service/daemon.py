"""The daemon: puts the house together from rules.yaml, keeps it running, takes it apart in order.

Composition root: the only place that knows every part. Contract: a broken configuration at start is a `ConfigError`
with every problem; a broken one at reload keeps the old rules and says why in the log, in `status` and to systemd.
SIGHUP or a changed file reloads, and whoever waits for a server tries it at once; SIGTERM and SIGINT finish the letter
in hand and end within `GRACE` seconds. A clock that is set back or forward delays nothing.
"""

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from autoresponder import __version__
from autoresponder.answer.templates import Library
from autoresponder.aside import aside
from autoresponder.config.settings import Account, Settings
from autoresponder.core.outbox import Event
from autoresponder.core.token import Signer
from autoresponder.errors import ConfigError, RemoteError, UserError
from autoresponder.mail.smtp import Sent
from autoresponder.service.book import Book, load_all, make_book
from autoresponder.service.care import Care
from autoresponder.service.changes import differences
from autoresponder.service.clock import ClockWatch, run_now
from autoresponder.service.deliver import Delivery, Outgoing
from autoresponder.service.desk import Desk
from autoresponder.service.filing import Filing
from autoresponder.service.log import counted
from autoresponder.service.notify import Notifier
from autoresponder.service.restored import take_over
from autoresponder.service.threads import Threads
from autoresponder.service.watch import Watcher
from autoresponder.service.writer import Writer
from autoresponder.store import Letter, Store

log = logging.getLogger(__name__)
GRACE = 8.0
"""Seconds that a stop may take; systemd's own limit is longer."""
LAST_WORDS = 1.5
"""Seconds of it that are left to watchers that had to be cut off."""
LOOK = 2
"""Seconds between looks at the configuration files."""
TICK = 5
"""Seconds between looks at what other processes (the command line) changed in the store."""
HEARTBEAT = 15
"""Seconds between the daemon's notes about itself for `status`."""
FIRST_LOOK = 15
"""Seconds that the start waits for every mailbox's first attempt before it says READY."""


class Daemon:
    """One running daemon over one open store."""

    def __init__(
        self,
        settings: Settings,
        library: Library,
        store: Store,
        signer: Signer,
        *,
        backlog: timedelta | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        notifier: Notifier | None = None,
    ) -> None:
        """The store must be open and locked; it is closed by whoever opened it."""
        self.settings, self._library, self._signer, self._now = settings, library, signer, now
        self._backlog = backlog
        self._notifier = notifier or Notifier()
        doubt = take_over(store, now())
        self._writer = Writer(store)
        self._threads = Threads()
        self._care = Care(self._writer, crashed=store.crashed(), now=now)
        self._desk = Desk(self._writer, make_book(settings, library, signer), now, doubt=doubt)
        owner = f"{os.uname().nodename}:{os.getpid()}"
        self._delivery = Delivery(
            self._writer, _outgoing(settings), owner=owner, now=now, on_event=self._after_delivery
        )
        self._filings: dict[str, Filing] = {}
        self._watchers: dict[tuple[str, str], tuple[Watcher, asyncio.Task[None]]] = {}
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._clock = ClockWatch(self._clock_was_set)
        self._stop = asyncio.Event()
        self._started = now()
        self._problem = ""  # why the last reload was refused
        self._reloads: list[asyncio.Task[None]] = []  # the last one
        self._seen_files = self._signature()

    # running ------------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Runs until SIGTERM, SIGINT or `stop`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        self._greet()
        delivery = asyncio.create_task(self._delivery.run(), name="delivery")
        delivery.add_done_callback(lambda _task: self._stop.set())
        for account in self.settings.accounts.values():
            self._start(account)
        self._schedule()
        clock = asyncio.create_task(self._clock.run(), name="clock")
        await self._first_look()
        self._notifier.ready(self._status_line())
        await self._heartbeat()
        try:
            await self._stop.wait()
        finally:
            clock.cancel()
            await self._end(delivery)
        if not delivery.cancelled() and delivery.exception():
            raise delivery.exception() or RuntimeError("delivery ended")

    async def run_once(self) -> None:
        """Handles what is there in every folder, sends what is due, and ends. Raises `RemoteError` when a server
        failed, after all the others have been served."""
        watchers = [self._watcher(a, folder) for a in self.settings.accounts.values() for folder in a.folders]
        delivery = asyncio.create_task(self._delivery.run(), name="delivery")
        try:
            results = await asyncio.gather(*(w.once() for w in watchers), return_exceptions=True)
            await self._delivery.drain()
            for name, account in self.settings.accounts.items():
                if filing := self._filing(account):
                    await self._threads.do(name, filing.all)
        finally:
            await self._delivery.stop(GRACE)
            await delivery
            self._close()
        failed = [r for r in results if isinstance(r, BaseException)]
        for error in failed:
            log.error("%s", error)
        if not failed:
            log.info("done: no letter without a decision is left in %s", counted(len(results), "folder"))
        if failed:
            if isinstance(failed[0], RemoteError) or len(failed) == 1:
                raise failed[0]
            raise RemoteError(f"{len(failed)} of {len(results)} folders could not be read")

    def stop(self) -> None:
        """As SIGTERM."""
        self._stop.set()

    async def _end(self, delivery: "asyncio.Task[None]") -> None:
        self._notifier.stopping()
        log.info("stopping: finishing the letter in hand")
        if self._scheduler.running:
            self._scheduler.pause()  # no new jobs; one in hand may finish
        for reload in self._reloads:  # it would begin to watch again
            reload.cancel()
        self._writer.hurry(GRACE / 2)
        with suppress(TimeoutError):  # what follows has its own limits; this one holds whatever becomes of them
            async with asyncio.timeout(GRACE + 1):
                await asyncio.gather(self._delivery.stop(GRACE * 0.6), self._end_watchers())
                await asyncio.wait([delivery])
                await self._forget_heartbeat()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._close()
        log.info("stopped")

    async def _end_watchers(self) -> None:
        """Each finishes its batch; who still waits for a server when the grace is nearly over is cut off."""
        watchers = {task: watcher for watcher, task in self._watchers.values()}
        for watcher in watchers.values():
            watcher.stop()
        late = (await asyncio.wait(watchers, timeout=GRACE - LAST_WORDS))[1] if watchers else set()
        for task in late:
            watchers[task].stop(cut=True)
        if late:
            await asyncio.wait(late, timeout=LAST_WORDS)

    def _close(self) -> None:
        self._threads.close()
        self._writer.close()

    # mailboxes ----------------------------------------------------------------------------------------------------
    def _watcher(self, account: Account, folder: str) -> Watcher:
        return Watcher(
            account,
            folder,
            self._desk,
            self._care,
            self._writer,
            self._threads,
            self._now,
            on_replies=self._delivery.wake,
            on_change=self._note_soon,
            backlog=self._backlog,
            writable=_writable(self.settings, account),
            filing=self._filing(account) if folder == account.folders[0] else None,
        )

    def _filing(self, account: Account) -> Filing | None:
        """The one that files this mailbox's answers, the same one over every reload; None where that is not wanted."""
        if not _files(self.settings, account):
            return None
        filing = self._filings.setdefault(account.name, Filing(account, self._writer, self._now))
        filing.account = account
        return filing

    def _after_delivery(self, letter: Letter, sent: Sent) -> None:
        """The copy of an answer that has just gone out is filed soon."""
        account, filing = self.settings.accounts.get(letter.mailbox), self._filings.get(letter.mailbox)
        if sent.event is Event.ACCEPTED and account and filing and _files(self.settings, account):
            filing.more()
            if found := self._watchers.get((account.name, account.folders[0])):
                found[0].poll()

    def _start(self, account: Account) -> None:
        for folder in account.folders:
            watcher = self._watcher(account, folder)
            task = asyncio.create_task(watcher.run(), name=watcher.place)
            self._watchers[account.name, folder] = watcher, task
            every = account.poll.total_seconds()
            self._scheduler.add_job(self._poll, "interval", [watcher], seconds=every, id=watcher.place)

    async def _first_look(self) -> None:
        """Until every folder was tried once, the daemon is told to stop, or `FIRST_LOOK` is over."""

        async def tried() -> None:
            for watcher, _task in list(self._watchers.values()):
                await watcher.caught_up.wait()

        waits = [asyncio.create_task(tried()), asyncio.create_task(self._stop_asked())]
        await asyncio.wait(waits, timeout=FIRST_LOOK, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _stop_asked(self) -> None:
        await self._stop.wait()

    # reload -------------------------------------------------------------------------------------------------------
    def reload(self) -> None:
        """Reads everything again, in the background; a wrong file changes nothing but what `status` says."""
        if self._stop.is_set():
            return
        self._notifier.reloading()
        self._seen_files = self._signature()
        self._reloads.append(asyncio.create_task(self._reload(self._reloads[-1:]), name="reload"))
        del self._reloads[:-1]

    async def _reload(self, before: "list[asyncio.Task[None]]") -> None:
        if before:
            await asyncio.wait(before)
        read = self._signature()
        try:
            settings, library = await aside(partial(load_all, self.settings.path))
            if settings.state != self.settings.state:
                raise ConfigError("state: cannot change while running", step="restart the daemon")
            book = make_book(settings, library, self._signer)
        except ConfigError as error:
            self._problem = str(error)
            log.error("not reloaded, the rules in force stay as they were: %s", error)
            self._tell_of_refusal(self._problem)
        except Exception as error:  # a bug of ours must not end the reloading for good
            self._problem = f"internal error: {type(error).__name__}: {error}"
            log.exception("not reloaded, the rules in force stay as they were: %s", self._problem)
        else:
            self._problem = ""
            changed_meanwhile = self._signature() != read
            self._take_over(settings, library, book)
            self._seen_files = read if changed_meanwhile else self._signature()
            await self._first_look()
        self._try_now()
        await self._heartbeat()
        self._notifier.ready(self._status_line())

    def _try_now(self) -> None:
        """Whoever waits for a server stops waiting: it may be the server that was mended."""
        for watcher, _task in self._watchers.values():
            watcher.poll()
        for filing in self._filings.values():
            filing.try_now()
        self._delivery.try_now()

    def _tell_of_refusal(self, problem: str) -> None:
        """By mail to `notify` of the rules in force; the same problem is not told twice."""
        now = self._now()
        notice = self._desk.book.staff.of_refusal(problem, now)

        def done(future: "asyncio.Future[bool]") -> None:
            if error := future.exception():  # the store is failing, which is shown elsewhere
                log.warning("nobody could be told by mail: %s", error)
            elif future.result():
                self._delivery.wake()

        self._writer.submit(lambda store: store.tell(notice, now)).add_done_callback(done)

    def _take_over(self, settings: Settings, library: Library, book: Book) -> None:
        old, self.settings, self._library = self.settings, settings, library
        self._desk.book = book
        self._delivery.update(_outgoing(settings))
        for name, account in old.accounts.items():
            same = all(ask(old, account) == ask(settings, account) for ask in (_writable, _files))
            if settings.accounts.get(name) != account or not same:
                self._end_account(account)
        for name, account in settings.accounts.items():
            if any((name, folder) not in self._watchers for folder in account.folders):
                self._start(account)
        for line in differences(old, settings):
            log.info("reloaded: %s", line)
        for warning in settings.warnings:
            log.warning("%s", warning)
        log.info(
            "reloaded: %s, %s", counted(len(settings.policy.rules), "rule"), counted(len(settings.accounts), "mailbox")
        )

    def _end_account(self, account: Account) -> None:
        for folder in account.folders:
            watcher, _task = self._watchers.pop((account.name, folder))
            self._scheduler.remove_job(watcher.place)
            watcher.stop(cut=True)

    def _signature(self) -> tuple[tuple[str, int, int, int], ...]:
        """What the files look like from outside; an editor that replaces the file changes the inode."""
        found = []
        folder = self.settings.templates
        names = {*self.settings.watch, *self._library.files, *(folder.iterdir() if folder.is_dir() else ())}
        for path in sorted(names):
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return tuple(found)

    # jobs ---------------------------------------------------------------------------------------------------------
    def _schedule(self) -> None:
        """Jobs are coroutines: APScheduler runs plain functions in threads, beside the event loop they speak to."""
        self._scheduler.add_job(self._look_at_files, "interval", seconds=LOOK)
        self._scheduler.add_job(self._tick, "interval", seconds=TICK)
        self._scheduler.add_job(self._heartbeat, "interval", seconds=HEARTBEAT, id="heartbeat")
        if seconds := self._notifier.watchdog_seconds:
            self._scheduler.add_job(self._feed_watchdog, "interval", seconds=seconds / 3)
        self._scheduler.start()

    async def _poll(self, watcher: Watcher) -> None:
        if filing := self._filings.get(watcher.account.name):
            filing.more()  # an operator may have closed an uncertain one as arrived
        watcher.poll()

    def _clock_was_set(self, step: timedelta) -> None:
        way = "forward" if step > timedelta(0) else "back"
        log.warning("the clock was set %s by %s", way, abs(step), extra={"step": step.total_seconds()})
        run_now(self._scheduler)
        self._delivery.wake()

    async def _look_at_files(self) -> None:
        if now := set(self._signature()).symmetric_difference(self._seen_files):
            names = ", ".join(sorted({Path(path).name for path, *_ in now}))
            log.info("the configuration changed on disk: %s", names)
            self.reload()

    async def _tick(self) -> None:
        """What the command line may have asked for: a letter to send again, a message to try again."""
        self._delivery.wake()
        with suppress(UserError):  # the store is failing, which is shown elsewhere
            for place in await self._writer.call(lambda store: store.retry_asked()):
                found = self._watchers.get(place)
                if found and not found[0].state.error:  # who waits for a server looks anyway when it is back
                    found[0].poll()

    async def _feed_watchdog(self) -> None:
        """Only progress feeds it: of the event loop, which runs this, and of every watcher, which has a deadline."""
        stuck = [w.place for w, _task in self._watchers.values() if w.deadline < time.monotonic()]
        if stuck:
            log.error("no progress with %s: the watchdog is not fed", ", ".join(stuck))
        else:
            self._notifier.watchdog()

    def _note_soon(self) -> None:
        """Has `status` know of a change within moments."""
        if self._scheduler.running and self._scheduler.get_job("heartbeat"):
            self._scheduler.modify_job("heartbeat", next_run_time=datetime.now(UTC))

    async def _heartbeat(self) -> None:
        """Notes for `status`; the store may be failing, which is shown elsewhere."""
        note = {
            "pid": os.getpid(),
            "version": __version__,
            "started": self._started,
            "at": self._now(),
            "mode": "shadow" if self.settings.shadow else "live",
            "rules": str(self.settings.path),
            "problem": self._problem,
            "servers": self._delivery.troubles,
            "copies": {
                account.name: filing.trouble
                for account in self.settings.accounts.values()
                if (filing := self._filing(account)) and filing.trouble
            },
            "watchers": [asdict(watcher.state) for watcher, _task in self._watchers.values()],
        }
        text = json.dumps(note, default=lambda value: value.isoformat())
        try:
            await self._writer.call(lambda store: store.remember("daemon", text))
        except Exception as error:
            log.warning("could not note the heartbeat: %s", error)
        self._notifier.status(self._status_line())

    async def _forget_heartbeat(self) -> None:
        try:
            await self._writer.call(lambda store: store.remember("daemon", ""))
        except Exception as error:
            log.warning("could not take back the heartbeat: %s", error)

    # words --------------------------------------------------------------------------------------------------------
    def _greet(self) -> None:
        settings = self.settings
        for warning in settings.warnings:
            log.warning("%s", warning)
        log.info(
            "autoresponder %s: %s, %s from %s%s",
            __version__,
            counted(len(settings.accounts), "mailbox"),
            counted(len(settings.policy.rules), "rule"),
            settings.path,
            "; shadow mode: nothing is sent" if settings.shadow else "",
            extra={"version": __version__, "mailboxes": list(settings.accounts)},
        )

    def _status_line(self) -> str:
        states = [watcher.state for watcher, _task in self._watchers.values()]
        bad = [s for s in states if s.error]
        text = f"{len(states) - len(bad)} of {len(states)} folders watched"
        if bad:
            text += f"; {bad[0].mailbox}/{bad[0].folder}: {bad[0].error[:80]}"
        if self._problem:
            text += "; the changed configuration is wrong, the old one is in force"
        return text + ("; shadow mode" if self.settings.shadow else "")


def _outgoing(settings: Settings) -> Mapping[str, Outgoing]:
    """How each mailbox sends; those in shadow mode do not, whatever waits in the outbox from before."""
    return {
        name: Outgoing(a.smtp, a.mailbox.address)
        for name, a in settings.accounts.items()
        if not (settings.shadow or a.mailbox.shadow)
    }


def _writable(settings: Settings, account: Account) -> bool:
    """Whether a rule may mark or move letters of this mailbox; else, and so in shadow mode, its folders are opened
    read-only (EXAMINE, RFC 3501 section 6.3.2)."""
    if settings.shadow or account.mailbox.shadow:
        return False
    return any((rule.mark or rule.move_to) and not rule.shadow for rule in settings.policy.rules)


def _files(settings: Settings, account: Account) -> bool:
    """Whether this mailbox's answers are filed in its folder of sent letters."""
    return account.save_sent and not (settings.shadow or account.mailbox.shadow)
