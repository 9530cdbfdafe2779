"""`make soak SECONDS=…`: a busy mailbox, and a daemon that is killed, cut off, reloaded, sent through time.

    python -m tests.faults.soak [--seconds 60] [--seed N]

Letters come in without a pause. Every few seconds something happens: SIGKILL at a random moment or at a named point,
SIGTERM, connections cut or spoilt, the clock stepped by up to a day, a reload. A daemon that ended is started again. In
the end all is left to come to rest, and the figures are taken from the recording server and the state. Exit 1 when
anybody was answered twice, anything was lost or sent to somebody else, or the daemon logged a traceback. The seed is
printed; it fixes the letters and the order of events, not their moments.
"""

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom

from autoresponder.faults import POINTS
from tests.faults.ledger import Account, account, fate
from tests.faults.matrix import WIRES
from tests.faults.post import Post
from tests.faults.trial import Trial
from tests.lab.dovecot import Dovecot
from tests.lab.tls import Certificates

RATE = 15
"""Letters a second, on average."""
PAUSE = (0.3, 3.0)
"""Seconds between two events."""
FURTHEST = 36 * 3600
"""Seconds that the clock may be off: within that no letter is too old to be answered."""
REST = 240
"""Seconds in which everything must have come to rest at the end."""
MORE = "answer: {limits: {per_sender: false, per_domain: false, total: false}}\n"


