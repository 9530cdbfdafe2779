"""A daemon as a user runs it: a folder with rules.yaml and templates, a process, and the command line beside it.

The process tells when it is ready, reloads and stops over a notification socket, as to systemd (sd_notify(3)), so that
tests wait for the event and never for time to pass.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab import DOMAIN, PATIENCE
from tests.lab.dovecot import Dovecot
from tests.lab.machine import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
STOP = 20.0
"""Seconds a stop may take: TimeoutStopSec of our unit."""


class Notifications:
    """What a daemon says to $NOTIFY_SOCKET, in order."""

    def __init__(self) -> None:
        """Listens at an abstract address (unix(7)): that of a file may be too long in a test's own folder."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("")
        self.address = "@" + self._socket.getsockname()[1:].decode()
        self._news = threading.Condition()
        self._said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                return
            if not data:
                return
            with self._news:
                self._said += data.decode().splitlines()
                self._news.notify_all()

    def count(self, word: str) -> int:
        """How often something beginning so was said."""
        with self._news:
            return sum(line.startswith(word) for line in self._said)

    def wait(self, word: str, count: int = 1, *, gone: Callable[[], bool] = lambda: False) -> None:
        """Returns when it was said `count` times; AssertionError when it is not, or the daemon is gone."""
        with self._news:
            for _ in range(int(PATIENCE / 0.2)):
                if self._news.wait_for(lambda: sum(s.startswith(word) for s in self._said) >= count, 0.2):
                    return
                if gone():
                    break
        raise AssertionError(f"the daemon did not say {word} {count} times, only: {self._said[-20:]}")

    def close(self) -> None:
        """No more listening."""
        self._socket.close()


