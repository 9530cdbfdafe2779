"""The daemon broken on purpose: a selection of the matrix, one cell for each way to end (all: `make faults`)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autoresponder.faults import Point
from tests.faults.disk import Unavailable
from tests.faults.matrix import WIRES, Cell, Wire, cells
from tests.faults.trial import Outcome, Trial, run_cell, run_wire, term_and_lock, term_and_stall
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


@pytest.mark.parametrize(
    ("point", "strike", "fate"),
    [
        ("data-accepted", term_and_stall, "uncertain, not arrived"),
        ("claimed", term_and_lock, "answered"),
        ("answer-read", term_and_lock, "uncertain, arrived"),
    ],
)
def test_a_stop_ends_in_time_whatever_the_servers_and_the_store_do(
    point: Point, strike: Callable[[Trial], None], fate: str, dovecot: Dovecot, tmp_path: Path
) -> None:
    with Trial(tmp_path, dovecot) as trial:
        kept(trial.play(strike, f"{point}:stop"), fate)


def test_the_selection_names_what_there_is() -> None:
    assert set(QUICK) <= {str(cell) for cell in cells()}
    assert set(QUICK_WIRES) <= {str(wire) for wire in WIRES}
