"""What every store must do, whatever database lies underneath."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from autoresponder.core.history import Limit, Limits
from autoresponder.core.outbox import OPEN_STATES, TRANSITIONS, Event, State
from autoresponder.store import REFUSED, Cursor, InHand, Outcome, Store
from autoresponder.store.migrate import load
from tests.store.conftest import Opener
from tests.store.make import DAY, HOUR, LIMITS, NO_LIMITS, NOW, answer, ask, entry, queue, record, start, walk

E, S = Event, State
ROADS: dict[State, tuple[Event, ...]] = {
    S.PENDING: (),
    S.SENDING: (E.CLAIM,),
    S.IN_DOUBT: (E.CLAIM, E.FINAL_DOT),
    S.SENT: (E.CLAIM, E.FINAL_DOT, E.ACCEPTED),
    S.UNCERTAIN: (E.CLAIM, E.FINAL_DOT, E.NO_ANSWER),
    S.FAILED: (E.CLAIM, E.REFUSED),
    S.DROPPED: (E.DROP,),
    S.HELD: (E.HOLD,),
}
"""How a pending reply comes to each state."""


# folders ----------------------------------------------------------------------------------------------------------
def test_cursor_moves_forwards_within_one_uidvalidity_only(store: Store) -> None:
    assert store.cursor("contact", "INBOX") is None
    start(store, next_uid=10)
    for next_uid, uidvalidity, expected in ((15, 7, 15), (12, 7, 15), (99, 8, 15), (16, 7, 16)):
        store.record("contact", "INBOX", uidvalidity, next_uid, [], NOW)
        assert store.cursor("contact", "INBOX") == Cursor("contact", "INBOX", 7, expected, NOW)
    start(store, next_uid=3, uidvalidity=8)
    assert store.cursor("contact", "INBOX") == Cursor("contact", "INBOX", 8, 3, NOW)
    assert store.cursor("contact", "Other") is None


# decisions --------------------------------------------------------------------------------------------------------
def test_a_uid_is_decided_once(store: Store) -> None:
    assert record(store, entry(1), answer(2)) == [Outcome(True), Outcome(True, 2)]
    assert record(store, entry(1, why="another"), answer(2, scope="other")) == [Outcome(False), Outcome(False)]
    assert record(store, entry(1, letter_key="a"), uidvalidity=8) == [Outcome(True)]
    assert record(store, entry(1, letter_key="b"), folder="Other") == [Outcome(True)]
    assert [d.why for d in store.recent()] == ["no rule matched"] * 2 + ["a rule answers", "no rule matched"]


def test_a_uid_that_another_letter_has_now_is_decided_anew(store: Store) -> None:
    record(store, answer(1), entry(2, letter_key=""))
    reply_id = record(store, answer(1, "bo@example.org", letter="new"))[0].reply_id
    assert reply_id
    assert record(store, answer(1, "bo@example.org", letter="new"), entry(2)) == [Outcome(False), Outcome(False)]
    assert store.known("contact", ["letter-1", "new"]) == {"letter-1", "new"}
    assert [(d.id, d.uid, d.uidvalidity) for d in store.recent()] == [(reply_id, 1, 7), (2, 2, 7), (1, 1, -1)]


def test_a_decision_comes_back_as_it_was_recorded(store: Store) -> None:
    made = answer(5, "Ana@Example.org")
    record(store, made)
    (found,) = store.recent()
    for name in ("uid", "sender", "subject", "message_id", "action", "reason", "why", "rule", "trace"):
        assert getattr(found, name) == getattr(made, name), name
    assert (found.at, found.mailbox, found.folder, found.uidvalidity) == (NOW, "contact", "INBOX", 7)
    assert (found.reply_state, found.reply_id, found.last_error) == ("pending", found.id, "")
    letter = store.letter(found.id)
    assert letter and made.reply
    for name in ("mailbox", "target", "subject", "message_id", "envelope_from", "raw", "expires", "state"):
        assert getattr(letter, name) == getattr(made.reply, name), name
    assert (letter.created, letter.next_attempt, letter.attempts, letter.rule) == (NOW, NOW, 0, "Everything else")
    assert store.letter(99) is None


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Kolkata", "UTC"])
def test_times_come_back_to_the_microsecond_in_utc(store: Store, zone: str) -> None:
    from zoneinfo import ZoneInfo

    at = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=ZoneInfo(zone))
    store.set_cursor(Cursor("contact", "INBOX", 1, 1, at))
    found = store.cursor("contact", "INBOX")
    assert found and found.baseline == at and found.baseline.utcoffset() == timedelta(0)


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(TypeError):
        store.next_due(NOW) or store.bounced("a@b.example", datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_hostile_text_is_kept_readable(store: Store) -> None:
    hostile = "nul \x00, surrogate \udcff, smile 🙂, " + "x" * 100_000
    record(store, entry(1, subject=hostile, sender_key="a\udcff@b", why="because", letter_key="k\udcff"))
    assert "smile 🙂" in store.recent()[0].subject
    assert store.ledger([ask("a\udcff@b", "k\udcff")], LIMITS, NOW).letters == {}


def test_sender_facts(store: Store) -> None:
    later = NOW + DAY
    record(store, entry(1), entry(2), entry(3, "bo@example.org"), entry(4, sender_key=""))
    record(store, entry(5), now=later)
    record(store, entry(5), now=later)
    ledger = store.ledger([ask(), ask("bo@example.org"), ask("new@example.org"), ask("")], NO_LIMITS, later)
    assert ledger.senders == {"ana@example.org": (NOW, 3, None), "bo@example.org": (NOW, 1, None)}


def test_bounced_within_its_days_only(store: Store) -> None:
    record(store, entry(1))
    store.bounced("ana@example.org", NOW)
    store.bounced("ana@example.org", NOW - DAY)
    store.bounced("new@example.org", NOW)
    asks = [ask(), ask("new@example.org")]
    assert store.ledger(asks, NO_LIMITS, NOW + 59 * DAY).senders == {
        "ana@example.org": (NOW, 1, NOW),
        "new@example.org": (None, 0, NOW),
    }
    assert store.ledger(asks, NO_LIMITS, NOW + 60 * DAY).senders == {"ana@example.org": (NOW, 1, None)}


def test_known_letters(store: Store) -> None:
    record(store, entry(1), entry(2, letter_key=""), entry(3, action="quarantine", reason="unreadable"))
    record(store, entry(4), folder="Other", uidvalidity=9)
    record(store, entry(5), mailbox="sales")
    keys = ["letter-1", "letter-3", "letter-4", "letter-5", "", "new"]
    assert store.known("contact", keys) == {"letter-1", "letter-4"}
    assert store.known("contact", []) == set()
    assert store.known("contact", [f"letter-{n}" for n in range(3000)]) == {"letter-1", "letter-4"}


@pytest.mark.parametrize(
    ("address", "uids"),
    [
        ("ana@example.org", [3, 1]),
        ("ANA@Example.org", [3, 1]),
        ("Form@example.com", [3]),
        ("ana@example.or", []),
        ("%", []),
        ("", []),
        ("not an address", []),
    ],
)
def test_history_of_exactly_one_address(store: Store, address: str, uids: list[int]) -> None:
    record(store, entry(1, "Ana@example.org"), entry(2, "bo@example.org"))
    record(store, entry(3, "form@example.com", sender_key="ana@example.org"), now=NOW + HOUR)
    record(store, entry(4, sender_key="", sender="nobody"))
    assert [d.uid for d in store.history(address)] == uids
    assert [d.uid for d in store.history(address, limit=1)] == uids[:1]


def test_letters_found_by_their_key_newest_first(store: Store) -> None:
    record(store, entry(1), entry(2), entry(3, letter_key=""))
    record(store, entry(2), mailbox="sales", now=NOW + HOUR)
    record(store, entry(2), folder="Other", now=NOW - HOUR)
    assert [(d.mailbox, d.folder) for d in store.found(lambda key: key == "letter-2")] == [
        ("sales", "INBOX"), ("contact", "INBOX"), ("contact", "Other"),
    ]  # fmt: skip
    assert [d.uid for d in store.found(lambda key: True)].count(3) == 0
    assert store.found(lambda key: False) == []


def test_letters_are_found_among_more_than_one_portion(store: Store) -> None:
    with store.transaction():
        for start in range(1, 10_502, 500):
            record(store, *(entry(uid, letter_key=f"{uid:032x}") for uid in range(start, start + 500)))
    last = f"{10_500:032x}"
    assert [d.uid for d in store.found(lambda key: key == last)] == [10_500]


def test_summary(store: Store) -> None:
    record(store, answer(1, "old@example.org", at=NOW - 2 * DAY), now=NOW - 2 * DAY)
    record(
        store, answer(2), entry(3), entry(4, reason="own-address"), entry(5, action="quarantine", reason="unreadable")
    )
    walk(store, 1, *ROADS[S.SENT])
    figures = store.summary(NOW - DAY)
    assert figures.decisions == {"reply": 1, "silent": 2, "quarantine": 1}
    assert figures.reasons == {"no-rule": 1, "own-address": 1}, "why nothing was answered"
    assert figures.rules == {"Everything else": 1}
    assert figures.outbox == {"sent": 1, "pending": 1}
    assert (figures.quarantined, figures.last_decision, figures.oldest_pending) == (1, NOW, NOW)


def test_summary_of_nothing(store: Store) -> None:
    figures = store.summary(NOW)
    assert (figures.decisions, figures.outbox, figures.quarantined) == ({}, {}, 0)
    assert figures.last_decision is figures.oldest_pending is None


# once -------------------------------------------------------------------------------------------------------------
SECOND: list[tuple[str, dict[str, Any], str]] = [
    # what is different about the second letter, which comes 2 days after the first; what becomes of it
    ("nothing but the letter", {}, "once"),
    ("a copy of the letter", {"letter": "letter-1"}, "copy"),
    ("a copy, every-message", {"letter": "letter-1", "once": False}, "copy"),
    ("another sender", {"sender": "bo@example.org"}, "reply"),
    ("another scope", {"scope": "Invoices"}, "reply"),
    ("every-message", {"once": False}, "reply"),
    ("a window that is over", {"window": DAY}, "reply"),
    ("a window that ends this moment", {"window": 2 * DAY}, "reply"),
    ("a window that is not over", {"window": 3 * DAY}, "once"),
]


@pytest.mark.parametrize(("changes", "becomes"), [c[1:] for c in SECOND], ids=[c[0] for c in SECOND])
def test_once(store: Store, changes: dict[str, Any], becomes: str) -> None:
    walk(store, queue(store, answer(1)) or 0, *ROADS[S.SENT])
    later = NOW + 2 * DAY
    outcome = record(store, answer(2, at=later, **changes), now=later)[0]
    assert outcome.new
    assert (outcome.reply_id is not None) is (becomes == "reply")
    decided = store.recent(1)[0]
    assert (decided.action, decided.reason) == (("reply", "rule") if becomes == "reply" else ("silent", becomes))
    if becomes != "reply":
        assert json.loads(decided.trace)[-1] == {"check": becomes, "result": "silent", "why": decided.why}
        assert "already" in decided.why and store.letter(decided.id) is None


def test_once_within_one_batch(store: Store) -> None:
    assert [o.reply_id for o in record(store, answer(1), answer(2), answer(3, "bo@example.org"))] == [1, None, 3]


@pytest.mark.parametrize(
    ("state", "answers_again"),
    [(S.PENDING, False), (S.SENDING, False), (S.IN_DOUBT, False), (S.HELD, False), (S.SENT, True), (S.UNCERTAIN, True),
     (S.FAILED, True), (S.DROPPED, True)],
)  # fmt: skip
def test_a_window_begins_when_the_answer_went_out(store: Store, state: State, answers_again: bool) -> None:
    """An answer that is still on its way, after whatever time, counts as of now; one that went out, as of then."""
    walk(store, queue(store, answer(1, window=HOUR)) or 0, *ROADS[state], now=NOW + DAY)
    for later, granted in ((NOW + DAY + HOUR / 2, state in (S.FAILED, S.DROPPED)), (NOW + DAY + HOUR, answers_again)):
        last = store.ledger([ask()], NO_LIMITS, later).answered.get("ana@example.org", {}).get("Everything else")
        assert (last is None or last <= later - HOUR) is granted, "what decide() is told, and what the claim will say"
    assert (queue(store, answer(2, at=later, window=HOUR), later) is not None) is answers_again


@pytest.mark.parametrize("state", [S.FAILED, S.DROPPED])
def test_claims_are_given_back(store: Store, state: State) -> None:
    """As they were before: nothing, or the answer of an earlier window."""
    walk(store, queue(store, answer(1)) or 0, *ROADS[state])
    ledger = store.ledger([ask(letter="letter-1")], LIMITS, NOW)
    assert (ledger.answered, ledger.letters, ledger.total) == ({}, {}, 0)
    walk(store, queue(store, answer(2, letter="letter-1")) or 0, *ROADS[S.SENT])
    later = NOW + 8 * DAY
    third = queue(store, answer(3, at=later, window=7 * DAY), later) or 0
    walk(store, third, *ROADS[state], now=later)
    assert store.ledger([ask()], NO_LIMITS, later).answered == {"ana@example.org": {"Everything else": NOW}}
    assert queue(store, answer(4, at=later), later) is None


def test_an_answer_gives_back_only_its_own(store: Store) -> None:
    """The first one's window is over and the second has the claim: dropping the first must not free it."""
    first = queue(store, answer(1, window=HOUR)) or 0
    walk(store, first, *ROADS[S.UNCERTAIN])
    later = NOW + DAY
    walk(store, queue(store, answer(2, at=later, window=HOUR), later) or 0, *ROADS[S.SENT], now=later)
    walk(store, first, E.DROP, now=later)
    assert queue(store, answer(3, at=later, window=HOUR), later) is None


