"""Work in several processes is as work in one: the same results, the same errors, nothing left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

import pytest

from autoresponder.cli.crew import FEW, MOST, PORTION, ordered

MANY = FEW * PORTION * 3 + 7
HERE = os.getpid()


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def test_results_are_in_order_and_come_from_others() -> None:
    found = list(ordered(square, range(MANY)))
    assert [number for number, _ in found] == [number * number for number in range(MANY)]
    cores = len(os.sched_getaffinity(0))
    assert len({pid for _, pid in found} - {HERE}) == (min(MOST, cores) if cores > 1 else 0)


@pytest.mark.parametrize(("things", "alone"), [(FEW * PORTION - PORTION, False), (MANY, True), (0, False)])
def test_a_few_are_done_here(things: int, alone: bool) -> None:
    found = list(ordered(square, range(things), alone=alone))
    assert {pid for _, pid in found} <= {HERE}
    assert len(found) == things


@pytest.mark.parametrize(("bad", "total"), [(3, 50), (PORTION, MANY), (MANY - 1, MANY)])
def test_an_error_comes_after_the_results_before_it(bad: int, total: int) -> None:
    found: list[int] = []
    with pytest.raises(ZeroDivisionError):
        for result in ordered(lambda number: number // (number - bad), range(total)):
            found.append(result)
    assert len(found) == bad


@pytest.mark.parametrize("good", [5, MANY])
def test_things_that_run_out_with_an_error(good: int) -> None:
    def things() -> Iterator[int]:
        yield from range(good)
        raise FileNotFoundError("gone")

    found: list[tuple[int, int]] = []
    with pytest.raises(FileNotFoundError, match="gone"):
        for result in ordered(square, things()):
            found.append(result)
    assert [number for number, _ in found] == [number * number for number in range(good)]


def test_a_process_that_dies_costs_time_only() -> None:
    def work(number: int) -> int:
        if number % 100 == 60 and os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert list(ordered(work, range(MANY))) == list(range(MANY))
    assert not multiprocessing.active_children()


@dataclass(frozen=True, slots=True)
class Parcel:
    number: int
    content: bytes
    copies: tuple[bytes, ...] = ()


@pytest.mark.parametrize("plain", [(), (Parcel,)])
def test_things_and_results_of_any_size(plain: tuple[type, ...]) -> None:
    """More than a pipe holds goes both ways at once."""
    things = [Parcel(number, bytes([number % 256]) * 20_000) for number in range(MANY)]
    found = list(ordered(lambda one: replace(one, copies=(one.content,)), things, plain=plain))
    assert found == [replace(one, copies=(one.content,)) for one in things]


@pytest.mark.parametrize(("total", "others"), [(MANY, True), (FEW * PORTION - 1, False)])
def test_who_knows_how_many_there_are_is_asked_for_none_before_the_processes_start(total: int, others: bool) -> None:
    started: list[int] = []

    def things() -> Iterator[int]:
        started.append(len(multiprocessing.active_children()))
        yield from range(total)

    assert len(list(ordered(square, things(), total=total))) == total
    assert (started[0] > 0) == (others and len(os.sched_getaffinity(0)) > 1)


def test_ctrl_c_is_for_the_one_that_began() -> None:
    def work(_number: int) -> int:
        if os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGINT)
        return os.getpid()

    assert (HERE in list(ordered(work, range(MANY)))) == (len(os.sched_getaffinity(0)) == 1)


def test_little_is_asked_for_ahead_and_nobody_stays() -> None:
    things = count()
    results = ordered(square, things)
    assert len(list(islice(results, MANY))) == MANY
    assert next(things) <= MANY + (2 * MOST + FEW) * PORTION
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert not multiprocessing.active_children()


ENDLESS = """
import os, sys
from itertools import count
from autoresponder.cli.crew import ordered
for pid in ordered(lambda _number: os.getpid(), count()):
    print(pid, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_all_end_with_the_one_that_began(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as main:
        assert main.stdout is not None
        assert main.stderr is not None
        others = {int(main.stdout.readline()) for _ in range(MANY)} - {main.pid}
        if how is signal.SIGINT:
            os.killpg(main.pid, how)  # as a terminal does
        else:
            main.send_signal(how)
        main.stdout.close()
        said = main.stderr.read().decode()  # closed when the last of them has ended
    assert said.count("Traceback") == (how is signal.SIGINT)
    until = time.monotonic() + 10
    while others and time.monotonic() < until:
        others = {pid for pid in others if _lives(pid)}
    assert not others


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
