"""The life of a reply: one table of states and events, and the back-off between attempts.

Pure: no clock, no I/O. The store stores the state and moves it by compare-and-set with `TRANSITIONS`; the
delivery service raises the events. The picture in docs/architecture.md is made from this table
(`python -m autoresponder.core.outbox`).

Why `in_doubt` is a state of its own: until the final dot has left, no server can have accepted the letter,
so a crash in `sending` is harmless and the letter simply goes back to `pending`. `in_doubt` is on disk before
the dot leaves; a crash or a lost answer there can never be resolved by us, so it becomes `uncertain`: shown to
the operator, never resent by itself (RFC 5321 section 4.5.3.2.6 and RFC 1047).
"""

from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """Where a reply is."""

    PENDING = "pending"  # waiting for its turn (or, after a refusal for now, for its next turn)
    HELD = "held"  # the breaker holds it; an operator releases or drops it
    SHADOW = "shadow"  # shadow mode: would have been sent; never is
    SENDING = "sending"  # a worker has it; recorded before the first byte
    IN_DOUBT = "in_doubt"  # recorded before the final dot; the server's answer is not yet known
    SENT = "sent"
    FAILED = "failed"  # refused for good, or too old to try again
    UNCERTAIN = "uncertain"  # the dot left and no answer came: a person must look
    DROPPED = "dropped"  # an operator decided that it shall not be sent


class Event(StrEnum):
    """What happens to a reply."""

    CLAIM = "claim"  # a worker takes it
    FINAL_DOT = "final_dot"  # the whole letter but its end is with the server
    ACCEPTED = "accepted"  # 250 (or 251) after the dot
    REFUSED = "refused"  # 5xx, or an address no server can take
    DEFERRED = "deferred"  # 4xx, or no connection, or a connection lost before the dot
    NO_ANSWER = "no_answer"  # the connection was lost after the dot
    CRASHED = "crashed"  # found at start: whoever had it is gone
    EXPIRED = "expired"  # older than the rule's `not_older_than`, also while it was held: too late to be of use
    HOLD = "hold"  # the breaker tripped
    RELEASE = "release"  # operator: send what was held
    RESEND = "resend"  # operator: try again, knowing that it may arrive twice
    CLOSE = "close"  # operator: it did arrive; stop showing it
    DROP = "drop"  # operator: never send it


S, E = State, Event
TRANSITIONS: dict[tuple[State, Event], State] = {
    (S.PENDING, E.CLAIM): S.SENDING,
    (S.PENDING, E.EXPIRED): S.FAILED,
    (S.PENDING, E.HOLD): S.HELD,
    (S.PENDING, E.DROP): S.DROPPED,
    (S.HELD, E.EXPIRED): S.FAILED,
    (S.HELD, E.RELEASE): S.PENDING,
    (S.HELD, E.DROP): S.DROPPED,
    (S.SENDING, E.FINAL_DOT): S.IN_DOUBT,
    (S.SENDING, E.REFUSED): S.FAILED,
    (S.SENDING, E.DEFERRED): S.PENDING,
    (S.SENDING, E.CRASHED): S.PENDING,
    (S.IN_DOUBT, E.ACCEPTED): S.SENT,
    (S.IN_DOUBT, E.REFUSED): S.FAILED,
    (S.IN_DOUBT, E.DEFERRED): S.PENDING,
    (S.IN_DOUBT, E.NO_ANSWER): S.UNCERTAIN,
    (S.IN_DOUBT, E.CRASHED): S.UNCERTAIN,
    (S.UNCERTAIN, E.RESEND): S.PENDING,
    (S.UNCERTAIN, E.CLOSE): S.SENT,
    (S.UNCERTAIN, E.DROP): S.DROPPED,
    (S.FAILED, E.RESEND): S.PENDING,
    (S.FAILED, E.DROP): S.DROPPED,
}
OPEN_STATES = (S.PENDING, S.HELD, S.SENDING, S.IN_DOUBT, S.UNCERTAIN)
"""States that still want something done; all others are the end of the matter."""
ANSWERED_STATES = tuple(state for state in State if state not in (S.FAILED, S.DROPPED))
"""States that count as "this sender has had an answer" for `once`: everything that was, or may be, sent."""


def after(state: State, event: Event) -> State:
    """The state after `event`. Raises `ValueError` for an event that cannot happen in `state`."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ValueError(f"a reply that is {state} cannot become anything by {event}") from None


def sources(event: Event) -> tuple[State, ...]:
    """The states in which `event` may happen: the WHERE of the store's compare-and-set."""
    return tuple(state for state, e in TRANSITIONS if e is event)


BACK_OFF = (30, 60, 300, 900, 1800)
"""Seconds before the second, third, ... attempt; then every half an hour. RFC 5321 section 4.5.4.1 wants at least
30 minutes between later attempts; greylisting (RFC 6647) is over after the first few."""


def next_attempt(now: datetime, attempts: int, jitter: float = 0.0) -> datetime:
    """When to try again after `attempts` failed ones; `jitter` in 0..1 spreads them over a further fifth."""
    wait = BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1]
    return now + timedelta(seconds=wait * (1 + 0.2 * min(max(jitter, 0.0), 1.0)))


def diagram() -> str:
    """The table as Mermaid state diagram text."""
    lines = ["stateDiagram-v2", "    [*] --> pending", "    [*] --> held", "    [*] --> shadow"]
    lines += [f"    {a} --> {b}: {event}" for (a, event), b in TRANSITIONS.items()]
    lines += [f"    {s} --> [*]" for s in (S.SENT, S.DROPPED, S.SHADOW)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(diagram(), end="")  # noqa: T201 - the documents' picture is made by running this module
