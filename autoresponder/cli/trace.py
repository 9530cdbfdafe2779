"""How a decision reads on a terminal: whom, the guards, the rules clause by clause, the history, the letter.

Colour on a terminal only. Text of the letter is shown without control and bidirectional characters.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from autoresponder.answer.compose import Answer
from autoresponder.cli.looked import looked_at
from autoresponder.cli.paint import paint, safe
from autoresponder.core.conditions import All, AnyOf, Condition, Facts, Not
from autoresponder.core.decide import Decision, Reading, Step, facts_of
from autoresponder.core.guards import GUARDS, SOFT_GUARDS, Scene
from autoresponder.core.history import SHADOWS, History, Limit
from autoresponder.core.message import Arrival, Message
from autoresponder.core.rules import Rule, span
from autoresponder.service.book import Book

MARKS = {
    "pass": ("·", "dim"),
    "silent": ("✗", "bad"),
    "match": ("✓", "good"),
    "no match": ("–", "dim"),
    "hold": ("!", "warn"),
}
FOLLOWERS = 5
"""Rules that would have followed and are named."""
MISSES = 12
"""Rules that did not match and are named, without --all."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One letter, what would happen to it, and the answer it would get. The last three are None where it could not be
    read."""

    file: str
    message: Message | None
    decision: Decision
    answer: Answer | None = None
    reading: Reading | None = None
    arrival: Arrival | None = None
    history: History | None = None


class Printer:
    """Letters as a terminal shows them."""

    def __init__(self, book: Book, *, everything: bool, state: bool) -> None:
        """everything: also what passed. state: the recorded history was used and is shown."""
        self._book, self._policy, self._everything, self._state = book, book.policy, everything, state

    def shown(self, explained: Explained) -> str:
        """One letter, and an empty line."""
        return "\n".join((*self._lines(explained), "", ""))

    def _lines(self, explained: Explained) -> Iterator[str]:
        decision, message = explained.decision, explained.message
        yield paint(explained.file, "head")
        if message:
            sender = ", ".join(f"{a.name} <{a.email}>" if a.name else a.email for a in message.from_) or "nobody"
            yield f"  from     {safe(sender)}\n  subject  {safe(message.subject)}"
        if explained.reading and explained.arrival and explained.history:
            yield from self._why(explained.reading, explained.arrival, explained.history, decision)
        style = {"reply": "good", "silent": "warn", "quarantine": "bad"}[decision.action]
        yield "  " + paint(decision.action.upper(), style) + f"  {safe(decision.why)} [{decision.reason}]"
        if message and decision.reason in SOFT_GUARDS:
            yield from _hint(message, decision)
        if explained.answer and decision.target:
            yield f"  to       {safe(decision.target.email)}\n  subject  {safe(explained.answer.subject)}"
            yield from (f"  attached {one}" for one in explained.answer.attachments)
            yield textwrap.indent(explained.answer.text.rstrip(), "  │ ", lambda _line: True)

    def _why(self, reading: Reading, arrival: Arrival, history: History, decision: Decision) -> Iterator[str]:
        """Everything between the letter and the decision."""
        office = self._policy.mailboxes[arrival.mailbox].office
        moment = arrival.arrived.astimezone(office.zone)
        yield f"  as       {arrival.mailbox}/{safe(arrival.folder)}, {moment:%a %Y-%m-%d %H:%M %Z}"
        whom = f"{reading.target.email}: " if reading.target else "nobody: "
        yield f"  whom     {safe(whom + reading.target_why)}"
        facts = facts_of(reading, arrival, self._policy, history, arrival.arrived, language=self._book.language)
        if facts.contact.known:
            yield f"  contact  {safe(str(facts.contact))}"
        steps = decision.trace
        yield from self._guards([s for s in steps if s.check.startswith("guard ")], reading, arrival, history)
        yield from self._rules(decision, facts)
        first = next((n for n, s in enumerate(steps) if s.check == "X-Auto-Response-Suppress"), len(steps))
        yield from self._rest(steps[first:], decision, arrival, history)
        if self._state:
            yield from self._known(reading, history)

    def _guards(self, steps: list[Step], reading: Reading, arrival: Arrival, history: History) -> Iterator[str]:
        mailbox = self._policy.mailboxes[arrival.mailbox]
        scene = Scene(reading.message, arrival, mailbox, self._policy, reading.target, history)
        hard = {guard.name: guard.hard for guard in GUARDS}
        passed = 0
        for step in steps:
            name = step.check.removeprefix("guard ")
            kind = "" if hard.get(name, True) else " (soft)"
            if step.why:
                yield _line(step.result, step.check + kind, step.why)
            elif self._everything:
                yield _line(step.result, step.check + kind, looked_at(name, scene))
            else:
                passed += 1
        if passed:
            yield paint(f"  · {passed} guards let it pass (--all shows what each looked at)", "dim")

    # rules ------------------------------------------------------------------------------------------------------
    def _rules(self, decision: Decision, facts: Facts) -> Iterator[str]:
        """The rules in order up to the one that won, and those that would have followed."""
        rules, won = self._policy.rules, decision.rule
        end = rules.index(won) if won else len(rules)
        for number, rule in enumerate(rules[:end]):
            if number == MISSES and not self._everything:
                yield paint(f"  – {end - MISSES} further rules do not match (--all shows them)", "dim")
                break
            yield _line("no match", f"rule {rule.name}", "" if self._everything else rule.when.why(facts))
            if self._everything:
                yield from _clauses(rule.when, facts, 2)
        if won is None:
            return
        yield _line("match", f"rule {won.name}", f"wins: {_does(won)}")
        yield from _clauses(won.when, facts, 2)
        followers = [rule for rule in rules[end + 1 :] if rule.when.holds(facts)]
        for rule in followers[:FOLLOWERS]:
            yield paint(f"  ↳ rule {rule.name} would have followed: {safe(_does(rule))}", "dim")
        if len(followers) > FOLLOWERS:
            yield paint(f"  ↳ and {len(followers) - FOLLOWERS} more", "dim")

    def _rest(self, steps: tuple[Step, ...], decision: Decision, arrival: Arrival, history: History) -> Iterator[str]:
        """What is asked once a rule wants to answer."""
        for step in steps:
            if step.why or self._everything:
                yield _line(step.result, step.check, step.why or self._looked(step.check, decision, arrival, history))
        if steps and not self._everything and (quiet := sum(not s.why for s in steps)):
            yield paint(f"  · {quiet} further checks passed: age, once, limits … (--all shows them)", "dim")

    def _looked(self, check: str, decision: Decision, arrival: Arrival, history: History) -> str:
        """What one of these checks looked at."""
        rule = decision.rule
        if rule is None:
            return ""
        last = history.last_answer(decision.scope or rule.name, shadow=decision.shadow)
        limit = self._policy.limits.per_sender
        return {
            "X-Auto-Response-Suppress": f"no wish against {rule.kind}s",
            "start": "not asked: only the daemon knows when it began",
            "age": f"arrived {arrival.arrived:%Y-%m-%d %H:%M}, not_older_than is {span(rule.not_older_than)}",
            "seen": "not asked: a letter is explained as if it were new",
            "copy": "no copy of it was answered",
            "once": f"once: {rule.once}; " + (f"last answer {_day(last)}" if last else "no answer of this rule yet"),
            "limit per sender": _used(history.sent_to_sender, limit) if limit else "there is no such limit",
        }.get(check, "")

    # history ----------------------------------------------------------------------------------------------------
    def _known(self, reading: Reading, history: History) -> Iterator[str]:
        """What the store knows of the sender, and how far the limits are used up."""
        if reading.target is None:
            return
        who = safe(reading.target.email)
        if history.first_seen:
            yield f"  history  {who} wrote {history.messages} times since {_day(history.first_seen)}"
        else:
            yield f"  history  nothing is known of {who}"
        for scope, at in sorted(history.answered.items(), key=lambda pair: pair[1])[-8:]:
            rule, _, thread = scope.removeprefix(SHADOWS).partition("\x1f")
            had = "would have had" if scope.startswith(SHADOWS) else "had"
            yield f"           {had} the answer of “{safe(rule)}”{' in a thread' if thread else ''} {_day(at)}"
        if history.bounced:
            yield f"           mail to it bounced {_day(history.bounced)}"
        limits = self._policy.limits
        uses = (
            ("sender", limits.per_sender, history.sent_to_sender),
            (f"domain {safe(reading.ask.domain)}", limits.per_domain, history.sent_to_domain),
            ("in total", limits.total, history.sent_total),
        )
        used = ", ".join(f"{name} {_used(count, limit)}" for name, limit, count in uses if limit)
        if used:
            yield f"  limits   {used}"


def _clauses(condition: Condition, facts: Facts, depth: int) -> Iterator[str]:
    """Every clause, with what it looked at; nested ones below their `any` or `not`."""
    if isinstance(condition, All):
        if not condition.parts and depth == 2:
            yield _clause(True, condition.why(facts), depth)
        for part in condition.parts:
            yield from _clauses(part, facts, depth)
        return
    holds = condition.holds(facts)
    if isinstance(condition, AnyOf):
        yield _clause(holds, "any of", depth)
        for part in condition.parts:
            yield from _clauses(part, facts, depth + 1)
    elif isinstance(condition, Not):
        yield _clause(holds, "not", depth)
        yield from _clauses(condition.part, facts, depth + 1)
    else:
        yield _clause(holds, condition.why(facts), depth)


def _clause(holds: bool, why: str, depth: int) -> str:
    mark, style = ("✓", "good") if holds else ("–", "dim")
    return "  " * depth + "  " + paint(f"{mark} {safe(why)}", style)


def _hint(message: Message, decision: Decision) -> Iterator[str]:
    """How to answer a form or portal that soft guards silenced: the answer would go elsewhere than to From."""
    guards = [s.check.removeprefix("guard ") for s in decision.trace if s.result == "silent"]
    if message.from_ and decision.target and decision.target.key not in {author.key for author in message.from_}:
        sender = safe(message.from_[0].email)
        yield f'  hint     a form or portal that you know? A rule with when: {{from: "{sender}"}} and'
        yield f"           answer_despite: [{', '.join(guards)}] answers, to Reply-To"


def _does(rule: Rule) -> str:
    return f"answers with “{rule.reply}”" if rule.reply else "no answer"


def _used(count: int, limit: Limit) -> str:
    return f"{count} of {limit}"


def _day(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _line(result: str, check: str, why: str) -> str:
    mark, style = MARKS[result]
    return paint(f"  {mark} {check}", style) + (f": {safe(why)}" if why else "")