class Soak:
    """One soak over one house."""

    def __init__(self, trial: Trial, seed: int) -> None:
        """Nothing runs yet."""
        self.trial, self.rng = trial, Random(seed)
        self.events: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self._post = Post(Random(seed + 1), trial.address)
        self._over = threading.Event()
        self._offset = 0

    def run(self, seconds: float) -> None:
        """All of it, to the daemon's last end."""
        self.trial.house.more = MORE
        self.trial.start()
        postman = threading.Thread(target=self._deliver, name="postman")
        postman.start()
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end and postman.is_alive():
                time.sleep(self.rng.uniform(*PAUSE))
                self._happen()
        finally:
            self._over.set()
            postman.join()
        self._come_to_rest()

    def _deliver(self) -> None:
        for item in self._post:
            if self._over.wait(self._post.rng.expovariate(RATE)):
                return
            self.trial.hand_in(item.facts, item.raw, item.envelope_from)
            self.kinds[item.kind] += 1

    def _happen(self) -> None:
        """One event; afterwards a daemon runs, though perhaps towards its end."""
        names, weights = [name for name, _, _ in EVENTS], [weight for _, weight, _ in EVENTS]
        (name,) = self.rng.choices(names, weights)
        self.events[name] += 1
        next(act for one, _, act in EVENTS if one == name)(self)
        if self.trial.house.process.poll() is not None:
            self._start()

    def _start(self, fault: str = "") -> None:
        """A new daemon; one that is killed before it is ready is followed by another."""
        if self.trial.house.notifications:
            self.trial.house.notifications.close()
        for proxy in (self.trial.imap, self.trial.smtp):
            proxy.cut()  # what the last daemon left, black holes above all
        self.events["starts"] += 1
        try:
            self.trial.start(fault)
        except AssertionError:
            if not fault or self.trial.house.process.wait(10) != -signal.SIGKILL:
                raise
            self._start()

    def _come_to_rest(self) -> None:
        for proxy in (self.trial.imap, self.trial.smtp):
            proxy.behave()
        self._end(signal.SIGTERM)
        self._start()
        self._step(FURTHEST - self._offset)
        self.trial.settle(REST)
        self.trial.stop()

    # events -----------------------------------------------------------------------------------------------------------
    def _end(self, number: signal.Signals) -> None:
        if self.trial.house.process.poll() is None:
            code = self.trial.house.stop(number)
            if code not in (0, -signal.SIGKILL):
                self.trial.problems.append(f"{number.name} ended it with {code}")

    def kill(self) -> None:
        """At any moment."""
        self._end(signal.SIGKILL)

    def kill_at_a_point(self) -> None:
        """A new daemon that will not come past the n-th passage of a point."""
        self._end(self.rng.choice((signal.SIGKILL, signal.SIGTERM)))
        self._start(f"{self.rng.choice(POINTS)}:kill:{self.rng.randint(1, 15)}")

    def term(self) -> None:
        """In order."""
        self._end(signal.SIGTERM)

    def cut(self) -> None:
        """Connections end, or become black holes."""
        for proxy in self.rng.choice(((self.trial.imap,), (self.trial.smtp,), (self.trial.imap, self.trial.smtp))):
            if self.rng.random() < 0.2:
                proxy.stall()
            else:
                proxy.cut(reset=self.rng.random() < 0.5)

    def spoil(self) -> None:
        """A fault at a phase of a protocol."""
        wire = self.rng.choice(WIRES)
        for fault in wire.faults:
            (self.trial.imap if wire.server == "imap" else self.trial.smtp).arm(fault)

    def step_the_clock(self) -> None:
        """Back or ahead, under the running daemon."""
        step = self.rng.choice((60, 3600, 86400)) * self.rng.choice((-1, 1))
        self._step(step if abs(self._offset + step) <= FURTHEST else -step)

    def _step(self, seconds: int) -> None:
        self._offset += seconds
        self.trial.put_clock_forward(seconds)

    def reload(self) -> None:
        """By a signal, or by a changed file."""
        self.trial.house.more = MORE + f"# reload {self.events['reloads']}\n"
        self.trial.house.write()
        if self.rng.random() < 0.5 and self.trial.house.process.poll() is None:
            self.trial.house.kick(signal.SIGHUP)

    # figures ----------------------------------------------------------------------------------------------------------
    def report(self, found: Account) -> list[tuple[str, str]]:
        """The table of counts."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        events = ", ".join(f"{count} {name}" for name, count in sorted(self.events.items()) if name != "starts")
        return [
            ("letters", f"{found.letters} ({kinds})"),
            ("events", events),
            ("starts", str(self.events["starts"] + 1)),
            ("answered once", str(found.answered)),
            ("silent", str(found.silent)),
            ("quarantined", str(found.quarantined)),
            ("uncertain", f"{len(found.uncertain)} ({sum(found.uncertain.values())} had arrived)"),
            ("twice", str(len(found.twice))),
            ("lost", str(len(found.lost))),
            ("wrongly addressed", str(len(found.wrong))),
        ]  # fmt: skip


EVENTS: tuple[tuple[str, int, Callable[[Soak], None]], ...] = (
    ("kills", 20, Soak.kill),
    ("kills at a point", 25, Soak.kill_at_a_point),
    ("stops", 8, Soak.term),
    ("cuts", 20, Soak.cut),
    ("faults on the wire", 12, Soak.spoil),
    ("clock steps", 8, Soak.step_the_clock),
    ("reloads", 7, Soak.reload),
)
"""What happens, how often, and how."""


def main() -> int:
    """The command."""
    options = argparse.ArgumentParser(prog="make soak")
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    given = options.parse_args()
    print(f"seed {given.seed}, {given.seconds:g} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="soak.", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "house").mkdir()
        with (
            Dovecot(folder / "dovecot", Certificates(folder / "tls")) as dovecot,
            Trial(folder / "house", dovecot) as trial,
        ):
            soak = Soak(trial, given.seed)
            soak.run(given.seconds)
            found = account(trial.state, trial.letters, trial.sink.messages, trial.address)
            problems = [*trial.problems, *found.problems, *_tracebacks(folder / "house")]
            problems += [f"{who}: {line}" for who in found.lost for line in fate(trial.state, who)]
    for title, figure in soak.report(found):
        print(f"{title:<18} {figure}")
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def _tracebacks(folder: Path) -> list[str]:
    """Bugs of ours that the daemon survived, a line for each."""
    found = []
    for log in sorted(folder.glob("log*")):
        lines = log.read_text(errors="replace").splitlines()
        found += [f"{log.name}: {line[:1500]}" for line in lines if "Traceback" in line]
    return found


if __name__ == "__main__":
    sys.exit(main())
