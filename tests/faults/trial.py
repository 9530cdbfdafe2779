"""One trial: the real daemon between two proxies, one letter, one fault where the letter is, and what came of it.

The letter is Ana's. While the fault lasts Ana writes again, a list and Bob write; when it is over Carla writes, and
Dora after a restart, where the fault itself was none. So every trial also shows that the repeated sender and the
machine stay unanswered, that what came in between is not forgotten, and that all of it survives a restart. Time is not
waited for: the daemon's clock is put forward until nothing is left to be sent.
"""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from autoresponder.faults import Point
from tests.e2e.house import STOP, House, letter
from tests.faults.disk import Disk
from tests.faults.ledger import Account, Delivered, account, settled, states
from tests.lab import PATIENCE
from tests.lab.dovecot import Dovecot
from tests.lab.machine import wait_until
from tests.lab.proxy import Fault, Proxy
from tests.lab.sink import EXTENSIONS, Sink

ANA, BOB, CARLA, DORA = (f"{name}@people.example" for name in ("ana", "bob", "carla", "dora"))
TIMEOUT = 2
"""Seconds that the daemon waits for a server's answer; ten times that after the dot."""
STEP = 60
"""Seconds by which the daemon's clock is put forward at each look."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`fate` of Ana's letter: answered; uncertain, arrived; uncertain, not arrived; or what else it was."""

    fate: str
    account: Account
    problems: tuple[str, ...]  # broken promises of any kind


