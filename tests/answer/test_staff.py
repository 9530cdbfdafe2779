"""Letters to our own people: their headers, and what cannot be smuggled into them."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest

from autoresponder.answer.staff import MAX_LINES, staff_letter
from autoresponder.core.token import TOKEN_HEADER, Signer

SIGNER = Signer(b"0123456789abcdef")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ME, BOSS = "contact@example.com", "boss@example.com"
SMUGGLED = [
    "\r\nBcc: evil@example.net",
    "\nX: y",
    "\r",
    "\x00\x1b[31m",
    "\u2028\u2029",
    "\u202egnp.exe",
    "x" * 5000,
    "=?utf-8?q?=0D=0A?=",
]


def made(
    subject: str = "Held", lines: tuple[str, ...] = ("One", "  two"), target: str = BOSS, topic: str = "t"
) -> bytes:
    return staff_letter(SIGNER, ME, target, subject, lines, topic, NOW).raw


def test_headers() -> None:
    answer = staff_letter(SIGNER, ME, BOSS, "Held", ("One", "  two"), "t", NOW)
    message = message_from_bytes(answer.raw)
    assert dict(message.items()) == {
        "From": f"autoresponder <{ME}>",
        "To": BOSS,
        "Subject": "[autoresponder] Held",
        "Date": "Sun, 22 Nov 2026 10:00:00 +0000",
        "Message-ID": answer.message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        TOKEN_HEADER: SIGNER.token(answer.message_id),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=us-ascii",
        "Content-Transfer-Encoding": "7bit",
    }
    assert SIGNER.is_ours(answer.message_id)
    assert message.get_payload() == "One\r\n  two\r\n"


def test_each_letter_has_a_message_id_of_its_own() -> None:
    again = staff_letter(SIGNER, ME, BOSS, "Held", (), "t", NOW)
    others = [
        staff_letter(SIGNER, ME, "cy@example.com", "Held", (), "t", NOW),
        staff_letter(SIGNER, ME, BOSS, "Held", (), "u", NOW),
        staff_letter(SIGNER, ME, BOSS, "Held", (), "t", NOW.replace(hour=11)),
    ]
    ids = [letter.message_id for letter in others]
    assert staff_letter(SIGNER, ME, BOSS, "Held", (), "t", NOW).message_id == again.message_id
    assert len({again.message_id, *ids}) == 4


@pytest.mark.parametrize("evil", SMUGGLED, ids=repr)
def test_nothing_is_smuggled_in(evil: str) -> None:
    """Neither a header nor a line of the text begins where a stranger wants it."""
    plain = message_from_bytes(made())
    message = message_from_bytes(made(f"Invoice{evil}", (f"Subject: {evil}", "last")))
    assert message.keys() == plain.keys()
    subject = str(make_header(decode_header(message["Subject"])))
    assert subject.startswith("[autoresponder] Invoice")
    assert subject.isprintable()
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    lines = payload.decode().split("\r\n")
    assert len(lines) == 3
    assert lines[0].startswith("Subject:")
    assert lines[0].isprintable()
    assert lines[1:] == ["last", ""]
    raw = made(f"Invoice{evil}", (f"Subject: {evil}", "last"))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_bounded() -> None:
    assert made(lines=("x",) * 10_000).count(b"\r\nx") == MAX_LINES


@pytest.mark.parametrize("target", ["", "boss", "boss@example.com\r\nBcc: evil@example.net", "a@b.c, d@e.f", "<a@b.c>"])
def test_no_letter_to_what_is_no_address(target: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        made(target=target)
