"""The points cost nothing and do nothing unless a fault was asked for; each is in the code and in the matrix."""

import re
import signal
import subprocess
import sys
import timeit
from datetime import timedelta
from pathlib import Path

import pytest

from autoresponder import faults
from tests.faults.matrix import COLUMNS, FATES, TABLE, cells

PACKAGE = Path(faults.__file__).parent
HIT = "from autoresponder.faults import point\nfor n in range(3):\n    point('fetched')\n    print(n, flush=True)"


def run(fault: str, *, code: str = HIT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"AUTORESPONDER_FAULT": fault},
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
    )


def test_without_the_variables_a_point_is_nothing_and_time_is_the_clock() -> None:
    assert faults.point is faults.nothing
    assert faults.now is faults.clock
    assert (
        min(timeit.repeat(lambda: faults.point("fetched"), number=10_000, repeat=5)) < 0.02
    )  # 2 µs each, on any machine


@pytest.mark.parametrize(
    ("fault", "code", "passed"),
    [
        ("", 0, 3),
        ("decided:kill", 0, 3),
        ("fetched:kill", -signal.SIGKILL, 0),
        ("fetched:kill:3", -signal.SIGKILL, 2),
        ("fetched:term:2", -signal.SIGTERM, 1),
    ],
)
def test_a_fault_strikes_at_its_passage(fault: str, code: int, passed: int) -> None:
    done = run(fault)
    assert (done.returncode, done.stdout.split()) == (code, [str(n) for n in range(passed)])


def test_poison_ends_whoever_reads_it() -> None:
    code = """from autoresponder.faults import taste
for raw in b"good", b"so-called":
    taste(raw)
    print(raw, flush=True)"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={"AUTORESPONDER_POISON": "o-c"}, cwd=PACKAGE.parent, capture_output=True
    )
    assert (done.returncode, done.stdout) == (-signal.SIGSEGV, b"b'good'\n")
    assert faults.taste is faults.untasted


@pytest.mark.parametrize("fault", ["nowhere:kill", "fetched", "fetched:sleep", "fetched:kill:often"])
def test_a_fault_that_is_none_is_refused(fault: str) -> None:
    with pytest.raises(ValueError, match="not point:action"):
        faults.point_for(fault)


def test_the_clock_is_stepped_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    now = faults.clock_for(str(file))
    for seconds in (86400, -3600):
        file.write_text(str(seconds))
        assert abs(now() - faults.clock() - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_every_point_is_in_the_code_and_in_the_matrix() -> None:
    sources = [path.read_text() for path in PACKAGE.rglob("*.py") if path.name != "faults.py"]
    passed = {name for text in sources for name in re.findall(r'point\("([a-z-]+)"\)', text)}
    passed |= {name for text in sources for name in re.findall(r'"(\w+-accepted)"', text)}
    assert passed == set(faults.POINTS)
    elsewhere = {"committing", "copy-filed"}  # for the soak, and for tests/e2e/test_copies.py
    assert {cell.point for cell in cells()} == set(faults.POINTS) - elsewhere


def test_the_matrix_is_whole() -> None:
    head, *rows = TABLE.strip().splitlines()
    assert head.replace("-full", " full").split() == " ".join(COLUMNS).split()
    assert len(cells()) == len(rows) * len(COLUMNS)
    assert {cell.fate for cell in cells()} == set(FATES.values())
