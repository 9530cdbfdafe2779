"""What makes mail programs show the answer below the letter: References, and for Outlook the Thread-Index.

Pure. Gmail goes by References and a subject that is the same behind `Re:`, Thunderbird and Apple Mail by References and
In-Reply-To, Outlook and Exchange by the Thread-Index where the letter has one (they write it), else by References and
subject. What came with the letter is repeated only where it has exactly the form that it should have.
"""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta

from autoresponder.core.message import Message
from autoresponder.core.token import digest

MAX_REFERENCES = 900
"""Characters of a References header; RFC 5322 has no limit, RFC 5321 servers have one for header lines."""
_ID = re.compile(r"<[!-;=?A-~]{1,150}@[!-;=?A-~]{1,100}>")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_GOOD_ID = re.compile(rf"(?=.{{3,252}}\Z)<{_ATOM}(?:\.{_ATOM})*@(?:{_ATOM}(?:\.{_ATOM})*|\[[!-Z^-~]+\])>")
"""RFC 5322 section 3.6.4. Of older letters only such are named: at others strict readers give up the whole list."""
_BEGINNING, _STEP = 22, 5
"""Octets of a Thread-Index: its beginning, and one step for each answer ([MS-OXOMSG] section 2.2.1.3)."""
MAX_STEPS = 60
_LINE = 60
"""Characters of a line of it."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
"""Of FILETIME, which counts in 100 ns."""


def thread_headers(message: Message, now: datetime) -> list[str]:
    """The header fields of an answer to this letter, folded; none where the letter gives nothing to go by."""
    chain, index = references(message), thread_index(message, now)
    found = [f"In-Reply-To: {chain[-1]}", "References: " + "\r\n ".join(chain)] if chain else []
    if index:
        found.append("Thread-Index: " + "\r\n ".join(index[i : i + _LINE] for i in range(0, len(index), _LINE)))
    return found


def references(message: Message) -> tuple[str, ...]:
    """What References says (RFC 5322 section 3.6.4): the letter's own references, or its only In-Reply-To, and then the
    letter; the first and the last ones when there are too many. None without a usable Message-ID."""
    parent = message.message_id
    if not _ID.fullmatch(parent):
        return ()
    before = message.references or (message.in_reply_to if len(message.in_reply_to) == 1 else ())
    chain = [one for one in dict.fromkeys(before[:1] + before[-50:]) if one != parent and _GOOD_ID.fullmatch(one)]
    room = MAX_REFERENCES - len(parent) - sum(len(one) + 3 for one in chain[:1])
    kept: list[str] = []
    for one in reversed(chain[1:]):
        room -= len(one) + 3
        if room < 0:
            break
        kept.append(one)
    return (*chain[:1], *reversed(kept), parent)


def thread_index(message: Message, now: datetime) -> str:
    """The letter's Thread-Index with a step for this answer; "" where it has none, several, or one that is no such.

    The beginning holds the upper six octets of a FILETIME. A step holds the time since then, in four octets, in units
    of 2^18 ticks, or of 2^23 after some two years, and an octet that tells steps apart. `now` is aware."""
    written = message.headers.all("thread-index")
    try:
        index = base64.b64decode("".join(written[0].split()), validate=True) if len(written) == 1 else b""
    except (binascii.Error, ValueError):
        return ""
    steps, rest = divmod(len(index) - _BEGINNING, _STEP)
    if rest or not 0 <= steps < MAX_STEPS:
        return ""
    ticks = (now - _EPOCH) // timedelta(microseconds=1) * 10
    passed = max(0, ticks - (int.from_bytes(index[:6], "big") << 16))
    late = passed >= 1 << 49
    delta = min(passed >> (23 if late else 18), (1 << 31) - 1) | (late << 31)
    mark = int(digest("thread", message.message_id)[:2], 16) & 0xF0
    return base64.b64encode(index + delta.to_bytes(4, "big") + bytes([mark])).decode()
