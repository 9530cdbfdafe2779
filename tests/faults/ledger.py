"""What really happened to a house: counted from the recording server and from the state itself, not from the daemon.

`Account` holds the four figures that the promises are about, and `problems` says them in words.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path

from tests.lab.sink import Received

UNFINISHED = ("pending", "sending", "in_doubt", "held")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A letter that was put into the mailbox. `answer`: it deserves one, were it the only one of its sender; None: it
    may have one."""

    message_id: str
    sender: str
    answer: bool | None = True


@dataclass(frozen=True, slots=True)
class Account:
    """What came of a run."""

    letters: int
    answered: int  # people who have exactly one answer
    silent: int  # decisions to say nothing
    quarantined: int
    twice: tuple[str, ...] = ()  # people with more than one
    lost: tuple[str, ...] = ()  # letters without a decision, people without an answer that nobody knows to be uncertain
    wrong: tuple[str, ...] = ()  # answers to somebody who should not have had one, or not in order
    uncertain: Mapping[str, int] = field(default_factory=dict)  # person -> answers that did arrive

    @property
    def problems(self) -> list[str]:
        """Broken promises, a line each."""
        return [
            *(f"answered twice: {who}" for who in self.twice),
            *(f"lost: {what}" for what in self.lost),
            *(f"wrongly addressed: {what}" for what in self.wrong),
        ]


def states(state: Path) -> dict[str, int]:
    """How many replies are in each state, and under "decided" how many letters are."""
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True, timeout=5)) as db:
        found = dict(db.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())
        return found | {"decided": db.execute("SELECT count(*) FROM decisions").fetchone()[0]}


def settled(state: Path, letters: int) -> bool:
    """Whether every letter has its decision and no reply waits for anything but a person."""
    try:
        found = states(state)
    except sqlite3.Error:  # not made yet, or just being replaced
        return False
    return found["decided"] >= letters and not any(found.get(one) for one in UNFINISHED)


def fate(state: Path, who: str) -> Iterator[str]:
    """What the state says of a sender, or of the letter with this Message-ID: a line for each decision."""
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True, timeout=5)) as db:
        db.row_factory = sqlite3.Row
        sql = """SELECT d.id, d.at, d.uid, d.arrived, d.action, d.reason, d.why, o.state, o.attempts, o.last_error,
        o.next_attempt, o.expires FROM decisions d LEFT JOIN outbox o ON o.decision = d.id
        WHERE lower(d.sender) = ? OR d.message_id = ?"""
        yield from (str(dict(row)) for row in db.execute(sql, (who, who)))


def account(state: Path, letters: Iterable[Delivered], received: Iterable[Received], ours: str) -> Account:
    """The whole of it; `ours` is the address that answers must come from."""
    letters, received = list(letters), list(received)
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True, timeout=5)) as db:
        decided = Counter(key for (key,) in db.execute("SELECT message_id FROM decisions"))
        actions = Counter(key for (key,) in db.execute("SELECT action FROM decisions"))
        uncertain = {key.lower() for (key,) in db.execute("SELECT target FROM outbox WHERE state = 'uncertain'")}
    people = {letter.sender for letter in letters if letter.answer}
    perhaps = {letter.sender for letter in letters if letter.answer is None}
    answers = Counter(one.to[0].lower() for one in received if len(one.to) == 1)  # however the first letter spelt it
    return Account(
        letters=len(letters),
        answered=sum(answers[who] == 1 for who in people),
        silent=actions["silent"],
        quarantined=actions["quarantine"],
        twice=tuple(sorted(who for who, count in answers.items() if count > 1)),
        lost=(
            *(one.message_id for one in letters if one.message_id and not decided[one.message_id]),
            *sorted(people - set(answers) - uncertain),
        ),
        wrong=tuple(
            f"{one.to} from {one.message['From']}" for one in received if not _in_order(one, people | perhaps, ours)
        ),
        uncertain={who: answers[who] for who in sorted(uncertain)},
    )


def _in_order(one: Received, people: set[str], ours: str) -> bool:
    """One recipient who wrote to us, in the envelope and in the header, and no other; our own address as the author."""
    head = one.message
    to = parseaddr(head["To"])[1]
    return (
        len(one.to) == 1
        and one.to[0].lower() in people
        and to == one.to[0]
        and parseaddr(head["From"])[1] == ours
        and head["Cc"] is None
        and head["Bcc"] is None
    )
