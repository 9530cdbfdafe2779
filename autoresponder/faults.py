"""Faults on purpose: where tests end or freeze the daemon, to prove "never twice, never lost" (docs/testing.md).

Contract: `point(name)` marks a step in the life of a letter, `now()` is the time of day the daemon goes by. Unless the
variables below are set when the program starts, `point` and `taste` do nothing (some 20 ns) and `now` is the clock.

AUTORESPONDER_FAULT=point:action[:n]  at the n-th passage of the point (the first, unless said), once. `kill` and `term`
    send this process SIGKILL or SIGTERM; `stop` freezes it (SIGSTOP), so that whoever watches can take away its disk,
    its locks or its network before SIGCONT. A word that is not known here raises ValueError at import.
AUTORESPONDER_POISON=TEXT  a message that holds TEXT is poison: reading it ends this process at once, by SIGSEGV, as a
    fault in a C library would.
AUTORESPONDER_CLOCK=FILE  the daemon's time is ahead of the clock by the number of seconds in FILE (behind it, when
    negative); FILE is read at every look, so that the clock can be stepped under a running daemon.
"""

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

Point = Literal[
    "exists-seen",  # the server has told of news during IDLE
    "fetched",  # new messages are read
    "decided",  # and decided, nothing is recorded yet
    "recording",  # in the transaction of decisions, replies and cursor, before its commit
    "recorded",  # after it
    "claimed",  # a reply is SENDING
    "connected",  # a new SMTP session is open
    "mail-accepted",
    "rcpt-accepted",
    "data-accepted",  # 354: the letter may come
    "body-written",  # all but the final dot is with the kernel
    "in-doubt-recorded",  # IN_DOUBT is on disk, the dot has not left
    "dot-written",
    "answer-read",  # the server's answer to the dot is here and not recorded
    "sent-recorded",  # SENT is on disk
    "copy-filed",  # its copy is in the folder of sent letters, and that is not recorded
    "committing",  # before any commit at all
]
POINTS: tuple[Point, ...] = get_args(Point)
"""In the order in which a letter passes them; `committing` is everywhere."""
ACTIONS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "stop": signal.SIGSTOP}


def nothing(_name: Point) -> None:
    """What a point does when no fault was asked for."""


class Strike:
    """A point with a fault: one signal to this very thread, so that it does not take another step."""

    __slots__ = ("_left", "_lock", "_name", "_number")

    def __init__(self, text: str) -> None:
        """`point:action[:n]`; raises ValueError."""
        name, action, count = ([*text.split(":"), "1", "", ""])[:3]
        if name not in POINTS or action not in ACTIONS or not count.isdecimal():
            raise ValueError(f"AUTORESPONDER_FAULT={text}: not point:action[:n], with a point of {POINTS}")
        self._name, self._number, self._left = name, ACTIONS[action], int(count)
        self._lock = threading.Lock()

    def __call__(self, name: Point) -> None:
        """One passage."""
        if name != self._name:
            return
        with self._lock:
            self._left -= 1
            due = self._left == 0
        if due:
            signal.pthread_kill(threading.get_ident(), self._number)


def point_for(text: str) -> Callable[[Point], None]:
    """What `point` is to be for this AUTORESPONDER_FAULT ("" when there is none)."""
    return Strike(text) if text else nothing


def untasted(_raw: bytes) -> None:
    """What becomes of a message when there is no poison."""


def taste_for(text: str) -> Callable[[bytes], None]:
    """What `taste` is to be for this AUTORESPONDER_POISON ("" when there is none)."""
    poison = text.encode()

    def tasted(raw: bytes) -> None:
        if poison in raw:
            signal.pthread_kill(threading.get_ident(), signal.SIGSEGV)

    return tasted if text else untasted


def clock() -> datetime:
    """The time of day, aware, in UTC."""
    return datetime.now(UTC)


def clock_for(file: str) -> Callable[[], datetime]:
    """What `now` is to be for this AUTORESPONDER_CLOCK ("" when there is none)."""

    def stepped() -> datetime:
        return clock() + timedelta(seconds=float(Path(file).read_text()))

    return stepped if file else clock


point = point_for(os.environ.get("AUTORESPONDER_FAULT", ""))
taste = taste_for(os.environ.get("AUTORESPONDER_POISON", ""))
now = clock_for(os.environ.get("AUTORESPONDER_CLOCK", ""))
