"""Bugs on purpose in store and outbox: `python -m tests.store.planted` tells which of them the state machine finds.

Each is one piece of the code put differently, in a copy of the package; then `test_machine` alone is run on the copy.
For each bug a line: whether it was caught, and in how many seconds; with `-v` the shortest way to it that was found,
which takes longer. Words on the command line choose bugs by their names. Exit code 1 when one was not caught.

`test_planted.py` sees to it that every bug still fits the code.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SQL, OUTBOX = "autoresponder/store/sql.py", "autoresponder/core/outbox.py"
CLAIMS, LETTERS = "autoresponder/store/claims.py", "autoresponder/store/sql_outbox.py"
HISTORY = "autoresponder/core/history.py"
EXAMPLES = "300"
SECONDS = 600


@dataclass(frozen=True, slots=True)
class Bug:
    """In `file`, `right` (which is there once) becomes `wrong`."""

    name: str
    file: str
    right: str
    wrong: str


BUGS = (
    Bug("a crash after the dot sends again", OUTBOX,
        "(S.IN_DOUBT, E.CRASHED): S.UNCERTAIN", "(S.IN_DOUBT, E.CRASHED): S.PENDING"),
    Bug("a lost answer sends again", OUTBOX,
        "(S.IN_DOUBT, E.NO_ANSWER): S.UNCERTAIN", "(S.IN_DOUBT, E.NO_ANSWER): S.PENDING"),
    Bug("what was sent can be sent again", OUTBOX,
        "(S.UNCERTAIN, E.RESEND): S.PENDING,",
        "(S.UNCERTAIN, E.RESEND): S.PENDING,\n    (S.SENT, E.RESEND): S.PENDING,"),
    Bug("what an operator dropped is sent when it is released", OUTBOX,
        "(S.HELD, E.DROP): S.DROPPED", "(S.HELD, E.DROP): S.HELD"),
    Bug("a doubtful answer gives its claims back", LETTERS, "if not doubted:\n", "if True:\n"),
    Bug("a refused answer keeps its claims", LETTERS, "if state in (State.FAILED, State.DROPPED):\n                if",
        "if state is State.DROPPED:\n                if"),
    Bug("an answer ages from when it was decided, not from when it went", LETTERS,
        "elif state in (State.SENT, State.UNCERTAIN) and event is not Event.CLOSE:", "elif state is None:"),
    Bug("a window begins anew when doubt is closed", LETTERS, " and event is not Event.CLOSE:", ":"),
    Bug("an answer on its way blocks nobody", CLAIMS,
        "SELECT 1 FROM outbox WHERE outbox.id = answered.reply_id AND outbox.state {on_its_way}))",
        "SELECT 1 FROM outbox WHERE outbox.id = -answered.reply_id AND outbox.state {on_its_way}))"),
    Bug("once lasts one moment too long", CLAIMS, "(answered.at <= ? AND NOT", "(answered.at < ? AND NOT"),
    Bug("the answer before is forgotten when one fails", CLAIMS,
        "AND reply_id = ? AND previous IS NULL\"", "AND reply_id = ?\""),
    Bug("a copy of a letter is answered", CLAIMS,
        "UPDATE SET at = letters_answered.at WHERE letters_answered.reply_id = excluded.reply_id",
        "UPDATE SET at = letters_answered.at WHERE true"),
    Bug("who has no second claim keeps the first", CLAIMS,
        "            self.give_back(claims)\n            return \"copy\"",
        "            return \"copy\""),
    Bug("resend asks nobody", LETTERS, "if event is Event.RESEND and not self._reclaim(reply_id, now):", "if False:"),
    Bug("resend goes by no window", LETTERS, "None if window is None else now - window * TICK, now)", "None, now)"),
    Bug("shadow and live claim the same", HISTORY, "SHADOWS = \"shadow\\x1e\"", "SHADOWS = \"\""),
    Bug("a message is decided twice", SQL, "WHERE decisions.action = 'quarantine'\nRETURNING id", "RETURNING id"),
    Bug("a number that is given out again hides a letter", SQL, "AND letter_key NOT IN ('', ?) RETURNING id",
        "AND letter_key IN ('', ?) AND false RETURNING id"),
    Bug("the same letter again is another", SQL, "AND letter_key NOT IN ('', ?) RETURNING id",
        "AND letter_key <> ? || '.' RETURNING id"),
    Bug("the cursor goes back", SQL, "AND uidvalidity = ? AND next_uid < ?", "AND uidvalidity = ? AND next_uid <> ?"),
    Bug("the cursor of an old numbering moves the new one", SQL, "AND folder = ? AND uidvalidity = ? AND next_uid < ?",
        "AND folder = ? AND uidvalidity <> -? AND next_uid < ?"),
    Bug("a claim takes what others have", LETTERS, "WHERE state = 'pending' AND next_attempt <= ? {free}",
        "WHERE state IN ('pending', 'sending') AND next_attempt <= ? {free}"),
    Bug("what is held is claimed", LETTERS, "WHERE state = 'pending' AND next_attempt <= ? {free}",
        "WHERE state IN ('pending', 'held') AND next_attempt <= ? {free}"),
    Bug("a mailbox that is busy is served", LETTERS, 'free = f"AND mailbox NOT IN ({marks(busy)})" if busy else ""',
        'free = f"AND mailbox <> {marks(busy)}||1" if busy else ""'),
    Bug("the newest first", LETTERS, "ORDER BY next_attempt, id LIMIT ? {skip_locked}",
        "ORDER BY next_attempt DESC, id LIMIT ? {skip_locked}"),
    Bug("what is put off by a wrong clock waits", LETTERS, "AND next_attempt > ?\"", "AND next_attempt > 2 * ?\""),
    Bug("what is too late is sent", LETTERS, "_transition(Event.EXPIRED, \"expires <= ?\")",
        "_transition(Event.EXPIRED, \"expires <= ? - 86400000000\")"),
    Bug("a released letter expires at once", LETTERS,
        "if event in (Event.RESEND, Event.RELEASE):", "if event is Event.RESEND:"),
    Bug("attempts are not counted anew", LETTERS, "Event.RESEND: \"0\"}", "}"),
    Bug("one daemon's death puts back what another has", LETTERS,
        "\"(? = '' OR owner = ?)\"", "\"(? = '' OR owner <> ?)\""),
    Bug("a letter loses its owner at the dot", LETTERS, "\"owner\": \"owner\" if event is Event.FINAL_DOT else \"''\"",
        "\"owner\": \"''\""),
    Bug("limits count what failed", SQL, "not in ANSWERED_STATES), State.SHADOW)", "not in State), State.SHADOW)"),
    Bug("limits count letters to our people", SQL,
        "WHERE created > ? AND kind = 'reply' AND NOT", "WHERE created > ? AND NOT"),
    Bug("what is held uses up the others' limit", SQL, "states=(State.HELD,)", "states=(State.SHADOW,)"),
    Bug("our people get as many as there are", LETTERS, "AND kind = 'staff') < ?", "AND kind = 'reply') < ?"),
    Bug("our people are told every time", SQL,
        "WHERE topic = ? AND seen > ? AND at > ?", "WHERE topic = ? AND seen > ? AND at < ?"),
    Bug("a bounce of our people's letter counts", LETTERS, "WHERE {which} = ? AND kind = 'reply'", "WHERE {which} = ?"),
    Bug("an older bounce replaces a newer one", LETTERS, "WHEN bounces.at < excluded.at THEN", "WHEN true THEN"),
    Bug("what was quarantined is known", SQL,
        "WHERE mailbox = ? AND action <> 'quarantine' AND letter_key",
        "WHERE mailbox = ? AND letter_key"),
    Bug("one mailbox knows another's letters", SQL, "WHERE mailbox = ? AND action <> 'quarantine' AND letter_key",
        "WHERE mailbox <> -? AND action <> 'quarantine' AND letter_key"),
    Bug("what could not be found is decided", SQL, "letter_key = CASE WHEN ? THEN letter_key ELSE '' END",
        "letter_key = CASE WHEN ? THEN letter_key ELSE letter_key END"),
)  # fmt: skip


def plant(bug: Bug, folder: Path) -> None:
    """The package and the tests of the store, with this bug, in a folder that does not exist yet."""
    for part in ("autoresponder", "tests/store"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests/__init__.py").touch()
    file = folder / bug.file
    text = file.read_text("utf-8")
    if text.count(bug.right) != 1:
        raise ValueError(f"“{bug.name}” no longer fits {bug.file}")
    file.write_text(text.replace(bug.right, bug.wrong), "utf-8")


def hunt(bug: Bug, *, shrink: bool) -> tuple[float, list[str]]:
    """Seconds, and the steps of the falsifying example; none: it was not found."""
    more = {"AUTORESPONDER_SHRINK": "1"} if shrink else {}
    with tempfile.TemporaryDirectory(prefix="planted.") as folder:
        copy = Path(folder) / "copy"
        plant(bug, copy)
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist",
             "-c", os.devnull, "--rootdir", copy, "tests/store/test_machine.py"],
            cwd=copy, env={**os.environ, "AUTORESPONDER_EXAMPLES": EXAMPLES, **more}, capture_output=True, text=True,
            check=False, timeout=SECONDS,
        )  # fmt: skip
        took = time.monotonic() - begun
    if done.returncode == 0:
        return took, []
    text = "\n".join(
        line.removeprefix("E").lstrip(" |") for line in done.stdout.splitlines()
    )  # | where there are several
    example = re.search(r"state = Life\(\)\n(.*?)state\.teardown\(\)", text, re.S)
    if not example:
        raise RuntimeError(f"“{bug.name}”: the machine did not run\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    steps = re.findall(r"(?ms)^state\.(.*?)\n(?=state\.|\Z)", example[1] + "\n")
    return took, [" ".join(step.split()) for step in steps if not step.startswith("all_is_well")]


def main(argv: Sequence[str] | None = None) -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description="Bugs on purpose, and what the state machine says to them.")
    parser.add_argument("words", nargs="*", help="only bugs with one of these in their names")
    parser.add_argument("-v", action="store_true", help="show the steps that find each")
    args = parser.parse_args(argv)
    chosen = [bug for bug in BUGS if not args.words or any(word in bug.name for word in args.words)]
    missed = 0
    for bug in chosen:
        took, steps = hunt(bug, shrink=args.v)
        missed += not steps
        print(f"{'caught' if steps else 'NOT CAUGHT':10} {took:4.0f} s  {bug.name}", flush=True)
        for step in steps if args.v else ():
            print(f"    {step}")
    print(f"{len(chosen) - missed} of {len(chosen)} caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
