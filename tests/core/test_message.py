"""The facts of a letter, from well-formed and from broken bytes, in bounded time."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from autoresponder.core.message import (
    MAX_REFERENCES,
    MAX_SUBJECT,
    MAX_TEXT,
    Attachment,
    Headers,
    Message,
    Outline,
    letter_key,
    parse,
    thread_key,
)

HEAD = b"From: Ana <ana@shop.example>\r\nTo: us@ours.example\r\nSubject: Chairs\r\nMIME-Version: 1.0\r\n"


def body(content_type: str, text: bytes, more: str = "") -> Message:
    return parse(HEAD + f"Content-Type: {content_type}\r\n{more}\r\n".encode() + text)


MIXED = HEAD + (
    b'Content-Type: multipart/mixed; boundary="out"\r\n\r\npreamble\r\n'
    b'--out\r\nContent-Type: multipart/alternative; boundary="in"\r\n\r\n'
    b"--in\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Quer=EDa una silla=\r\n roja\r\n"
    b"--in\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--in--\r\n"
    b"--out\r\nContent-Type: application/pdf; name*0*=utf-8''Fac%74; name*1*=ura%20n%C2%BA1.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\nQUJD\r\n"
    b"--out\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n"
    b"--out\r\nContent-Type: image/png\r\nContent-Disposition: inline;"
    b' filename="=?utf-8?q?pl=C3=A1no.png?="\r\n\r\nx\r\n'
    b"--out--\r\nepilogue\r\n"
)


def test_a_letter_with_everything() -> None:
    message = parse(MIXED)
    assert message.text == "Quería una silla roja"
    assert message.types == (
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf", "message/rfc822",
        "image/png",
    )  # fmt: skip
    assert message.attachments == (
        Attachment("Factura nº1.pdf", "application/pdf", 4),
        Attachment("", "message/rfc822", 28),
        Attachment("pláno.png", "image/png", 1),
    )
    assert message.content_type == "multipart/mixed"
    assert (message.from_[0].name, message.from_[0].email) == ("Ana", "ana@shop.example")
    assert message.size == len(MIXED)
    assert message.defects == ()


def test_line_ends_make_no_difference() -> None:
    crlf = parse(MIXED)
    for end in (b"\n", b"\r"):
        other = parse(MIXED.replace(b"\r\n", end))
        assert (other.text, other.types, other.subject, other.headers) == (
            crlf.text, crlf.types, crlf.subject, crlf.headers,
        )  # fmt: skip


@pytest.mark.parametrize("cut", range(0, len(MIXED), 7))
def test_a_letter_cut_anywhere_is_still_read(cut: int) -> None:
    message = parse(MIXED[:cut], size=len(MIXED))
    assert message.size == len(MIXED)
    assert len(message.types) <= 7
    if cut > len(HEAD):
        assert message.subject == "Chairs"


TEXTS = [
    (body("text/plain; charset=utf-8", "ñ".encode()), "ñ"),
    (body("text/plain; charset=us-ascii", "ñ".encode()), "ñ"),
    (body("text/plain; charset=us-ascii", b"\xf1"), "ñ"),
    (body("text/plain; charset=iso-8859-1", b"\x93q\x94"), "“q”"),
    (body("text/plain; charset=no-such-thing", b"caf\xe9"), "café"),
    (body("text/plain; charset=zlib", b"plain"), "plain"),
    (body("text/plain; charset=punycode", b"plain"), "plain"),
    (body("text/plain; charset=gb2312", "椅子".encode("gb18030")), "椅子"),
    (body("text/plain; charset=iso-2022-jp", "椅子".encode("iso-2022-jp")), "椅子"),
    (body("text/plain", b"aG9sYQ=", "Content-Transfer-Encoding: base64\r\n"), "hola"),
    (body("text/plain", b"aG9s\r\nYQ!!==", "Content-Transfer-Encoding: BASE64 (yes)\r\n"), "hola"),
    (body("text/plain", b"a=ZZb=", "Content-Transfer-Encoding: quoted-printable\r\n"), "a=ZZb"),
    (body("text/plain", b"a\x00b\x07c\r\nd\re"), "abc\nd\ne"),
    (body("text/html; charset=utf-8", "<p>ñandú<br>x</p>".encode()), "ñandú\nx"),
    (body("multipart/mixed", b"no boundary at all"), "no boundary at all"),
    (body("multipart/alternative; boundary=b",
          b"--b\r\n\r\n  \r\n--b\r\nContent-Type: text/html\r\n\r\n<b>seen</b>\r\n--b--"), "seen"),
    (body("multipart/mixed; boundary=b", b"--b\r\n\r\nno closing delimiter"), "no closing delimiter"),
    (body("multipart/mixed; boundary=b",
          b"--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n--b\r\n\r\nmine\r\n--b--"), "mine"),
    (body("nonsense", b"text all the same"), "text all the same"),
    (body("text/plain (a comment); charset=utf-8", "ñ".encode()), "ñ"),
    (body("application/pdf", b"%PDF"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("message", "text"), TEXTS)
def test_text(message: Message, text: str) -> None:
    assert message.text == text


SUBJECTS = [
    (b"Chairs", "Chairs"),
    (b"=?utf-8?q?Sill=C3=B3n?=", "Sillón"),
    (b"=?UTF-8?B?U2lsbMO?= =?UTF-8?B?s24=?=", "Sillón"),
    (b"=?utf-8*es?q?Sill=C3=B3n_azul?=", "Sillón azul"),
    (b"Re: =?iso-8859-1?q?caf=E9?=\r\n =?iso-8859-1?q?_solo?=", "Re: café solo"),
    (b"=?no-such?q?caf=E9?=", "café"),
    (b"=?utf-8?x?abc?= =?utf-8?q?broken", "=?utf-8?x?abc?= =?utf-8?q?broken"),
    ("Sillón crudo".encode(), "Sillón crudo"),
    (b"Sill\xf3n crudo", "Sillón crudo"),
    (b"a\x00b\x1b[31mc\rd", "ab[31mc d"),
    (b"=?utf-8?q?a=0D=0ABcc:_x=40y?=", "a Bcc: x@y"),
    ("a\u202eb\u2028c".encode(), "a b c"),
    (b"", ""),
    (b"x" * 5000, "x" * MAX_SUBJECT),
]


@pytest.mark.parametrize(("value", "subject"), SUBJECTS)
def test_subject_is_one_decoded_line(value: bytes, subject: str) -> None:
    assert parse(b"From: a@b.example\r\nSubject: " + value + b"\r\n\r\nhi").subject == subject


HEADERS = [
    (b"A: 1\r\na : 2\r\nB: x\r\n\ty\r\n\r\ntext", (("a", "1"), ("a", "2"), ("b", "x y")), "text"),
    (b"From ana@x Sun Nov 22\nA: 1\n\ntext", (("a", "1"),), "text"),
    (b"\r\n\nA: 1\n\ntext", (("a", "1"),), "text"),
    (b"A: 1\nno field\nB: 2\n\ntext", (("a", "1"),), "no field\nB: 2\n\ntext"),
    (b"A: 1\n", (("a", "1"),), ""),
    (b"just text", (), "just text"),
    (b"", (), ""),
    (b"A:\n\n", (("a", ""),), ""),
    (b"A: (c) \"q\" =?utf-8?q?x?=\n\n", (("a", "(c) \"q\" =?utf-8?q?x?="),), ""),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "fields", "text"), HEADERS)
def test_header_fields(raw: bytes, fields: tuple[tuple[str, str], ...], text: str) -> None:
    message = parse(raw)
    assert message.headers.fields == fields
    assert message.text == text


def test_headers_keep_every_occurrence() -> None:
    headers = Headers((("received", "1"), ("to", "x"), ("received", "2")))
    assert headers.all("Received") == ("1", "2")
    assert (headers.first("RECEIVED"), headers.first("none")) == ("1", "")
    assert headers.has("To")
    assert not headers.has("Cc")
    assert headers == Headers(headers.fields)


def test_ids_paths_and_date() -> None:
    message = parse(
        b"Return-Path: <>\nReturn-Path: (x) <MAILER-DAEMON>\nReturn-Path: a@b.example\nMessage-ID: (c) <1@a>\n"
        b"In-Reply-To: your letter <2@b> of Monday\nReferences: <1@x>\n <2@x> junk\n"
        b"Date: Sun, 22 Nov 2026 10:00:00 +0100\n\n"
    )
    assert message.return_paths == ("", "MAILER-DAEMON", "a@b.example")
    assert (message.message_id, message.in_reply_to, message.references) == ("<1@a>", ("<2@b>",), ("<1@x>", "<2@x>"))
    assert message.date == datetime(2026, 11, 22, 10, tzinfo=timezone(timedelta(hours=1)))
    many = parse(b"References: " + b" ".join(b"<%d@x>" % n for n in range(500)) + b"\n\n").references
    assert len(many) == MAX_REFERENCES
    assert (many[0], many[-1]) == ("<0@x>", "<499@x>")


DATES = [
    ("22 Nov 2026 10:00 GMT", datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ("Sun, 22 Nov 26 10:00:60 EST", datetime(2026, 11, 22, 15, 0, 59, tzinfo=UTC)),
    ("Sunday, 22-Nov-2026 10:00:00 -0000", datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ("Sun, 31 Feb 2026 10:00:00 +0000", None),
    ("Sun, 22 Nov 2026 10:00:00 +9999", None),
    ("yesterday", None),
    ("", None),
]


@pytest.mark.parametrize(("value", "date"), DATES)
def test_dates(value: str, date: datetime | None) -> None:
    assert parse(f"Date: {value}\n\n".encode()).date == date


def test_calendar_method() -> None:
    assert body("text/calendar; method=REPLY", b"BEGIN:VCALENDAR").calendar == "reply"
    assert body("text/calendar", b"BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\n").calendar == "cancel"
    assert body("text/plain", b"METHOD:CANCEL\r\n").calendar == ""


def test_an_outline_stands_in_for_the_body() -> None:
    outline = Outline(
        ("multipart/mixed", "TEXT/HTML", "application/zip"),
        (Attachment("a.zip", "application/zip", 9_000_000),),
        b"<p>caf=E9</p>", "text/html", "iso-8859-1", "QUOTED-PRINTABLE",
    )  # fmt: skip
    message = parse(HEAD + b"\r\n", size=9_000_500, outline=outline)
    assert (message.text, message.size, message.types[1]) == ("café", 9_000_500, "text/html")
    assert message.attachments == outline.attachments
    assert message.content_type == "multipart/mixed"


def test_embedded_pictures_and_signatures_are_no_attachments() -> None:
    related = body(
        "multipart/related; boundary=b",
        b"--b\r\nContent-Type: text/html\r\n\r\nhi\r\n"
        b"--b\r\nContent-Type: image/png; name=l.png\r\nContent-ID: <l>\r\n\r\nx\r\n--b--",
    )
    signed = body(
        "multipart/signed; boundary=b",
        b"--b\r\n\r\nhi\r\n--b\r\nContent-Type: application/pgp-signature; name=s.asc\r\n\r\nx\r\n--b--",
    )
    assert (related.attachments, signed.attachments, signed.text) == ((), (), "hi")


def test_letter_and_thread_keys() -> None:
    one = parse(b"Message-ID: <1@a>\nFrom: A@b.example\n\nx")
    copy = parse(b"Received: elsewhere\nMessage-ID: <1@a>\nFrom: a@B.example\n\nx")
    forged = parse(b"Message-ID: <1@a>\nFrom: eve@b.example\n\nx")
    assert letter_key(one) == letter_key(copy) != letter_key(forged)
    bare, again, other = (parse(b"From: a@b.example\n\n" + text) for text in (b"x", b"x", b"y"))
    assert letter_key(bare) == letter_key(again) != letter_key(other)
    reply = parse(b"Message-ID: <3@a>\nReferences: <1@a> <2@b>\nFrom: a@b.example\n\nx")
    assert thread_key(one, "k") == thread_key(reply, "k") != thread_key(reply, "other")


PART = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
MULTI = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
NESTED = HEAD + b"Content-Type: multipart/mixed; boundary=0\r\n\r\n"
LEVEL = b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n"
HOSTILE = {
    "100,000 parts": MULTI + PART * 100_000,
    "100,000 empty parts": MULTI + b"--b\r\n" * 100_000,
    "parts without header ends": MULTI + b"--b\r\nA: b\r\n" * 100_000,
    "delimiter-like lines": MULTI + b"\n--" * 400_000,
    "endless nesting": NESTED + b"".join(LEVEL % (n, n + 1) for n in range(100_000)),
    "1 MB field": HEAD + b"X: " + b"x" * 1_000_000 + b"\r\n\r\nhi",
    "1 MB of folds": HEAD + b"X: x\r\n" + b" \r\n" * 333_333 + b"\r\nhi",
    "1 MB of fields": HEAD + b"A: b\r\n" * 170_000 + b"\r\nhi",
    "1 MB of spaces in From": b"From: a" + b" " * 1_000_000 + b"x@y.example\r\n\r\nhi",
    "1 MB of brackets": b"From: " + b"<" * 1_000_000 + b"\r\n\r\nhi",
    "1 MB of comments": b"From: " + b"(" * 1_000_000 + b"\r\n\r\nhi",
    "1 MB of groups": b"From: " + b":;" * 500_000 + b"\r\n\r\nhi",
    "1 MB of quotes": b"To: " + b'"\\' * 500_000 + b"\r\n\r\nhi",
    "encoded words": b"Subject: " + b"=?utf-8?b?YQ==?= " * 50_000 + b"\r\n\r\nhi",
    "half encoded words": b"Subject: " + b"=?x?q?" * 150_000 + b"\r\n\r\nhi",
    "quoted-printable": b"Subject: =?utf-8?q?" + b"=" * 7_000 + b"?=\r\n\r\nhi",
    "parameters": HEAD + b"Content-Type: text/plain" + b"; a*0*=x" * 30_000 + b"\r\n\r\nx",
    "open quotes": HEAD + b"Content-Type: text/plain" + b'; a="' * 50_000 + b"\r\n\r\nx",
    "references": HEAD + b"References: " + b"<a" * 130_000 + b"\r\n\r\nhi",
    "IDN": b"From: a@" + "ü".encode() * 100_000 + b".example\r\n\r\nx",
    "<a href": HTML + b'<a href="' * 55_000,
    "<": HTML + b"<" * 500_000,
    "<p>": HTML + b"<p>" * 170_000,
    "&#9...": HTML + b"&#" + b"9" * 500_000,
    "&amp": HTML + b"&amp" * 125_000,
    "style": HTML + b"<style></style>" * 33_000,
    "NULs": b"\0" * 1_000_000,
    "CRs": b"\r" * 1_000_000,
    "LFs": b"\n" * 1_000_000,
    "From lines": b"From \n" * 170_000,
    "base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=B!" * 250_000,
    "utf-7": HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+AAA" * 250_000,
    "punycode": HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a9" * 500_000,
    "combining marks": HEAD + b"\r\n" + "a\u0301\u0316".encode() * 200_000,
    "20 MB attachment": MULTI + PART + b"--b\r\nContent-Type: a/b\r\n\r\n" + (b"A" * 76 + b"\r\n") * 256_000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_letters_are_read_in_bounded_time(raw: bytes) -> None:
    """Of this thread's own processor time, as a guard against hanging: a tenth of the limit is usual."""
    started = time.thread_time()
    message = parse(raw)
    assert time.thread_time() - started < 2
    assert len(message.text) <= MAX_TEXT
    assert len(message.subject) <= MAX_SUBJECT
    assert len(message.types) <= 1_000
