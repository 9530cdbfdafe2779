"""Shadow mode on a real server: it decides and shows; nothing is sent, marked, moved or told; live begins anew."""

from pathlib import Path

import pytest

from tests.e2e.house import House, letter
from tests.lab.dovecot import Dovecot
from tests.lab.machine import wait_until
from tests.lab.sink import Sink

ACTS = "mark: $Seen-by-rules, move_to: Junk, notify: boss@staff.test"


def rules(shadow: str = "") -> str:
    """One rule that answers and one that does not; both do all that a rule can do besides."""
    return (
        f"rules:\n  - {{name: Quiet, when: {{subject: hush}}, reply: false, {ACTS}{shadow}}}\n"
        f"  - {{name: Rest, reply: acknowledgement, {ACTS}{shadow}}}\n"
    )


@pytest.mark.parametrize("where", ["mode", "mailbox", "rule"])
def test_nothing_happens_and_going_live_answers_nothing_old(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, where: str
) -> None:
    house, user = House(tmp_path, dovecot, sink.port), dovecot.new_user()
    me = house.mailbox(user, more="    shadow: true\n" if where == "mailbox" else "")
    house.more = "mode: shadow\n" if where == "mode" else ""
    house.rules = rules(", shadow: true" if where == "rule" else "")
    senders = ("quiet@example.net", "ana@example.net", "bob@example.net")
    with house.running():
        for sender, subject in zip(senders, ("Hush", "A question", "Another one"), strict=True):
            dovecot.deliver(user, letter(me, sender, subject), sender)
        dovecot.deliver(user, letter(me, senders[1], "Once more"), senders[1])
        wait_until(lambda: sum(house.json("status", code=None)[0]["decisions"].values()) == 4, "four decisions")
        _nothing_happened(house, user, sink)
        _shown(house)
        house.mailbox(user)
        house.more, house.rules = "", rules()
        house.reloaded()
        dovecot.deliver(user, letter(me, senders[1], "Is anybody there?"), senders[1])
        assert [one.to for one in sink.wait(1, to=senders[1])] == [(senders[1],)]
        sink.wait(1, to="boss@staff.test")
        wait_until(lambda: len(dovecot.letters(user, "Junk")) == 1, "the letter that came after going live")
    assert len(sink.messages) == 2
    assert house.history(senders[1]) == [("shadow", "rule"), ("silent", "once"), ("sent", "rule")]
    assert len(house.said("the sender had the answer of rule “Rest”")) == 1, "the log says what was recorded"
    assert house.history(senders[2]) == [("shadow", "rule")]


def _nothing_happened(house: House, user: str, sink: Sink) -> None:
    assert sink.messages == ()
    assert len(house.dovecot.letters(user)) == 4
    assert not any(set(flags) - {"\\Recent"} for flags in house.dovecot.flags(user))
    assert house.json("outbox", "list") == []


def _shown(house: House) -> None:
    assert house.json("status")[0]["shadowed"] == [{"rule": "Rest", "today": 2, "in_all": 2}]
    said = house.cli("status")
    assert "shadow: 2 answers would have been sent, 2 of them today" in said
    shadows = house.json("outbox", "list", "--state", "shadow")
    assert [(one["target"], one["rule"]) for one in shadows] == [
        (sender, "Rest") for sender in ("ana@example.net", "bob@example.net")
    ]
    assert "shadow" in house.cli("history", "ana@example.net")
