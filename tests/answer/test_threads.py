"""Threading: the answer is found below the letter, in Outlook by its Thread-Index too; a forged one does nothing."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from autoresponder.answer.threads import MAX_STEPS, thread_index
from tests.answer.house import NOW, answer, read
from tests.answer.test_rfc import sound
from tests.core.letters import letter

GUID = bytes(range(16))


def beginning(at: datetime) -> bytes:
    """The first 22 octets of a Thread-Index ([MS-OXOMSG] section 2.2.1.3): 0x01, 40 bits of FILETIME, a GUID."""
    filetime = int((at - datetime(1601, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 10
    octets = filetime.to_bytes(8, "big")
    assert octets[0] == 1
    return octets[:6] + GUID


def passed(step: bytes) -> timedelta:
    """The time that a step says has passed."""
    value = int.from_bytes(step[:4], "big")
    shift = 23 if value >> 31 else 18
    return timedelta(microseconds=((value & 0x7FFFFFFF) << shift) / 10)


@pytest.mark.parametrize(
    ("ago", "exact"), [(timedelta(minutes=5), 0.1), (timedelta(days=400), 0.1), (timedelta(days=1500), 2)]
)
@pytest.mark.parametrize("before", [b"", b"\0\0\x10\0\x50" * 3])
def test_a_step_more_than_the_letter_has(ago: timedelta, exact: float, before: bytes) -> None:
    index = beginning(NOW - ago) + before
    message = letter(Thread_Index=base64.b64encode(index).decode())
    made = base64.b64decode(thread_index(message, NOW))
    assert made[: len(index)] == index and len(made) == len(index) + 5
    assert abs((passed(made[-5:]) - ago).total_seconds()) < exact
    assert thread_index(message, NOW) == thread_index(message, NOW)


GOOD = base64.b64encode(beginning(NOW)).decode()
NONE = {
    "no header": {},
    "empty": {"Thread_Index": ""},
    "not base64": {"Thread_Index": "AQHX!"},
    "too short": {"Thread_Index": GOOD[:20]},
    "half a step": {"Thread_Index": base64.b64encode(beginning(NOW) + b"abc").decode()},
    "too many steps": {"Thread_Index": base64.b64encode(beginning(NOW) + b"abcde" * MAX_STEPS).decode()},
    "more than base64": {"Thread_Index": f"{GOOD}\u00e9"},
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_thread_index_is_not_repeated(name: str) -> None:
    message = letter(**NONE[name])
    assert thread_index(message, NOW) == ""
    assert "Thread-Index" not in read(answer(message).raw)


def test_two_are_none() -> None:
    assert thread_index(letter(Thread_Index=f"{GOOD}\r\nThread-Index: {GOOD}"), NOW) == ""


@pytest.mark.parametrize("ago", [timedelta(days=-1), timedelta(days=365 * 200)])
def test_a_clock_that_is_off_does_no_harm(ago: timedelta) -> None:
    message = letter(Thread_Index=base64.b64encode(beginning(NOW - ago) if ago < timedelta(0) else b"\0" * 22).decode())
    assert len(base64.b64decode(thread_index(message, NOW))) == 27


def test_the_longest_one_is_folded_and_the_letter_is_sound() -> None:
    long = base64.b64encode(beginning(NOW) + b"abcde" * (MAX_STEPS - 1)).decode()
    raw = answer(letter(Thread_Index=long, References="<a@x.example>")).raw
    seen = sound(raw)
    assert seen.references == ("a@x.example", "1@example.net")
    assert base64.b64decode("".join(str(read(raw)["Thread-Index"]).split()))[:-5] == base64.b64decode(long)
    assert max(map(len, raw.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


SUBJECTS = [
    # what programs write before an answer to an answer, and what all of them strip: the rest must be the letter's own
    "Order 48213", "Re: Order 48213", "RE: Order 48213", "AW: Order 48213", "SV: Order 48213", "RV: Order 48213",
    "TR: Order 48213", "Antw: Order 48213", "Odp: Order 48213", "R: Order 48213", "RIF: Order 48213",
    "Re[2]: Order 48213", "AW: SV: RE: Order 48213", "回复: Order 48213", "Re : Order 48213", "VS: Order 48213",
    "Ynt: Order 48213", "Vá: Order 48213", "ΑΠ: Order 48213", "Atb: Order 48213",
]  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_subject_is_the_same_behind_one_re(subject: str) -> None:
    assert answer(letter(Subject=subject)).subject == "Re: Order 48213"


def test_the_re_is_plain_text_whatever_follows() -> None:
    """So that programs that look at the header before they decode it find it."""
    raw = answer(letter(Subject="Größe, 日本")).raw
    assert b"\r\nSubject: Re: =?utf-8?" in raw
