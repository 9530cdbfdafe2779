"""Work on many things in several processes, with the results in the order of the things.

Contract: `ordered` gives what `map` would, and raises what it would raise, after the same results. Memory is bounded:
each process has at most two portions in hand. A process that dies, or fails at a thing, costs time only: its portion is
done here. All processes end with the generator, by Ctrl-C too, and when this process is killed.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, cycle, islice
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")
PORTION = 25
"""Things that are handed over together."""
FEW = 8
"""Portions; fewer are done here, as starting processes would take longer."""
MOST = 8
"""Processes."""


def ordered(
    work: Callable[[T], R],
    things: Iterable[T],
    *,
    total: int | None = None,
    plain: Sequence[type] = (),
    alone: bool = False,
) -> Iterator[R]:
    """`work` of each thing. Things and results cross a pipe, so they must be picklable.

    total: how many things there are, where that is known; then the processes start before the first one is asked for.
    plain: dataclasses of which many cross, each made anew from its fields, in half of pickle's time. alone: in this
    process only, as on one core, and where a process cannot fork."""
    failed: list[Exception] = []
    portions = _portions(things, failed)
    first = list(islice(portions, FEW)) if total is None else []
    many = len(first) == FEW if total is None else total >= FEW * PORTION
    rest = chain(first, portions)
    count = min(MOST, _cores()) if many and not alone and hasattr(os, "fork") else 1
    yield from _spread(work, rest, count, plain) if count > 1 else map(work, chain.from_iterable(rest))
    if failed:
        raise failed[0]


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _portions(things: Iterable[T], failed: list[Exception]) -> Iterator[list[T]]:
    """The things in portions; what ends them early is put into `failed`, to be raised when those before it are done."""
    portion: list[T] = []
    try:
        for thing in things:
            portion.append(thing)
            if len(portion) == PORTION:
                yield portion
                portion = []
    except Exception as error:
        failed.append(error)
    if portion:
        yield portion


def _spread(work: Callable[[T], R], portions: Iterator[list[T]], count: int, plain: Sequence[type]) -> Iterator[R]:
    from multiprocessing import get_context  # 20 ms, which a single letter does not wait for
    from multiprocessing.reduction import ForkingPickler

    for kind in plain:
        ForkingPickler.register(kind, _taken_apart)
    context = get_context("fork")  # which hands `work` over with all that it knows
    hands: list[Connection] = []
    waiting: deque[tuple[Connection, list[T]]] = deque()

    def give(hand: "Connection", portion: list[T]) -> None:
        with suppress(OSError):  # it has died: its portion is done here
            hand.send(portion)
        waiting.append((hand, portion))

    processes = []
    try:
        for _ in range(count):
            here, there = context.Pipe()
            hands.append(here)
            process = context.Process(target=_serve, args=(work, there, tuple(hands)), daemon=True)
            process.start()
            processes.append(process)
            there.close()
        for hand, portion in zip(cycle(hands), islice(portions, 2 * count), strict=False):
            give(hand, portion)
        while waiting:
            hand, portion = waiting.popleft()
            results: list[R] | None = _result(hand)
            for following in islice(portions, 1):
                give(hand, following)
            yield from map(work, portion) if results is None else results
    finally:
        for hand in hands:
            hand.close()
        for process in processes:
            process.terminate()
            process.join()


def _taken_apart(thing: Any) -> tuple[type, tuple[Any, ...]]:
    """A dataclass as pickle may be told of it: what makes it, and of what."""
    return type(thing), tuple([getattr(thing, name) for name in thing.__match_args__])


def _result(hand: "Connection") -> Any:
    """What a process sends back; None where it could not."""
    try:
        return hand.recv()
    except (EOFError, OSError):
        return None


def _serve(work: Callable[[T], R], hand: "Connection", others: "Sequence[Connection]") -> None:
    """A process: portion after portion, until there is nobody to give one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us, and ends us
    for other in others:
        other.close()
    given: SimpleQueue[list[T] | None] = SimpleQueue()
    Thread(target=_take, args=(hand, given), daemon=True).start()
    with suppress(OSError):
        while (portion := given.get()) is not None:
            try:
                results: list[R] | None = [work(thing) for thing in portion]
            except Exception:  # it is done again where the error is raised and shown
                results = None
            hand.send(results)


def _take(hand: "Connection", given: "SimpleQueue[list[T] | None]") -> None:
    """Takes portions as they come, also while a result waits to be fetched: else two that write to each other, more
    than a pipe holds, would wait for ever."""
    with suppress(EOFError, OSError):
        while True:
            given.put(hand.recv())
    given.put(None)