def test_a_doubted_answer_keeps_its_claims_whatever_becomes_of_it(store: Store) -> None:
    for uid, roads in enumerate(((E.DROP,), (E.RESEND, E.CLAIM, E.REFUSED), (E.RESEND, E.DROP)), 1):
        sender = f"s{uid}@example.org"
        reply = queue(store, answer(uid, sender)) or 0
        walk(store, reply, *ROADS[S.UNCERTAIN], *roads)
        assert queue(store, answer(uid + 10, sender)) is None, roads
        assert queue(store, answer(uid + 20, sender, letter=f"letter-{uid}", once=False)) is None, roads


def test_resend_claims_again(store: Store) -> None:
    reply = queue(store, answer(1)) or 0
    walk(store, reply, *ROADS[S.FAILED], E.RESEND)
    assert queue(store, answer(2)) is None
    walk(store, reply, *ROADS[S.FAILED])
    other = queue(store, answer(3))
    assert other is not None
    assert store.move(reply, E.RESEND, NOW) is None
    walk(store, other, *ROADS[S.FAILED])
    assert store.move(reply, E.RESEND, NOW) is S.PENDING


def test_resend_when_a_copy_was_answered_leaves_the_scope_free(store: Store) -> None:
    reply = queue(store, answer(1)) or 0
    walk(store, reply, *ROADS[S.FAILED])
    assert queue(store, answer(2, letter="letter-1", scope="Invoices"))
    assert store.move(reply, E.RESEND, NOW) is None
    assert queue(store, answer(3)) is not None


