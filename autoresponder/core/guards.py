"""The guards: who never gets an answer, as a table of (name, hard or soft, function).

A guard function looks at a `Scene` and returns "" or the sentence why there must be silence. Hard guards cannot be
overruled; a soft guard can, by a rule's `answer_despite`. Order matters only for which reason is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass

from autoresponder.core.address import Address
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, Message
from autoresponder.core.policy import Mailbox, Policy


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a guard may look at. `target` is whom an answer would go to (None: nobody usable)."""

    message: Message
    arrival: Arrival
    mailbox: Mailbox
    policy: Policy
    target: Address | None
    history: History


@dataclass(frozen=True, slots=True)
class Guard:
    """One row of the table. `name` is what trace, log and `answer_despite` call it (lower-case, with hyphens)."""

    name: str
    hard: bool
    check: Callable[[Scene], str]


GUARDS: tuple[Guard, ...] = ()
SOFT_GUARDS: frozenset[str] = frozenset(g.name for g in GUARDS if not g.hard)


def target_of(message: Message, own: frozenset[str]) -> tuple[Address | None, str]:
    """Whom to answer, and the sentence why this address (or why nobody): Reply-To when it holds exactly one address, else From
    (DESIGN part 5 "Whom to answer")."""
    raise NotImplementedError


def suppressed(message: Message, kind: str) -> str:
    """"" or the sentence why X-Auto-Response-Suppress asks an answer of this kind (acknowledgement | out-of-office) to be left unsent."""
    raise NotImplementedError
