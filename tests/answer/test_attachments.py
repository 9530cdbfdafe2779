"""The files that an answer carries: which are taken, what they are called, how they travel, and what `check` says."""

import base64
import os
import re
from email import message_from_bytes
from pathlib import Path

import pytest

from autoresponder.answer.attachments import MAX_TOGETHER, attachment
from autoresponder.answer.templates import Library
from autoresponder.errors import ConfigError
from tests.answer.house import BOX, BRAND, NOW, answer, composer, decision, library, read
from tests.core.letters import letter

ROOT = Path(__file__).parents[2]
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30
ZIP = b"PK\x03\x04" + b"\0" * 30
ICS = b"BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:PUBLISH\nEND:VCALENDAR\n"
TEXT = "---\nsubject: Hours\nlanguage: en\n{}---\nHello.\n"


def templates(folder: Path, front: str, **files: bytes) -> Path:
    """A folder with one template `a`; in the names of files `_` stands for the last dot."""
    for name, data in files.items():
        (folder / ".".join(name.rsplit("_", 1))).write_bytes(data)
    (folder / "a.md").write_text(TEXT.format(front), "utf-8")
    return folder


def problems(folder: Path) -> list[str]:
    """What `check` says of the templates, without the path of the folder."""
    try:
        found = Library.load(folder, BRAND).check()
    except ConfigError as error:
        found = list(error.problems)
    return [str(problem).replace(f"{folder}/", "") for problem in found]


