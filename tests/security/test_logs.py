"""Nobody who writes to us, and no server, can begin a line of the log, or move a terminal's cursor."""

import json
import logging
import sys

import pytest

from autoresponder.mail.refusal import readable
from autoresponder.service.log import JournalHandler, JsonFormatter, TextFormatter

HOSTILE = "ana\r\n2026-11-22 10:00:00 INFO    all is well\x1b[2J\x9b2J\x85\u2028\u2029\x00\x07 end"


def record(*, raised: bool = False) -> logging.LogRecord:
    """A record with hostile text in its sentence, in a field, and in the exception it reports."""
    info = None
    if raised:
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            info = sys.exc_info()
    made = logging.LogRecord("autoresponder.x", logging.WARNING, "x.py", 1, "letter from %s", (HOSTILE,), info)
    made.sender = HOSTILE
    return made


@pytest.mark.parametrize("raised", [False, True])
@pytest.mark.parametrize("form", [TextFormatter, JsonFormatter])
def test_a_record_stays_one_line(form: type[logging.Formatter], raised: bool) -> None:
    first, *more = form().format(record(raised=raised)).splitlines()
    assert "letter from ana" in first
    assert all(line.startswith("  | ") for line in more)  # a traceback, each line marked
    assert bool(more) is (raised and form is TextFormatter)
    assert "\n".join([first, *more]).replace("\n", "").isprintable()


def test_json_keeps_what_was_said() -> None:
    told = json.loads(JsonFormatter().format(record()))
    assert told["message"].startswith("letter from ana\r\n2026")  # escaped, so still one line
    assert told["sender"].endswith(" end")


def test_the_journal_gets_fields_by_their_length() -> None:
    handler = JournalHandler.__new__(JournalHandler)
    datagram = handler.datagram(record())
    lines = datagram.split(b"\n")
    assert lines[0].startswith(b"MESSAGE=letter from ana | 2026")
    length = len(HOSTILE.encode())
    assert b"\nAUTORESPONDER_SENDER\n" + length.to_bytes(8, "little") + HOSTILE.encode() + b"\n" in datagram


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE.encode(), "x" * 100_000, b"\xff" * 100_000, "\u202e\u2066evil"])
def test_a_server_s_words_are_one_short_printable_line(text: str | bytes) -> None:
    shown = readable(text)
    assert shown.isprintable()
    assert len(shown) <= 200
