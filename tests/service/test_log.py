"""The log's three forms: one record is one line (or one datagram) whatever a sender wrote, and the facts are fields."""

import json
import logging
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autoresponder.service.log import JournalHandler, JsonFormatter, TextFormatter, fields, one_line

EVIL = "a\r\nb\x1b[31m\u2028c\td\x85e"


def record(message: str = "%s/%s: %s", *args: Any, **extra: Any) -> logging.LogRecord:
    """A record as the daemon makes it."""
    return logging.getLogger("autoresponder.x").makeRecord(
        "autoresponder.x", logging.WARNING, "x.py", 1, message, args or ("box", "INBOX", EVIL), None, extra=extra
    )


def failed() -> logging.LogRecord:
    """A record with a traceback."""
    try:
        raise ValueError("no")
    except ValueError:
        made = record("it failed: %s", "x")
        made.exc_info = sys.exc_info()
        return made


def test_text_is_one_line_and_a_traceback_follows() -> None:
    line = TextFormatter().format(record())
    assert line.splitlines() == [line]
    assert "WARNING box/INBOX: a | b?[31m?c d?e" in line
    first, *rest = TextFormatter().format(failed()).splitlines()
    assert first.endswith("it failed: x")
    assert all(line.startswith("  | ") for line in rest)
    assert rest[0] == "  | Traceback (most recent call last):"


def test_json_is_one_line_with_the_fields() -> None:
    line = JsonFormatter().format(record(mailbox="box", uid=7, reply_id=None))
    assert "\n" not in line
    out = json.loads(line)
    assert (out["mailbox"], out["uid"], out["level"], out["logger"]) == ("box", 7, "warning", "autoresponder.x")
    assert out["message"].startswith("box/INBOX: a")
    assert "\x1b" not in line
    assert "reply_id" not in out
    assert "ValueError: no" in json.loads(JsonFormatter().format(failed()))["traceback"]


def test_fields_are_what_was_given_as_extra() -> None:
    assert fields(record(uid=7)) == {"uid": 7}


@pytest.mark.parametrize(("text", "line"), [("a\nb", "a | b"), ("a\tb", "a b"), ("é “x”", "é “x”"), ("\x00", "?")])
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_the_journal_gets_datagrams_with_structured_fields(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "socket"))
        journal.settimeout(5)
        handler = JournalHandler(str(tmp_path / "socket"))
        handler.handle(record("%s", "it\nstays", mailbox="box", subject="x\ny"))
        handler.handle(failed())
        first, second = journal.recv(65536), journal.recv(65536)
        handler.close()
    assert b"MESSAGE=it | stays\n" in first
    assert b"PRIORITY=4\n" in first
    assert b"AUTORESPONDER_MAILBOX=box\n" in first
    assert (
        b"AUTORESPONDER_SUBJECT\n" + struct.pack("<Q", 3) + b"x\ny\n" in first
    )  # a value with a line break has a length
    assert b"Traceback" in second


@pytest.mark.parametrize(("form", "begins"), [("text", "20"), ("json", "{")])
def test_set_up_keeps_the_libraries_quiet(form: str, begins: str) -> None:
    code = (
        "import logging; from autoresponder.service.log import set_up; set_up(%r);"
        "logging.getLogger('autoresponder.x').info('ours'); logging.getLogger('imapclient').info('theirs');"
        "logging.getLogger('autoresponder.x').debug('details')"
    )
    done = subprocess.run([sys.executable, "-c", code % form], capture_output=True, text=True, check=True)
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(begins)
    assert "ours" in done.stderr
