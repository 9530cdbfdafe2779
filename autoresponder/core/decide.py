"""The one decision: a letter, the policy, the sender's history and the time in; answer or silence, with reasons, out.

Pure and total: for any message `decide` returns exactly one `Decision`, whose `reason` is a stable code (for machines)
and whose `why` is a sentence (for people: the same one in log, `explain`, `history` and `status`).

Order: the guards are asked, then the rules; the first rule that matches wins. A rule with `reply: false` is silence
whatever else holds. A hard guard, or a soft one that the rule does not name in `answer_despite`, means silence; so do,
in this order, X-Auto-Response-Suppress for the rule's kind, age, a copy of a letter already answered, `once`, and the
per-sender limit. The limits per domain and in total do not silence, they hold: the answer waits for an operator.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from autoresponder.core.address import Address, limit_key, matches, sender_key
from autoresponder.core.authres import authenticated
from autoresponder.core.conditions import Facts
from autoresponder.core.contacts import Row
from autoresponder.core.guards import GUARDS, Scene, suppressed
from autoresponder.core.history import History, Lookup, once_scope
from autoresponder.core.message import Arrival, Message, letter_key, thread_key
from autoresponder.core.policy import Language, Policy
from autoresponder.core.rules import Rule, span
from autoresponder.core.target import target_of

NOBODY = Lookup("", "", "", "", "")
TRACED_RULES = 30
"""Rules that did not match get a line in the trace up to this many, so that a thousand rules cost no sentences."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace."""

    check: str  # "guard own-address", "rule Invoices", "once", "limit per sender"
    result: Literal["pass", "silent", "match", "no match", "hold"]
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A letter with the address that an answer would go to, and the keys under which sender and letter are known."""

    message: Message
    target: Address | None
    target_why: str
    ask: Lookup


@dataclass(frozen=True, slots=True)
class Weighed:
    """A letter as guards and rules see it: all of its decision in which earlier letters have no part. Small, whatever
    the letter's size."""

    target: Address | None
    ask: Lookup
    hard: tuple[str, str] | None  # the first hard guard that objects: its name and sentence
    soft: tuple[tuple[str, str], ...]  # all soft ones
    rule: int | None  # the number of the rule that matches, in `Policy.rules`
    suppressed: str  # "" or why the sender wants no answer of that rule's kind
    trace: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one letter."""

    action: Literal["reply", "silent", "quarantine"]
    reason: str  # a guard's name, or one of REASONS
    why: str
    rule: Rule | None = None  # the rule that won, also when something else silenced it
    target: Address | None = None  # whom an answer goes to (or would have gone to)
    ask: Lookup = NOBODY
    scope: str | None = None  # for a reply: the `once` scope it uses up
    expires: datetime | None = None  # for a reply: too late to be sent after this
    due: datetime | None = None  # for a reply: when the promise falls due
    hold: str = ""  # for a reply: why the breaker holds it ("" when it does not)
    breaker: str = ""  # which one: "total", or "domain example.net"
    shadow: bool = False  # for a reply: decide and record only
    contact: Row = field(default_factory=Row)  # for a reply: what is known of the target
    history: History = field(default_factory=History)  # for a reply: of the target, before this letter
    act: bool = False  # whether the rule's mark, move_to and notify are to be carried out; never in shadow
    trace: tuple[Step, ...] = ()


REASONS = {
    "rule": "a rule said so: answer, or stay silent",
    "no-rule": "no rule matched",
    "suppressed": "the sender asked not to be answered automatically (X-Auto-Response-Suppress)",
    "too-old": "the letter is older than the rule's not_older_than",
    "before-start": "the letter was there before the daemon first saw the folder",
    "seen": "this letter was already decided on: it was moved or copied here, or the folder was renumbered",
    "copy": "this very letter was already answered",
    "once": "the sender already had this rule's answer within its once window",
    "limit": "the sender reached the per-sender limit",
    "unreadable": "the message could not be read; it is quarantined",
    "leak": "the answer would have said somebody else's address; the letter is quarantined",
}
"""Every reason that is not a guard's name."""


def read(message: Message, policy: Policy) -> Reading:
    """Finds whom to answer and under which keys the store knows them."""
    target, why = target_of(message, policy.own)
    key = target.key if target else ""
    ask = Lookup(
        sender_key=key,
        limit_key=limit_key(target.email) if target else "",
        domain=target.domain if target else "",
        letter_key=letter_key(message),
        thread_key=thread_key(message, key),
    )
    return Reading(message, target, why, ask)


