"""How well machines are told from people, on other people's real mail: `make corpus` prints the report.

The corpus is not part of this project. AUTORESPONDER_CORPUS (or the one argument) names its folder; else it is looked
for in ../shared/corpus beside the project. A `manifest.tsv` in it says of every message its class and what is expected:
`reply` (a person: silence is a fault), `no-reply` (a machine: an answer is a fault), `no-crash` (either will do). Any
other folder of messages, mbox or Maildir will do as well: then there are only tallies.

Exit code 0; 1 when a machine is answered or fewer than 99 % of the people are; 2 when there is no corpus.
"""

import csv
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autoresponder.cli.letters import spots
from autoresponder.cli.paint import paint, safe, table
from autoresponder.core.calendar import Office
from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, parse
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.rules import Rule
from autoresponder.errors import UserError

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "corpus"
RECALL = 0.99
"""Of the people, so many must be answered at least."""
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
POLICY = Policy(
    {"contact": Mailbox("contact", "contact@ours.example", office=Office(UTC, always_open=True))},
    (Rule("Everything", reply="acknowledgement"),),
    own=frozenset(("contact@ours.example",)),
    any_recipient=True,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One message: what it is, what was expected ("": nothing), and what was decided."""

    name: str
    kind: str
    expected: str
    subject: str
    decision: Decision

    @property
    def answered(self) -> bool:
        """Whether it gets an answer."""
        return self.decision.action == "reply"

    @property
    def wrong(self) -> str:
        """ "" or what is wrong with the decision."""
        if self.expected == "no-reply" and self.answered:
            return "a machine is answered"
        return "a person is left in silence" if self.expected == "reply" and not self.answered else ""

    @property
    def reason(self) -> str:
        """The decision's reason; whom an answer goes to."""
        to = self.decision.target.email if self.answered and self.decision.target else ""
        return f"to {to}" if to else f"{self.decision.reason}: {self.decision.why}"


@dataclass(frozen=True, slots=True)
class Report:
    """All of a corpus."""

    folder: Path
    judged: tuple[Judged, ...]

    def of(self, expected: str) -> list[Judged]:
        """The messages of which this is expected."""
        return [one for one in self.judged if one.expected == expected]

    @property
    def wrong(self) -> list[Judged]:
        """The wrong decisions."""
        return [one for one in self.judged if one.wrong]

    @property
    def precision(self) -> float:
        """Of the answers, those that go to people (where either will do, nothing is counted); 1 when there is none."""
        right, bad = (sum(one.answered for one in self.of(word)) for word in ("reply", "no-reply"))
        return right / (right + bad) if right + bad else 1.0

    @property
    def recall(self) -> float:
        """Of the people, those that are answered; 1 when there is none."""
        people = self.of("reply")
        return sum(one.answered for one in people) / len(people) if people else 1.0

    @property
    def good(self) -> bool:
        """No machine is answered, and enough people are."""
        return not any(one.answered for one in self.of("no-reply")) and self.recall >= RECALL


def place() -> Path:
    """The folder of the corpus, which may not be there."""
    return Path(os.environ.get("AUTORESPONDER_CORPUS") or BESIDE)


def judge(folder: Path) -> Report:
    """Every message decided as if it had just arrived, by one rule that answers everything. Raises `ConfigError` when
    the folder cannot be read."""
    manifest = folder / "manifest.tsv"
    if not manifest.is_file():
        return Report(folder, tuple(_decided(spot.name, "", "", spot.read()) for spot in spots([str(folder)])))
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = (_decided(row["path"], row["class"], row["expect"], (folder / row["path"]).read_bytes()) for row in rows)
    return Report(folder, tuple(found))


def _decided(name: str, kind: str, expected: str, raw: bytes) -> Judged:
    message = parse(raw)
    arrival = Arrival("contact", "INBOX", 1, 1, NOW)
    return Judged(name, kind, expected, message.subject, decide(read(message, POLICY), arrival, POLICY, History(), NOW))


# for people ---------------------------------------------------------------------------------------------------------
def lines(report: Report) -> Iterator[str]:
    """The report, as it is printed."""
    yield paint(f"{len(report.judged):,} messages in {report.folder}", "head")
    if any(one.expected for one in report.judged):
        yield from ("", _by_class(report), "", figures(report))
    else:
        answered = sum(one.answered for one in report.judged)
        yield f"{answered:,} answered, {len(report.judged) - answered:,} silent (no manifest.tsv: nothing is expected)"
    yield from ("", _silences(report.judged))
    for one in report.wrong:
        yield paint(f"\n{one.wrong}: {one.name}", "bad")
        yield f"  {safe(one.subject)[:100]}\n  {safe(one.reason)}"


def _by_class(report: Report) -> str:
    classes = Counter((one.kind, one.expected) for one in report.judged)
    rows, styles = [], []
    for (kind, expected), count in sorted(classes.items(), key=lambda item: (item[0][1], -item[1])):
        some = [one for one in report.judged if (one.kind, one.expected) == (kind, expected)]
        answered, wrong = sum(one.answered for one in some), sum(bool(one.wrong) for one in some)
        share = "" if expected == "no-crash" else f"{1 - wrong / count:.1%}"
        rows.append([kind, expected, f"{count:,}", f"{answered:,}", f"{count - answered:,}", f"{wrong:,}", share])
        styles.append("bad" if wrong else "dim" if expected == "no-crash" else "good")
    return table(["CLASS", "EXPECTED", "MESSAGES", "ANSWERED", "SILENT", "WRONG", "RIGHT"], rows, styles)


def figures(report: Report) -> str:
    """All of it in one line."""
    machines, people = report.of("no-reply"), report.of("reply")
    bad, good = (sum(one.answered for one in some) for some in (machines, people))
    said = (
        f"machines answered: {bad} of {len(machines)}   people answered: {good} of {len(people)}   "
        f"precision {report.precision:.1%}, recall {report.recall:.1%}"
    )
    return paint(said, "good" if report.good else "bad")


def _silences(judged: Sequence[Judged]) -> str:
    reasons = Counter(one.decision.reason for one in judged if not one.answered)
    rows = [[name, f"{count:,}"] for name, count in reasons.most_common()]
    return table(["SILENT BECAUSE", "MESSAGES"], rows)


def main(words: Sequence[str]) -> int:
    """Prints the report; its exit code."""
    folder = Path(words[0]) if words else place()
    if not folder.is_dir():
        print(f"There is no corpus of real mail at {folder}.\n"
              "Name a folder of messages: AUTORESPONDER_CORPUS=/path/to/mail make corpus", file=sys.stderr)  # fmt: skip
        return 2
    try:
        report = judge(folder)
    except (UserError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(*lines(report), sep="\n")
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