def test_a_refused_claim_says_why(store: Store) -> None:
    assert record(store, answer(1)) == [Outcome(True, 1)]
    assert record(store, answer(2)) == [Outcome(True, None, "once")]
    assert record(store, answer(3, letter="letter-1", scope="Invoices")) == [Outcome(True, None, "copy")]
    assert [(d.action, d.reason, d.why) for d in store.history("ana@example.org")] == [
        ("silent", "copy", REFUSED["copy"]),
        ("silent", "once", REFUSED["once"]),
        ("reply", "rule", "a rule answers"),
    ]


def test_shadow_claims_the_letter_and_only_among_shadows_the_sender(store: Store) -> None:
    assert queue(store, answer(1, state=S.SHADOW)) is not None
    assert queue(store, answer(2, state=S.SHADOW)) is None, "would not have been answered twice"
    assert store.ledger([ask()], LIMITS, NOW).total == 0
    assert "Everything else" not in store.ledger([ask()], LIMITS, NOW).answered.get("ana@example.org", {})
    assert queue(store, answer(3, letter="letter-1")) is None, "live now: the old letter is not answered"
    assert queue(store, answer(4)) is not None, "live now: a new one is"
    assert store.claim(NOW, 10, "me")[0].id == 4


def test_shadows_are_counted_by_rule_lately_and_in_all(store: Store) -> None:
    assert store.shadowed(NOW) == {}
    for uid, rule, at in ((1, "Invoices", NOW - DAY), (2, "Rest", NOW), (3, "Rest", NOW), (4, "Rest", NOW - DAY)):
        made = answer(uid, f"s{uid}@a.example", state=S.SHADOW)
        store.record("contact", "INBOX", 7, uid + 1, [replace(made, rule=rule)], at)
    assert queue(store, answer(9, "sent@a.example"))
    assert list(store.shadowed(NOW).items()) == [("Rest", (2, 3)), ("Invoices", (0, 1))]


