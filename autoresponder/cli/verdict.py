"""Letters of the past, judged: one rules.yaml decides them in the order of their arrival, as the daemon would have."""

from dataclasses import dataclass, replace
from typing import Any

from autoresponder.answer.compose import Answer
from autoresponder.cli.past import Old
from autoresponder.core.decide import Decision, mailbox_of
from autoresponder.core.message import Message, parse
from autoresponder.core.replay import Replay
from autoresponder.service.book import Book

SHOWN = 120
"""Characters of a subject that are kept."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One letter and what would happen to it."""

    old: Old
    mailbox: str
    message: Message | None
    decision: Decision

    @property
    def what(self) -> str:
        """answered, held, silent or quarantined."""
        if self.decision.action == "reply":
            return "held" if self.decision.hold else "answered"
        return "silent" if self.decision.action == "silent" else "quarantined"

    @property
    def sender(self) -> str:
        """The address in From, "" when there is none."""
        return self.message.from_[0].email if self.message and self.message.from_ else ""

    def row(self) -> dict[str, Any]:
        """As one line of JSON."""
        decision, rule = self.decision, self.decision.rule
        return {
            "letter": self.old.name,
            "mailbox": self.mailbox,
            "arrived": self.old.arrived.isoformat(),
            "from": self.sender,
            "subject": self.message.subject[:SHOWN] if self.message else "",
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


class Judge:
    """One rules.yaml, deciding letters in the order of their arrival, as if in live mode."""

    def __init__(self, book: Book, mailbox: str) -> None:
        """`mailbox`: whose letters those in files are; "" for the one that each was written to."""
        self._book, self._mailbox = book, mailbox
        self._replay = Replay(replace(book.policy, shadow=False), book.language)

    def __call__(self, old: Old, message: Message | None, broken: str) -> Verdict:
        """What would have happened to the letter; `broken`: why it cannot be read."""
        mailbox = old.mailbox or self._mailbox
        if message is None:
            return Verdict(old, mailbox, None, Decision("quarantine", "unreadable", broken))
        mailbox = mailbox or mailbox_of(message, self._book.policy)
        try:
            decision = self._replay.decide(message, old.arrival(mailbox))
        except Exception as error:  # as above
            decision = Decision("quarantine", "unreadable", f"{type(error).__name__}: {error}")
        return Verdict(old, mailbox, message, decision)

    def language(self, verdict: Verdict) -> str:
        """The language in which the letter is answered."""
        if verdict.message is None:
            return ""
        mailbox = self._book.policy.mailboxes[verdict.mailbox]
        return self._book.composer.language(verdict.decision, verdict.message, mailbox)

    def answer(self, verdict: Verdict) -> Answer:
        """The letter that is sent; the verdict must be one that answers. Raises what its template raises."""
        if verdict.message is None:
            raise ValueError("this letter cannot be read")
        mailbox = self._book.policy.mailboxes[verdict.mailbox]
        return self._book.composer.compose(verdict.decision, verdict.message, mailbox, verdict.old.arrived)
