"""The sliding windows of the limits, counted by the store: exact at their edges, for each way of counting."""

from dataclasses import replace
from datetime import timedelta

import pytest

from autoresponder.core.address import limit_key
from autoresponder.core.history import Limit, Limits
from autoresponder.core.outbox import Event, State
from autoresponder.store import Store
from tests.store.make import DAY, HOUR, NO_LIMITS, NOW, answer, ask, record, start, walk

TICK = timedelta(microseconds=1)
WINDOWS = (timedelta(minutes=1), HOUR, DAY, timedelta(days=7))
EDGES = [
    # answers made so long ago (in windows and microseconds), how many count now
    ([], 0),
    ([(0, 0)], 1),
    ([(1, -1)], 1),  # a microsecond short of a whole window: it counts
    ([(1, 0)], 0),  # a whole window: it does not
    ([(1, 1)], 0),
    ([(0, 0), (0, 0), (0, 0)], 3),
    ([(2, 0), (1, 1), (1, 0), (1, -1), (0, 1), (0, 0)], 3),
    ([(1, -3), (1, -2), (1, -1)], 3),
]


def made(store: Store, ago: list[timedelta], senders: list[str]) -> None:
    """Answers recorded in order of time, each to the next of the senders."""
    start(store)
    for n, back in enumerate(sorted(ago, reverse=True)):
        sender = senders[n % len(senders)]
        entry = answer(n + 1, sender, at=NOW - back, limit_key=limit_key(sender), once=False, scope="")
        assert record(store, entry, now=NOW - back)[0].reply_id


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize(("ago", "count"), EDGES)
def test_edges(store: Store, window: timedelta, ago: list[tuple[int, int]], count: int) -> None:
    made(store, [n * window + ticks * TICK for n, ticks in ago], ["ana@example.org"])
    limit = Limit(100, window)
    ledger = store.ledger([ask()], Limits(limit, limit, limit), NOW)
    history = ledger.of(ask())
    assert (history.sent_to_sender, history.sent_to_domain, history.sent_total) == (count, count, count)
    assert store.ledger([ask()], NO_LIMITS, NOW).of(ask()).sent_total == 0


def test_each_window_is_its_own(store: Store) -> None:
    """Three answers, 10 minutes, 10 hours and 3 days ago; each limit looks back as far as it says."""
    made(store, [HOUR / 6, 10 * HOUR, 3 * DAY], ["ana@example.org"])
    limits = Limits(Limit(9, 7 * DAY), Limit(9, DAY), Limit(9, HOUR))
    history = store.ledger([ask()], limits, NOW).of(ask())
    assert (history.sent_to_sender, history.sent_to_domain, history.sent_total) == (3, 2, 1)


VARIED = [
    # what a responder calls itself in turn; one sender for the limit?
    (["bot-1@example.org", "bot-2@example.org", "bot-77@example.org"], True),
    (["auto+a9f@example.org", "auto+b7c@example.org", "auto@example.org"], True),
    (["reply.3f9a1c77@example.org", "reply.9b1c2d3e@example.org"], True),
    (["n-a@example.org", "n-b@example.org", "n-c@example.org"], True),
    (["robot-ana=ours.example@example.org", "robot-bo=ours.example@example.org"], True),
    (["A.Smith@gmail.com", "asmith@gmail.com", "as.mith+x@googlemail.com"], True),
    (["ana@example.org", "bo@example.org"], False),  # people; what varies words is stopped by the limit per domain
    (["smith1970@gmail.com", "smith1971@gmail.com"], False),
]


@pytest.mark.parametrize(("senders", "one"), VARIED)
def test_a_sender_who_varies_its_address(store: Store, senders: list[str], one: bool) -> None:
    made(store, [timedelta(0)] * len(senders), senders)
    last = replace(ask(senders[-1]), limit_key=limit_key(senders[-1]))
    history = store.ledger([last], Limits(per_sender=Limit(9, DAY)), NOW).of(last)
    assert history.sent_to_sender == (len(senders) if one else 1)


UNCOUNTED = [
    (State.PENDING, (Event.CLAIM, Event.REFUSED), 0),
    (State.HELD, (Event.DROP,), 0),
    (State.SHADOW, (), 0),
    (State.PENDING, (Event.CLAIM, Event.FINAL_DOT, Event.NO_ANSWER), 1),
    (State.PENDING, (Event.CLAIM, Event.FINAL_DOT, Event.ACCEPTED), 1),
]


@pytest.mark.parametrize(("state", "events", "count"), UNCOUNTED)
def test_what_counts(store: Store, state: State, events: tuple[Event, ...], count: int) -> None:
    """All that was, or may be, or may yet be sent."""
    start(store)
    record(store, answer(1, state=state))
    if events[:1] == (Event.CLAIM,):
        store.claim(NOW, 1, "me")
        events = events[1:]
    walk(store, 1, *events)
    limit = Limit(9, DAY)
    history = store.ledger([ask()], Limits(limit, limit, limit), NOW).of(ask())
    assert (history.sent_to_sender, history.sent_to_domain, history.sent_total) == (count,) * 3


def test_what_is_held_counts_for_its_sender_only(store: Store) -> None:
    """Or a flood from one domain would use up what all the others may have."""
    start(store)
    record(store, answer(1, state=State.HELD))
    limit = Limit(9, DAY)
    for count, event in ((0, None), (1, Event.RELEASE)):
        assert event is None or store.move(1, event, NOW)
        history = store.ledger([ask()], Limits(limit, limit, limit), NOW).of(ask())
        assert (history.sent_to_sender, history.sent_to_domain, history.sent_total) == (1, count, count)


def test_what_expires_while_it_is_held_fails(store: Store) -> None:
    """With the reason; and its sender may be answered again. Released in time it has a day to be delivered."""
    start(store)
    late = answer(1, "ana@example.org", state=State.HELD, held_why="60 answers", expires=NOW + HOUR)
    soon = answer(2, "bo@example.org", state=State.HELD, held_why="60 answers", expires=NOW + HOUR)
    record(store, late, soon)
    assert store.move(2, Event.RELEASE, NOW + HOUR - TICK) is State.PENDING
    assert [letter.id for letter in store.claim(NOW + HOUR, 9, "me")] == [2]
    letter = store.letter(1)
    assert letter and (letter.state, letter.last_error) == (
        State.FAILED, "it expired before it could be sent; before that: 60 answers")  # fmt: skip
    assert store.move(1, Event.RELEASE, NOW + HOUR) is None
    assert record(store, answer(3, "ana@example.org"), now=NOW + HOUR)[0].reply_id == 3
