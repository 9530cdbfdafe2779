"""The post of a busy mailbox: people, people who write again, lists, machines, and letters that no program should send.

Endless and repeatable: the same seed gives the same letters.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.e2e.house import letter
from tests.faults.ledger import Delivered


@dataclass(frozen=True, slots=True)
class Item:
    """One letter as it is handed in."""

    kind: str
    facts: Delivered
    raw: bytes
    envelope_from: str


Maker = Callable[["Post", str, str, str], tuple[bytes, str]]
"""(post, our address, sender, Message-ID) -> (the letter, its envelope sender)."""


class Post:
    """See the module. `known`: the people who wrote so far."""

    def __init__(self, rng: Random, address: str) -> None:
        """`address`: to whom all is addressed."""
        self.rng, self.address = rng, address
        self.known: list[str] = []

    def __iter__(self) -> Iterator[Item]:
        number = 0
        while True:
            number += 1
            (kind, answer, make), = self.rng.choices([row[:3] for row in KINDS], [row[3] for row in KINDS])  # fmt: skip
            sender = f"{kind}{number}@people.example"
            if kind == "again":
                sender = self.rng.choice(self.known or [f"person{number}@people.example"])
            if answer and sender not in self.known:
                self.known.append(sender)
            key = f"<{number}.{kind}@people.example>"
            raw, envelope_from = make(self, self.address, sender, key)
            yield Item(kind, Delivered(key if key.encode() in raw else "", sender, answer), raw, envelope_from)


def _person(post: Post, to: str, sender: str, key: str) -> tuple[bytes, str]:
    subject = post.rng.choice(("A question", "Una pregunta", "Order 4711", "Re: your offer", "Öffnungszeiten?"))
    return letter(to, sender, subject, "Good morning.\r\n" * post.rng.randint(1, 40), Message_ID=key), sender


def _again(post: Post, to: str, sender: str, key: str) -> tuple[bytes, str]:
    user, _, domain = sender.partition("@")
    spelt = post.rng.choice((sender, sender.upper(), f"{user}@{domain.title()}"))  # the same person
    return letter(to, spelt, "And another thing", Message_ID=key), sender


def _list(_post: Post, to: str, sender: str, key: str) -> tuple[bytes, str]:
    return letter(to, sender, "Digest", Message_ID=key, List_Id="<digest.people.example>"), sender


def _bounce(_post: Post, to: str, sender: str, key: str) -> tuple[bytes, str]:
    return letter(to, sender, "Undelivered Mail Returned to Sender", Message_ID=key), ""


def _responder(_post: Post, to: str, sender: str, key: str) -> tuple[bytes, str]:
    return letter(to, sender, "Automatic reply", Message_ID=key, Auto_Submitted="auto-replied"), sender


def _odd(post: Post, to: str, sender: str, key: str) -> tuple[bytes, str]:
    head = f"From: {sender}\r\nTo: {to}\r\nMessage-ID: {key}\r\n".encode()
    odd = post.rng.choice(
        (
            b"Subject: =?x-no-such-charset?B?////?=\r\n\r\n\xff\xfe\xfd\r\n",
            b"Subject: no end\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbegun and never ended",
            b'Content-Type: text/plain; charset="\'"\r\n\r\n' + b"\xc3\x28" * 200 + b"\r\n",
            b"Subject: " + b"long " * 4000 + b"\r\n\r\nx\r\n",
            b"".join(b"X-Many-%d: y\r\n" % n for n in range(900)) + b"\r\nx\r\n",
            b"Date: yesterday\r\nFrom: =?utf-8?q?=F0=9F?= <other@people.example>\r\n\r\n<html><b>x" + b"<div>" * 3000,
            b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
            + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 200,
            b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A" * 79999,
            b"\r\n" + b"x" * 300_000 + b"\r\n",
        )
    )
    return head + odd, sender


def _faceless(_post: Post, _to: str, sender: str, _key: str) -> tuple[bytes, str]:
    return b"Subject: no From, no To, no Message-ID\r\n\r\n" + sender.encode(), sender


KINDS: tuple[tuple[str, bool | None, Maker, int], ...] = (
    ("person", True, _person, 45),
    ("again", True, _again, 25),
    ("list", False, _list, 8),
    ("bounce", False, _bounce, 4),
    ("responder", False, _responder, 4),
    ("odd", None, _odd, 10),
    ("faceless", False, _faceless, 4),
)
"""Kind, whether it is to be answered (None: perhaps), how it is made, how often."""
