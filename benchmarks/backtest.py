"""`backtest` over a mailbox of Dovecot, beside the bare reading of the same letters; and whether its memory is flat."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.house import ROOT, Bench, command, middle, row, run


def backtest(bench: Bench, count: int, repeats: int) -> None:
    """Letters a second, CPU for each letter in all processes, and memory at a fifth of the letters and at all."""
    user = bench.dovecot.new_user()
    bench.store(user, count)
    rules = bench.rules("backtest", [user], bench.dovecot.imap_port, 1)
    floor = [sys.executable, "-m", "benchmarks.floor", "fetch", str(bench.dovecot.imap_port), user]
    run(floor)  # Dovecot makes its index
    ours, floors, cpus, floor_cpus = [], [], [], []
    for _ in range(repeats):
        _w, _c, out = run(floor)
        seconds, cpu = map(float, out.split())
        floors.append(count / seconds)
        floor_cpus.append(cpu / count * 1e3)
        wall, cpu, out = run(replay(rules, count))
        if f"{count:,} answered, 0 silent" not in out:
            raise SystemExit(f"backtest did not answer every letter:\n{out}")
        ours.append(count / wall)
        cpus.append(cpu / count * 1e3)
    row(f"backtest of {count}, letters/s (start included)", middle(ours), middle(floors), "1000")
    row("  as a share of the floor", f"{statistics.median(ours) / statistics.median(floors):.0%}")
    row("  CPU a letter, ms", middle(cpus, "{:.2f}"), middle(floor_cpus, "{:.2f}"))
    few, many = (peak(replay(rules, letters)) for letters in (count // 5, count))
    row(f"  memory of {count // 5} / {count}, all processes, MB", f"{few:.0f} / {many:.0f}", "", "flat")


def replay(rules: Path, count: int) -> list[str]:
    """The command."""
    return command(rules, "backtest", "--messages", str(count))


def peak(argv: list[str]) -> float:
    """The most memory that a command and its processes have together, in MB: what they share counts once."""
    most = 0.0
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL) as main:
        while main.poll() is None:
            most = max(most, sum(map(_share, [main.pid, *_children(main.pid)])))
            time.sleep(0.2)
    return most


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # it has just ended
        return []


def _share(pid: int) -> float:
    """Proportional set size in MB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