def test_limits_count_what_was_or_may_be_sent_within_their_windows(store: Store) -> None:
    limits = Limits(Limit(3, DAY), Limit(60, 2 * HOUR), Limit(500, HOUR))
    for uid, state in enumerate(ROADS, 1):  # each state once, 90 minutes ago; one shadow; one now
        walk(
            store,
            queue(store, answer(uid, f"s{uid}@a.example", limit_key="s@a.example"), NOW - 1.5 * HOUR) or 0,
            *ROADS[state],
        )
    assert queue(store, answer(50, "shadow@a.example", limit_key="s@a.example", state=S.SHADOW))
    assert queue(store, answer(51, "x@b.example"))
    ledger = store.ledger([ask("s@a.example"), ask("x@b.example"), ask("y@c.example")], limits, NOW)
    assert ledger.by_sender == {"s@a.example": len(ROADS) - 2, "x@b.example": 1}
    assert ledger.by_domain == {"a.example": len(ROADS) - 3, "b.example": 1}  # without the one that is held
    assert ledger.total == 1
    none = store.ledger([ask("s@a.example")], NO_LIMITS, NOW)
    assert (none.by_sender, none.by_domain, none.total) == ({}, {}, 0)


def test_ledger_of_many(store: Store) -> None:
    record(store, *(answer(uid, f"s{uid}@example.org") for uid in range(1, 1201)))
    asks = [ask(f"s{uid}@example.org", f"letter-{uid}") for uid in range(1, 1301)]
    ledger = store.ledger(asks, LIMITS, NOW)
    assert len(ledger.senders) == len(ledger.letters) == len(ledger.answered) == 1200
    assert ledger.of(asks[0]).letter_answered == ledger.of(asks[0]).answered["Everything else"] == NOW
    assert ledger.of(asks[-1]).answered == {}
    assert ledger.total == 500, "counted up to the limit"


