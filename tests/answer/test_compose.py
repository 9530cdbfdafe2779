"""The bytes that leave: one recipient, one identity, headers in their places, and nothing smuggled in."""

import base64
import re
import struct
import zlib
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from autoresponder.answer.brand import Brand, read_logo
from autoresponder.answer.clean import JOINER
from autoresponder.answer.templates import Library
from autoresponder.answer.threads import MAX_REFERENCES
from autoresponder.core.address import Address
from autoresponder.core.message import Headers, Message, parse
from autoresponder.core.reference import is_reference
from autoresponder.core.token import TOKEN_HEADER, Signer
from tests.answer.house import (
    BOX,
    BRAND,
    NOW,
    SHIPPED,
    SIGNER,
    Page,
    answer,
    composer,
    decision,
    folder_of,
    library,
    read,
)
from tests.core.letters import letter, raw

ONCE = (
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", TOKEN_HEADER, "Content-Language", "MIME-Version", "Content-Type",
)  # fmt: skip


def assert_sound(bytes_: bytes) -> None:
    """What holds for every answer whatever the letter was."""
    assert bytes_.isascii()
    assert b"\n" not in bytes_.replace(b"\r\n", b"") and b"\r" not in bytes_.replace(b"\r\n", b"")
    assert b"\0" not in bytes_
    assert max(map(len, bytes_.split(b"\r\n"))) <= 998
    message = read(bytes_)
    assert [part.defects for part in message.walk()] == [[]] * len(list(message.walk()))
    names = [name for name in message if name not in ("In-Reply-To", "References")]
    assert names == [name for name in ONCE if name not in ("In-Reply-To", "References")]
    for name, value in message.items():
        assert not getattr(value, "defects", ()), (name, value)
    assert len(message["to"].addresses) == 1
    assert message["from"].addresses[0].addr_spec == BOX.address


def test_the_headers() -> None:
    made = answer(
        letter("AW: Re: A question", References="<a@x.example> <b@x.example>", Message_ID="<c@x.example>"),
        reply="closed",
    )
    assert_sound(made.raw)
    message = read(made.raw)
    assert list(message.keys()) == list(ONCE)
    assert str(message["from"]) == "Example Ltd <contact@example.com>"
    assert str(message["to"]) == "Ana Ruiz <ana@example.net>"
    assert message["subject"] == "Re: A question" == made.subject
    assert message["in-reply-to"] == "<c@x.example>"
    assert message["references"] == "<a@x.example> <b@x.example> <c@x.example>"
    assert message["auto-submitted"] == "auto-replied"
    assert message["x-auto-response-suppress"] == "All"
    assert SIGNER.is_ours(message["message-id"]) and made.message_id == message["message-id"]
    assert made.message_id.endswith("@example.com>")
    assert message[TOKEN_HEADER] == SIGNER.token(made.message_id)
    assert parsedate_to_datetime(message["date"]) == NOW
    assert message["content-language"] == made.language == "es"
    assert made.envelope_from == "auto"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    assert text == made.text and html.rstrip("\n") == made.html.rstrip("\n")


def test_the_same_decision_gives_the_same_bytes_and_another_rule_another_id() -> None:
    assert answer().raw == answer().raw
    assert answer().message_id != answer(name="Other").message_id
    assert answer().message_id != answer(letter(Message_ID="<2@example.net>")).message_id


@pytest.mark.parametrize(
    ("rule", "headers", "text", "chosen"),
    [
        ("en", {"Content-Language": "es"}, "es", "en"),
        ("", {"Content-Language": "en-US", "Accept-Language": "en-US"}, "es", "es"),  # Outlook's own language, not hers
        ("", {"Content-Language": "en-GB"}, "", "en"),
        ("", {"Accept-Language": "sv, en;q=0.5, es;q=0.1"}, "", "en"),
        ("", {"Accept-Language": "sv, en;q=0.5, es;q=0.1"}, "da", "en"),  # surely Danish, but there is no such answer
        ("", {"Accept-Language": "en;q=0, es"}, "", "es"),
        ("", {"Content-Language": "sv"}, "en", "en"),
        ("", {"Content-Language": "sv"}, "", "es"),
        ("", {"Content-Language": "../../x\x00"}, "en", "en"),
        ("", {}, "en", "en"),
        ("", {}, "pt-BR", "pt"),
        ("", {}, "", "es"),
        ("", {}, "sv", "es"),
    ],
)
def test_language_of_the_answer(rule: str, headers: dict[str, str], text: str, chosen: str) -> None:
    message = letter(**{name.replace("-", "_"): value for name, value in headers.items()})
    made = composer(language=text).compose(decision(message, language=rule), message, BOX, NOW)
    assert made.language == chosen


