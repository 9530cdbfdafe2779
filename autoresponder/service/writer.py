"""The writer: the one thread that talks to the store, and the group commit that makes it fast.

Contract: jobs are done in the order in which they were handed in, and everything that has queued up while the last
commit was on its way to the disk shares the next one. A caller is released only after the commit that holds its job.
A job that raises is heard of by its own caller only, and the store call that raised has changed nothing; a commit that
fails is heard of by every caller of its group, for nothing of that group is on disk. `close` does what is queued, then
ends the thread.

From asyncio: `await writer.call(job)` or `writer.submit(job)`; from a mailbox's thread: `writer.run(job)`. A job gets
the store as its first argument, must not wait for anything else, and changes things by one call (of two, the first
would stay when the second raises).
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Concatenate, Generic, ParamSpec, TypeVar

from autoresponder.store import Store

T = TypeVar("T")
P = ParamSpec("P")
GROUP = 256
"""Jobs that share one commit at most: what a crash in the middle of a group may take back stays small."""


class _Job(Generic[T]):
    """One piece of work and the future its caller waits on (`loop` None: a thread's, else an asyncio one)."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(
        self,
        work: Callable[[Store], T],
        future: "asyncio.Future[T] | Future[T]",
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.work, self.future, self.loop = work, future, loop
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


class Writer:
    """See the module's contract."""

    def __init__(self, store: Store) -> None:
        """Starts the thread; the store stays the caller's to close, after `close`."""
        self._store = store
        self._queue: SimpleQueue[_Job[object] | None] = SimpleQueue()
        self._door = threading.Lock()  # so that nothing is queued behind the mark that ends the thread
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    async def call(self, job: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`job(store, *args)`'s result, once it is on disk. Raises what the job or its commit raised."""
        return await self.submit(job, *args, **kwargs)

    def submit(self, job: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        """As `call`, for a caller in an event loop who does not want to wait: its queue place is taken at once."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Job(lambda store: job(store, *args, **kwargs), future, loop))
        return future

    def run(self, job: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `call`, for other threads: blocks until the commit. Never call it in an event loop's thread."""
        future: Future[T] = Future()
        self._put(_Job(lambda store: job(store, *args, **kwargs), future))
        return future.result()

    def close(self) -> None:
        """Does what is queued, then ends the thread; a second call does nothing. A later job raises RuntimeError."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _put(self, job: _Job[T]) -> None:
        with self._door:
            if self._closed:
                raise RuntimeError("the writer is closed")
            self._queue.put(job)  # type: ignore[arg-type]  # a queue of jobs of every type

    def _work(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            if group:
                self._commit(group)
                _release(group)

    def _next_group(self) -> tuple[list[_Job[object]], bool]:
        """Waits for a job and takes what else is there; whether the end was among it."""
        group: list[_Job[object]] = []
        job = self._queue.get()
        while job is not None:
            group.append(job)
            if len(group) == GROUP:
                return group, False
            try:
                job = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _commit(self, group: list[_Job[object]]) -> None:
        try:
            with self._store.transaction():
                for job in group:
                    job.do(self._store)
        except BaseException as error:  # nothing of the group is on disk: every caller must know
            for job in group:
                job.error = job.error or error


def _release(group: list[_Job[object]]) -> None:
    """Tells every caller; each event loop is woken once for all of its own."""
    loops: dict[asyncio.AbstractEventLoop, list[_Job[object]]] = {}
    for job in group:
        if job.loop is None:
            job.release()
        else:
            loops.setdefault(job.loop, []).append(job)
    for loop, jobs in loops.items():
        try:
            loop.call_soon_threadsafe(_release_all, jobs)
        except RuntimeError:  # that loop is closed: nobody is left to be told
            continue


def _release_all(jobs: list[_Job[object]]) -> None:
    for job in jobs:
        job.release()