def mailbox_of(message: Message, policy: Policy) -> str:
    """The name of the mailbox that a letter from a file was written to (To, Cc); the first one when it was to none."""
    written_to = (*message.to, *message.cc)
    for name, mailbox in policy.mailboxes.items():
        own = sender_key(mailbox.address)
        if any(a.key == own or any(matches(p, a.email) for p in mailbox.aliases) for a in written_to):
            return name
    return next(iter(policy.mailboxes))


def facts_of(
    reading: Reading,
    arrival: Arrival,
    policy: Policy,
    history: History,
    now: datetime,
    *,
    language: Language = lambda _subject, _text: "",
) -> Facts:
    """What the rules are asked about; the arguments are those of `decide`."""
    office = policy.mailboxes[arrival.mailbox].office
    local = now.astimezone(office.zone)
    return Facts(
        message=reading.message,
        arrival=arrival,
        target=reading.target,
        history=history,
        now=local,
        office=office.state(now),
        authenticated=authenticated(reading.message, policy),
        special=office.special_on(local.date()),
        language=language,
        contact=policy.contacts.find(reading.ask.sender_key),
    )


def decide(
    reading: Reading,
    arrival: Arrival,
    policy: Policy,
    history: History,
    now: datetime,
    *,
    language: Language = lambda _subject, _text: "",
    baseline: datetime | None = None,
    seen: bool = False,
    full: bool = False,
) -> Decision:
    """The decision about one letter.

    now: aware. baseline: letters that arrived before it are never answered. seen: this mailbox already has a
    decision about the letter. full: a trace line for every rule (`explain`), not only for the first
    `TRACED_RULES`. `arrival.mailbox` must be one of the policy's mailboxes."""
    weighed = weigh(reading, arrival, policy, history, now, language=language, full=full)
    return conclude(weighed, arrival, policy, history, now, baseline=baseline, seen=seen)


def weigh(
    reading: Reading,
    arrival: Arrival,
    policy: Policy,
    history: History,
    now: datetime,
    *,
    language: Language = lambda _subject, _text: "",
    full: bool = False,
) -> Weighed:
    """The first half of `decide`, with its arguments. Of the history only when the sender was first seen and whether
    the address bounced can make a difference."""
    trace: list[Step] = [Step("whom", "pass", reading.target_why)] if reading.target else []
    hard, soft = _ask_guards(reading, arrival, policy, history, trace)
    facts = facts_of(reading, arrival, policy, history, now, language=language)
    if full and facts.contact.known:  # in full only: what is stored needs no copy of the customers
        trace.append(Step("contact", "pass", str(facts.contact)))
    number = _first_match(policy.rules, facts, trace, full)
    wish = "" if number is None else suppressed(reading.message, policy.rules[number].kind)
    return Weighed(reading.target, reading.ask, hard, tuple(soft), number, wish, tuple(trace))


def conclude(
    weighed: Weighed,
    arrival: Arrival,
    policy: Policy,
    history: History,
    now: datetime,
    *,
    baseline: datetime | None = None,
    seen: bool = False,
) -> Decision:
    """The second half of `decide`, with its arguments: what the letters before this one make of it."""
    mailbox, ask, trace = policy.mailboxes[arrival.mailbox], weighed.ask, list(weighed.trace)
    rule = None if weighed.rule is None else policy.rules[weighed.rule]
    shadow = policy.shadow or mailbox.shadow or (rule is not None and rule.shadow)

    def silent(reason: str, why: str, *, act: bool = False) -> Decision:
        act = act and not shadow
        return Decision("silent", reason, why, rule, weighed.target, ask, act=act, trace=tuple(trace))

    if weighed.hard:
        return silent(*weighed.hard, act=rule is not None and rule.reply is None and not seen)
    if rule is None:
        return silent("no-rule", REASONS["no-rule"])
    if rule.reply is None:
        return silent("rule", f"rule “{rule.name}” says: no answer", act=not seen)
    for name, why in weighed.soft:
        if name not in rule.answer_despite:
            return silent(name, why)
        trace.append(Step(f"guard {name}", "pass", f"overruled by answer_despite of rule “{rule.name}”"))
    scope = once_scope(rule.name, ask.thread_key if rule.once.per == "per-thread" else "")
    for check, reason, why in (
        ("X-Auto-Response-Suppress", "suppressed", weighed.suppressed),
        ("start", "before-start", _before_start(arrival, baseline)),
        ("age", "too-old", _too_old(arrival, rule, now)),
        ("seen", "seen", REASONS["seen"] if seen else ""),
        ("copy", "copy", _copy(history)),
        ("once", "once", _had_already(rule, history.last_answer(scope, shadow=shadow), now)),
        ("limit per sender", "limit", _over(policy, history)),
    ):
        trace.append(Step(check, "silent" if why else "pass", why))
        if why:
            return silent(reason, why, act=reason in ("copy", "once", "limit"))
    expires = arrival.arrived + rule.not_older_than
    due = mailbox.office.due(now, rule.promise) if rule.promise else None
    breaker, hold = _held(policy, history, ask)
    if hold:
        trace.append(Step("limits", "hold", hold))
    return Decision(
        action="reply",
        reason="rule",
        why=f"rule “{rule.name}” answers with “{rule.reply}”" + (f"; held: {hold}" if hold else ""),
        rule=rule,
        target=weighed.target,
        ask=ask,
        scope=scope,
        expires=min(expires, due) if due else expires,  # what it says would no longer be true
        due=due,
        hold=hold,
        breaker=breaker,
        shadow=shadow,
        contact=policy.contacts.find(ask.sender_key),
        history=history,
        act=not shadow,
        trace=tuple(trace),
    )


