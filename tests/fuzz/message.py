"""Fuzzes the reading of letters and the guards: `python -m tests.fuzz.message SECONDS [SEED]`.

Invariant: `examine` returns for any bytes. Guided by atheris (libFuzzer) where that is installed, else by mutating
seeds at random; either way it prints how many letters it tried, and the bytes of one that broke the invariant.
"""

import random
import sys
import time
from datetime import UTC, datetime

from autoresponder.core.address import is_answerable, limit_key, sender_key
from autoresponder.core.authres import authenticated
from autoresponder.core.guards import GUARDS, Scene, suppressed
from autoresponder.core.history import History
from autoresponder.core.message import (
    MAX_ATTACHMENTS,
    MAX_REFERENCES,
    MAX_SUBJECT,
    MAX_TEXT,
    Arrival,
    letter_key,
    parse,
    thread_key,
)
from autoresponder.core.mime import MAX_FIELDS, MAX_PARTS
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.target import target_of

MAILBOX = Mailbox("contact", "contact@ours.example", aliases=("*@alias.example",))
POLICY = Policy(
    {"contact": MAILBOX}, (), own=frozenset(("contact@ours.example",)), authserv_ids=frozenset(("mx.ours.example", ""))
)
ARRIVAL = Arrival("contact", "INBOX", 1, 1, datetime(2026, 11, 22, tzinfo=UTC))
CONTROLS = {chr(n) for n in (*range(32), *range(127, 160))}
SEEDS = (
    b"From: Ana <ana@shop.example>\r\nTo: contact@ours.example\r\nSubject: =?utf-8?q?sill=C3=B3n?=\r\n\r\nhello\r\n",
    b"Return-Path: <>\nFrom: MAILER-DAEMON\nSubject: failure notice\nContent-Type: multipart/report; boundary=b\n\n"
    b"--b\n\nx\n--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; x@y\n\n--b--\n",
    b'From a@b Mon\nFrom: "a, b" (c) <a@b.example>, Team: x@y.example;\nReply-To: q@r.example\n'
    b"Date: 1 Jan 26 00:00 EST\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\n"
    b"PHA+aG9sYTwvcD4=\n",
    b'A: b\rFrom: x@y.example\rContent-Type: multipart/mixed; boundary="=_1"\r\r--=_1\rContent-Disposition: attachment;'
    b" filename*0*=utf-8''a%20; filename*1=b.pdf\r\rx\r--=_1--\r",
    b"Authentication-Results: mx.ours.example; dmarc=fail (x) header.from=y\r\nX-Spam-Status: Yes\r\n"
    b"From: <@r:a@b.example>\r\nReferences: <1@a> <2@b>\r\nX-Auto-Response-Suppress: DR, All\r\n\r\n",
)
PIECES = (b"\r\n", b"\n", b"\r", b"\0", b"--b\n", b"=?", b"?=", b"<", b">", b'"', b"(", b"\\", b"\xff", b"\xc3", b"@",
          b";", b": ", b"=", b"%", b"'", b"*", b"&#", b"<!--", b"<p", b"charset=utf-7", b"boundary=", b"multipart/",
          b"~{")  # fmt: skip


def examine(raw: bytes) -> None:
    """Raises where the invariant does not hold."""
    message = parse(raw, size=len(raw) + 7)
    assert message.size == len(raw) + 7
    assert len(message.headers.fields) <= MAX_FIELDS
    assert len(message.subject) <= MAX_SUBJECT
    assert len(message.text) <= MAX_TEXT
    assert 1 <= len(message.types) <= MAX_PARTS
    assert len(message.attachments) <= MAX_ATTACHMENTS
    assert len(message.references) <= MAX_REFERENCES
    lines = [message.subject, *(a.name for a in message.attachments), *(a.name for a in (*message.from_, *message.to))]
    assert all(line == " ".join(line.split()) and not set(line) & CONTROLS for line in lines)
    assert not set(message.text) & CONTROLS - {"\n", "\t"}
    repr(message).encode()  # no half characters: everything can be written to a log
    "".join((message.text, *lines, *(v for _, v in message.headers.fields))).encode()
    target, why = target_of(message, POLICY.own)
    assert why
    assert target is None or (is_answerable(target.email) and sender_key(target.email) and limit_key(target.email))
    scene = Scene(message, ARRIVAL, MAILBOX, POLICY, target, History())
    for guard in GUARDS:
        sentence = guard.check(scene)
        assert "\n" not in sentence
        assert len(sentence) < 400
    for kind in ("acknowledgement", "out-of-office"):
        suppressed(message, kind)
    authenticated(message, POLICY)
    assert letter_key(message) == letter_key(parse(raw))
    assert thread_key(message, "k") == thread_key(parse(raw), "k")


def _mutate(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.choice(PIECES) * chance.choice((1, 1, 1, 40))
            case 1:
                del data[at : at + chance.randint(1, 20)]
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
            case 3:
                other = chance.choice(SEEDS)
                start = chance.randrange(len(other))
                data[at:at] = other[start : start + chance.randint(1, 80)]
            case _:
                data[at:at] = data[at : at + chance.randint(1, 60)]
    return bytes(data)


def mutations(seconds: float, seed: int) -> int:
    """Tries random mutations of the seeds for so long; how many it tried."""
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    count = 0
    while time.monotonic() < until:
        raw = _mutate(chance)
        try:
            examine(raw)
        except Exception:
            print(f"seed {seed}, letter {count}: {raw!r}", file=sys.stderr)
            raise
        count += 1
    return count


def main() -> None:
    """The command line."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    try:
        import atheris
    except ImportError:
        print(f"{mutations(seconds, seed)} letters in {seconds:g} s, the invariant held")
        return
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"-max_total_time={int(seconds)}", f"-seed={seed}", "-max_len=8192"], examine)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
