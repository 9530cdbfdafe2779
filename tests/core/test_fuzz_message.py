"""Invariant: whatever bytes come in, `parse` and every guard return; text, subject and lists are bounded; the subject
is one line without control characters; the target is answerable or there is none; the keys are stable.

A few seconds of it run with the tests; FUZZ_SECONDS=600 makes hypothesis try as many as take about that long.
"""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.message import examine

EXAMPLES = max(100, int(os.environ.get("FUZZ_SECONDS", "0")) * 15)

NAMES = st.sampled_from(
    [b"From", b"To", b"Cc", b"Reply-To", b"Sender", b"Return-Path", b"Subject", b"Date", b"Message-ID",
     b"References", b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"Auto-Submitted",
     b"Precedence", b"List-Id",
     b"Authentication-Results", b"X-Auto-Response-Suppress", b"X-Spam-Status", b"Delivered-To", b"MIME-Version"]
)  # fmt: skip
SNIPPETS = st.sampled_from(
    [b"a@b.example", b"<", b">", b'"', b"\\", b"(", b")", b",", b";", b":", b"@", b"=?utf-8?q?=C3=A9?=", b"=?x?b?",
     b"?=", b"\xff", b"\xc3\xa9", b"\x00", b"\r", b"\n ", b"\r\n\t", b"multipart/mixed", b"; boundary=b", b"text/html",
     b"; charset=utf-16", b"; charset=\xff", b"; name*0*=utf-8''%ff", b"; name*1=x", b"base64", b"quoted-printable",
     b"mx.ours.example; dmarc=pass", b"Mon, 1 Jan 2026 99:99:99 +9999", b"contact@ours.example", b"x" * 300, b"no",
     b"\xe2\x80\xae"]
)  # fmt: skip
VALUES = st.lists(st.one_of(SNIPPETS, st.binary(max_size=6)), max_size=8).map(b"".join)
FIELDS = st.builds(lambda n, v, end: n + b": " + v + end, NAMES, VALUES, st.sampled_from([b"\r\n", b"\n", b"\r"]))
HEADERS = st.lists(FIELDS, max_size=12).map(b"".join)
MARKS = st.sampled_from(
    [b"\r\n--b\r\n", b"\n--b--\n", b"\r\n\r\n", b"<p>", b"<a href='", b"&#x;", b"&#99999999999;", b"<!--", b"=3D"]
)
BODIES = st.lists(st.one_of(MARKS, HEADERS, st.binary(max_size=40)), max_size=12).map(b"".join)
LETTERS = st.builds(
    lambda header, end, body, cut: (header + end + body)[:cut],
    HEADERS, st.sampled_from([b"\r\n", b"\n", b"\r", b""]), BODIES, st.integers(0, 4000),
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(LETTERS)
def test_letters_that_look_like_letters(raw: bytes) -> None:
    examine(raw)


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes(raw: bytes) -> None:
    examine(raw)