@pytest.mark.parametrize(
    ("message_id", "before", "chain"),
    [
        ("", "<a@x>", None),
        ("<no brackets", "<a@x>", None),
        ("<c@x>\r\nBcc: v@x", "<a@x>", None),
        ("<c@x>", "", "<c@x>"),
        ("<c@x>", "<a@x> nonsense <b@x\u2028> <é@x> <c@x>", "<a@x> <c@x>"),
    ],
)
def test_threading_with_odd_ids(message_id: str, before: str, chain: str | None) -> None:
    message = replace(letter(), message_id=message_id, references=tuple(before.split(" ")) if before else ())
    made = answer(message)
    assert_sound(made.raw)
    assert read(made.raw)["references"] == chain


def test_references_are_bounded_and_keep_the_first_and_the_last() -> None:
    ids = tuple(f"<{n}.{'x' * 60}@mail.example>" for n in range(500))
    value = str(read(answer(replace(letter(), message_id="<parent@x>", references=ids)).raw)["references"])
    kept = value.split()
    assert len(value) <= MAX_REFERENCES
    assert kept[0] == ids[0] and kept[-1] == "<parent@x>" and kept[1:-1] == list(ids[-len(kept) + 2 :])


def test_in_reply_to_stands_in_for_missing_references() -> None:
    assert read(answer(letter(In_Reply_To="<q@x.example>")).raw)["references"] == "<q@x.example> <1@example.net>"


ATTACKS = [
    "{{7*7}}",
    "{% for x in range(9) %}4{% endfor %}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[x](http://evil.example)",
    "**b** _i_ # h",
    "http://evil.example www.evil.example a@evil.example evil.example",
    "x\r\nBcc: victim@evil.example",
    "x\nBcc: victim@evil.example\n\nbody",
    "x\rBcc: victim@evil.example",
    "x\x00y\x0b\x0c\x1b",
    "x\u2028Bcc: victim@evil.example\u2029\x85",
    "=?utf-8?q?x=0D=0ABcc:_victim@evil.example?=",
    "=?utf-8?b?eA0KQmNjOiB2aWN0aW1AZXZpbC5leGFtcGxl?=",
    "=?x?=?q?",
    "\u202eevil\u202c \u2066x\u2069 \ufeff",
    "\ud800 lone surrogate",
    '\\"quoted\\" <a@evil.example>, b@evil.example',
    "x" * 10_000,
    "é" * 10_000,
    "Zoë " * 2_500,
    "日本語" * 3_000,
]


@pytest.mark.parametrize("evil", ATTACKS)
@pytest.mark.parametrize("where", ["name", "subject", "both"])
def test_nothing_a_sender_writes_becomes_more_than_text(evil: str, where: str, tmp_path: Path) -> None:
    target = Address(evil if where != "subject" else "Ana", "ana@example.net")
    message = replace(letter(), subject=evil if where != "name" else "Hi", from_=(target,))
    body = "{{ salutation }} {{ sender.name }} {{ sender.first_name }} “{{ original.subject }}” {{ sender.address }}"
    lib = library(
        folder_of(tmp_path, a=f"---\nsubject: Re: {{{{ original.subject }}}} {{{{ sender.name }}}}\n---\n{body}")
    )
    made = composer(lib).compose(decision(message, reply="a"), message, BOX, NOW)
    assert_sound(made.raw)
    assert read(made.raw)["to"].addresses[0].addr_spec == "ana@example.net"
    assert str(read(made.raw)["subject"]) == made.subject
    assert JOINER not in made.subject
    page = Page(made.html)
    assert page.fault == ""
    assert page.links == ["https://example.com"]
    assert not {tag for tag, _ in page.tags} & {"script", "img", "b", "em", "h1"}
    assert not [name for _tag, attrs in page.tags for name in attrs if name.startswith("on")]
    for shown in (made.text, page.text):
        assert "49" not in shown and "44" not in shown
        assert "http://" not in shown
        assert not re.search(r"(?:www|evil|example)\.(?:example|net|com)\b", shown.replace("https://example.com", "")
                             .replace("example.com", "", 1)), shown  # fmt: skip
        assert "Hola, :" not in shown and "Dear ," not in shown
    assert max(map(len, made.text.split("\n"))) <= 200
    assert len(made.raw) < 40_000


