"""The daemon broken on purpose: a selection of the matrix, one cell for each way to end (all: `make faults`)."""

from pathlib import Path

import pytest

from tests.faults.disk import Unavailable
from tests.faults.matrix import WIRES, Cell, Wire, cells
from tests.faults.trial import Outcome, run_cell, run_wire
from tests.lab.dovecot import Dovecot

QUICK = (
    "recording-SIGKILL",
    "in-doubt-recorded-SIGKILL",
    "dot-written-SIGKILL",
    "data-accepted-SIGTERM",
    "body-written-cut",
    "dot-written-cut",
    "exists-seen-timeout",
    "body-written-disk full",
    "in-doubt-recorded-read-only",
)
QUICK_WIRES = ("imap-no greeting", "imap-cut in a letter", "imap-garbage before a letter", "smtp-reset at the answer")


def kept(outcome: Outcome, fate: str) -> None:
    """What every trial must show."""
    assert outcome.problems == ()
    assert (outcome.account.twice, outcome.account.lost, outcome.account.wrong) == ((), (), ())
    assert outcome.fate == fate


@pytest.mark.parametrize("cell", [cell for cell in cells() if str(cell) in QUICK], ids=str)
def test_a_fault_at_a_point(cell: Cell, dovecot: Dovecot, tmp_path: Path) -> None:
    try:
        kept(run_cell(cell.point, cell.column, dovecot, tmp_path), cell.fate)
    except Unavailable as why:
        pytest.skip(f"no file system of our own: {why}")


@pytest.mark.parametrize("wire", [wire for wire in WIRES if str(wire) in QUICK_WIRES], ids=str)
def test_a_fault_on_the_wire(wire: Wire, dovecot: Dovecot, tmp_path: Path) -> None:
    kept(run_wire(wire.server, wire.faults, dovecot, tmp_path), wire.fate)


def test_the_selection_names_what_there_is() -> None:
    assert set(QUICK) <= {str(cell) for cell in cells()}
    assert set(QUICK_WIRES) <= {str(wire) for wire in WIRES}
