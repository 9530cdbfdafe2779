"""Every answer by the letter of RFC 5322, 2045-2047, 2183, 2231, 3834 and 6532: read by GMime, which is strict and not
ours, and held against the grammar of the RFCs (tests/answer/grammar.py), for every template, language and nasty letter.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from autoresponder.answer.brand import Brand
from autoresponder.answer.compose import Composer
from autoresponder.answer.staff import staff_letter
from autoresponder.answer.templates import Library
from autoresponder.answer.worded import Worded
from autoresponder.core.address import Address
from autoresponder.core.message import Message
from autoresponder.core.policy import Mailbox
from autoresponder.mail.eightbit import eight_bit
from tests.answer import gmime
from tests.answer.grammar import faults
from tests.answer.house import BOX, BRAND, NOW, SHIPPED, SIGNER, answer, composer, decision, library
from tests.answer.language_table import LANGUAGES
from tests.answer.test_attachments import NAMES, PDF, TEXT
from tests.core.letters import letter

ANA = Address("Ana Ruiz", "ana@example.net")


def nasty() -> Iterator[tuple[str, Message]]:
    """Letters that are hard to answer well."""
    plain = letter(From="Ana Ruiz <ana@example.net>", Subject="A question")
    yield "plain", plain
    for name, subject in {
        "no subject": "",
        "one long word": "x" * 990,
        "a long subject": "please answer " * 70,
        "long and accented": "Réclamation número ñ " * 40,
        "emoji": "😀👩‍👩‍👧‍👦🏳️‍🌈" * 30,
        "another script": "日本語の件名、とても長いもの。" * 20,
        "right to left": "שאלה על ההזמנה שלי 4711 ‏",
        "looks encoded": "=?utf-8?q?a?= =?x?=?= b=?",
        "half encoded": "a =?utf-8?b?w7E=?=b",
        "colons and commas": 'Re: AW: "x", <y>; (z) @home: 1,2;3\\',
        "long lines at the edge": " ".join("w" * 66 for _ in range(12)),
        "trailing space": "x" * 69 + " " + "y",
        "controls": "a\tb\x01c\x7fd\u2028e",
        "no words at all": "!?… — ·",
    }.items():
        yield name, replace(plain, subject=subject)
    for name, who in {
        "a name of many scripts": Address("Zoë 山田 Ōtani", "zoe@example.net"),
        "a very long name": Address("Maria de los Dolores " * 20, "maria@example.net"),
        "a long accented name": Address("Ünal Öztürk Şahin Çelik Ğ " * 9, "u@example.net"),
        "specials in the name": Address('O"Neil, Jr. (Bob) <x>', "bob@example.net"),
        "a dot in the name": Address("J. R. R. Tolkien", "jrr@example.net"),
        "no name": Address("", "ana@example.net"),
        "dots everywhere": Address("花子", ".dots..everywhere.@docomo.ne.jp"),
        "an encoded word for a name": Address("=?utf-8?q?x?=", "ana@example.net"),
        "an idn": Address("Jörg", "joerg@münchen.example"),
        "another idn": Address("", "info@例え.テスト"),
        "a long address": Address("Ana", "a" * 64 + "@" + "b" * 60 + "." + "c" * 60 + ".example"),
        "an odd local part": Address("Ana", "o'brien+x=y/z#1@example.net"),
    }.items():
        yield name, replace(plain, from_=(who,))
    ids = tuple(f"<{n}.{'x' * 30}@mail.example>" for n in range(100))
    yield "a hundred references", replace(plain, references=ids, in_reply_to=ids[-1:])
    yield "odd references", replace(plain, references=("<a,b;c@d>", "<a@[192.0.2.1]>", "<>", "<a b@c>", "<é@x>"))
    yield "no message id", replace(plain, message_id="", references=ids[:2])


LETTERS = dict(nasty())


@dataclass(frozen=True, slots=True)
class Style:
    """What the letters are made with."""

    composer: Composer
    box: Mailbox


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Style]:
    """With a logo and a name of many letters; plain."""
    logo = tmp_path_factory.mktemp("brand") / "logo.png"
    logo.write_bytes(bytes.fromhex("89504e470d0a1a0a0000000d49484452"))
    wide = Brand(
        "Pâtisserie “Chez Zoë” & Söhne, S.L.",
        "#0b5fff",
        str(logo),
        Worded.of("L’équipe"),
        "1 Rue\nParis",
        "https://x.example",
    )
    box = Mailbox("contact", "contact@example.com", language="en")
    return {
        "plain": Style(composer(), box),
        "logo": Style(
            Composer(Library.load(SHIPPED, wide), wide, SIGNER, lambda _s, _t: ""),
            replace(box, address="info@example.com"),
        ),
    }


def sound(raw: bytes, *, utf8: bool = False) -> gmime.Read:
    """Asserts that nothing is wrong with a letter; what GMime read. Also of its form in 8 bits."""
    assert faults(raw, utf8=utf8) == []
    made = gmime.read(raw)
    assert made.warnings == ()
    wide = eight_bit(raw)
    assert faults(wide, utf8=True) == []
    eight = gmime.read(wide)
    assert eight.warnings == ()
    assert replace(eight, warnings=()) == replace(made, warnings=())
    return made


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("style", ["plain", "logo"])
def test_every_template_and_nasty_letter(styles: dict[str, Style], style: str, language: str) -> None:
    """Each template answers a third of the letters, so that all are answered in every language."""
    use, names = styles[style], library().names
    for number, (name, message) in enumerate(LETTERS.items()):
        reply = names[number % len(names)]
        made = use.composer.compose(decision(message, reply=reply, language=language), message, use.box, NOW)
        seen = sound(made.raw)
        assert seen.subject == made.subject, name
        assert f"<{seen.message_id}>" == made.message_id, name
        ((who, address),) = seen.to
        assert address == message.from_[0].routable, name
        assert who.isprintable() and len(who) <= 60, name
        assert [one[1] for one in seen.from_] == [use.box.address], name
        assert seen.date == NOW.timestamp(), name
        assert [one.type for one in seen.parts] == [
            "text/plain",
            "text/html",
            *(["image/png"] if style == "logo" else []),
        ]
        text, page = (one.data.decode("utf-8").replace("\r\n", "\n") for one in seen.parts[:2])
        assert text == made.text, name
        assert page.rstrip("\n") == made.html.rstrip("\n"), name
        if message.message_id:
            assert seen.references[-1] == message.message_id.strip("<>"), name


@pytest.mark.parametrize("name", LETTERS)
def test_every_template_for_one_nasty_letter(name: str) -> None:
    for reply in library().names:
        sound(answer(LETTERS[name], reply=reply).raw)


def test_an_address_that_is_not_ascii_before_its_at_sign() -> None:
    message = replace(LETTERS["plain"], from_=(Address("Jörg", "jörg@münchen.example"),))
    made = sound(answer(message).raw, utf8=True)
    assert made.to == (("Jörg", "jörg@xn--mnchen-3ya.example"),)


@pytest.mark.parametrize("files", [NAMES[:4], NAMES[4:7], NAMES[7:]])
def test_attachments_with_odd_names(tmp_path: Path, files: list[tuple[str, str]]) -> None:
    names = [name for name, _plain in files]
    for name in names:
        (tmp_path / name).write_bytes(PDF)
    listed = "".join(f"  - {name}\n" for name in names)
    (tmp_path / "a.md").write_text(TEXT.format(f"attachments:\n{listed}"), "utf-8")
    seen = sound(answer(lib=Library.load(tmp_path, BRAND), reply="a").raw)
    assert [(one.type, one.name) for one in seen.parts[2:]] == [("application/pdf", name) for name in names]
    assert {one.data for one in seen.parts[2:]} == {PDF}


@pytest.mark.parametrize("line", ["short", "é", "x" * 500, "日本語" * 150, "From here", "=?utf-8?q?x?=", ""])
def test_letters_to_our_own_people(line: str) -> None:
    made = staff_letter(SIGNER, BOX.address, "boss@example.org", line, [line, "", line], "topic", NOW)
    seen = sound(made.raw)
    assert [one.type for one in seen.parts] == ["text/plain"]
    assert seen.parts[0].data.decode().replace("\r\n", "\n") == f"{line}\n\n{line}\n"


GOOD = answer(LETTERS["long and accented"]).raw
BROKEN = {
    "a second Date": GOOD.replace(b"\r\nDate:", b"\r\nDate: Mon, 23 Nov 2026 09:30:00 +0000\r\nDate:"),
    "no To": GOOD.replace(b"\r\nTo:", b"\r\nX-To:"),
    "a Cc": GOOD.replace(b"\r\nTo:", b"\r\ncc: x@example.com\r\nTo:"),
    "a bare line feed": GOOD.replace(b"\r\nTo:", b"\nTo:"),
    "a day that is none": GOOD.replace(b"Date: Mon, 23", b"Date: Mo, 23"),
    "a comma in a name": GOOD.replace(b"From: Example", b"From: Example, "),
    "an address without its brackets": GOOD.replace(b"<ana@example.net>", b"ana@example.net"),
    "a subject with raw octets": GOOD.replace(b"Subject: ", b"Subject: \xc3\xa9 "),
    "words that touch": GOOD.replace(b"?=\r\n =?", b"?==?", 1),
    "too long a word": GOOD.replace(b"Subject: Re: =?utf-8?b?", b"Subject: Re: =?utf-8?b?" + b"QUJD" * 15),
    "an empty folded line": GOOD.replace(b"\r\nDate:", b"\r\n \r\nDate:"),
    "an encoding of its own": GOOD.replace(b"quoted-printable", b"quoted"),
    "no closing boundary": GOOD[: GOOD.rindex(b"--=_a")] + b"\r\n",
    "a long line": GOOD.replace(b"lang=3D", b"x" * 999),
    "half an escape": GOOD.replace(b"lang=3D", b"lang=3d"),
    "spaces at the end of a line": GOOD.replace(b"quoted-printable\r\n\r\n", b"quoted-printable\r\n\r\nx \r\n"),
    "an id with a space": GOOD.replace(b"Message-ID: <ar.", b"Message-ID: <ar "),
    "eight bits that are not announced": GOOD.replace(b"quoted-printable\r\n\r\n", b"7bit\r\n\r\n\xc3\xa9\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_the_grammar_finds_what_is_broken(name: str) -> None:
    assert BROKEN[name] != GOOD
    assert faults(GOOD) == []
    assert faults(BROKEN[name]) != []


@pytest.mark.parametrize("name", ["a second Date", "no closing boundary", "an address without its brackets"])
def test_gmime_warns_of_what_is_broken(name: str) -> None:
    assert gmime.read(BROKEN[name]).warnings


def test_nested_boundaries_that_begin_alike_are_found() -> None:
    """Most readers split such a letter in the wrong place, if the inner part comes first."""
    raw = answer().raw
    inner = raw.replace(b"=_a_", b"=_a_x", 1).replace(b"=_a_", b"=_a_")
    assert faults(inner) != []
