"""Which decisions a person would want to look at: a human's letter left unanswered, a machine's that gets an answer.

Pure. Nothing here decides anything: signs that a person or a machine wrote, each with a weight, are added up, and where
they speak against the decision it is surprising. A sign is a hint that is wrong now and then; the guards are not.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from autoresponder.core.decide import Decision
from autoresponder.core.guards import SOFT_GUARDS
from autoresponder.core.message import Message


@dataclass(frozen=True, slots=True)
class Sign:
    """One hint: how much it speaks for a person (above 0) or for a machine (below), and what it is."""

    weight: int
    what: str
    check: Callable[[Message], bool]


@dataclass(frozen=True, slots=True)
class Surprise:
    """How surprising a decision is (0 to about 100), and the signs that make it so, as a sentence."""

    score: int
    why: str


_CLIENTS = re.compile(
    r"thunderbird|outlook|apple mail|iphone|ipad|k-9|roundcube|evolution|mutt|kmail|claws|gnome|horde|zimbra|samsung",
    re.IGNORECASE,
)
_MASS = (
    "unsubscribe", "opt out", "opt-out", "in your browser", "darse de baja", "cancelar la suscripción", "abbestellen",
    "abmelden", "se désabonner", "désinscri", "disiscri", "afmelden", "wypisz", "do not reply", "no responda",
    "nicht antworten",
)  # fmt: skip
_FORMAL = re.compile(
    r"^(?:(?:your|su|tu|ihre?|votre) )?(?:order|invoice|receipt|statement|payment|password|verification|security|login|"
    r"confirm|pedido|recibo|rechnung|bestellung|zahlung|commande)\b",
    re.IGNORECASE,
)
_OFFICE = re.compile(r"^(?:info|service|team|billing|orders?|marketing|sales|hello|support|account|mail|customer)")
_FREE = re.compile(
    r"(?:gmail|hotmail|outlook|yahoo|icloud|gmx|web|protonmail|live|telefonica|libero|orange)\.[a-z.]{2,6}"
)
_LINK = re.compile(r"https?://")


def _from(message: Message) -> tuple[str, str, str]:
    """(display name, local part, domain) of the first author."""
    if not message.from_:
        return "", "", ""
    author = message.from_[0]
    return author.name, author.local, author.domain


def _is_mass(message: Message) -> bool:
    text = message.text if len(message.text) < 8000 else message.text[:4000] + message.text[-4000:]
    text = text.lower()
    return any(map(text.__contains__, _MASS))


def _client(message: Message) -> bool:
    headers = message.headers
    return bool(_CLIENTS.search(headers.first("user-agent") + " " + headers.first("x-mailer")))


SIGNS = (
    Sign(30, "it belongs to a conversation", lambda m: bool(m.in_reply_to or m.references)),
    Sign(20, "a mail program for people sent it", _client),
    Sign(15, "the sender has a first and a last name", lambda m: 1 < len(_from(m)[0].split()) < 5),
    Sign(15, "it asks something", lambda m: "?" in m.subject or "?" in m.text[:3000]),
    Sign(10, "it comes from a private address", lambda m: bool(_FREE.fullmatch(_from(m)[2]))),
    Sign(10, "it is short", lambda m: 0 < len(m.text) < 1200),
    Sign(-30, "it tells how to unsubscribe", _is_mass),
    Sign(-20, "its subject is that of a form letter", lambda m: bool(_FORMAL.match(m.subject))),
    Sign(-15, "it has many links", lambda m: len(_LINK.findall(m.text[:20_000])) > 5),
    Sign(-15, "a department sent it", lambda m: bool(_OFFICE.match(_from(m)[1]))),
    Sign(-10, "the sender has no name", lambda m: not _from(m)[0]),
    Sign(-10, "the address is full of digits", lambda m: sum(c.isdigit() for c in _from(m)[1]) > 5),
    Sign(-10, "it has no text part for people", lambda m: "text/plain" not in m.types and "text/html" in m.types),
)
_EXPECTED = {"rule": -20, "no-rule": 45, "suppressed": 25, "limit": 40, "not-addressed": 20, "spam": 0}
"""How surprising silence for these reasons is at a letter that looks neither like a person's nor a machine's. Silence
because of `once`, a copy or a hard sign of a machine surprises nobody unless much speaks for a person."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What a letter looks like: how much of a person, and which signs speak for a person or for a machine."""

    human: int = 0
    person: tuple[str, ...] = ()
    machine: tuple[str, ...] = ()


def signs_of(message: Message) -> Signs:
    """The signs of one letter."""
    found = [sign for sign in SIGNS if sign.check(message)]
    return Signs(
        sum(sign.weight for sign in found),
        tuple(sign.what for sign in found if sign.weight > 0),
        tuple(sign.what for sign in found if sign.weight < 0),
    )


def surprise(signs: Signs, decision: Decision) -> Surprise:
    """How much a person would wonder about this decision."""
    if decision.action == "reply":
        score, told = (40 if decision.hold else 10) - signs.human, signs.machine
    else:
        base = 30 if decision.reason in SOFT_GUARDS else _EXPECTED.get(decision.reason, -30)
        if decision.reason in ("once", "copy", "seen"):
            base = -60
        score, told = base + signs.human * 2 // 3, signs.person
    if decision.hold:
        told = *told, "it would wait for a person"
    return Surprise(max(0, min(score, 100)), "; ".join(told))