# outbox -----------------------------------------------------------------------------------------------------------
def test_claim_takes_what_is_due_longest_first(store: Store) -> None:
    step = timedelta(minutes=10)
    for uid in range(1, 5):
        record(store, answer(uid, f"s{uid}@example.org"), now=NOW + uid * step)
    walk(store, 1, E.CLAIM)
    store.move(1, E.DEFERRED, NOW, next_attempt=NOW + 2.5 * step)
    assert [letter.id for letter in store.claim(NOW + 3 * step, 2, "me")] == [2, 1]
    assert store.next_due(NOW) == NOW + 3 * step
    taken = store.claim(NOW + 3 * step, 9, "me")
    assert [(letter.id, letter.state, letter.raw) for letter in taken] == [
        (3, S.SENDING, b"Subject: Thank you\r\n\r\nHello\r\n")
    ]
    assert store.claim(NOW + 3 * step, 9, "you") == []


def test_what_a_clock_that_was_ahead_put_off_is_not_waited_for(store: Store) -> None:
    reply = queue(store, answer(1, window=None))
    assert reply is not None
    ahead = NOW + timedelta(days=365)
    walk(store, reply, Event.CLAIM)
    store.move(reply, Event.DEFERRED, NOW, next_attempt=NOW + timedelta(minutes=36))
    assert store.claim(NOW, 10, "me") == []  # the longest that anything is put off
    assert [one.id for one in store.claim(NOW + timedelta(minutes=36), 10, "me")] == [reply]
    store.move(reply, Event.DEFERRED, NOW, next_attempt=ahead)
    assert [one.id for one in store.claim(NOW, 10, "me")] == [reply]


