"""Other people's real mail: no machine is answered, at least 99 % of the people are, nothing crashes.

The corpus is not part of this project. AUTORESPONDER_CORPUS names its folder (manifest.tsv and the messages), else it
is looked for in ../shared/corpus beside the project; where it is absent the test is skipped, and says so.
"""

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autoresponder.core.calendar import Office
from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, parse
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.rules import Rule

HERE = Path(__file__).resolve().parents[1]
CORPUS = Path(os.environ.get("AUTORESPONDER_CORPUS") or HERE.parent / "shared" / "corpus")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
POLICY = Policy(
    {"contact": Mailbox("contact", "contact@ours.example", office=Office(UTC, always_open=True))},
    (Rule("Everything", reply="acknowledgement"),),
    own=frozenset(("contact@ours.example",)),
    any_recipient=True,
)


def decided(path: Path) -> Decision:
    """As if it had just arrived, by one rule that answers everything."""
    arrival = Arrival("contact", "INBOX", 1, 1, NOW)
    return decide(read(parse(path.read_bytes()), POLICY), arrival, POLICY, History(), NOW)


def test_real_mail(capsys: pytest.CaptureFixture[str]) -> None:
    if not (CORPUS / "manifest.tsv").is_file():
        pytest.skip(f"no corpus of real mail at {CORPUS} (AUTORESPONDER_CORPUS names another place)")
    with (CORPUS / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    answered = {"reply": 0, "no-reply": 0, "no-crash": 0}
    asked = dict.fromkeys(answered, 0)
    wrong = []
    for row in rows:
        decision = decided(CORPUS / row["path"])
        asked[row["expect"]] += 1
        answered[row["expect"]] += decision.action == "reply"
        if row["expect"] == "reply" and decision.action != "reply":
            wrong.append(f"silent: {row['path']}: {decision.reason}: {decision.why}")
        if row["expect"] == "no-reply" and decision.action == "reply":
            wrong.append(f"answered: {row['path']}: to {decision.target}")
    sent = answered["reply"] + answered["no-reply"]
    with capsys.disabled():
        print(
            f"\ncorpus: {len(rows)} messages; of {asked['no-reply']} machines {answered['no-reply']} answered; of "
            f"{asked['reply']} people {answered['reply']} answered (precision {answered['reply'] / max(sent, 1):.1%}, "
            f"recall {answered['reply'] / max(asked['reply'], 1):.1%})",
            *wrong,
            sep="\n",
        )
    assert answered["no-reply"] == 0
    assert answered["reply"] >= 0.99 * asked["reply"]
