"""One decision: which reason wins, what is held, what uses up `once`, and that the trace says it all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from autoresponder.core.address import sender_key
from autoresponder.core.calendar import DateRange, Duration, Office, Special
from autoresponder.core.conditions import Named, OfficeIs, Pattern, Text, Who
from autoresponder.core.contacts import Contacts
from autoresponder.core.decide import REASONS, Decision, decide, read
from autoresponder.core.guards import GUARDS
from autoresponder.core.history import SHADOWS, History, Ledger, Limit, Limits, Lookup, once_scope
from autoresponder.core.message import Arrival, Message
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.rules import Once, Rule
from tests.core.letters import NOW, letter

ME = "contact@example.com"
REST = Rule("Rest", reply="acknowledgement", promise=Duration(2, "hour"))
BULK = Rule("Partner", when=Who("from", ("@example.net",)), reply="hello", answer_despite=frozenset({"unsubscribe"}))
WEEKLY = Rule("Weekly", reply="x", once=Once("window", timedelta(days=7)))
THREAD = Rule("Thread", reply="x", once=Once("per-thread"))
EVERY = Rule("Every", reply="x", once=Once("every-message"))
QUIET = Rule("Quiet", when=Text("subject", (Pattern.make("contains", "question"),)), move_to="Later")
OOF = Rule("Away", reply="closed", kind="out-of-office")
PORTAL = Rule("Portal", when=Who("from", ("no-reply@portal.example",)), reply="hello", once=Once("every-message"),
              answer_despite=frozenset({"form-sender"}))  # fmt: skip
LIMITS = Limits(Limit(3, timedelta(days=1)), Limit(5, timedelta(hours=1)), Limit(9, timedelta(hours=1)))


def decided(message: Message, *rules: Rule, history: History | None = None, **more: Any) -> Decision:
    """The decision with these rules, of the one mailbox."""
    shadow = more.pop("shadow", False)
    policy = Policy(
        {"contact": Mailbox("contact", ME, office=Office(UTC, always_open=True))},
        rules or (REST,),
        limits=LIMITS,
        own=frozenset({sender_key(ME)}),
        shadow=shadow,
    )
    arrival = more.pop("arrival", Arrival("contact", "INBOX", 1, 7, NOW))
    return decide(read(message, policy), arrival, policy, history or History(), NOW, **more)


def answered(rule: str, at: datetime) -> History:
    """Somebody who had this rule's answer then."""
    return History(first_seen=at, messages=1, answered={rule: at})


DAY = timedelta(days=1)
PLAIN = letter()
OFFER = letter(List_Unsubscribe="<mailto:x@example.net>")
CASES: list[tuple[str, Message, tuple[Rule, ...], dict[str, Any], str, str]] = [
    ("a person", PLAIN, (), {}, "reply", "rule"),
    ("no rule", PLAIN, (replace(REST, when=Named("mailbox", frozenset({"x"}))),), {}, "silent", "no-rule"),
    ("reply: false", PLAIN, (QUIET, REST), {}, "silent", "rule"),
    ("a list", letter(List_Id="<x.example.net>"), (), {}, "silent", "list"),
    ("a soft guard", OFFER, (), {}, "silent", "unsubscribe"),
    ("a soft guard overruled", OFFER, (BULK,), {}, "reply", "rule"),
    ("a hard guard is not overruled", letter(List_Id="<x.example.net>"), (BULK,), {}, "silent", "list"),
    ("suppressed", letter(X_Auto_Response_Suppress="AutoReply"), (), {}, "silent", "suppressed"),
    ("a wish about something else", letter(X_Auto_Response_Suppress="OOF, DR"), (), {}, "reply", "rule"),
    ("the same wish to an absence note", letter(X_Auto_Response_Suppress="OOF"), (OOF,), {}, "silent", "suppressed"),
    ("old", PLAIN, (), {"arrival": Arrival("contact", "INBOX", 1, 7, NOW - 3 * DAY)}, "silent", "too-old"),
    ("before the start", PLAIN, (), {"baseline": NOW + DAY}, "silent", "before-start"),
    ("seen elsewhere", PLAIN, (), {"seen": True}, "silent", "seen"),
    ("a copy", PLAIN, (), {"history": History(letter_answered=NOW)}, "silent", "copy"),
    ("once, forever", PLAIN, (), {"history": answered("Rest", NOW - 400 * DAY)}, "silent", "once"),
    ("once, another rule", PLAIN, (), {"history": answered("Other", NOW)}, "reply", "rule"),
    ("once, within the window", PLAIN, (WEEKLY,), {"history": answered("Weekly", NOW - 6 * DAY)}, "silent", "once"),
    ("once, window over", PLAIN, (WEEKLY,), {"history": answered("Weekly", NOW - 7 * DAY)}, "reply", "rule"),
    ("once, every message", PLAIN, (EVERY,), {"history": answered("Every", NOW)}, "reply", "rule"),
    ("once, another thread", PLAIN, (THREAD,), {"history": answered(once_scope("Thread", "x"), NOW)}, "reply", "rule"),
    ("limit per sender", PLAIN, (), {"history": History(sent_to_sender=3)}, "silent", "limit"),
    ("bounced", PLAIN, (), {"history": History(bounced=NOW - DAY)}, "silent", "bounced"),
]


