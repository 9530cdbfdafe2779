"""`make faults`: runs every cell of the matrix and every fault on the wire, prints what came of each.

    python -m tests.faults [--jobs N] [WORD...]     only the rows and columns that hold one of the words

Exit 1 when a cell differs from what tests/faults/matrix.py says, or a promise was broken. A cell that this machine
cannot do (no root, no loop device) is shown as such.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.disk import Unavailable
from tests.faults.matrix import COLUMNS, FATES, WIRES, Cell, Wire, cells
from tests.faults.trial import Outcome, run_cell, run_wire
from tests.lab.dovecot import Dovecot
from tests.lab.tls import Certificates

Result = Outcome | Unavailable | Exception
MARK = {fate: mark for mark, fate in FATES.items()}
GREEN, YELLOW, RED, GREY = "32", "33", "1;31", "2"


def main() -> int:
    """The whole run."""
    options = argparse.ArgumentParser(prog="make faults", description="breaks the daemon in every known way")
    options.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="trials at the same time")
    options.add_argument("words", nargs="*", help="only what holds one of these words")
    given = options.parse_args()
    everything: list[Cell | Wire] = [*cells(), *WIRES]
    chosen = [c for c in everything if not given.words or any(word in str(c) for word in given.words)]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults.", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with (
            Dovecot(folder / "dovecot", Certificates(folder / "tls")) as dovecot,
            ThreadPoolExecutor(given.jobs) as pool,
        ):
            running = {one: pool.submit(_run, one, dovecot, folder) for one in chosen}
            _print_matrix([c for c in chosen if isinstance(c, Cell)], lambda one: running[one].result())
            _print_wires([c for c in chosen if isinstance(c, Wire)], lambda one: running[one].result())
    return _sum_up({one: job.result() for one, job in running.items()}, time.monotonic() - begun)


def _run(one: Cell | Wire, dovecot: Dovecot, folder: Path) -> Result:
    place = Path(tempfile.mkdtemp(prefix="trial.", dir=folder))
    try:
        if isinstance(one, Cell):
            return run_cell(one.point, one.column, dovecot, place)
        return run_wire(one.server, one.faults, dovecot, place)
    except Exception as error:  # a trial that could not be played is shown in its cell, the others go on
        return error


def _right(one: Cell | Wire, result: Result) -> bool:
    return isinstance(result, Outcome) and result.fate == one.fate and not result.problems


def _cell(one: Cell | Wire, result: Result, width: int) -> str:
    if isinstance(result, Unavailable):
        text, colour = "-", GREY
    elif isinstance(result, Outcome):
        text = MARK.get(result.fate, result.fate) + ("" if _right(one, result) else " WRONG")
        colour = RED if not _right(one, result) else GREEN if result.fate == "answered" else YELLOW
    else:
        text, colour = "FAILED", RED
    return _paint(text.ljust(width), colour)


def _paint(text: str, colour: str) -> str:
    return f"\033[{colour}m{text}\033[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def _print_matrix(chosen: Sequence[Cell], result: Callable[[Cell], Result]) -> None:
    if not chosen:
        return
    print("The daemon at a point of a letter's way, and what strikes it there:\n")
    print(" " * 20 + "  ".join(column.ljust(9) for column in COLUMNS))
    for point in dict.fromkeys(cell.point for cell in chosen):
        row = {cell.column: _cell(cell, result(cell), 9) for cell in chosen if cell.point == point}
        print(point.ljust(20) + "  ".join(row.get(column, " " * 9) for column in COLUMNS), flush=True)


def _print_wires(chosen: Sequence[Wire], result: Callable[[Wire], Result]) -> None:
    if chosen:
        print("\nA connection that misbehaves by itself:\n")
    for wire in chosen:
        print(f"{wire.server}  {wire.name.ljust(28)}{_cell(wire, result(wire), 9)}", flush=True)


def _sum_up(results: dict[Cell | Wire, Result], seconds: float) -> int:
    print(
        "\n1  answered, once     ?-  uncertain, had not arrived     ?+  uncertain, had arrived     -  not possible here"
    )
    played = [result for result in results.values() if isinstance(result, Outcome)]
    counts = Counter(result.fate.partition(",")[0] for result in played)
    twice, lost, wrong = (sum(len(getattr(r.account, what)) for r in played) for what in ("twice", "lost", "wrong"))
    letters = sum(result.account.letters for result in played)
    print(
        f"\n{len(played)} trials, {letters} letters, {seconds:.0f} s: twice {twice}, lost {lost}, wrongly addressed"
        f" {wrong}, uncertain {counts['uncertain']} of {len(played)}"
    )
    bad = 0
    for one, result in results.items():
        if isinstance(result, Unavailable):
            print(f"not possible here: {one}: {result}")
        elif not _right(one, result):
            bad += 1
            said = (result.fate, *result.problems) if isinstance(result, Outcome) else (repr(result),)
            print(_paint(f"\n{one}: expected {one.fate}\n  " + "\n  ".join(said), RED))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
