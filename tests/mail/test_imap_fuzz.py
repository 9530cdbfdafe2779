"""Invariant: whatever a server sends as FETCH data ends as a value or as Unreadable, quickly; what is well-formed is
read exactly as it was meant."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoresponder.mail.fetched import (
    Unreadable,
    best_text,
    fetch_items,
    internal_date,
    message,
    outline,
    parts,
    values,
)
from autoresponder.mail.refusal import readable, refusal
from autoresponder.mail.transport import Response

HARD_BOUND = 2.0  # seconds of processor time for one hostile message: a guard against hanging

good = (
    b'* 12 FETCH (UID 34 RFC822.SIZE 4423 INTERNALDATE " 7-Jul-1996 02:44:25 -0730" FLAGS (\\Seen $Junk)'
    b' BODYSTRUCTURE ("text" "plain" ("charset" "x") NIL NIL "7bit" 5 1) BODY[]<0> {4})'
)
words = st.sampled_from([b"(", b")", b" ", b'"', b"\\", b"{4}", b"{9}", b"NIL", b"UID 5", b"BODY[]<0>", b"\xff", b"\0"])
structures = st.recursive(
    st.none() | st.binary(max_size=12) | st.sampled_from([b"text", b"plain", b"attachment", b"filename*0*", b"name"]),
    lambda inner: st.lists(inner, max_size=12),
    max_leaves=60,
)


def read_everything(response: Response) -> None:
    """All that the session does with a FETCH response."""
    items = fetch_items(response)
    if items is not None:
        message(items, 100)
        leaves = parts(items.get(b"BODYSTRUCTURE"))
        best_text(leaves)
        outline(leaves, b"")


@given(
    st.lists(st.tuples(st.integers(0, len(good)), st.integers(0, 9), words), max_size=6),
    st.lists(st.binary(max_size=9)),
)
def test_damaged_responses_are_read_or_unreadable(damage: list[tuple[int, int, bytes]], literals: list[bytes]) -> None:
    text = good
    for at, length, instead in damage:
        text = text[:at] + instead + text[at + length :]
    try:
        read_everything(Response(text, literals))
    except Unreadable as error:
        assert str(error)


@given(structures)
def test_any_structure_gives_an_outline_or_is_unreadable(structure: Any) -> None:
    try:
        leaves = parts(structure)
    except Unreadable:
        return
    made = outline(leaves, b"text")
    assert len(made.types) == len(leaves) >= 1
    assert all("/" in one and one == one.lower() for one in made.types)
    assert all(attachment.name.isprintable() for attachment in made.attachments)


def written(value: Any, literals: list[bytes]) -> bytes:
    """A value as RFC 3501 writes it."""
    if value is None:
        return b"NIL"
    if isinstance(value, list):
        return b"(" + b" ".join(written(one, literals) for one in value) + b")"
    assert isinstance(value, bytes)
    if len(value) % 2:
        literals.append(value)
        return b"{%d}" % len(value)
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


@given(st.lists(structures))
def test_what_is_well_formed_is_read_as_it_was_meant(meant: list[Any]) -> None:
    literals: list[bytes] = []
    text = b" ".join(written(one, literals) for one in meant)
    assert values(text, literals) == meant


@given(st.datetimes(datetime(1970, 1, 2), datetime(9998, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_internal_dates_are_read(moment: datetime, offset: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    assert internal_date(aware.strftime("%d-%b-%Y %H:%M:%S %z").encode()) == aware


@pytest.mark.parametrize(
    "value", [b"", b"32-Jan-2026 00:00:00 +0000", b"01-Foo-2026 00:00:00 +0000", b"1", None, [b"x"], b"\xff" * 26]
)
def test_other_dates_are_unreadable(value: Any) -> None:
    with pytest.raises(Unreadable, match="INTERNALDATE"):
        internal_date(value)


def test_a_date_with_a_leading_space_and_a_leap_second_is_read() -> None:
    assert internal_date(b" 1-Jan-2017 00:59:60 +0100") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


HOSTILE = {
    "deep": b"(" * 900_000,
    "wide": b"(" + b"()" * 400_000 + b")",
    "quotes": b'("' + b'\\"' * 400_000,
    "open quote": b'"' + b"x" * 900_000,
    "braces": b"{1}" * 300_000,
    "spaces": b" " * 900_000,
    "many parts": b"(" + b'("text" "plain" NIL NIL NIL "7bit" 1 1)' * 20_000 + b' "mixed")',
    "long parameters": b'("text" "plain" (' + b'"filename*0*" "%41" ' * 20_000 + b') NIL NIL "7bit" 1 1)',
    "encoded words": b'("text" "plain" ("name" "' + b"=?utf-8?q?=41?= " * 40_000 + b'") NIL NIL "7bit" 1 1)',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_data_is_bounded(name: str) -> None:
    started = time.thread_time()
    try:
        read_everything(Response(b"* 1 FETCH (UID 1 BODYSTRUCTURE " + HOSTILE[name] + b")", [b"x"] * 300_000))
    except Unreadable as error:
        assert str(error)
    assert time.thread_time() - started < HARD_BOUND


STRUCTURES: dict[str, tuple[bytes, tuple[str, ...], list[tuple[str, str, int]], str]] = {
    "one text": (b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 10 1)', ("text/plain",), [], "1"),
    "only a picture": (b'("image" "png" NIL NIL NIL "base64" 7)', ("image/png",), [("", "image/png", 7)], ""),
    "text and HTML in a mixed with a file": (
        b'((("text" "html" NIL NIL NIL "7bit" 2 1)("text" "plain" NIL NIL NIL "7bit" 3 1) "alternative")'
        b'("text" "plain" ("name" "notes.txt") NIL NIL "7bit" 4 1 NIL ("attachment" NIL) NIL NIL) "mixed")',
        ("multipart/mixed", "multipart/alternative", "text/html", "text/plain", "text/plain"),
        [("notes.txt", "text/plain", 4)],
        "1.2",
    ),
    "only HTML": (
        b'(("text" "html" NIL NIL NIL "7bit" 2 1)("image" "gif" NIL NIL NIL "7bit" 3)'
        b'("image" "png" ("name" "logo.png") "<logo>" NIL "base64" 4)'
        b'("application" "pgp-signature" NIL NIL NIL "7bit" 5) "related")',
        ("multipart/related", "text/html", "image/gif", "image/png", "application/pgp-signature"),
        [("", "image/gif", 3)],
        "1",
    ),
    "a bounce": (
        b'(("text" "plain" NIL NIL NIL "7bit" 2 1)("message" "delivery-status" NIL NIL NIL "7bit" 3)'
        b'("message" "rfc822" NIL NIL NIL "7bit" 9 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'
        b' (("text" "plain" NIL NIL NIL "7bit" 1 1) "mixed") 4)'
        b' "report" ("report-type" "delivery-status"))',
        ("multipart/report", "text/plain", "message/delivery-status", "message/rfc822"),
        [("", "message/delivery-status", 3), ("", "message/rfc822", 9)],
        "1",
    ),
    "a name in two encodings": (
        b'("application" "pdf" ("name" "=?iso-8859-1?q?caf=E9?=") NIL NIL "base64" 5 NIL'
        b' ("attachment" ("filename*" "utf-8\'es\'a%C3%B1o%22.pdf")))',
        ("application/pdf",),
        [('año".pdf', "application/pdf", 5)],
        "",
    ),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_outlines(name: str) -> None:
    text, types, attachments, number = STRUCTURES[name]
    leaves = parts(values(text, [])[0])
    made = outline(leaves, b"text")
    assert made.types == types
    assert [(one.name, one.type, one.size) for one in made.attachments] == attachments
    best = best_text(leaves)
    assert (best.number if best else "") == number


@given(st.binary(max_size=400))
def test_server_text_becomes_one_printable_line(text: bytes) -> None:
    shown = readable(text)
    assert len(shown) <= 200
    assert shown.isprintable()
    assert str(refusal(shown, "refused", "host:1")).startswith("host:1: ")
