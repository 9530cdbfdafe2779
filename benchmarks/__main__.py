"""`make bench`: every figure beside its floor or its target, measured in this run. Takes some three minutes.

Needs dovecot and smtp-sink (Debian: dovecot-imapd dovecot-lmtpd postfix). Everything is on 127.0.0.1, in a temporary
folder, and ends by itself.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.backtest import backtest
from benchmarks.house import ROOT, Bench, command, middle, percentile, row, rss, run, show
from benchmarks.letters import letter
from benchmarks.tap import Tap
from tests.lab import DOMAIN
from tests.lab.machine import Process, free_ports
from tests.lab.sink import Sink


@contextmanager
def daemon(rules: Path) -> Iterator["subprocess.Popen[str]"]:
    """`autoresponder run`, ended by SIGTERM."""
    with (rules.parent / "log").open("w") as log:
        process = subprocess.Popen(command(rules, "run"), cwd=ROOT, stdout=log, stderr=log, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


# the figures --------------------------------------------------------------------------------------------------------
def throughput(bench: Bench, count: int, repeats: int) -> None:
    """A backlog, Dovecot to smtp-sink: messages a second and CPU for each answered one."""
    user, (port,) = bench.dovecot.new_user(), free_ports(1)
    bench.fill(user, count)
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    argv = ["smtp-sink", *as_nobody, "-m", "64", f"127.0.0.1:{port}", "64"]
    sink = Process("smtp-sink", argv, bench.folder / "smtp-sink.log")
    sink.await_ports(port)
    ours, floors, cpus, floor_cpus = [], [], [], []
    try:
        for i in range(repeats):
            ports = [str(bench.dovecot.imap_port), str(port)]
            _w, _c, out = run([sys.executable, "-m", "benchmarks.floor", "backlog", *ports, user])
            seconds, cpu = map(float, out.split())
            floors.append(count / seconds)
            floor_cpus.append(cpu / count * 1e3)
            rules = bench.rules(f"backlog{i}", [user], bench.dovecot.imap_port, port)
            wall, cpu, _ = run(command(rules, "run", "--once", "--backlog", "3000 days"))
            empty_wall, empty_cpu, _ = run(command(rules, "run", "--once"))
            check_sent(rules, count)
            ours.append(count / (wall - empty_wall))
            cpus.append((cpu - empty_cpu) / count * 1e3)
    finally:
        sink.end()
    row(f"backlog of {count}, messages/s", middle(ours), middle(floors), "half of the floor")
    row("  as a share of the floor", f"{statistics.median(ours) / statistics.median(floors):.0%}", "", "50%")
    row("  CPU a message, ms", middle(cpus, "{:.2f}"), middle(floor_cpus, "{:.2f}"), "1")


def check_sent(rules: Path, count: int) -> None:
    """A figure counts only when every letter was answered, once."""
    done = subprocess.run(command(rules, "status", "--json"), capture_output=True, text=True, cwd=ROOT, check=False)
    sent = json.loads(done.stdout)["outbox"].get("sent", 0)
    if sent != count:
        raise SystemExit(f"{sent} of {count} letters were answered:\n{done.stdout[:2000]}")


def latency(bench: Bench, samples: int) -> None:
    """From the EXISTS line to the answer at the sink, on an idle mailbox."""
    user, sink = bench.dovecot.new_user(), Sink()
    figures = {}
    for name in ("floor", "us"):
        tap = Tap(bench.dovecot.imap_port)
        with ExitStack() as stack:
            stack.callback(tap.close)
            if name == "floor":
                argv = [sys.executable, "-m", "benchmarks.floor", "idle", str(tap.port), str(sink.port), user]
                process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                stack.callback(process.wait, 10)
                stack.callback(process.stdin.close)  # type: ignore[union-attr]  # it is a pipe: asked for above
            else:
                stack.enter_context(daemon(bench.rules("latency", [user], tap.port, sink.port)))
            tap.wait_idles(1)
            figures[name] = [
                one_answer(bench, user, tap, sink, n + (1000 if name == "us" else 0)) for n in range(samples)
            ]
    p = {name: f"{percentile(v, 50) * 1e3:.1f} / {percentile(v, 95) * 1e3:.1f}" for name, v in figures.items()}
    row(f"EXISTS to answer, ms, p50 / p95 of {samples}", p["us"], p["floor"], "p95 15")
    sink.close()


def one_answer(bench: Bench, user: str, tap: Tap, sink: Sink, number: int) -> float:
    """Delivers one letter; seconds from EXISTS to the answer."""
    idles, before, seen = len(tap.idles), len(sink.messages), len(tap.exists)
    bench.fill(user, 1, start=10_000_000 + number)
    at = sink.wait(before + 1)[-1].at
    tap.wait_idles(idles + 1)  # it listens again
    return at - tap.exists[seen]


def explain(bench: Bench, count: int, repeats: int) -> None:
    """`explain --json` over a folder of letters."""
    folder = bench.folder / "letters"
    folder.mkdir()
    for i in range(count):
        (folder / f"{i:05}.eml").write_bytes(letter(i, f"u1@{DOMAIN}"))
    rules = bench.rules("explain", ["u1"], 1, 1)
    walls, speeds = [], []
    for _ in range(repeats):
        wall, _cpu, out = run(command(rules, "explain", "--json", "--any-recipient", str(folder)))
        if sum(json.loads(line)["decision"] == "reply" for line in out.splitlines()) != count:
            raise SystemExit("explain did not answer every letter")
        walls.append(wall)
        speeds.append(count / wall)
    row(f"explain {count} files, messages/s (start included)", middle(speeds), "", "1000")


def at_rest(bench: Bench, mailboxes: int) -> None:
    """Memory with one mailbox and with many, and how long the start takes."""
    users = [bench.dovecot.new_user() for _ in range(mailboxes + 1)]
    figures, starts = [], []
    for name, some in (("one", users[:1]), ("many", users)):
        tap = Tap(bench.dovecot.imaps_port)
        rules = bench.rules(f"rest-{name}", some, tap.port, 1, "tls")
        began = time.monotonic()
        with daemon(rules) as process:
            if name == "one":
                starts.append(plain_start(bench))
            bench_idle(rules, process, len(some), began)
            figures.append(rss(process.pid))
        tap.close()
    row("RSS at rest, one TLS mailbox, MB", f"{figures[0]:.1f}", "", "60")
    row(
        f"RSS for each of {mailboxes} more idle TLS mailboxes, MB",
        f"{(figures[1] - figures[0]) / mailboxes:.3f}",
        "",
        "0.08",
    )
    row("start to first IDLE, s", f"{starts[0]:.2f}", "", "1")


def plain_start(bench: Bench) -> float:
    """Seconds from the start of the process to its first IDLE command, seen on the wire in clear."""
    tap = Tap(bench.dovecot.imap_port)
    rules = bench.rules(f"start{tap.port}", [bench.dovecot.new_user()], tap.port, 1)
    began = time.monotonic()
    with daemon(rules):
        seconds = tap.wait_idles(1) - began
    tap.close()
    return seconds


def bench_idle(rules: Path, process: "subprocess.Popen[str]", count: int, began: float) -> None:
    """Waits until the daemon says that all its folders idle (its own note in the store)."""
    while time.monotonic() < began + 90:
        done = subprocess.run(command(rules, "status", "--json"), capture_output=True, text=True, cwd=ROOT, check=False)
        try:
            watchers = (json.loads(done.stdout)["daemon"] or {}).get("watchers", [])
        except json.JSONDecodeError:
            watchers = []
        if sum(w["phase"] == "idle" for w in watchers) == count:
            return
        if process.poll() is not None:
            break
        time.sleep(0.5)
    raise SystemExit(f"not all of {count} folders idle:\n{(rules.parent / 'log').read_text()[-3000:]}")


def rules_cost(bench: Bench) -> None:
    """Microseconds to decide about one letter with 10, 100 and 1,000 rules of which only the last matches."""
    from autoresponder.config.build import load_settings
    from autoresponder.core.decide import decide, read
    from autoresponder.core.history import History
    from autoresponder.core.message import Arrival, parse

    now = datetime.now(UTC)
    message = parse(letter(1, f"u1@{DOMAIN}"))
    for count in (10, 100, 1000):
        many = "".join(f'  - {{name: R{i}, when: {{subject: "word{i}"}}, reply: false}}\n' for i in range(count - 1))
        path = bench.rules(
            f"rules{count}", ["u1"], 1, 1, rules=f"\nrules:\n{many}  - {{name: Rest, reply: acknowledgement}}\n"
        )
        policy = load_settings(path).policy
        times = []
        for _ in range(200):
            began = time.perf_counter()
            decision = decide(read(message, policy), Arrival("u1", "INBOX", 1, 1, now), policy, History(), now)
            times.append(time.perf_counter() - began)
        if decision.rule is None or decision.rule.name != "Rest":
            raise SystemExit(f"the wrong rule won: {decision}")
        row(f"decide with {count} rules, µs", f"{statistics.median(times) * 1e6:.0f}")


def once_cost(bench: Bench) -> None:
    """Microseconds for the history of one sender, with 10 and a million known senders."""
    from autoresponder.core.history import Limit, Limits, Lookup
    from autoresponder.store import open_store

    limits = Limits(Limit(3, timedelta(days=1)), Limit(60, timedelta(hours=1)), Limit(500, timedelta(hours=1)))
    now = datetime.now(UTC)
    for count in (10, 1_000_000):
        path = bench.folder / f"once{count}.db"
        open_store(path).close()
        know_senders(path, count)
        store = open_store(path)
        times = []
        for i in range(300):
            ask = Lookup(f"person{i % 10}@example.net", f"person@{i}", "example.net", f"letter{i}", f"thread{i}")
            began = time.perf_counter()
            store.ledger([ask], limits, now)
            times.append(time.perf_counter() - began)
        store.close()
        row(f"once lookup, {count:,} known senders, µs", f"{statistics.median(times) * 1e6:.0f}", "", "flat")


def know_senders(path: Path, count: int) -> None:
    """Fills a store with senders that were answered, as it would be after years."""
    with sqlite3.connect(path) as db:
        keys = (f"person{i}@example.net" for i in range(count))
        db.executemany("INSERT INTO senders VALUES (?, 1, 1, 1)", ((key,) for key in keys))
        db.execute("INSERT INTO answered SELECT sender_key, 'Everything else', 1, NULL, NULL FROM senders")
    db.close()


def main() -> None:
    """Runs everything, prints the table."""
    ap = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    ap.add_argument("--messages", type=int, default=2000)
    ap.add_argument("--replayed", type=int, default=10_000, help="letters of the backtest")
    ap.add_argument("--mailboxes", type=int, default=200)
    ap.add_argument("--samples", type=int, default=40)
    ap.add_argument("--repeats", type=int, default=3)
    ap.add_argument(
        "--only", nargs="*", default=["throughput", "latency", "explain", "backtest", "rest", "rules", "once"]
    )
    o = ap.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench.") as name:
        folder = Path(name)
        folder.chmod(0o755)
        bench = Bench(folder)
        try:
            for part, measure in (
                ("throughput", lambda: throughput(bench, o.messages, o.repeats)),
                ("latency", lambda: latency(bench, o.samples)),
                ("explain", lambda: explain(bench, 1000, o.repeats)),
                ("backtest", lambda: backtest(bench, o.replayed, o.repeats)),
                ("rest", lambda: at_rest(bench, o.mailboxes)),
                ("rules", lambda: rules_cost(bench)),
                ("once", lambda: once_cost(bench)),
            ):
                if part in o.only:
                    print(part, file=sys.stderr)
                    measure()
        finally:
            bench.dovecot.stop()
    show()


if __name__ == "__main__":
    main()
