"""The writer: the one thread that talks to the store, and the group commit that makes it fast.

Contract: jobs are done in the order in which they were handed in, and everything that has gathered while the last
commit was on its way to the disk shares the next one. A caller is released only after the commit that holds its job.
A job that raises is heard of by its own caller only, and the store call that raised has changed nothing; a commit that
fails is heard of by every caller of its group, for nothing of that group is on disk. `hurry` bounds what all that is
still to come may spend on waiting for another process; `close` does what is queued, then ends the thread.

From the event loop (one): `await writer.call(job)`, or `writer.submit(job)` and `writer.submit_lazily(job)`, which do
not wait; from a mailbox's thread: `writer.run(job)`. A job gets the store as its first argument, must not wait for
anything else, and changes things by one call (of two, the first would stay when the second raises).
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from autoresponder.faults import point
from autoresponder.store import Store

T = TypeVar("T")
P = ParamSpec("P")
GROUP = 256
"""Jobs from which on a commit waits for no more: what a failing one takes back stays small."""
LAZY = 0.01
"""Seconds for which a lazy job waits for others to share its commit."""


class _Job(Generic[T]):
    """One piece of work and the future its caller waits on."""

    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Callable[[Store], T], future: "asyncio.Future[T] | Future[T]") -> None:
        self.work, self.future = work, future
        self.result: T
        self.error: BaseException | None = None

    def do(self, store: Store) -> None:
        """Does the work; what it returns or raises is kept until the commit."""
        try:
            self.result = self.work(store)
        except BaseException as error:  # whatever it is belongs to the caller, not to this thread
            self.error = error

    def release(self) -> None:
        """Tells the caller. A caller that was cancelled meanwhile hears nothing; its work is done all the same."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


Jobs = list[_Job[Any]]


class Writer:
    """See the module's contract."""

    def __init__(self, store: Store) -> None:
        """Starts the thread; the store stays the caller's to close, after `close`."""
        self._store = store
        self._queue: SimpleQueue[Jobs | None] = SimpleQueue()
        self._door = threading.Lock()  # guards what follows; nothing is queued behind the mark that ends the thread
        self._closed = False
        self._gathered: Jobs = []  # the event loop's, not yet queued
        self._gathering: asyncio.Handle | None = None  # when they will be
        self._patient = False  # `_gathering` is as late as lazy jobs may be
        self._until = math.inf  # when waiting for other processes ends (monotonic)
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    async def call(self, job: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`job(store, *args)`'s result, once it is on disk. Raises what the job or its commit raised."""
        return await self.submit(job, *args, **kwargs)

    def submit(self, job: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        """As `call`, without waiting: the place in the queue is taken at once."""
        return self._gather(lambda store: job(store, *args, **kwargs), lazy=False)

    def submit_lazily(
        self, job: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> "asyncio.Future[T]":
        """As `submit`, for what nobody waits for: it waits up to 10 ms for another job to share the commit with."""
        return self._gather(lambda store: job(store, *args, **kwargs), lazy=True)

    def run(self, job: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `call`, for other threads: blocks until the commit. Never call it in the event loop's thread."""
        future: Future[T] = Future()
        with self._door:
            self._insist()
            self._queue.put([_Job(lambda store: job(store, *args, **kwargs), future)])
        return future.result()

    def hurry(self, seconds: float) -> None:
        """The end is near: for so long in all, and no longer, the store is waited for when another process keeps it."""
        self._until = time.monotonic() + seconds

    def close(self) -> None:
        """Does what is queued, then ends the thread; a second call does nothing. A later job raises RuntimeError."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(self._gathered)
                self._queue.put(None)
                self._gathered = []
        self._thread.join()

    def _insist(self) -> None:
        if self._closed:
            raise RuntimeError("the writer is closed")

    # in the event loop ------------------------------------------------------------------------------------------------
    def _gather(self, work: Callable[[Store], T], *, lazy: bool) -> "asyncio.Future[T]":
        """All jobs of one turn of the loop are queued together at its end: it is the changing of threads that costs."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._door:
            self._insist()
            self._gathered.append(_Job(work, future))
            if self._gathering is None:
                self._gathering = loop.call_later(LAZY, self._hand_over) if lazy else loop.call_soon(self._hand_over)
                self._patient = lazy
            elif self._patient and not lazy:
                self._gathering.cancel()
                self._gathering, self._patient = loop.call_soon(self._hand_over), False
        return future

    def _hand_over(self) -> None:
        with self._door:
            self._gathering = None
            if not self._closed:
                self._queue.put(self._gathered)
                self._gathered = []

    # in the thread ----------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            self._commit(group)
            _release(group)

    def _next_group(self) -> tuple[Jobs, bool]:
        """Waits for jobs and takes what else is there; whether the end was among it."""
        group: Jobs = []
        jobs = self._queue.get()
        while jobs is not None:
            group += jobs
            if len(group) >= GROUP:
                return group, False
            try:
                jobs = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _commit(self, group: Jobs) -> None:
        if not group:
            return
        try:
            if self._until < math.inf:
                self._store.patience(max(0.0, self._until - time.monotonic()))
            with self._store.transaction():
                for job in group:
                    job.do(self._store)
                point("committing")
        except BaseException as error:  # nothing of the group is on disk: every caller must know
            for job in group:
                job.error = job.error or error


def _release(group: Jobs) -> None:
    """Tells every caller; the event loop is woken once for all of its own."""
    waiting: dict[asyncio.AbstractEventLoop, Jobs] = {}
    for job in group:
        if isinstance(job.future, Future):
            job.release()
        else:
            waiting.setdefault(job.future.get_loop(), []).append(job)
    for loop, jobs in waiting.items():
        try:
            loop.call_soon_threadsafe(_release_all, jobs)
        except RuntimeError:  # the loop is closed: nobody is left to be told
            continue


def _release_all(jobs: Jobs) -> None:
    for job in jobs:
        job.release()