class House:
    """One installation in a folder."""

    def __init__(self, folder: Path, dovecot: Dovecot, smtp_port: int, *, login: bool = False) -> None:
        """Mailboxes are added with `mailbox`; `login`: the SMTP server wants STARTTLS and AUTH (Postfix)."""
        self.folder, self.dovecot, self._smtp_port, self._login = folder, dovecot, smtp_port, login
        self.path = folder / "rules.yaml"
        self.boxes: dict[str, str] = {}
        self.rules = "rules:\n  - {name: Everything, reply: acknowledgement}\n"
        self.more = ""
        self.state = "state.db"
        self.environment: dict[str, str] = {}  # of the daemon, beyond ours
        shutil.copytree(ROOT / "templates", folder / "templates")
        self._process: subprocess.Popen[str] | None = None
        self._runs = 0
        self.notifications: Notifications | None = None

    def mailbox(
        self, user: str, name: str = "", *, password: str = "secret", more: str = "", port: int = 0, timeout: int = 60
    ) -> str:
        """Adds a mailbox; its address. `timeout` in seconds, of both servers."""
        d, ca = self.dovecot, self.dovecot.certificates.ca
        smtp = f"host: localhost, port: {self._smtp_port}, timeout: {timeout} seconds, "
        smtp += f"security: starttls, ca_file: {ca}" if self._login else 'security: none, user: ""'
        self.boxes[name or user] = (
            f"  {name or user}:\n    address: {user}@{DOMAIN}\n"
            f"    imap: {{host: localhost, port: {port or d.imaps_port}, security: {'none' if port else 'tls'}, "
            f"user: {user}, password: {password}, ca_file: {ca}, timeout: {timeout} seconds}}\n"
            f"    smtp: {{{smtp}}}\n{more}"
        )
        return f"{user}@{DOMAIN}"

    def write(self) -> None:
        """Writes rules.yaml as an editor does: aside, then over the old one."""
        new = self.folder / ".rules.yaml.new"
        new.write_text(
            f"state: {self.state}\nbrand: {{name: The Shop}}\n{self.more}"
            f"mailboxes:\n{''.join(self.boxes.values())}{self.rules}"
        )
        new.chmod(0o600)
        new.replace(self.path)

    # the daemon -------------------------------------------------------------------------------------------------
    @property
    def log(self) -> list[dict[str, Any]]:
        """The daemon's log of all runs (JSON)."""
        lines = []
        for number in range(1, self._runs + 1):
            for line in (self.folder / f"log{number}").read_text().splitlines():
                lines.append(json.loads(line) if line.startswith("{") else {"message": line})
        return lines

    def said(self, words: str) -> list[str]:
        """The log's messages that hold `words`."""
        return [line["message"] for line in self.log if words in line["message"]]

    def wait_log(self, words: str) -> None:
        """Until the log of this run says so."""
        path, process = self.folder / f"log{self._runs}", self._process
        assert process
        wait_until(lambda: words in path.read_text() or process.poll() is not None, f"“{words}” in the log")
        assert words in path.read_text(), path.read_text()[-3000:]

    @contextmanager
    def running(self, *words: str) -> Iterator["House"]:
        """The daemon, from READY to its end; an unclean end is a failure."""
        self.start(*words)
        try:
            yield self
        finally:
            code = self.stop()
        assert code == 0, self.log[-20:]

    def start(self, *words: str) -> None:
        """Starts it; returns when it is READY."""
        self.launch(*words)
        self.wait("READY=1")

    def launch(self, *words: str) -> None:
        """Starts it, for those who wait for something else than READY."""
        self.write()
        self._runs += 1
        self.notifications = Notifications()
        with (self.folder / f"log{self._runs}").open("w") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "autoresponder", "-c", str(self.path), "run", "--log", "json", *words],
                cwd=ROOT,
                stdout=out,
                stderr=out,
                text=True,
                env={
                    **os.environ,
                    "PYTHONFAULTHANDLER": "1",
                    "NOTIFY_SOCKET": self.notifications.address,
                    **self.environment,
                },
            )

    def wait(self, word: str, count: int = 1) -> None:
        """Until the daemon said this to systemd so many times."""
        assert self.notifications
        assert self._process
        process = self._process
        try:
            self.notifications.wait(word, count, gone=lambda: process.poll() is not None)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._last_words()}") from None

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The daemon's process, of the last start."""
        assert self._process
        return self._process

    def kick(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it; its exit code. More than `STOP` seconds are a failure."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.await_end()

    def await_end(self, seconds: float = STOP) -> int:
        """The exit code, once it has ended; a failure when it takes longer."""
        assert self.notifications
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the daemon did not end within {seconds} s:\n{self._last_words()}") from None
        self.notifications.close()
        return code

    def _last_words(self) -> str:
        """The log's end of a daemon that failed us; of one that hangs, with the place where each thread is."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGABRT)
        code = self.process.wait(PATIENCE)
        return f"exit code {code}\n" + (self.folder / f"log{self._runs}").read_text()[-9000:]

    def reloaded(self) -> None:
        """Writes rules.yaml and returns when the daemon has taken it in (or refused it)."""
        assert self.notifications
        before = self.notifications.count("READY=1")
        self.write()
        self.wait("READY=1", before + 1)

    # the command line -------------------------------------------------------------------------------------------
    def cli(self, *words: str, code: int | None = 0, stdin: bytes = b"") -> str:
        """One command's output; its exit code must be `code` (None: any)."""
        argv = [sys.executable, "-m", "autoresponder", "-c", str(self.path), *words]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, input=stdin, timeout=60, check=False)
        out = done.stdout.decode() + done.stderr.decode()
        assert code is None or done.returncode == code, f"{words}: {done.returncode}\n{out}"
        return out

    def json(self, *words: str, code: int | None = None) -> list[dict[str, Any]]:
        """The objects that a command printed with --json."""
        return [json.loads(line) for line in self.cli(*words, "--json", code=code).splitlines() if line[:1] == "{"]

    def history(self, address: str) -> list[tuple[str, str]]:
        """(what, reason) of each decision about an address, oldest first."""
        return [(row["reply_state"] or row["action"], row["reason"]) for row in self.json("history", address)][::-1]


def letter(
    to: str, sender: str = "ana@example.net", subject: str = "A question", body: str = "Hello.", **more: str
) -> bytes:
    """A letter from a person; further headers by name, `_` for `-`."""
    fields = {
        "From": f"Ana Ruiz <{sender}>",
        "To": to,
        "Subject": subject,
        "Date": "Mon, 23 Nov 2026 10:00:00 +0000",
        "Message-ID": f"<{abs(hash((sender, subject, body)))}@example.net>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    }
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    return ("".join(f"{k}: {v}\r\n" for k, v in fields.items()) + f"\r\n{body}\r\n").encode()
