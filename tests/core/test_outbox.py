"""The life of a reply: what the table must never allow."""

from datetime import UTC, datetime, timedelta

import pytest

from autoresponder.core.outbox import (
    ANSWERED_STATES,
    BACK_OFF,
    OPEN_STATES,
    TRANSITIONS,
    Event,
    State,
    after,
    diagram,
    next_attempt,
    sources,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_what_may_have_been_accepted_never_goes_back_by_itself() -> None:
    operator = {Event.RESEND}
    back = [e for (s, e), to in TRANSITIONS.items() if s in (State.UNCERTAIN, State.SENT) and to is State.PENDING]
    assert set(back) <= operator
    assert after(State.IN_DOUBT, Event.CRASHED) is State.UNCERTAIN
    assert after(State.IN_DOUBT, Event.NO_ANSWER) is State.UNCERTAIN


def test_only_in_doubt_leads_to_sent_without_a_person() -> None:
    assert [s for (s, e), to in TRANSITIONS.items() if to is State.SENT and e is not Event.CLOSE] == [State.IN_DOUBT]


def test_nothing_leaves_the_end() -> None:
    for state in (State.SENT, State.DROPPED, State.SHADOW):
        assert not [e for (s, e) in TRANSITIONS if s is state]


def test_every_state_can_be_left_or_is_an_end_and_every_event_is_used() -> None:
    assert {s for s, _ in TRANSITIONS} | {State.SENT, State.DROPPED, State.SHADOW} == set(State)
    assert {e for _, e in TRANSITIONS} == set(Event)
    assert set(OPEN_STATES) < set(State)
    assert State.FAILED not in ANSWERED_STATES


def test_an_impossible_event_is_refused() -> None:
    with pytest.raises(ValueError, match="sent cannot become anything by resend"):
        after(State.SENT, Event.RESEND)


def test_sources_are_the_table_turned_round() -> None:
    assert all((s, e) in TRANSITIONS for e in Event for s in sources(e))


def test_back_off_grows_and_is_clamped() -> None:
    waits = [(next_attempt(NOW, n) - NOW) for n in range(1, 10)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(seconds=BACK_OFF[-1])
    assert next_attempt(NOW, 1, jitter=5) - NOW == timedelta(seconds=BACK_OFF[0] * 1.2)


def test_the_picture_shows_every_transition() -> None:
    lines = diagram().splitlines()
    assert sum(": " in line for line in lines) == len(TRANSITIONS)