class Trial:
    """A house under test; `play` is the whole trial."""

    def __init__(self, folder: Path, dovecot: Dovecot, *, own_disk: bool = False, pipelining: bool = True) -> None:
        """`own_disk`: the state is on a file system of its own (may raise Unavailable). `pipelining`: offered by SMTP
        (RFC 2920)."""
        offers = tuple(one for one in EXTENSIONS if pipelining or one != "PIPELINING")
        self._stack = ExitStack()
        with ExitStack() as undo:
            self.sink = undo.enter_context(Sink(extensions=offers))
            self.smtp = undo.enter_context(Proxy(self.sink.port))
            self.imap = undo.enter_context(Proxy(dovecot.imap_port))
            self.disk = undo.enter_context(Disk(folder / "disk")) if own_disk else None
            self.house = House(folder, dovecot, self.smtp.port)
            self.state = (self.disk.path if self.disk else folder) / "state.db"
            self.house.state = str(self.state)
            self.user = dovecot.new_user()
            poll = "    poll: 10 seconds\n"  # how soon a connection that is a black hole is noticed
            self.address = self.house.mailbox(self.user, port=self.imap.port, timeout=TIMEOUT, more=poll)
            self._clock, self._ahead, self._starts = folder / "clock", 0, 0
            self.put_clock_forward(0)
            self.letters: list[Delivered] = []
            self.problems: list[str] = []
            undo.callback(self._end)
            self._stack = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self) -> None:
        """Whatever went wrong, no daemon is left."""
        if self.house.notifications and self.house.process.poll() is None:
            self.house.process.kill()
            self.house.process.wait(PATIENCE)

    # the daemon -------------------------------------------------------------------------------------------------------
    def start(self, fault: str = "") -> None:
        """Runs it, with AUTORESPONDER_FAULT or without."""
        self.house.environment = {"AUTORESPONDER_CLOCK": str(self._clock), "AUTORESPONDER_FAULT": fault}
        self.house.start()
        self._starts += 1

    def stop(self) -> None:
        """As systemd does; an unclean end is a problem."""
        if (code := self.house.stop()) != 0:
            self.problems.append(f"it ended with {code} when told to stop")

    def await_end(self, seconds: float = PATIENCE) -> int:
        """The exit code of a daemon that was hit, or will be, by a signal."""
        return self.house.await_end(seconds)

    def await_freeze(self) -> None:
        """Until the daemon stands still at its point."""
        pid = self.house.process.pid
        look = os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT
        wait_until(lambda: os.waitid(os.P_PID, pid, look) is not None, "the daemon at its point")
        found = os.waitid(os.P_PID, pid, look)
        assert found is not None and found.si_status == signal.SIGSTOP, self.house.log[-20:]

    def thaw(self) -> None:
        """It goes on."""
        self.house.kick(signal.SIGCONT)

    def put_clock_forward(self, seconds: int) -> None:
        """The daemon's time, at its next look."""
        self._ahead += seconds
        new = self._clock.with_suffix(".new")
        new.write_text(str(self._ahead))
        new.replace(self._clock)

    # letters ----------------------------------------------------------------------------------------------------------
    def deliver(self, sender: str, subject: str, *, answer: bool = True, **more: str) -> None:
        """One letter, by LMTP."""
        key = f"<{len(self.letters)}.{self.user}@people.example>"
        raw = letter(self.address, sender, subject, Message_ID=key, **more)
        self.hand_in(Delivered(key, sender, answer), raw, sender)

    def hand_in(self, one: Delivered, raw: bytes, envelope_from: str) -> None:
        """Any letter."""
        self.house.dovecot.deliver(self.user, raw, envelope_from)
        self.letters.append(one)

    def deliver_meanwhile(self) -> None:
        """What comes in while the trouble lasts."""
        self.deliver(ANA, "And another thing")
        self.deliver("list@lists.example", "Digest 7", answer=False, List_Id="<digest.lists.example>")
        self.deliver(BOB, "A question of mine")

    def settle(self, patience: float = PATIENCE) -> None:
        """Until every letter is decided and nothing waits to be sent, however far the clock must go for that; a problem
        when that is not so within `patience` seconds."""

        def at_rest() -> bool:
            if settled(self.state, len(self.letters)):
                return True
            self.put_clock_forward(STEP)
            time.sleep(0.1)
            return False

        try:
            wait_until(at_rest, "rest", patience)
        except TimeoutError:
            self.problems.append(f"it never came to rest: {[line['message'] for line in self.house.log[-8:]]}")

    # the whole --------------------------------------------------------------------------------------------------------
    def play(self, strike: Callable[["Trial"], None], fault: str = "") -> Outcome:
        """Ana's letter meets `strike`, which begins once it is delivered and leaves a daemon running."""
        self.start(fault)
        self.deliver(ANA, "A question")
        strike(self)
        self.deliver(CARLA, "Is anybody there?")
        self.settle()
        self.stop()
        if self._starts == 1:
            self.start()
            self.deliver(DORA, "And today?")
            self.settle()
            self.stop()
        found = account(self.state, self.letters, self.sink.messages, self.address)
        problems = [*self.problems, *found.problems]
        problems += [f"{who} is uncertain too" for who in found.uncertain if who != ANA]
        if failed := states(self.state).get("failed"):  # no server refused anything
            problems.append(f"{failed} replies failed")
        return Outcome(self._fate(found), found, tuple(problems))

    def _fate(self, found: Account) -> str:
        if ANA in found.uncertain:
            return "uncertain, arrived" if found.uncertain[ANA] else "uncertain, not arrived"
        count = sum(ANA in one.to for one in self.sink.messages)
        return "answered" if count == 1 else f"{count} answers"


# what can strike at a point -------------------------------------------------------------------------------------------
def kill(trial: Trial) -> None:
    """SIGKILL: the next daemon finds what is on disk."""
    assert trial.await_end() == -signal.SIGKILL
    trial.deliver_meanwhile()
    trial.start()


def term(trial: Trial, seconds: float = PATIENCE) -> None:
    """SIGTERM: the letter in hand is finished."""
    if (code := trial.await_end(seconds)) != 0:
        trial.problems.append(f"SIGTERM ended it with {code}")
    trial.deliver_meanwhile()
    trial.start()


def cut(trial: Trial) -> None:
    """Every connection, to both servers, is closed by the other side."""
    trial.await_freeze()
    trial.imap.cut()
    trial.smtp.cut()
    trial.thaw()
    trial.deliver_meanwhile()


def stall(trial: Trial) -> None:
    """Every connection becomes a black hole: only a timeout tells."""
    trial.await_freeze()
    trial.imap.stall()
    trial.smtp.stall()
    trial.thaw()
    trial.deliver_meanwhile()


def term_and_stall(trial: Trial) -> None:
    """SIGTERM while no server says anything more: the grace ends it."""
    trial.await_freeze()
    trial.imap.stall()
    trial.smtp.stall()
    trial.house.kick(signal.SIGTERM)
    trial.thaw()
    term(trial, STOP)