def test_claim_leaves_busy_mailboxes(store: Store) -> None:
    record(store, *(answer(n, f"s{n}@example.org", mailbox=box) for n, box in enumerate("abcab", 1)))
    assert [letter.mailbox for letter in store.claim(NOW, 9, "me", busy=["a", "c"])] == ["b", "b"]
    assert [letter.mailbox for letter in store.claim(NOW, 9, "me", busy=["b"])] == ["a", "c", "a"]


def test_claim_fails_what_has_expired(store: Store) -> None:
    record(store, answer(1, expires=NOW + HOUR), answer(2, "bo@example.org"))
    walk(store, 1, E.CLAIM)
    store.move(1, E.DEFERRED, NOW, error="450 greylisted", next_attempt=NOW + 3 * HOUR)
    assert [letter.id for letter in store.claim(NOW + HOUR, 9, "me")] == [2]
    expired = store.letter(1)
    assert expired and expired.state is S.FAILED
    assert expired.last_error == "it expired before it could be sent; before that: 450 greylisted"
    assert queue(store, answer(3), NOW + HOUR) is not None, "it gave its claim back"


@pytest.mark.parametrize("state", ROADS)
def test_every_move_is_the_table_and_nothing_else(store: Store, state: State) -> None:
    for uid, event in enumerate(Event, 1):
        reply = queue(store, answer(uid, f"s{uid}@example.org")) or 0
        walk(store, reply, *ROADS[state])
        _one_move(store, reply, state, event)


def _one_move(store: Store, reply: int, state: State, event: Event) -> None:
    after = store.move(reply, event, NOW + HOUR, error="why", next_attempt=NOW + 2 * HOUR)
    assert after == TRANSITIONS.get((state, event))
    letter = store.letter(reply)
    assert letter and letter.state == (after or state)
    if after is None:
        return
    assert letter.last_error == ("" if event is E.ACCEPTED else "why")
    assert letter.attempts == (1 if event is E.DEFERRED else 0)
    assert (letter.sent is not None) is (after is S.SENT)
    if after is S.PENDING:
        assert letter.next_attempt == NOW + 2 * HOUR


def test_a_shadow_never_moves(store: Store) -> None:
    reply = queue(store, answer(1, state=S.SHADOW)) or 0
    assert [store.move(reply, event, NOW) for event in Event] == [None] * len(Event)
    assert store.claim(NOW, 9, "me") == []


@pytest.mark.parametrize(("held", "event"), [(True, E.RELEASE), (False, E.RESEND)])
def test_an_operators_word_outlives_the_expiry(store: Store, held: bool, event: Event) -> None:
    reply = queue(store, answer(1, state=S.HELD if held else S.PENDING, held_why="flood" if held else "")) or 0
    late = NOW + 9 * DAY
    if held:
        assert [letter.last_error for letter in store.outbox()] == ["flood"]
    else:
        assert store.claim(late, 9, "me") == []
    assert store.move(reply, event, late) is not None
    assert [letter.id for letter in store.claim(late, 9, "me")] == [reply]


def test_attempts_count_and_resend_starts_afresh(store: Store) -> None:
    reply = queue(store, answer(1)) or 0
    for n in range(1, 4):
        walk(store, reply, E.CLAIM, E.DEFERRED)
        letter = store.letter(reply)
        assert letter and letter.attempts == n
    walk(store, reply, E.CLAIM, E.REFUSED, E.RESEND)
    letter = store.letter(reply)
    assert letter and letter.attempts == 0