@pytest.mark.parametrize(
    "odd", ["x\r\nBcc: v@evil.example", "<v@evil.example>", "a@b@c\x00", "", "a", "a@b.example,v@x.example"]
)
def test_no_letter_to_what_is_not_one_address(odd: str) -> None:
    message = letter()
    with pytest.raises(ValueError, match="address"):
        composer().compose(decision(message, Address("", odd)), message, BOX, NOW)


def test_a_decision_that_is_silent_is_never_composed() -> None:
    with pytest.raises(ValueError, match="answers nobody"):
        composer().compose(replace(decision(letter()), rule=None), letter(), BOX, NOW)


@pytest.mark.parametrize(
    ("email", "inside"),
    [("ana@münchen.example", b"<ana@xn--mnchen-3ya.example>"), ("josé@example.net", "<josé@example.net>".encode())],
)
def test_addresses_beyond_ascii(email: str, inside: bytes) -> None:
    message = letter()
    made = composer().compose(decision(message, Address("Ana", email)), message, BOX, NOW)
    assert inside in made.raw.split(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "name", ["Example, Ltd.", 'The "Best" Shop', "Panadería Sol", "日本商店", "a" * 58, "=?x?q?y?="]
)
def test_our_own_name_survives(name: str) -> None:
    brand = replace(BRAND, name=name)
    message = letter()
    made = composer(library(SHIPPED, brand), brand=brand).compose(decision(message), message, BOX, NOW)
    assert_sound(made.raw)
    assert read(made.raw)["from"].addresses[0].display_name == name


def test_from_name_of_a_template_comes_first(tmp_path: Path) -> None:
    lib = library(folder_of(tmp_path, a="---\nsubject: x\nfrom_name: Accounts of {{ brand.name }}\n---\nx"))
    assert read(answer(lib=lib, reply="a").raw)["from"].addresses[0].display_name == "Accounts of Example Ltd"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("plain words", "7bit"),
        ("Año nuevo", "quoted-printable"),
        ("日本語の手紙です。" * 20, "base64"),
        ("a\n\nFrom b", "quoted-printable"),
    ],
)
def test_transfer_encodings(tmp_path: Path, body: str, encoding: str) -> None:
    (tmp_path / "layout.txt").write_text("{{ content }}")
    lib = library(folder_of(tmp_path, a=body))
    made = answer(lib=lib, reply="a")
    assert_sound(made.raw)
    part = next(read(made.raw).iter_parts())
    assert part["content-transfer-encoding"] == encoding
    assert part.get_content().replace("\r\n", "\n") == made.text


def png() -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


def test_the_logo_travels_with_the_letter(tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(png())
    brand = replace(BRAND, logo=str(logo))
    message = letter()
    made = composer(Library.load(SHIPPED, brand), brand=brand).compose(decision(message), message, BOX, NOW)
    assert_sound(made.raw)
    types = [part.get_content_type() for part in read(made.raw).walk()]
    assert types == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    image = list(read(made.raw).walk())[-1]
    assert image.get_content() == png()
    (shown,) = [attrs for tag, attrs in Page(made.html).tags if tag == "img"]
    assert shown["src"] == "cid:" + image["content-id"].strip("<>") and shown["alt"] == "Example Ltd"
    assert str(logo) in map(str, Library.load(SHIPPED, brand).files)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"<svg xmlns=''>", "save it as PNG"), (b"hello", "is not a PNG"), (png() + b"x" * 200_000, "larger than")],
)
def test_logos_that_cannot_be_shown(tmp_path: Path, data: bytes, sentence: str) -> None:
    logo = tmp_path / "logo"
    logo.write_bytes(data)
    with pytest.raises(Exception, match=sentence):
        Library.load(SHIPPED, replace(BRAND, logo=str(logo)))


