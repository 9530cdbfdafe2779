"""What every command has in common: words that a person may mistype, pipes, and terminals that lack characters."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoresponder.service.log import counted
from tests.cli.shop import Shop
from tests.e2e.house import ROOT


def run(shop: Shop, *words: str, **environ: str) -> "subprocess.CompletedProcess[bytes]":
    """One command beside the shop's rules, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "autoresponder", "-c", str(shop.rules), *words],
        cwd=ROOT, env={**os.environ, **environ}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_the_characters_gets_question_marks_and_a_program_utf_8(
    tmp_path: Path, encoding: str
) -> None:
    shop = Shop(tmp_path)
    shown = run(shop, "preview", "acknowledgement", "--language", "pl", PYTHONIOENCODING=encoding)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"?" in shown.stdout
    read = run(shop, "preview", "acknowledgement", "--language", "pl", "--json", PYTHONIOENCODING=encoding)
    assert "ą" in json.loads(read.stdout.decode("utf-8"))["text"]
    wrong = run(shop, "preview", "ąę", PYTHONIOENCODING=encoding)
    assert (wrong.returncode, b"Traceback" in wrong.stderr) == (2, False)


def test_who_reads_only_the_beginning_breaks_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    letters = shop.mbox(*((day, "ana@example.net", "Hello", "") for day in range(1, 20)))
    command = [sys.executable, "-m", "autoresponder", "-c", str(shop.rules), "explain", "--all", str(letters)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_a_few_lines_that_nobody_reads_are_no_fault_either(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "autoresponder", "-c", str(Shop(tmp_path).rules), "check"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("backtest", "FOLDER", "--html", "nowhere/page.html"), "nowhere: there is no such folder (create it)"),
        (("backtest", "FOLDER", "--html", "FOLDER"), "FOLDER: cannot be written: is a directory"),
        (("preview", "acknowledgement", "-o", "nowhere/a.html"), "nowhere/a.html: cannot be written: no such file"),
        (("explain", "FOLDER"), "FOLDER: there is no letter in it (name a .eml, mbox or Maildir)"),
        (("explain", "FOLDER", "--json"), "FOLDER: there is no letter in it"),
    ],
)
def test_what_cannot_be_read_or_written_is_a_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    folder = str(tmp_path / "empty")
    done = run(Shop(tmp_path), *(word.replace("FOLDER", folder) for word in words))
    assert done.returncode == 2
    assert done.stderr.decode().startswith(sentence.replace("FOLDER", folder))


INTERRUPTED = """
import sys
from autoresponder.cli import program

class CtrlC:
    def find_spec(self, name, path, target=None):
        if name == "autoresponder.cli.check":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
sys.argv = ["autoresponder", "check"]
program()
"""


def test_ctrl_c_while_a_command_is_still_being_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize("words", [("outbox", "resend"), ("outbox", "drop"), ("quarantine", "retry")])
def test_what_is_no_number_is_named(tmp_path: Path, words: tuple[str, str]) -> None:
    shop = Shop(tmp_path)
    run(shop, "run", "--once")  # its servers are not there; the state is
    done = run(shop, *words, "7", "seven")
    assert (done.returncode, done.stderr.decode()) == (2, "ID: “seven” is no number (those of the list, or all)\n")


def test_one_and_many() -> None:
    assert [counted(n, noun) for n, noun in ((1, "mailbox"), (2, "mailbox"), (0, "rule"), (1234, "rule"))] == [
        "1 mailbox", "2 mailboxes", "0 rules", "1,234 rules",
    ]  # fmt: skip
