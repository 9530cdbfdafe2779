"""The demo as a user runs it: what it prints, how it ends, what it leaves behind; and that its judgement is sharp."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

pytest.importorskip("pymap")
pytest.importorskip("aiosmtpd")

from autoresponder.demo.letters import Letter
from autoresponder.demo.outcome import faults_of
from autoresponder.demo.servers import Sent
from autoresponder.store import Decided

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
OURS = "contact@example.com"


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A running demo whose temporary files go to `folder`."""
    environ = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "autoresponder", "demo", *arguments],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def rules(path: Path, *table: dict[str, object]) -> str:
    """A file with these rules and the shipped templates."""
    server = {"host": "mail.invalid", "user": OURS, "password": "none"}
    mailbox = {"address": OURS, "imap": server, "smtp": server}
    data = {"mailboxes": {"contact": mailbox}, "templates": str(ROOT / "templates"), "rules": table}
    path.write_text(json.dumps(data))
    path.chmod(0o600)
    return str(path)


def assert_nothing_is_left(folder: Path, output: str) -> None:
    """No file, and no daemon."""
    assert list(folder.iterdir()) == []
    pid = re.search(r"pid (\d+)", output)
    assert pid, output
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid[1]), 0)


def test_every_letter_ends_as_it_must(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, ""), output + errors
    assert re.search(r"^  ✓ answered +6 +6 .*Invoices 1", output, re.M), output
    assert re.search(r"^  ✓ sent +6 +6 ", output, re.M), output
    assert re.search(r"^  ✓ silent +7 +7 .*once 1", output, re.M), output
    assert re.search(r"^13 letters in [\d.]+ s; each ended as it must\.$", output, re.M), output
    assert "Hola, Lucía Fernández:" in output and "Dear Emily Clark," in output
    assert "(once: 7 days)" in output
    shown, _, commands = output.partition("Where to look next:")
    assert "\x1b" not in output and max(map(len, shown.splitlines())) <= 100
    assert commands.count("autoresponder ") == 3
    assert_nothing_is_left(tmp_path, output)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ([{"name": "Nothing", "reply": False}], "it should have been answered; the reason for “silent” was rule"),
        ([{"name": "All", "reply": "closed", "once": "every-message"}], "there should have been silence, not “reply”"),
    ],
)
def test_rules_that_answer_the_wrong_people(tmp_path: Path, table: list[dict[str, object]], sentence: str) -> None:
    (tmp_path / "tmp").mkdir()
    with demo(tmp_path / "tmp", "--rules", rules(tmp_path / "own.yaml", *table)) as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (1, ""), output + errors
    assert sentence in output and "things differ from what must be" in output
    assert_nothing_is_left(tmp_path / "tmp", output)


def test_wrong_rules_are_told_as_by_check(tmp_path: Path) -> None:
    with demo(tmp_path, "--rules", rules(tmp_path / "own.yaml", {"name": "Typo", "reply": "closd"})) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and "closd" in errors and "Traceback" not in errors


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_interrupted_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        seen = ""
        while "pid" not in seen and (line := process.stdout.readline()):
            seen += line
        os.killpg(process.pid, number)  # as a terminal does: the daemon hears of it, too
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (code, ""), output + errors
    assert_nothing_is_left(tmp_path, seen + output)


# the judge ------------------------------------------------------------------------------------------------------------
LETTER = Letter(
    "a letter", b"From: ann@example.net\r\nMessage-ID: <1@example.net>\r\n\r\nHello", "ann@example.net", "en"
)
MACHINE = Letter("a machine", b"From: list@example.net\r\n\r\nHello", reasons=frozenset({"list"}))
REPLY = Decided(1, datetime.now(UTC), "contact", "INBOX", 1, 1, "", "", "", "reply", "rule", "", "All", "[]", "pending")
SILENT = replace(REPLY, action="silent", reason="list", reply_state="")


def answer(html: str = "<p>Hello</p>", recipients: tuple[str, ...] = ("ann@example.net",), sender: str = "",
           **headers: str) -> Sent:  # fmt: skip
    """An answer to LETTER that keeps every promise but those that are overruled."""
    message = EmailMessage()
    message.set_content("Hello")
    message.add_alternative(html, subtype="html")
    kept = {
        "From": OURS,
        "To": "ann@example.net",
        "Auto-Submitted": "auto-replied",
        "In-Reply-To": "<1@example.net>",
        "Content-Language": "en",
    }
    for name, value in (kept | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        message[name] = value
    return Sent(0.0, sender, recipients, message.as_bytes())


@pytest.mark.parametrize(
    ("letter", "decided", "answers", "fault"),
    [
        (LETTER, REPLY, [answer()], ""),
        (MACHINE, SILENT, [], ""),
        (LETTER, SILENT, [], "should have been answered"),
        (LETTER, REPLY, [], "0 answers"),
        (LETTER, REPLY, [answer(), answer()], "2 answers"),
        (LETTER, REPLY, [answer(recipients=("bob@example.net",))], "it went to bob@example.net"),
        (LETTER, REPLY, [answer(recipients=("ann@example.net", "bob@example.net"))], "it went to"),
        (LETTER, REPLY, [answer(sender=OURS)], "envelope sender"),
        (LETTER, REPLY, [answer(To="bob@example.net")], "To names"),
        (LETTER, REPLY, [answer(From="bob@example.net")], "From is not"),
        (LETTER, REPLY, [answer(Bcc="bob@example.net")], "Cc or Bcc"),
        (LETTER, REPLY, [answer(Auto_Submitted="no")], "Auto-Submitted"),
        (LETTER, REPLY, [answer(In_Reply_To="<2@example.net>")], "In-Reply-To"),
        (LETTER, REPLY, [answer(Content_Language="es")], "language"),
        (LETTER, REPLY, [answer(html="<SCRIPT>alert(1)</SCRIPT>")], "markup"),
        (MACHINE, REPLY, [answer()], "should have been silence"),
        (MACHINE, replace(SILENT, reason="no-rule"), [], "reason should have been list, not no-rule"),
        (MACHINE, SILENT, [answer()], "1 answers were sent"),
        (MACHINE, replace(SILENT, action="quarantine"), [], "not “quarantine”"),
    ],
)
def test_the_judge_sees(letter: Letter, decided: Decided, answers: list[Sent], fault: str) -> None:
    found = list(faults_of(letter, decided, tuple(answers), OURS, letter.language))
    assert fault in (found or [""])[0] and bool(found) == bool(fault), found