@pytest.mark.parametrize(("_name", "message", "rules", "more", "action", "reason"), CASES, ids=[c[0] for c in CASES])
def test_which_reason_wins(
    _name: str, message: Message, rules: tuple[Rule, ...], more: dict[str, Any], action: str, reason: str
) -> None:
    found = decided(message, *rules, **more)
    assert (found.action, found.reason) == (action, reason)
    assert found.why
    assert found.reason in REASONS or found.reason in {guard.name for guard in GUARDS}
    if action == "silent" and reason not in ("rule", "no-rule"):
        assert any(step.result == "silent" and step.why == found.why for step in found.trace)


def test_an_answer_knows_whom_it_goes_to() -> None:
    contacts = Contacts(("tier",), {"ana@example.net": ("gold",)})
    policy = Policy({"contact": Mailbox("contact", ME)}, (REST,), own=frozenset({sender_key(ME)}), contacts=contacts)
    before = History(first_seen=NOW - DAY, messages=4)
    reading, arrival = read(PLAIN, policy), Arrival("contact", "INBOX", 1, 7, NOW)
    decision = decide(reading, arrival, policy, before, NOW)
    assert decision.contact.cell("tier") == "gold"
    assert decision.history == before


def test_the_trace_says_that_hours_are_special() -> None:
    today = Special((DateRange((11, 23), (11, 23)),), ((),) * 7)
    office = Office(UTC, always_open=True, special=(today,))
    closed = Rule("Closed", when=OfficeIs(frozenset({"closed"})), reply="closed")
    policy = Policy({"contact": Mailbox("contact", ME, office=office)}, (closed, REST), own=frozenset({sender_key(ME)}))
    decision = decide(read(PLAIN, policy), Arrival("contact", "INBOX", 1, 7, NOW), policy, History(), NOW)
    assert decision.rule is closed
    assert "the office is closed now (special hours, 11-23)" in [step.why for step in decision.trace]


def test_an_answer_carries_what_it_needs() -> None:
    found = decided(PLAIN)
    assert found.target is not None
    assert found.target.email == "ana@example.net"
    assert found.scope == "Rest"
    assert found.due == NOW + timedelta(hours=2)
    assert found.act
    assert [s.result for s in found.trace if s.check == "rule Rest"] == ["match"]


@pytest.mark.parametrize(
    ("promise", "until"),
    [
        (None, REST.not_older_than),
        (Duration(2, "hour"), timedelta(hours=2)),  # a date that has passed is promised to nobody
        (Duration(9, "day"), REST.not_older_than),
    ],
)
def test_until_when_an_answer_may_be_sent(promise: Duration | None, until: timedelta) -> None:
    assert decided(PLAIN, replace(REST, promise=promise)).expires == NOW + until


@pytest.mark.parametrize(
    ("history", "word"),
    [(History(sent_to_domain=5), "example.net"), (History(sent_total=9), "in total"), (History(sent_total=8), "")],
)
def test_domain_and_total_limits_hold_and_do_not_lose(history: History, word: str) -> None:
    found = decided(PLAIN, history=history)
    assert found.action == "reply"
    assert bool(found.hold) is bool(word)
    assert word in found.hold


