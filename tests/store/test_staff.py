"""Letters to our own people in the store: told once, sent once, and in nobody's way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from autoresponder.core.outbox import Event, State
from autoresponder.store import STAFF_AN_HOUR, Notice, StaffLetter, Store
from tests.store.make import DAY, HOUR, LIMITS, NOW, answer, ask, entry, queue, record, start, walk

Opener = Callable[[], Store]
BOSS = StaffLetter("Boss@example.com", "<ar.n1@example.com>", "Look", b"Subject: Look\r\n\r\nNow\r\n")
NOTICE = Notice("breaker total", "contact", (BOSS,), NOW + DAY, quiet=HOUR, again=DAY)


def staff(store: Store) -> list[tuple[str, str]]:
    """(address, state) of each letter to our own people, in the order in which they were written."""
    return [(x.target, str(x.state)) for x in store.outbox(list(State))[::-1] if x.kind == "staff"]


def test_a_notice_is_a_letter_of_the_outbox(store: Store) -> None:
    assert store.tell(NOTICE, NOW)
    (letter,) = store.claim(NOW, 9, "me")
    assert (letter.kind, letter.target, letter.raw, letter.envelope_from, letter.rule) == (
        "staff", BOSS.target, BOSS.raw, "auto", "")  # fmt: skip
    assert letter.id < 0
    walk(store, letter.id, Event.FINAL_DOT, Event.ACCEPTED)
    assert staff(store) == [("Boss@example.com", "sent")]
    assert store.claim(NOW, 9, "me") == []


def test_it_lives_like_a_reply(store: Store) -> None:
    """Uncertain after a crash at the dot; sent again, closed, dropped by a person's word; too old after a while."""
    store.tell(replace(NOTICE, letters=(BOSS,) * 4, expires=NOW + HOUR), NOW)
    for letter in store.claim(NOW, 3, "me"):
        walk(store, letter.id, Event.FINAL_DOT)
    assert store.recover(NOW) == (0, 3)
    walk(store, -4, Event.RESEND)
    walk(store, -3, Event.CLOSE)
    walk(store, -2, Event.DROP)
    store.claim(NOW + HOUR, 0, "me")
    states = {letter.id: str(letter.state) for letter in store.outbox(list(State))}
    assert states == {-1: "failed", -2: "dropped", -3: "sent", -4: "pending"}


TELLINGS = [
    # what, minutes after NOW at which there is reason to tell, those at which it is told
    ("for ever", replace(NOTICE, quiet=None, again=None), [0, 1, 60, 100_000], [0]),
    ("again after a day", replace(NOTICE, quiet=None), [0, 1439, 1440, 1441, 2880], [0, 1440, 2880]),
    ("quiet for an hour", replace(NOTICE, again=None), [0, 59, 118, 177, 237, 296], [0, 237]),
    ("both", NOTICE, [0, 60, 61, 120, 121 + 1440], [0, 60, 1561]),
    ("seen all the time", NOTICE, list(range(0, 3000, 50)), [0, 1450, 2900]),
]


@pytest.mark.parametrize(("notice", "when", "told"), [t[1:] for t in TELLINGS], ids=[t[0] for t in TELLINGS])
def test_told_once(store: Store, notice: Notice, when: list[int], told: list[int]) -> None:
    """A day, or a window without a reason, must have passed to the microsecond."""
    heard = [minute for minute in when if store.tell(notice, NOW + timedelta(minutes=minute))]
    assert heard == told
    assert len(staff(store)) == len(told)


def test_topics_do_not_mix(store: Store) -> None:
    assert store.tell(NOTICE, NOW)
    assert store.tell(replace(NOTICE, topic="breaker domain example.net"), NOW)
    assert not store.tell(NOTICE, NOW)
    assert store.tell(replace(NOTICE, topic="nobody to write to", letters=()), NOW)
    assert len(staff(store)) == 2


