"""What every figure needs: the servers, commands timed from outside, the table."""

import os
import re
import resource
import shutil
import smtplib
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.letters import letter
from tests.lab import DOMAIN
from tests.lab.dovecot import Dovecot
from tests.lab.tls import Certificates

ROOT = Path(__file__).resolve().parent.parent
MAILBOX = """
  {name}:
    address: {user}@{domain}
    imap: {{host: localhost, port: {imap}, security: {security}, user: {user}, password: secret, ca_file: {ca}}}
    smtp: {{host: 127.0.0.1, port: {smtp}, security: none, user: ""}}
"""
RULES = """
rules:
  - name: Invoices
    when: {subject: [factura, facture], attachment: "*.pdf"}
    reply: invoice
  - name: Everything else
    reply: acknowledgement
    promise: 4 working hours
"""
ROWS: list[tuple[str, str, str, str]] = []


def row(what: str, figure: str, floor: str = "", target: str = "") -> None:
    """One line of the final table, shown at once as well."""
    ROWS.append((what, figure, floor, target))
    print(f"  {what}: {figure}" + (f" (floor {floor})" if floor else ""), file=sys.stderr, flush=True)


def show() -> None:
    """The table."""
    head = ("measured", "us", "floor", "target")
    widths = [max(len(r[i]) for r in [head, *ROWS]) for i in range(4)]
    for r in (head, tuple("-" * w for w in widths), *ROWS):
        print("  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)).rstrip())


def percentile(values: list[float], q: float) -> float:
    """The q-th percentile, by nearest rank."""
    values = sorted(values)
    return values[min(len(values) - 1, round(q / 100 * (len(values) - 1)))]


def middle(values: list[float], form: str = "{:.0f}") -> str:
    """`median (least-most)`."""
    return f"{form} ({form}-{form})".format(statistics.median(values), min(values), max(values))


class Bench:
    """The servers, and the daemon as a user runs it."""

    def __init__(self, folder: Path) -> None:
        """Starts Dovecot."""
        self.folder = folder
        self.certificates = Certificates(folder / "tls")
        self.dovecot = Dovecot(folder / "dovecot", self.certificates, users=0)

    def rules(
        self, name: str, users: list[str], imap: int, smtp: int, security: str = "none", rules: str = RULES
    ) -> Path:
        """A folder with rules.yaml and the shipped templates; its rules.yaml."""
        folder = self.folder / name
        folder.mkdir()
        shutil.copytree(ROOT / "templates", folder / "templates")
        boxes = "".join(
            MAILBOX.format(
                name=user, user=user, domain=DOMAIN, imap=imap, smtp=smtp, security=security, ca=self.certificates.ca
            )
            for user in users
        )
        answer = "answer: {not_older_than: 3650 days, limits: {total: 1000000/hour, per_domain: 1000000/hour}}\n"
        path = folder / "rules.yaml"
        path.write_text(f"state: state.db\nbrand: {{name: Bench}}\n{answer}mailboxes:{boxes}{rules}")
        path.chmod(0o600)
        return path

    def fill(self, user: str, count: int, start: int = 0) -> None:
        """Delivers letters from different people, over one LMTP connection."""
        address = f"{user}@{DOMAIN}"
        with smtplib.LMTP("127.0.0.1", self.dovecot.lmtp_port) as lmtp:
            for number in range(start, start + count):
                lmtp.sendmail(f"person{number}@example.net", [address], letter(number, address))

    def store(self, user: str, count: int) -> None:
        """As `fill`, but right into the folder: many letters in little time."""
        self.fill(user, 1)
        new = self.dovecot.mail(user) / "new"
        owner = (first := next(new.iterdir())).stat()
        first.unlink()
        for number in range(count):
            path = new / f"{1_790_000_000 + number}.M{number}.bench"
            path.write_bytes(letter(number, f"{user}@{DOMAIN}"))
            os.chown(path, owner.st_uid, owner.st_gid)


def command(rules: Path, *words: str) -> list[str]:
    """The daemon's command line."""
    return [sys.executable, "-m", "autoresponder", "-c", str(rules), *words]


def run(argv: list[str]) -> tuple[float, float, str]:
    """(wall seconds, CPU seconds, output) of a finished command; raises when it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} ended with {done.returncode}\n{done.stderr[-3000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def rss(pid: int) -> float:
    """Resident memory in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Rss:\s+(\d+) kB", text, re.M)
    return int(found[1]) / 1024 if found else 0.0
