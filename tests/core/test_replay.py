"""A replay knows at each letter what the store would have known at its arrival."""

from datetime import UTC, datetime, timedelta

import pytest

from autoresponder.core.history import Limit, Limits
from autoresponder.core.message import Arrival, handed_in, parse
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.replay import Replay, Window
from autoresponder.core.rules import Once, Rule

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


EVERY = Once(per="every-message")


def policy(limits: Limits | None = None, once: Once = EVERY) -> Policy:
    rule = Rule("Everything", reply="acknowledgement", once=once)
    return Policy(
        {"shop": Mailbox("shop", "shop@example.com")}, (rule,), limits or Limits(), frozenset({"shop@example.com"})
    )


def told(replay: Replay, *letters: tuple[float, str]) -> list[str]:
    """The reasons (or "answered", "held") for letters given as (hours after the start, sender)."""
    said = []
    for number, (hours, sender) in enumerate(letters):
        raw = f"From: {sender}\nTo: shop@example.com\nSubject: Hello\nMessage-ID: <{number}.{sender}>\n\nHi.\n"
        arrival = Arrival("shop", "INBOX", 1, number, START + hours * HOUR)
        decision = replay.decide(parse(raw.encode()), arrival)
        said.append(("held" if decision.hold else "answered") if decision.action == "reply" else decision.reason)
    return said


def nothing(_subject: str, _text: str) -> str:
    return ""


ANA, BOB, EVA = "ana@example.net", "bob@example.net", "eva@example.org"


@pytest.mark.parametrize(
    ("limits", "letters", "expected"),
    [
        # two a day: the window slides with the letters, it does not begin anew at midnight
        (Limits(per_sender=Limit(2, 24 * HOUR)), [(0, ANA), (1, ANA), (23.9, ANA), (24, ANA), (24.5, ANA), (25, ANA)],
         ["answered", "answered", "limit", "answered", "limit", "answered"]),
        # per domain: other domains are not concerned; what is held uses up nothing
        (Limits(per_domain=Limit(1, HOUR)), [(0, ANA), (0.5, BOB), (0.6, EVA), (1, BOB)],
         ["answered", "held", "answered", "answered"]),
        (Limits(total=Limit(2, HOUR)), [(0, ANA), (0.1, BOB), (0.2, EVA), (1.05, EVA)],
         ["answered", "answered", "held", "answered"]),
    ],
)  # fmt: skip
def test_limits_slide(limits: Limits, letters: list[tuple[float, str]], expected: list[str]) -> None:
    assert told(Replay(policy(limits), nothing), *letters) == expected


def test_once_is_kept_over_the_replay() -> None:
    replay = Replay(policy(once=Once("window", timedelta(days=7))), nothing)
    letters = [(0, ANA), (24, ANA), (7 * 24 - 1, ANA), (7 * 24, ANA), (7 * 24, BOB)]
    assert told(replay, *letters) == ["answered", "once", "once", "answered", "answered"]


def test_a_letter_that_turns_up_again_was_decided_already() -> None:
    replay, raw = Replay(policy(), nothing), b"From: ana@example.net\nTo: shop@example.com\nMessage-ID: <1@x>\n\nHi\n"
    reasons = [replay.decide(parse(raw), Arrival("shop", "INBOX", 1, n, START + n * HOUR)).reason for n in (1, 2)]
    assert reasons == ["rule", "seen"]


def test_a_window_forgets_what_left_it() -> None:
    window = Window(Limit(5, HOUR))
    for number in range(100):
        window.add(f"person{number}", START + number * HOUR)
    assert len(window._times) < 5  # memory: only who was answered lately
    assert window.count("person99", START + 99 * HOUR) == 1
    assert window.count("person99", START + 100 * HOUR) == 0


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0100\nDate: Sun, 1 Mar 2026 08:00:00 +0000", START),
        ("Received: by b; Mon, 2 Mar 2026 10:00:00 +0100\nReceived: by c; Sun, 1 Mar 2026 08:00:00 +0000", START),
        ("Received: from a by b\nDate: Mon, 2 Mar 2026 09:00:00 +0000", START),
        ("From a@b Mon Mar  2 09:00:00 2026\nDate: Mon, 2 Mar 2026 09:00:00 +0000", START),
        ("Subject: nothing", None),
    ],
)  # fmt: skip
def test_when_a_letter_was_handed_in(header: str, expected: datetime | None) -> None:
    assert handed_in(header.encode() + b"\n\nHi\n") == expected