def test_no_storm(store: Store) -> None:
    """Sixty letters an hour to one address, whatever happens; another address has sixty of its own."""
    for n in range(STAFF_AN_HOUR + 5):
        assert store.tell(replace(NOTICE, topic=f"letter {n}"), NOW + timedelta(seconds=n))
    assert len(staff(store)) == STAFF_AN_HOUR
    store.tell(replace(NOTICE, topic="other", letters=(replace(BOSS, target="cy@example.com"),)), NOW)
    assert len(staff(store)) == STAFF_AN_HOUR + 1
    store.tell(replace(NOTICE, topic="an hour later"), NOW + HOUR)
    assert len(staff(store)) == STAFF_AN_HOUR + 2


class _Never(datetime):
    """A time that cannot be recorded."""

    def __sub__(self, other: object) -> timedelta:  # type: ignore[override]  # it never returns
        raise ZeroDivisionError


def test_with_its_decision_or_not_at_all(store: Store, reopen: Opener) -> None:
    """One transaction: when the decision is not recorded nobody is told, and recorded twice is told once."""
    start(store)
    made = entry(1, notices=(NOTICE,))
    with pytest.raises(ZeroDivisionError):
        record(store, made, entry(2, arrived=_Never(2026, 1, 1, tzinfo=UTC)))
    assert staff(reopen()) == []
    assert store.recent() == []
    assert record(store, made)[0].told == ("breaker total",)
    assert record(store, made)[0].told == ()
    assert record(store, replace(made, uid=2))[0].told == ()
    assert len(staff(store)) == 1


def test_an_answer_that_is_refused_tells_all_the_same(store: Store) -> None:
    start(store)
    record(store, answer(1))
    outcome = record(store, replace(answer(2), notices=(NOTICE,)))[0]
    assert (outcome.reply_id, outcome.told) == (None, ("breaker total",))


def test_counted_nowhere(store: Store) -> None:
    """Neither by the limits nor by `once` nor in the figures of answers; colleagues stay strangers."""
    start(store)
    for n in range(5):
        store.tell(replace(NOTICE, topic=f"letter {n}"), NOW)
    ledger = store.ledger([ask("boss@example.com")], LIMITS, NOW)
    assert (ledger.by_sender, ledger.by_domain, ledger.total, ledger.answered) == ({}, {}, 0, {})
    assert store.summary(NOW - DAY).decisions == {}
    assert queue(store, answer(1, "boss@example.com")) == 1


def test_bounces(store: Store) -> None:
    """The Message-ID of an answer condemns its address; one that we never sent, or that went to a colleague, nobody."""
    start(store)
    record(store, answer(1, "Ana@Example.org"))
    store.tell(NOTICE, NOW)
    named = [record(store, entry(9 + n, bounced=one))[0].bounced for n, one in enumerate(
        ("<ar.1@example.com>", "<ar.2@example.com>", BOSS.message_id, ""))]  # fmt: skip
    assert named == ["ana@example.org", "", "", ""]
    assert store.ledger([ask("ana@example.org")], LIMITS, NOW + 59 * DAY).of(ask("ana@example.org")).bounced == NOW
    assert store.ledger([ask("ana@example.org")], LIMITS, NOW + 60 * DAY).of(ask("ana@example.org")).bounced is None
    assert store.ledger([ask("boss@example.com")], LIMITS, NOW).of(ask("boss@example.com")).bounced is None


def test_refused_as_unknown(store: Store) -> None:
    """`move(bounced=True)`: only when the event could happen, and only for a reply."""
    start(store)
    record(store, answer(1, "ana@example.org"), answer(2, "bo@example.org"))
    store.tell(NOTICE, NOW)
    claimed = [letter.id for letter in store.claim(NOW, 9, "me")]
    assert sorted(claimed) == [-1, 1, 2]
    assert store.move(1, Event.REFUSED, NOW, bounced=True) is State.FAILED
    assert store.move(1, Event.REFUSED, NOW + DAY, bounced=True) is None
    assert store.move(2, Event.REFUSED, NOW) is State.FAILED
    assert store.move(-1, Event.REFUSED, NOW, bounced=True) is State.FAILED
    found = {s: store.ledger([ask(s)], LIMITS, NOW).of(ask(s)).bounced for s in
             ("ana@example.org", "bo@example.org", "boss@example.com")}  # fmt: skip
    assert found == {"ana@example.org": NOW, "bo@example.org": None, "boss@example.com": None}