def term_and_lock(trial: Trial) -> None:
    """SIGTERM while another program holds the state."""
    trial.await_freeze()
    other = sqlite3.connect(trial.state, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        trial.house.kick(signal.SIGTERM)
        trial.thaw()
        trial.await_end(STOP)
    finally:
        other.close()
    trial.deliver_meanwhile()
    trial.start()


def disk_full(trial: Trial) -> None:
    """Not a byte can be written for a while."""
    assert trial.disk
    trial.await_freeze()
    trial.disk.fill()
    trial.thaw()
    _store_fails(trial, "the disk is full")
    trial.disk.empty()


def locked(trial: Trial) -> None:
    """Another program holds the state for longer than the daemon waits."""
    trial.await_freeze()
    other = sqlite3.connect(trial.state, isolation_level=None, timeout=0, check_same_thread=False)
    try:
        try:
            other.execute("BEGIN IMMEDIATE")
            trial.thaw()
        except sqlite3.OperationalError:  # the daemon is frozen in a transaction of its own
            trial.thaw()
            other.execute("PRAGMA busy_timeout = 5000")
            other.execute("BEGIN IMMEDIATE")
        _store_fails(trial, "another program keeps the state locked")
        other.execute("ROLLBACK")
    finally:
        other.close()


def read_only(trial: Trial) -> None:
    """The file system becomes read-only, as after an error of the disk; it is repaired with the daemon stopped."""
    assert trial.disk
    trial.await_freeze()
    trial.disk.break_down()
    trial.thaw()
    _store_fails(trial, "the disk failed")
    trial.stop()
    trial.disk.repair()
    trial.start()


def _store_fails(trial: Trial, words: str) -> None:
    """The daemon says so in one sentence; until it can record again it sends nothing that is not already on its way."""
    trial.deliver_meanwhile()
    trial.house.wait_log(words)
    trial.problems += [f"{one.to} was answered while nothing could be recorded"
                       for one in trial.sink.messages if ANA not in one.to]  # fmt: skip
    if tracebacks := [line for line in trial.house.log if "Traceback" in str(line)]:
        trial.problems.append(f"a traceback: {tracebacks[0]}")


def on_the_wire(server: str) -> Callable[[Trial], None]:
    """A fault that was armed in the proxy of this server (imap, smtp): the daemon meets it by itself."""

    def strike(trial: Trial) -> None:
        proxy = trial.imap if server == "imap" else trial.smtp
        wait_until(lambda: proxy.hits > 0, "the fault on the wire")
        trial.deliver_meanwhile()

    return strike


STRIKES: dict[str, tuple[str, Callable[[Trial], None]]] = {
    "SIGKILL": ("kill", kill),
    "SIGTERM": ("term", term),
    "cut": ("stop", cut),
    "timeout": ("stop", stall),
    "disk full": ("stop", disk_full),
    "locked": ("stop", locked),
    "read-only": ("stop", read_only),
}
"""Column of the matrix -> what the daemon does at the point, and what is then done to it."""
OWN_DISK = ("disk full", "read-only")
ANSWER = rb"250 2\.0\.0 queued"
"""What the recording server says to the final dot."""


def run_cell(point: Point, column: str, dovecot: Dovecot, folder: Path) -> Outcome:
    """One cell of the matrix. Raises Unavailable where this machine cannot do it."""
    action, strike = STRIKES[column]
    with Trial(folder, dovecot, own_disk=column in OWN_DISK, pipelining=False) as trial:
        if point == "dot-written" and column in ("cut", "timeout"):  # the answer must not be here already
            trial.smtp.on("down", "cut" if column == "cut" else "stall", match=ANSWER, passing=False)
            return trial.play(on_the_wire("smtp"))
        return trial.play(strike, f"{point}:{action}")


def run_wire(server: str, faults: Iterable[Fault], dovecot: Dovecot, folder: Path) -> Outcome:
    """A trial in which one of the connections misbehaves by itself."""
    with Trial(folder, dovecot) as trial:
        for fault in faults:
            (trial.imap if server == "imap" else trial.smtp).arm(fault)
        return trial.play(on_the_wire(server))