def test_what_is_not_there_or_cannot_happen_moves_nothing(store: Store) -> None:
    record(store, *(answer(n, f"s{n}@example.org") for n in range(1, 3)))
    walk(store, 2, *ROADS[S.SENT])
    assert [store.move(reply, E.HOLD, NOW) for reply in (1, 2, 99)] == [S.HELD, None, None]


def test_recover_of_one_owner_and_of_all(store: Store) -> None:
    record(store, *(answer(n, f"s{n}@example.org") for n in range(1, 6)))
    mine = [letter.id for letter in store.claim(NOW, 2, "me")]
    theirs = [letter.id for letter in store.claim(NOW, 2, "you")]
    walk(store, mine[0], E.FINAL_DOT)
    walk(store, theirs[0], E.FINAL_DOT)
    later = NOW + HOUR
    assert store.recover(later, "me") == (1, 1)
    assert store.recover(later, "me") == (0, 0)
    assert store.recover(later) == (1, 1)
    assert [letter.state for letter in store.outbox()] == [S.UNCERTAIN, S.PENDING, S.UNCERTAIN, S.PENDING, S.PENDING]
    assert "stopped" in store.outbox([S.UNCERTAIN])[0].last_error


def test_outbox_lists(store: Store) -> None:
    for uid, state in enumerate(ROADS, 1):
        walk(store, queue(store, answer(uid, f"s{uid}@example.org")) or 0, *ROADS[state])
    assert {letter.state for letter in store.outbox()} == set(OPEN_STATES)
    assert [letter.state for letter in store.outbox([S.SENT, S.FAILED])] == [S.SENT, S.FAILED]
    assert len(store.outbox(list(State), limit=3)) == 3
    assert all(letter.raw == b"" for letter in store.outbox())


# quarantine -------------------------------------------------------------------------------------------------------
def test_quarantine_is_replaced_by_a_later_decision(store: Store) -> None:
    bad = entry(1, action="quarantine", reason="unreadable", why="boom", traceback="Traceback ...")
    assert record(store, bad) == record(store, bad) == [Outcome(True)]
    (kept,) = store.quarantined()
    assert (kept.uid, kept.why, kept.traceback, kept.attempts, kept.retry) == (1, "boom", "Traceback ...", 2, False)
    assert store.retries("contact", "INBOX") == []
    assert store.ask_retry(kept.id, NOW) and not store.ask_retry(99, NOW)
    (asked,) = store.retries("contact", "INBOX")
    assert asked.retry and store.retries("contact", "Other") == []
    assert store.ledger([ask()], NO_LIMITS, NOW).senders == {}
    assert record(store, answer(1), now=NOW + HOUR) == [Outcome(True, kept.id)]
    assert store.quarantined() == store.retries("contact", "INBOX") == []
    (decided,) = store.recent()
    assert (decided.action, decided.at, decided.reply_state) == ("reply", NOW + HOUR, "pending")
    assert not store.ask_retry(kept.id, NOW)
    assert record(store, bad) == [Outcome(False)], "what was decided is never taken back into quarantine"


@pytest.mark.parametrize("decided", [True, False])
def test_quarantine_ends_without_an_answer(store: Store, decided: bool) -> None:
    """Dismissed, so the letter is decided wherever else it turns up; or merely not to be found here any more."""
    record(store, entry(1, action="quarantine", reason="unreadable", why="boom", message_id="<1@example.org>"))
    (kept,) = store.quarantined()
    assert (kept.sender, kept.subject, kept.message_id) == ("ana@example.org", "A question", "<1@example.org>")
    assert store.ask_retry(kept.id, NOW)
    assert store.end_quarantine(kept.id, "gone", "nobody has it", NOW + HOUR, decided=decided)
    assert store.quarantined() == store.retries("contact", "INBOX") == []
    (row,) = store.recent()
    assert (row.action, row.reason, row.at) == ("silent", "gone", NOW + HOUR)
    assert row.why == "nobody has it; quarantined because: boom"
    assert store.known("contact", ["letter-1"]) == ({"letter-1"} if decided else set())
    assert not store.end_quarantine(kept.id, "again", "", NOW, decided=decided)
    assert not store.end_quarantine(99, "nobody", "", NOW, decided=decided)