def test_a_logo_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        read_logo(tmp_path)


def test_a_missing_logo_becomes_the_name() -> None:
    page = Page(answer(lib=library(SHIPPED, replace(BRAND, logo="/nowhere/logo.png"))).html)
    assert "img" not in [tag for tag, _ in page.tags] and "Example Ltd" in page.text


def test_an_answer_without_a_brand_is_signed_by_the_mailbox() -> None:
    bare = Brand()
    use = composer(Library.load(SHIPPED, bare), brand=bare)
    made = use.compose(decision(letter(), language="en"), letter(), BOX, NOW)
    assert "\nKind regards,\n\ncontact@example.com\n\n-- \n" in made.text
    assert "Kind regards, contact@example.com This reply was sent automatically" in Page(made.html).text


def test_an_address_of_several_lines_stays_so() -> None:
    made = answer(lib=Library.load(SHIPPED, replace(BRAND, address="1 High Street\nLondon <N1>\n")))
    assert "\n1 High Street\nLondon <N1>\n" in made.text
    assert "1 High Street<br>London &lt;N1&gt;\n" in made.html


def test_the_reference_is_that_of_the_letter() -> None:
    made = answer(letter(), reply="closed")
    assert any(is_reference(SIGNER, word) for word in re.findall(r"\w{9}", made.text))
    assert not any(is_reference(Signer(b"another key of 16"), word) for word in re.findall(r"\w{9}", made.text))


def test_a_subject_says_the_reference_of_this_letter_and_no_older_one(tmp_path: Path) -> None:
    subject = 'Re: {{ original.subject or "your message" }} [{{ reference }}]'
    lib = library(folder_of(tmp_path, a=f"---\nsubject: {subject}\nlanguage: en\n---\n{{{{ reference }}}}"))
    first = answer(letter("Chairs", Message_ID="<1@x.example>"), lib, reply="a")
    second = answer(letter(f"AW: {first.subject}", Message_ID="<2@x.example>"), lib, reply="a")
    for made in (first, second):
        assert made.subject == f"Re: Chairs [{made.text.split()[0]}]"
    assert first.subject != second.subject


def test_a_reply_to_without_a_name_takes_that_of_from() -> None:
    message = letter(Reply_To="ANA@example.net")
    made = composer().compose(decision(message, message.reply_to[0]), message, BOX, NOW)
    assert made.text.startswith("Hola, Ana Ruiz:")


def test_a_test_says_so_and_differs_in_nothing_else() -> None:
    message = letter()
    plain, marked = (composer().compose(decision(message), message, BOX, NOW, test=test) for test in (False, True))
    assert_sound(marked.raw)
    assert marked.subject == "[TEST] " + plain.subject
    assert marked.text.startswith("*** This is a test") and marked.text.endswith("***\n\n" + plain.text)
    assert max(map(len, marked.text.splitlines())) <= 72
    mark = marked.html.index('<p style="margin: 0;padding: 12px')
    assert marked.html[:mark] + marked.html[marked.html.index("</p>", mark) + 4 :] == plain.html


def test_bodies_are_never_quoted() -> None:
    secret = base64.b32encode(b"secret words").decode()
    assert secret.encode() not in answer(parse(raw(body=secret, Cc="c@x.example", Bcc="b@x.example"))).raw


def test_a_letter_without_anything_is_answered() -> None:
    empty = Message(Headers(), "", (), (), (), (), (), (), "", (), (), None, "text/plain", (), (), "", 0)
    made = composer().compose(decision(empty, Address("", "ana@example.net")), empty, BOX, NOW)
    assert_sound(made.raw)
    assert made.text.startswith("Hola:\n") and made.subject == "Re: su mensaje"
