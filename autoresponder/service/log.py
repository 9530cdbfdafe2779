"""Logging: sentences for people, the same facts as fields for machines.

Three forms: `text` (time, level, sentence), `json` (one object a line) and `journal` (the journal's own datagrams with
structured fields, https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). `auto` takes the journal when standard error is
connected to it ($JOURNAL_STREAM), else text. Fields come from `extra={...}` of each call; docs/operations.md lists
them. Whatever the form, every record is one line: what a sender wrote cannot begin a new one. A traceback, where there
is one, follows with each of its lines marked.
"""

import json
import logging
import os
import re
import socket
import struct
import sys
import time
from datetime import UTC, datetime
from typing import Literal

Form = Literal["auto", "text", "json", "journal"]
JOURNAL = "/run/systemd/journal/socket"
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_PRIORITY = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))


def fields(record: logging.LogRecord) -> dict[str, object]:
    """What was given as `extra`."""
    return {k: v for k, v in record.__dict__.items() if k not in _STANDARD and v is not None}


def counted(number: int, noun: str) -> str:
    """`1 mailbox`, `2 mailboxes`, `1,234 rules`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "es" if noun.endswith("x") else "s")


def one_line(text: str) -> str:
    """Control characters out; line breaks (of our own lists of problems) as ` | `."""
    return _CONTROL.sub("?", text.replace("\r\n", "\n").replace("\t", " ").replace("\n", " | "))


class TextFormatter(logging.Formatter):
    """`2026-11-22 10:00:00 INFO contact/INBOX: ...`; a traceback follows on marked lines."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        text = f"{at} {record.levelname:<7} {one_line(record.getMessage())}"
        if record.exc_info:
            text += "".join(f"\n  | {one_line(line)}" for line in self.formatException(record.exc_info).splitlines())
        return text


class JsonFormatter(logging.Formatter):
    """One JSON object: time (RFC 3339), level, logger, message, traceback, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        out: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        out |= fields(record)
        if record.exc_info:
            out["traceback"] = self.formatException(record.exc_info)
        return _CONTROL.sub("?", json.dumps(out, ensure_ascii=False, default=str))


class JournalHandler(logging.Handler):
    """Datagrams to the journal: MESSAGE, PRIORITY, CODE_*, and each field as AUTORESPONDER_NAME."""

    def __init__(self, path: str = JOURNAL) -> None:
        """Raises `OSError` when there is no journal."""
        super().__init__()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect(path)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; a journal that cannot take it must not stop the daemon."""
        try:
            self._socket.send(self.datagram(record)[:200_000])
        except OSError:
            self.handleError(record)

    def datagram(self, record: logging.LogRecord) -> bytes:
        """The record in the journal's format."""
        text = one_line(record.getMessage())
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        pairs: dict[str, object] = {
            "MESSAGE": text,
            "PRIORITY": next(p for level, p in _PRIORITY if record.levelno >= level),
            "SYSLOG_IDENTIFIER": "autoresponder",
            "LOGGER": record.name,
        }
        pairs |= {"AUTORESPONDER_" + k.upper(): v for k, v in fields(record).items()}
        return b"".join(_pair(name, str(value)) for name, value in pairs.items())

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()
        super().close()


def _pair(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    if b"\n" in data:
        return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
    return name.encode() + b"=" + data + b"\n"


def set_up(form: Form = "auto", level: int = logging.INFO) -> None:
    """Sends everything from `level` up to standard error or the journal. Libraries speak from WARNING up."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    if form == "journal" or (form == "auto" and os.environ.get("JOURNAL_STREAM")):
        try:
            handler = JournalHandler()
        except OSError:
            if form == "journal":
                raise
    # What no form shows is not found out for each record: half the cost of a line (logging HOWTO, Optimization).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("autoresponder").setLevel(level)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