# care -------------------------------------------------------------------------------------------------------------
def test_in_hand(store: Store, reopen: Opener) -> None:
    first, second = InHand(7, 3, 1), InHand(8, 1, 2)
    assert store.in_hand("contact", "INBOX") is None
    store.take_in_hand("contact", "INBOX", first)
    store.take_in_hand("contact", "Sales", second)
    assert reopen().in_hand("contact", "INBOX") == first
    store.take_in_hand("contact", "INBOX", second)
    store.put_down("contact", "Sales")
    assert (store.in_hand("contact", "INBOX"), store.in_hand("contact", "Sales")) == (second, None)
    store.put_down("contact", "Sales")


# the rest ---------------------------------------------------------------------------------------------------------
def test_notes(store: Store) -> None:
    assert store.recall("null-sender smtp.example.com:587") == ""
    for value in ("refused", "accepted", ""):
        store.remember("null-sender smtp.example.com:587", value)
        assert store.recall("null-sender smtp.example.com:587") == value


def test_info_and_signing_key(store: Store, reopen: Opener) -> None:
    assert store.info()["schema"] == len(load()) and store.info()["size"] > 0
    key = store.signing_key()
    assert len(key) == 32 and reopen().signing_key() == key


def test_close_twice(store: Store) -> None:
    store.close()
    store.close()


# transactions -----------------------------------------------------------------------------------------------------
def _fails(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)constraint"):
        record(store, answer(8, "c@example.org"), entry(0))


def test_each_call_in_a_group_is_atomic_by_itself(store: Store, reopen: Opener) -> None:
    with store.transaction():
        queue(store, answer(1))
        _fails(store)
        queue(store, answer(2, "bo@example.org"))
        assert reopen().recent() == [], "not durable before the group is"
    assert [d.uid for d in reopen().recent()] == [2, 1]
    assert queue(store, answer(9, "c@example.org")) is not None, "the failed call left no claim behind"


def test_a_group_left_by_an_exception_is_taken_back_whole(store: Store, reopen: Opener) -> None:
    start(store)
    with pytest.raises(KeyboardInterrupt), store.transaction():
        queue(store, answer(1))
        with store.transaction():
            queue(store, answer(2, "bo@example.org"))
        raise KeyboardInterrupt
    assert reopen().recent() == []
    assert store.cursor("contact", "INBOX") == Cursor("contact", "INBOX", 7, 1, NOW)
    assert queue(store, answer(1)) is not None


def test_a_failing_batch_leaves_nothing(store: Store) -> None:
    start(store)
    _fails(store)
    assert store.recent() == [] and store.outbox() == []
    assert store.ledger([ask("c@example.org", "letter-8")], LIMITS, NOW).letters == {}


def _race(jobs: list[Callable[[], object]]) -> None:
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        barrier.wait(10)
        job()

    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def test_threads_on_one_store_and_on_several_answer_a_sender_once(store: Store, reopen: Opener) -> None:
    stores = [store, store, reopen(), reopen()]
    granted: list[int] = []

    def job(number: int, mine: Store) -> Callable[[], None]:
        def answer_all() -> None:
            for uid in range(1, 21):
                made = answer(100 * number + uid, f"s{uid}@example.org")
                granted.extend(o.reply_id for o in record(mine, made) if o.reply_id)

        return answer_all

    _race([job(number, mine) for number, mine in enumerate(stores)])
    assert len(granted) == len(store.outbox()) == len({letter.target for letter in store.outbox()}) == 20
    assert len(store.recent(1000)) == 80


def test_no_letter_is_claimed_by_two(store: Store, reopen: Opener) -> None:
    record(store, *(answer(uid, f"s{uid}@example.org") for uid in range(1, 101)))
    taken: list[int] = []

    def job(mine: Store, owner: str) -> Callable[[], None]:
        def take() -> None:
            while letters := mine.claim(NOW, 7, owner):
                taken.extend(letter.id for letter in letters)

        return take

    _race([job(store, "a"), job(store, "b"), job(reopen(), "c"), job(reopen(), "d")])
    assert sorted(taken) == list(range(1, 101))