@pytest.mark.parametrize(
    ("message", "rules", "more", "act"),
    [
        (PLAIN, (QUIET,), {}, True),
        (letter(List_Id="<x.example.net>"), (QUIET,), {}, True),  # `reply: false` is not about answering
        (letter(List_Id="<x.example.net>"), (REST,), {}, False),
        (PLAIN, (REST,), {"history": answered("Rest", NOW)}, True),
        (PLAIN, (QUIET,), {"seen": True}, False),  # it was marked and moved when it was first decided
        (PLAIN, (REST,), {"shadow": True}, False),
        (PLAIN, (QUIET,), {"shadow": True}, False),
        (PLAIN, (replace(QUIET, shadow=True),), {}, False),
        (PLAIN, (REST,), {"history": answered("Rest", NOW), "shadow": True}, False),
    ],
)
def test_when_a_rule_may_mark_and_move(message: Message, rules: tuple[Rule, ...], more: Any, act: bool) -> None:
    assert decided(message, *rules, **more).act is act


def test_shadow_is_said_by_policy_mailbox_or_rule() -> None:
    assert not decided(PLAIN).shadow
    assert decided(PLAIN, shadow=True).shadow
    assert decided(PLAIN, replace(REST, shadow=True)).shadow


def test_in_shadow_once_looks_at_shadows_too() -> None:
    would = replace(answered("Rest", NOW), answered={SHADOWS + "Rest": NOW})
    assert decided(PLAIN, history=would).action == "reply", "live: a shadow was no answer"
    assert decided(PLAIN, history=would, shadow=True).reason == "once"
    assert decided(PLAIN, history=answered("Rest", NOW), shadow=True).reason == "once"


def test_shadows_of_a_batch_count_for_once_and_for_no_limit() -> None:
    ledger, ask = Ledger(), Lookup("ana@example.net", "ana@example.net", "example.net", "letter", "thread")
    ledger.note(ask, NOW, "Rest", shadow=True)
    history = ledger.of(ask)
    assert (history.last_answer("Rest", shadow=True), history.last_answer("Rest", shadow=False)) == (NOW, None)
    assert (history.sent_to_sender, history.sent_to_domain, history.sent_total) == (0, 0, 0)


def test_a_ledger_keeps_a_batch_true() -> None:
    policy = Policy({"contact": Mailbox("contact", ME)}, (REST,))
    ask = read(PLAIN, policy).ask
    ledger = Ledger()
    assert ledger.of(ask).first_seen is None
    ledger.note(ask, NOW, "Rest")
    ledger.note(ask, NOW, None)
    now = ledger.of(ask)
    assert (now.first_seen, now.messages, now.answered) == (NOW, 2, {"Rest": NOW})
    assert (now.sent_to_sender, now.sent_to_domain, now.sent_total) == (1, 1, 1)
    assert now.letter_answered == NOW
    ledger.note(ask, NOW, "Rest", held=True)
    now = ledger.of(ask)
    assert (now.sent_to_sender, now.sent_to_domain, now.sent_total) == (2, 1, 1)


def test_the_keys_of_a_letter_do_not_depend_on_how_the_address_is_spelt() -> None:
    policy = Policy({"contact": Mailbox("contact", ME)}, (REST,))
    one, two = (read(letter(sender=s), policy).ask for s in ("ANA@Example.NET", "Ana Ruiz <ana@example.net>"))
    assert one == two


def test_a_form_is_answered_where_a_rule_names_it_and_within_limits() -> None:
    form = letter(sender="no-reply@portal.example", Reply_To="Ana <ana@example.net>")
    answered = decided(form, PORTAL)
    assert (answered.action, answered.target.email if answered.target else "") == ("reply", "ana@example.net")
    assert (answered.ask.sender_key, answered.ask.domain) == ("ana@example.net", "example.net")
    assert decided(form, PORTAL, history=History(sent_to_sender=3)).reason == "limit"
    assert "example.net" in decided(form, PORTAL, history=History(sent_to_domain=5)).hold
    assert decided(form, PORTAL, history=History(sent_total=9)).breaker == "total"
    assert decided(form).reason == "form-sender"
    assert (
        decided(letter(sender="noreply@other.example", Reply_To="ana@example.net"), PORTAL, REST).reason
        == "form-sender"
    )