_PASSED = {guard.name: Step(f"guard {guard.name}", "pass", "") for guard in GUARDS}


def _ask_guards(
    reading: Reading, arrival: Arrival, policy: Policy, history: History, trace: list[Step]
) -> tuple[tuple[str, str] | None, list[tuple[str, str]]]:
    """The first hard guard that objects, and all soft ones, each as (name, sentence)."""
    mailbox = policy.mailboxes[arrival.mailbox]
    scene = Scene(reading.message, arrival, mailbox, policy, reading.target, history)
    hard: tuple[str, str] | None = None
    soft: list[tuple[str, str]] = []
    for guard in GUARDS:
        why = guard.check(scene)
        if not why:
            trace.append(_PASSED[guard.name])
            continue
        trace.append(Step(f"guard {guard.name}", "silent", why))
        if not guard.hard:
            soft.append((guard.name, why))
        elif hard is None:
            hard = guard.name, why
    return hard, soft


def _first_match(rules: tuple[Rule, ...], facts: Facts, trace: list[Step], full: bool) -> int | None:
    for number, rule in enumerate(rules):
        if rule.when.holds(facts):
            trace.append(Step(f"rule {rule.name}", "match", rule.when.why(facts)))
            return number
        if full or number < TRACED_RULES:
            trace.append(Step(f"rule {rule.name}", "no match", rule.when.why(facts)))
    return None


def _before_start(arrival: Arrival, baseline: datetime | None) -> str:
    if baseline and arrival.arrived < baseline:
        return f"it arrived {_moment(arrival.arrived)}, before this folder was first watched ({_moment(baseline)})"
    return ""


def _too_old(arrival: Arrival, rule: Rule, now: datetime) -> str:
    if now - arrival.arrived > rule.not_older_than:
        return f"it arrived {_moment(arrival.arrived)}, longer ago than {span(rule.not_older_than)} (not_older_than)"
    return ""


def _copy(history: History) -> str:
    if history.letter_answered:
        return f"this very letter was already answered, {_moment(history.letter_answered)}"
    return ""


def _had_already(rule: Rule, last: datetime | None, now: datetime) -> str:
    if last is None or rule.once.per == "every-message":
        return ""
    since = rule.once.since(now)
    if since is not None and last <= since:
        return ""
    return f"the sender had the answer of rule “{rule.name}” {_moment(last)} (once: {rule.once})"


def _over(policy: Policy, history: History) -> str:
    limit = policy.limits.per_sender
    if limit and history.sent_to_sender >= limit.count:
        return f"the sender was answered {history.sent_to_sender} times already (limit per sender: {limit})"
    return ""


def _held(policy: Policy, history: History, ask: Lookup) -> tuple[str, str]:
    """Which breaker holds the answer, and the sentence why; both "" when none does."""
    limits = policy.limits
    if limits.per_domain and history.sent_to_domain >= limits.per_domain.count:
        why = f"{history.sent_to_domain} answers went to {ask.domain} (limit per domain: {limits.per_domain})"
        return f"domain {ask.domain}", why
    if limits.total and history.sent_total >= limits.total.count:
        return "total", f"{history.sent_total} answers were sent (limit in total: {limits.total})"
    return "", ""


def _moment(at: datetime) -> str:
    return f"on {at:%Y-%m-%d at %H:%M} {at.tzname() or ''}".rstrip()
