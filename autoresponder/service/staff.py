"""What our own people are told by mail: by a rule's `notify`, when limits hold answers back, when a reload was refused.

Contract: makes `Notice`s, which the store puts into the outbox, with the decision they belong to or by themselves.
Told is what is needed and no more: never the text of a letter. Nobody is told of what they wrote themselves (or their
own automatic reply would call for the next letter), no mailbox of ours is ever written to, and in shadow mode nobody
is, whoever asked for it. What strangers wrote stands there as inert text.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from autoresponder.answer.clean import inert, one_line
from autoresponder.answer.staff import staff_letter
from autoresponder.core.address import is_own, sender_key
from autoresponder.core.decide import Decision
from autoresponder.core.history import Limits
from autoresponder.core.message import Arrival, Message
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.reference import reference
from autoresponder.core.token import Signer, digest
from autoresponder.store import Notice, StaffLetter

USEFUL = timedelta(days=2)
"""How long a letter to our people is worth being delivered."""
AGAIN = timedelta(days=1)
"""After this, what is still so is told again."""
SHOWN = 120
"""Characters of a stranger's subject or name."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is told, and how; replaced as a whole by a reload."""

    policy: Policy
    signer: Signer
    alert: tuple[str, ...] = ()  # when answers are held
    operators: tuple[str, ...] = ()  # when a reload was refused (`notify`)

    def of_rule(self, decision: Decision, message: Message, arrival: Arrival, now: datetime) -> Notice | None:
        """What the rule that won has colleagues told of this letter; None for nothing."""
        rule, mailbox = decision.rule, self.policy.mailboxes[arrival.mailbox]
        if rule is None or not decision.act or not rule.notify:
            return None
        authors = {address.key for address in (*message.from_, *message.reply_to)}
        colleagues = [one for one in rule.notify if sender_key(one) not in authors]
        who = message.from_[0] if message.from_ else None
        name = inert(one_line(who.name, SHOWN)) if who else ""
        subject = inert(one_line(message.subject, SHOWN)) or "(no subject)"
        email = one_line(who.email, 254) if who else ""
        lines = [
            f"{f'{name} <{email}>' if name else email or 'Somebody'} has written to {mailbox.address}.",
            "",
            f"Subject:   {subject}",
            f"Arrived:   {arrival.arrived.astimezone(mailbox.office.zone):%Y-%m-%d %H:%M %Z}",
            f"Rule:      {rule.name}",
            f"Answer:    {decision.why}",
            f"Reference: {reference(self.signer, decision.ask.letter_key)}",
            "",
            f"The letter is in the folder {rule.move_to or arrival.folder} of the mailbox {mailbox.name}.",
        ]
        topic = "rule " + digest(decision.ask.letter_key, rule.name)
        notice = self._notice(topic, mailbox, colleagues, f"{rule.name}: {subject}", lines, now)
        return replace(notice, again=None) if notice.letters else None

    def of_breaker(self, breaker: str, why: str, arrival: Arrival, held: int, now: datetime) -> Notice:
        """That answers are held back, by the limit `breaker` ("": for another reason): `held` of them so far. News once
        a trip: again when nothing was held for a whole window of the limit, or after a day."""
        mailbox = self.policy.mailboxes[arrival.mailbox]
        lines = [
            f"{why[:1].upper()}{why[1:]}. Further answers are held back, not lost; {held} are held now.",
            "",
            "Look who writes so much, then release or drop what is held:",
            "",
            "    autoresponder outbox list --state held",
            "    autoresponder outbox release all",
            "    autoresponder outbox drop all --state held",
            "",
            "Single ones by their numbers. An answer that is not released in time (not_older_than) is given up, and",
            "`outbox list --state failed` shows it. There is no further letter about this until it has been quiet for",
            "a while, or a day has passed.",
        ]
        which = {"": "", "total": " (limit in total)"}.get(breaker, f" (limit for {breaker})")
        subject = f"answers are held back{which}"
        topic = f"breaker {breaker}"
        return self._notice(topic, mailbox, self.alert, subject, lines, now, quiet=_window(breaker, self.policy.limits))

    def of_refusal(self, problem: str, now: datetime) -> Notice:
        """That the changed configuration was refused; one and the same problem is told again after a day."""
        mailbox = next(iter(self.policy.mailboxes.values()))
        lines = [
            "The changed configuration is wrong. The rules in force stay as they were, until it is mended:",
            "",
            *(f"    {line}" for line in problem.splitlines()),
            "",
            "Saving the mended file is enough; `autoresponder check` tells before.",
        ]
        topic = "refused " + digest(problem)
        return self._notice(topic, mailbox, self.operators, "the changed configuration was refused", lines, now)

    def _notice(
        self,
        topic: str,
        mailbox: Mailbox,
        to: Iterable[str],
        subject: str,
        lines: list[str],
        now: datetime,
        quiet: timedelta | None = None,
    ) -> Notice:
        local = now.astimezone(mailbox.office.zone)
        letters = []
        for target in () if self._in_shadow(mailbox) else {sender_key(one): one for one in to}.values():
            if is_own(target, self.policy.own):
                continue
            made = staff_letter(self.signer, mailbox.address, target, subject, lines, topic, local)
            letters.append(StaffLetter(target, made.message_id, made.subject, made.raw))
        return Notice(topic, mailbox.name, tuple(letters), now + USEFUL, quiet, AGAIN)

    def _in_shadow(self, mailbox: Mailbox) -> bool:
        return self.policy.shadow or mailbox.shadow


def _window(breaker: str, limits: Limits) -> timedelta | None:
    limit = {"": None, "total": limits.total}.get(breaker, limits.per_domain)
    return limit.window if limit else None