KINDS = [
    ("hours.pdf", PDF, "application/pdf"),
    ("HOURS.PDF", PDF, "application/pdf"),
    ("shop.png", PNG, "image/png"),
    ("shop.jpeg", b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
    ("shop.gif", b"GIF89a", "image/gif"),
    ("closing.ics", ICS, "text/calendar"),
    ("us.vcf", b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Us\r\nEND:VCARD\r\n", "text/vcard"),
    ("us.vcf", b"\xef\xbb\xbfBEGIN:VCARD\r\nEND:VCARD\r\n", "text/vcard"),
    ("prices.csv", "Größe;Preis\nXL;12 €\n".encode(), "text/csv"),
    ("terms.txt", b"Be kind.\n", "text/plain"),
    ("form.docx", ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("form.odt", ZIP, "application/vnd.oasis.opendocument.text"),
    ("all.zip", ZIP, "application/zip"),
    ("hours", PDF, "application/pdf"),
    ("model.step", b"ISO-10303-21;", "application/octet-stream"),
    ("README", b"words", "application/octet-stream"),
]


@pytest.mark.parametrize(("name", "data", "kind"), KINDS)
def test_the_type_comes_from_content_and_name(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(data)
    made = attachment(tmp_path, name)
    assert (made.name, made.type, made.size) == (name, kind, len(data))
    part = message_from_bytes(made.part)
    assert part.get_content_type() == kind
    assert (part.get_content_disposition(), part.get_filename()) == ("attachment", name)
    sent = part.get_payload(decode=True)
    if kind.startswith("text/"):
        assert part.get_content_charset() == "utf-8"
        assert sent == re.sub(rb"\r\n|\n", b"\r\n", data)  # RFC 2045 section 6.8
        assert part.get_param("method") == ("PUBLISH" if data == ICS else None)
    else:
        assert sent == data
    assert made.part.isascii()
    assert b"\n" not in made.part.replace(b"\r\n", b"")


REFUSED = [
    ("setup.exe", b"MZ\x90\0", "is a program, or can hold one"),
    ("setup.pdf", b"MZ\x90\0", "is a program, or can hold one"),
    ("tool", b"\x7fELF\x02", "is a program, or can hold one"),
    ("clean.txt", b"#!/bin/sh\n", "is a program, or can hold one"),
    ("page.js", b"alert(1)", "is a program, or can hold one"),
    ("go.BAT", b"dir", "is a program, or can hold one"),
    ("sheet.xlsm", ZIP, "is a program, or can hold one"),
    ("hours.pdf", b"<html>404", "ends in .pdf, but its content is something else"),
    ("hours.pdf", PNG, "ends in .pdf, but its content is image/png"),
    ("shop.png", PDF, "ends in .png, but its content is application/pdf"),
    ("form.docx", b"\xd0\xcf\x11\xe0", "ends in .docx, but its content is something else"),
    ("prices.csv", "Größe".encode("latin-1"), "is not UTF-8 text"),
    ("closing.ics", ICS + b"\xff", "is not UTF-8 text"),
    ("terms.txt", b"a\0b", "is not a text"),
    ("empty.pdf", b"", "is empty"),
    ("cod\u202efdp.exe", b"x", "characters that are not seen"),
    ("two\nlines.pdf", PDF, "characters that are not seen"),
    ("x" * 160 + ".pdf", PDF, "more than 150 of them"),
]


@pytest.mark.parametrize(("name", "data", "sentence"), REFUSED)
def test_what_is_not_sent(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        attachment(tmp_path, name)


@pytest.mark.parametrize("written", ["../secret.pdf", "sub/../../secret.pdf", "{outside}/secret.pdf", "link.pdf",
                                     "folder/secret.pdf", "loop.pdf"])  # fmt: skip
def test_nothing_outside_the_folder_is_read(tmp_path: Path, written: str) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "templates"
    for one in (outside, folder, folder / "sub"):
        one.mkdir()
    for one in (tmp_path, outside):
        (one / "secret.pdf").write_bytes(PDF)
    (folder / "link.pdf").symlink_to(outside / "secret.pdf")
    (folder / "folder").symlink_to(outside)
    (folder / "loop.pdf").symlink_to("loop.pdf")
    with pytest.raises(ValueError, match="templates folder"):
        attachment(folder, written.format(outside=outside))


def test_a_link_inside_the_folder_and_a_folder_in_it_are_well(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "v2.pdf").write_bytes(PDF)
    (tmp_path / "hours.pdf").symlink_to("files/v2.pdf")
    assert attachment(tmp_path, "hours.pdf").name == "hours.pdf"
    assert attachment(tmp_path, "files/v2.pdf").name == "v2.pdf"


@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_what_is_no_file_is_not_opened(tmp_path: Path, what: str) -> None:
    path = tmp_path / "hours.pdf"
    path.mkdir() if what == "folder" else os.mkfifo(path)
    with pytest.raises(ValueError, match="is not a file"):
        attachment(tmp_path, "hours.pdf")


NAMES = [
    ("Öffnungszeiten.pdf", "Offnungszeiten.pdf"),
    ("horario de atención (verano).pdf", "horario de atencion (verano).pdf"),
    ("営業時間.pdf", "attachment.pdf"),
    ("часы работы.pdf", "attachment.pdf"),
    ("😀😀.pdf", "attachment.pdf"),
    ('l\'horari "nou"; a=b, c%20.pdf', 'l\'horari "nou"; a=b, c%20.pdf'),
    ("back\\slash.pdf", "back\\slash.pdf"),
    ("é" * 120 + ".pdf", "e" * 60 + ".pdf"),
    ("n" * 140 + ".pdf", "n" * 60 + ".pdf"),
    ("=?utf-8?q?x?=.pdf", "utf-8_q_x.pdf"),
    ("Preisliste 2026.v1.2 — ü.pdf", "Preisliste 2026.v1.2 u.pdf"),
]


@pytest.mark.parametrize(("name", "plain"), NAMES)
def test_a_name_of_any_script_arrives_and_a_plain_one_beside_it(tmp_path: Path, name: str, plain: str) -> None:
    (tmp_path / name).write_bytes(PDF)
    made = attachment(tmp_path, name)
    part = message_from_bytes(made.part)
    assert part.get_filename() == name
    assert part.get_param("name") == plain
    head = made.part.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 90


LISTS = [
    ("attachments: a b.pdf\n", ["a b.pdf"]),
    ('attachments: "a b.pdf"\n', ["a b.pdf"]),
    ("attachments: [a b.pdf]\n", ["a b.pdf"]),
    ("attachments: [a b.pdf, l'hora.pdf]\n", ["a b.pdf", "l'hora.pdf"]),
    ("attachments: ['a b.pdf', \"x, y.pdf\",]\n", ["a b.pdf", "x, y.pdf"]),
    ('attachments:\n  - a b.pdf\n\n  # not this\n- "x, y.pdf"\nfrom_name: We\n', ["a b.pdf", "x, y.pdf"]),
]


@pytest.mark.parametrize(("front", "names"), LISTS)
def test_ways_to_write_the_list(tmp_path: Path, front: str, names: list[str]) -> None:
    for name in ("a b.pdf", "l'hora.pdf", "x, y.pdf"):
        (tmp_path / name).write_bytes(PDF)
    lib = Library.load(templates(tmp_path, front), BRAND)
    made = answer(lib=lib, reply="a")
    assert [one.name for one in made.attachments] == names
    assert {tmp_path / name for name in names} <= set(lib.files)  # whose change means a reload
    assert lib.check() == []


WRONG = [
    ("attachments: hours.pdf\n", "a.md:4: attachments: “hours.pdf” is not in {folder}"),
    ("attachments:\n  - ok.pdf\n  # and\n  - hours.pdf\n", "a.md:7: attachments: “hours.pdf” is not in {folder}"),
    ("attachments: ../rules.yaml\n", "a.md:4: attachments: “../rules.yaml” is not a path inside the templates folder"),
    ("attachments: run.exe\n", "a.md:4: attachments: “run.exe” is a program, or can hold one; "
                               "mail servers would not let the answer through"),
    ("attachments: [ok.pdf, ok.pdf]\n", "a.md:4: attachments: there are two files “ok.pdf”"),
    ("attachments:\n", "a.md:4: attachments: names no file (such as hours.pdf, or [hours.pdf, route.pdf])"),
    ("attachments: []\n", "a.md:4: attachments: names no file (such as hours.pdf, or [hours.pdf, route.pdf])"),
    ("attachments: [big.pdf, big2.pdf]\n", "a.md:4: attachments: 6.0 MB, more than the 5 MB of one answer "
                                           "(link to the files instead)"),
    ("attachments: huge.pdf\n", "a.md:4: attachments: “huge.pdf” has more than 5 MB, the most that one answer "
                                  "may carry"),
    ("attachments: heavy.pdf\n", "a.md:4: warning: every answer carries 1.5 MB of attachments "
                                 "(smaller files arrive more surely)"),
    ("attachment: ok.pdf\n", "a.md:4: unknown key “attachment” (did you mean “attachments”?)"),
]  # fmt: skip


@pytest.mark.parametrize(("front", "sentence"), WRONG)
def test_check_names_the_template_and_its_line(tmp_path: Path, front: str, sentence: str) -> None:
    big = PDF + b"x" * (3_000_000 - len(PDF))
    folder = templates(tmp_path, front, ok_pdf=PDF, run_exe=b"MZ", big_pdf=big, big2_pdf=big,
                       heavy_pdf=big[:1_500_000], huge_pdf=PDF + b"x" * MAX_TOGETHER)  # fmt: skip
    assert problems(folder) == [sentence.format(folder=folder)]


def test_a_part_carries_none(tmp_path: Path) -> None:
    (tmp_path / "_foot.md").write_text("---\nattachments: ok.pdf\n---\nx\n")
    assert problems(templates(tmp_path, "", ok_pdf=PDF)) == [
        "_foot.md:2: a part carries no attachments (name them in the templates)"]  # fmt: skip


def test_the_letter_is_mixed_only_where_something_is_attached(tmp_path: Path) -> None:
    (tmp_path / "a.es.md").write_text("---\nsubject: Horario\nattachments: horario.pdf\n---\nHola.\n")
    lib = Library.load(templates(tmp_path, "attachments: [hours.pdf, b.ics]\n", hours_pdf=PDF, horario_pdf=PDF + b"es",
                                 b_ics=ICS), BRAND)  # fmt: skip
    made = {}
    for language in ("en", "es"):
        message = letter()
        made[language] = composer(lib, language).compose(decision(message, reply="a"), message, BOX, NOW)
    english = read(made["en"].raw)
    assert [part.get_content_type() for part in english.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
        "text/calendar"]  # fmt: skip
    assert [part.get_filename() for part in english.iter_attachments()] == ["hours.pdf", "b.ics"]
    assert [part.get_filename() for part in read(made["es"].raw).iter_attachments()] == ["horario.pdf"]
    assert read(answer(lib=library()).raw).get_content_type() == "multipart/alternative"
    assert english.get_body(("plain",)) is not None


def test_a_file_is_encoded_once_for_all_templates(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text(TEXT.format("attachments: hours.pdf\n"))
    lib = Library.load(templates(tmp_path, "attachments: hours.pdf\n", hours_pdf=PDF), BRAND)
    (tmp_path / "hours.pdf").unlink()  # letters are made of what was loaded
    first, second = (answer(lib=lib, reply=name).attachments[0] for name in ("a", "b"))
    assert first is second
    assert base64.b64decode(first.part.partition(b"\r\n\r\n")[2]) == PDF


def test_the_heaviest_answer_is_known_so_that_few_are_made_at_once(tmp_path: Path) -> None:
    big = PDF + b"x" * 3_000_000
    (tmp_path / "b.md").write_text(TEXT.format("attachments: hours.pdf\n"))
    lib = Library.load(templates(tmp_path, "attachments: big.pdf\n", hours_pdf=PDF, big_pdf=big), BRAND)
    raw = answer(lib=lib, reply="a").raw
    assert 0.99 * len(raw) < composer(lib).heaviest < len(raw)
    assert composer().heaviest == 0


def test_the_documented_example_works(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "templates.md").read_text("utf-8")
    example = re.search(r"```text\n(---\nsubject: [^`]*?attachments:[^`]*?)```", text)
    assert example
    (tmp_path / "a.md").write_text(example[1])
    (tmp_path / "files").mkdir()
    for name in re.findall(r"^  - (.*)$", example[1], re.MULTILINE):
        (tmp_path / name).write_bytes({"pdf": PDF, "ics": ICS}[name.rpartition(".")[2]])
    lib = Library.load(tmp_path, BRAND)
    assert lib.check() == []
    assert len(answer(lib=lib, reply="a").attachments) == 2
