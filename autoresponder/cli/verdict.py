"""Letters of the past, judged: one rules.yaml decides them in the order of their arrival, as the daemon would have.

In two steps. `look` reads and weighs a letter by itself: nearly all of the work, done for many letters at a time and
anywhere. `decide` takes what came of it, in order: it knows the letters before.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from autoresponder.answer.compose import Answer
from autoresponder.cli.past import Old
from autoresponder.core.address import Address
from autoresponder.core.decide import Decision, Weighed, mailbox_of
from autoresponder.core.history import Lookup
from autoresponder.core.message import Arrival, Message, parse
from autoresponder.core.replay import Replay, Sides
from autoresponder.core.surprise import Signs, signs_of
from autoresponder.service.book import Book

SHOWN = 120
"""Characters of a subject that are kept."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is kept of a letter that was looked at: little, and nothing of what it says."""

    letter: str  # file, or mailbox/folder#UID
    arrival: Arrival
    sender: str = ""  # the address in From, "" when there is none
    subject: str = ""
    sides: Sides | None = None  # None: it could not be read
    signs: Signs = field(default_factory=Signs)
    languages: tuple[str, str] = ("", "")  # of the answer that each side would make, where that was asked
    broken: str = ""  # why it could not be read


PLAIN = (Old, Looked, Arrival, Weighed, Address, Lookup, Signs)
"""What goes in and comes out of `Judge.look`, for who has it done elsewhere."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One letter and what would happen to it."""

    looked: Looked
    decision: Decision
    language: str = ""  # of the answer, where that was asked

    @property
    def what(self) -> str:
        """answered, held, silent or quarantined."""
        if self.decision.action == "reply":
            return "held" if self.decision.hold else "answered"
        return "silent" if self.decision.action == "silent" else "quarantined"

    def row(self) -> dict[str, Any]:
        """As one line of JSON."""
        looked, decision, rule = self.looked, self.decision, self.decision.rule
        return {
            "letter": looked.letter,
            "mailbox": looked.arrival.mailbox,
            "arrived": looked.arrival.arrived.isoformat(),
            "from": looked.sender,
            "subject": looked.subject,
            "decision": decision.action,
            "reason": decision.reason,
            "why": decision.why,
            "rule": rule.name if rule else None,
            "template": rule.reply if rule and decision.action == "reply" else None,
            "to": decision.target.email if decision.target and decision.action == "reply" else None,
            "held": bool(decision.hold),
        }


def read(old: Old) -> tuple[Message | None, str]:
    """The letter, or why it cannot be read."""
    if old.broken:
        return None, old.broken
    try:
        return parse(old.raw, size=old.size, outline=old.outline), ""
    except Exception as error:  # a fault of ours is shown as the quarantine that the daemon would make of it
        return None, f"{type(error).__name__}: {error}"


def _bare(new: Weighed, known: Weighed) -> Sides:
    """Without the traces, which nobody reads here: the rest is small."""
    bare = replace(new, trace=())
    return bare, bare if known is new else replace(known, trace=())


class Judge:
    """One rules.yaml, deciding letters in the order of their arrival, as if in live mode."""

    def __init__(self, book: Book, mailbox: str) -> None:
        """`mailbox`: whose letters those in files are; "" for the one that each was written to."""
        self._book, self._mailbox = book, mailbox
        self._replay = Replay(replace(book.policy, shadow=False), book.language)

    def look(self, old: Old, *, language: bool = False) -> Looked:
        """Reads and weighs a letter. language: also guess in which language it would be answered, which can take
        longer than all the rest."""
        message, broken = read(old)
        looked = self.weigh(old, message, broken)
        if message is None or looked.sides is None:
            return looked
        guessed = self._languages(message, looked.arrival, looked.sides) if language else ("", "")
        return replace(looked, signs=signs_of(message), languages=guessed)

    def weigh(self, old: Old, message: Message | None, broken: str) -> Looked:
        """A letter that was read, without what is only counted; `broken`: why it could not be."""
        mailbox = old.mailbox or self._mailbox
        if message is None:
            return Looked(old.name, old.arrival(mailbox), broken=broken)
        arrival = old.arrival(mailbox or mailbox_of(message, self._book.policy))
        sender, subject = message.from_[0].email if message.from_ else "", message.subject[:SHOWN]
        try:
            return Looked(old.name, arrival, sender, subject, _bare(*self._replay.weigh(message, arrival)))
        except Exception as error:  # as in `read`
            return Looked(old.name, arrival, sender, subject, broken=f"{type(error).__name__}: {error}")

    def _languages(self, message: Message, arrival: Arrival, sides: Sides) -> tuple[str, str]:
        policy, found = self._book.policy, {}
        for side in sides:
            if side.rule not in found:
                rule = policy.rules[side.rule] if side.rule is not None else None
                answers = Decision("reply", "rule", "", rule, contact=policy.contacts.find(side.ask.sender_key))
                mailbox = policy.mailboxes[arrival.mailbox]
                tongue = self._book.composer.language(answers, message, mailbox) if rule and rule.reply else ""
                found[side.rule] = tongue or "not known"
        return found[sides[0].rule], found[sides[1].rule]

    def decide(self, looked: Looked) -> Verdict:
        """What would have happened to the letter, after those that were decided before."""
        if looked.sides is None:
            return Verdict(looked, Decision("quarantine", "unreadable", looked.broken))
        try:
            decision = self._replay.conclude(looked.sides, looked.arrival)
        except Exception as error:  # as in `read`
            return Verdict(looked, Decision("quarantine", "unreadable", f"{type(error).__name__}: {error}"))
        known = decision.history.first_seen is not None
        return Verdict(looked, decision, looked.languages[known])

    def answer(self, verdict: Verdict, message: Message) -> Answer:
        """The letter that is sent; the verdict must be one that answers. Raises what its template raises."""
        mailbox = self._book.policy.mailboxes[verdict.looked.arrival.mailbox]
        return self._book.composer.compose(verdict.decision, message, mailbox, verdict.looked.arrival.arrived)
