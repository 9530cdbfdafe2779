"""An answer with a file, as a user has it: sent, shown, tried, changed on disk, and missing."""

import json
from pathlib import Path

import pytest

from autoresponder.cli import main
from tests.e2e.house import House, letter
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Received, Sink

PDF = b"%PDF-1.7\n" + b"nine to two\n" * 20_000
"""Heavy: the delivery reads such a letter only when its turn has come, and its bytes are not kept."""
NAME = "Öffnungszeiten.pdf"


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    """A house that sends straight to the recording sink, and whose only answer carries a file in a folder."""
    made = House(tmp_path, dovecot, sink.port)
    templates = made.folder / "templates"
    for path in templates.glob("*.md"):
        path.unlink()
    (templates / "files").mkdir()
    (templates / "files" / NAME).write_bytes(PDF)
    (templates / "acknowledgement.md").write_text(
        f"---\nsubject: Hours\nlanguage: en\nattachments: files/{NAME}\n---\nThey come with this letter.\n"
    )
    return made


def attached(got: Received) -> list[tuple[str | None, object]]:
    """(name, octets) of each file in a letter."""
    parts = [part for part in got.message.walk() if part.get_content_disposition() == "attachment"]
    return [(part.get_filename(), part.get_payload(decode=True)) for part in parts]


def test_a_file_goes_with_the_answer_and_a_changed_one_is_read_again(
    house: House, dovecot: Dovecot, sink: Sink
) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    file = house.folder / "templates" / "files" / NAME
    with house.running():
        dovecot.deliver(user, letter(me, "ana@example.net"), "ana@example.net")
        assert attached(sink.wait(1)[0]) == [(NAME, PDF)]
        file.write_bytes(PDF + b"and four to seven\n")
        house.wait("READY=1", 2)
        dovecot.deliver(user, letter(me, "bo@example.net"), "bo@example.net")
        assert attached(sink.wait(2)[1]) == [(NAME, PDF + b"and four to seven\n")]
        file.unlink()
        house.wait("READY=1", 3)  # refused: the old answer stays in force, and its file with it
        assert any(NAME in line for line in house.said("not reloaded"))
        dovecot.deliver(user, letter(me, "cy@example.net"), "cy@example.net")
        assert attached(sink.wait(3)[2]) == [(NAME, PDF + b"and four to seven\n")]
    assert (house.folder / "state.db").stat().st_size < 3 * len(PDF)  # of three such answers
    said = house.cli("check", code=2)
    assert f"acknowledgement.md:4: attachments: “files/{NAME}” is not in " in said


def test_it_is_shown_and_goes_with_a_test_letter(
    house: House, dovecot: Dovecot, sink: Sink, capsys: pytest.CaptureFixture[str]
) -> None:
    me = house.mailbox(dovecot.new_user())
    house.write()
    (house.folder / "letter.eml").write_bytes(letter(me))

    def said(*words: str) -> str:
        assert main(["-c", str(house.path), *words]) == 0
        return capsys.readouterr().out

    line = f"attached {NAME} (application/pdf, 240 kB)"
    assert line in said("preview", "acknowledgement")
    assert line in said("explain", str(house.folder / "letter.eml"))
    assert json.loads(said("preview", "acknowledgement", "--json"))["attachments"] == [NAME]
    explained = json.loads(said("explain", str(house.folder / "letter.eml"), "--json"))
    assert explained["reply"]["attachments"] == [NAME]
    said("preview", "acknowledgement", "-o", str(house.folder / "a.eml"))
    assert b"multipart/mixed" in (house.folder / "a.eml").read_bytes()
    said("send-test", "acknowledgement", "--to", me)
    (got,) = sink.messages
    assert attached(got) == [(NAME, PDF)]
