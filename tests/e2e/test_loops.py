"""Loops: two daemons of our kind, and a responder that never calls itself the same twice, on real Dovecot.

The hop between them is the worst that can be: it takes away every header but From, To and Subject, and gives the letter
an envelope sender. What ends the exchange is `once`, and where that is switched off, the limits.
"""

from email.message import Message
from pathlib import Path

import pytest

from tests.e2e.house import House, letter
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Sink


def stripped(message: Message) -> bytes:
    """From, To, Subject and the words, and nothing else."""
    plain = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    words = plain.get_payload(decode=True)
    assert isinstance(words, bytes)
    head = "".join(f"{name}: {message[name]}\r\n" for name in ("From", "To", "Subject"))
    return f"{head}\r\n".encode() + words


EXCHANGES = [
    # once, further settings, letters that go out in all, why the last one is not answered
    ("forever", "", 2, "the sender had the answer of rule"),
    ("per-thread", "", 6, "limit per sender: 3/day"),  # without headers every letter is a new thread
    ("every-message", "", 6, "limit per sender: 3/day"),
    ("every-message", ", limits: {per_sender: false, per_domain: 2/hour}", 4, "held: 2 answers went to lab.test"),
]


@pytest.mark.parametrize(("once", "limits", "letters", "why"), EXCHANGES)
def test_two_daemons_answer_each_other(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, once: str, limits: str, letters: int, why: str
) -> None:
    houses, users, addresses = [], [], []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        houses.append(House(tmp_path / name, dovecot, sink.port))
        users.append(dovecot.new_user())
        addresses.append(houses[-1].mailbox(users[-1]))
        houses[-1].more = f"answer: {{once: {once}{limits}}}\n"
    with houses[0].running(), houses[1].running():
        dovecot.deliver(users[0], letter(addresses[0], addresses[1]), addresses[1])
        for number in range(letters):
            answer = sink.wait(number + 1)[number]
            to = addresses.index(answer.to[0])
            dovecot.deliver(users[to], stripped(answer.message), addresses[1 - to])
        houses[0].wait_log(why)
    assert len(sink.messages) == letters
    assert [m.to[0] for m in sink.messages] == [addresses[1], addresses[0]] * (letters // 2)


RESPONDERS = [
    # what it calls itself in turn, limits (three answers each), why no more
    (tuple(f"ana-{n}@auto.example" for n in range(6)), "3/day", "limit per sender: 3/day"),
    (tuple(f"re+{c}7f3@auto.example" for c in "abcdef"), "3/day", "limit per sender: 3/day"),
    (("ada@auto.example", "bea@auto.example", "cleo@auto.example", "dora@auto.example", "eva@auto.example"),
     "3/day, per_domain: 3/hour", "limit per domain: 3/hour"),
]  # fmt: skip


@pytest.mark.parametrize(("names", "limits", "why"), RESPONDERS, ids=[r[0][0] for r in RESPONDERS])
def test_a_responder_that_never_calls_itself_the_same(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, names: tuple[str, ...], limits: str, why: str
) -> None:
    house, user = House(tmp_path, dovecot, sink.port), dovecot.new_user()
    me = house.mailbox(user)
    house.more = f"answer: {{limits: {{per_sender: {limits}}}}}\n"
    with house.running():
        for number, name in enumerate(names):
            dovecot.deliver(user, letter(me, name, f"Your letter {number}"), name)
            if number < 3:
                sink.wait(number + 1)
        house.wait_log(why)
        house.wait_log(f"uid {len(names)} from {names[-1]}")
    assert [m.to[0] for m in sink.messages] == list(names[:3])
