"""What is worth a look: people left in silence, machines answered; and what is not."""

from datetime import UTC, datetime

import pytest

from autoresponder.core.message import Arrival, parse
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.replay import Replay
from autoresponder.core.rules import Rule
from autoresponder.core.surprise import signs_of, surprise

POLICY = Policy(
    {"shop": Mailbox("shop", "shop@example.com")},
    (Rule("Everything", reply="acknowledgement"),),
    own=frozenset({"shop@example.com"}),
)
PERSON = "From: Ana Ruiz <ana@gmail.com>\nUser-Agent: Mozilla Thunderbird\n"
ROBOT = "From: billing@tools.example\nSubject: Your receipt 441\n"


def score(header: str, text: str = "Hello, are you open?") -> int:
    message = parse(f"To: shop@example.com\n{header}\n{text}\n".encode())
    arrival = Arrival("shop", "INBOX", 1, 1, datetime(2026, 3, 2, tzinfo=UTC))
    return surprise(signs_of(message), Replay(POLICY, lambda _s, _t: "").decide(message, arrival)).score


@pytest.mark.parametrize(
    ("stranger", "plainer"),
    [
        # a person's letter that a soft guard silenced, and a newsletter that it silenced
        ((PERSON + "In-Reply-To: <q@x>\nList-Unsubscribe: <https://x>\n",),
         ("From: News <news@x.example>\nList-Unsubscribe: <https://x>\n", "Unsubscribe here")),
        # a receipt that is answered, and a person that is answered
        ((ROBOT, "Payment received. To unsubscribe, click."), (PERSON,)),
        # silence for a person, and silence for a mailing list
        ((PERSON + "List-Unsubscribe: <https://x>\n",), (PERSON + "List-Id: <x.example>\n",)),
    ],
)  # fmt: skip
def test_what_is_stranger(stranger: tuple[str, ...], plainer: tuple[str, ...]) -> None:
    assert score(*stranger) >= 25 > score(*plainer)
