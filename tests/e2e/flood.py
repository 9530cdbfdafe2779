"""A flood of letters from one domain into one mailbox, and how the daemon bears it: a report of plain figures.

Meanwhile another mailbox gets letters of people one by one, whose answers are timed, and `status` is asked. The limits
are those of a rules.yaml without `limits`, so most of the flood's answers are held and the operator gets one letter.

The letters wait in a folder that nobody watches and are copied from there: so they come faster than a server takes them
in one by one.
"""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.house import House, letter
from tests.lab.sink import Sink

STAGING = "Staging"
BLOCK = 500
"""Letters copied at once."""
PACE = 2.0
"""Seconds, at most, between two looks while the flood lasts."""
OPERATOR = "operator@staff.test"
DOMAIN = "flood.example"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; times in seconds, memory in MB of resident set."""

    letters: int
    delivered_in: float
    decided_in: float  # from the first letter's delivery to the last one's decision
    answers: tuple[float, ...]  # of the other mailbox, from the end of delivery to the answer
    status: tuple[float, ...]  # the time `status` took, process start and all
    outbox: dict[str, int]
    decided: int
    told: int  # letters to the operator
    rss_before: float
    rss_peak: float
    rss_after: float

    def __str__(self) -> str:
        return (
            f"{self.letters} letters delivered in {self.delivered_in:.0f} s, decided {self.decided_in:.0f} s after the"
            f" first; decisions {self.decided}, lost {self.letters - self.decided}, outbox {self.outbox},"
            f" letters to the operator {self.told}\n"
            f"another mailbox was answered within {max(self.answers):.2f} s ({len(self.answers)} letters),"
            f" `status` took at most {max(self.status):.2f} s ({len(self.status)} times)\n"
            f"resident memory: {self.rss_before:.0f} MB before, {self.rss_peak:.0f} MB at its peak,"
            f" {self.rss_after:.0f} MB after"
        )


def flood(house: House, sink: Sink, letters: int, patience: float) -> Figures:
    """Starts the daemon of a house without mailboxes, floods it, ends it. AssertionError after `patience` seconds."""
    victim, other = house.dovecot.new_user(), house.dovecot.new_user()
    addresses = house.mailbox(victim, "victim"), house.mailbox(other, "other")
    house.more = f"notify: {OPERATOR}\n"
    answers: list[float] = []
    status: list[float] = []
    with house.running():
        first = house.json("status")[0]
        _fill(house, victim, addresses[0], letters)
        before = memory(first["daemon"]["pid"], "VmRSS")
        began = time.monotonic()
        ended: list[float] = []
        pouring = threading.Thread(target=_pour, args=(house, victim, letters, ended))
        pouring.start()
        decided = 0
        while decided < letters:
            assert time.monotonic() - began < patience, f"{decided} of {letters} decided after {patience:g} s"
            person = f"person{len(answers)}@people{len(answers)}.example"
            house.dovecot.deliver(other, letter(addresses[1], person), person)
            asked = time.monotonic()
            answers.append(sink.wait(1, to=person)[0].at - asked)
            asked = time.monotonic()
            found = house.json("status")[0]
            status.append(time.monotonic() - asked)
            decided = sum(found["decisions"].values()) - len(answers)
            pouring.join(PACE)
        finished = time.monotonic()
        pouring.join()
        sink.wait(1, to=OPERATOR)
        pid = found["daemon"]["pid"]
        peak, after = memory(pid, "VmHWM"), memory(pid, "VmRSS")
    last = house.json("status")[0]
    return Figures(
        letters, ended[0] - began, finished - began, tuple(answers), tuple(status), last["outbox"],
        sum(last["decisions"].values()) - len(answers), len(sink.wait(1, to=OPERATOR)), before, peak, after,
    )  # fmt: skip


def memory(pid: int, what: str) -> float:
    """VmRSS or VmHWM of a process in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024


def _fill(house: House, user: str, address: str, letters: int) -> None:
    """Puts the letters into a folder that nobody watches."""
    with house.dovecot.session(user) as imap:
        imap.create(STAGING)
        for n in range(letters):
            sender = f"{'abcdefghijklmnopqrstuvwxyz'[n % 26]}x{n}y@{DOMAIN}"
            imap.append(STAGING, "", "", letter(address, sender, f"Letter {n}", "Flood. " * 300))


def _pour(house: House, user: str, letters: int, ended: list[float]) -> None:
    """Copies them into the INBOX, block by block; notes when that was done."""
    with house.dovecot.session(user) as imap:
        imap.select(STAGING, readonly=True)
        for start in range(1, letters + 1, BLOCK):
            answer, said = imap.copy(f"{start}:{min(start + BLOCK - 1, letters)}", "INBOX")
            if answer != "OK":
                raise RuntimeError(f"COPY: {said}")
    ended.append(time.monotonic())
