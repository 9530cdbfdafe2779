"""`preview` shows the answer that the daemon would send, `send-test` sends one and says that it is a test."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresponder.cli import main
from tests.answer.house import SHIPPED, Page, read
from tests.answer.language_table import LANGUAGES
from tests.lab.sink import Sink

RULES = """\
mailboxes:
  contact:
    address: contact@example.com
    aliases: [info@example.com, "@branch.example"]
    imap: {{host: 127.0.0.1, security: none, password: x}}
    smtp: {{host: 127.0.0.1, port: {port}, security: none, user: ""}}
    language: es
  shop:
    address: shop@example.com
    imap: {{host: 127.0.0.1, security: none, password: x}}
    smtp: {{host: 127.0.0.1, port: {port}, security: none, user: ""}}
    language: de
brand: {{name: Example Ltd{logo}}}
notify: boss@example.com
rules:
  - {{name: Everything, reply: acknowledgement, promise: 2 hours}}
"""
LETTER = b"""From: "Jane Whitfield" <jane@northmoor.example>
To: contact@example.com
Subject: Opening hours
Message-ID: <1@northmoor.example>
Content-Language: es-ES

Hi, are you open on Saturday morning? I would like to come by and have a look at the sofa.
"""
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
"""Enough of a PNG to be taken for one."""

Run = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with rules.yaml and the sample templates."""
    shutil.copytree(SHIPPED, tmp_path / "templates")
    _rules(tmp_path)
    return tmp_path


def _rules(folder: Path, port: int = 25, logo: str = "") -> None:
    path = folder / "rules.yaml"
    path.write_text(RULES.format(port=port, logo=f", logo: {logo}" if logo else ""))
    path.chmod(0o600)


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a command there; gives the exit code."""
    return lambda *words: main(["-c", str(folder / "rules.yaml"), *words])


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ([], "Hola, Ana Ruiz:"),
        (["--language", "fr"], "Bonjour Ana Ruiz,"),
        (["--mailbox", "shop"], "Guten Tag Ana Ruiz,"),
        (["--mailbox", "shop", "--language", "eu"], "Kaixo, Ana Ruiz:"),
        (["--now", "2026-12-24T10:00"], "antes del jueves 24 de diciembre a las 12:00"),
        (["--letter", "letter.eml"], "Dear Jane Whitfield,"),
        (["--letter", "letter.eml", "--language", "it"], "Buongiorno Jane Whitfield,"),
    ],
)
def test_preview_prints_the_letter(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str],
    begins: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(folder)
    (folder / "letter.eml").write_bytes(LETTER)
    assert run("preview", "acknowledgement", *words) == 0
    out = capsys.readouterr().out
    assert begins in " ".join(out.split())
    assert ("Re: Opening hours" if "--letter" in words else "Re: A question about my order") in out


def test_preview_writes_each_form(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "logo.png").write_bytes(PNG)
    _rules(folder, logo="logo.png")
    for name in ("a.html", "a.txt", "a.eml"):
        assert run("preview", "closed", "-o", str(folder / name)) == 0
    page = Page((folder / "a.html").read_text())
    (logo,) = [attrs for tag, attrs in page.tags if tag == "img"]
    assert (logo["src"] or "").startswith("data:image/png;base64,iVBORw0KGgo") and logo["alt"] == "Example Ltd"
    message = read((folder / "a.eml").read_bytes())
    assert message["to"] == "Ana Ruiz <ana.ruiz@example.org>" and message["in-reply-to"] == "<sample@example.org>"
    assert (folder / "a.txt").read_text() in capsys.readouterr().out + (folder / "a.txt").read_text()
    assert "cid:logo@" in next(p for p in message.walk() if p.get_content_type() == "text/html").get_content()


def test_preview_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("preview", "invoice", "--language", "pl", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {"subject", "language", "text", "html"}
    assert shown["language"] == "pl" and shown["text"].startswith("Dzień dobry,")


def test_the_contact_sheet_shows_every_template_in_every_language(run: Run, folder: Path) -> None:
    assert run("preview", "--all", "-o", str(folder / "sheet.html")) == 0
    sheet = Page((folder / "sheet.html").read_text())
    assert sheet.fault == ""
    frames = [attrs for tag, attrs in sheet.tags if tag == "iframe"]
    names = ("acknowledgement", "christmas", "closed", "invoice")
    assert {frame["title"] for frame in frames} == {f"{name}, {tag}" for name in names for tag in LANGUAGES}
    assert len(frames) == 48
    for frame in frames:
        assert frame["sandbox"] == "allow-same-origin"
        inner = Page(frame["srcdoc"] or "")
        assert inner.fault == "" and inner.tags[0][1]["lang"] == (frame["title"] or "").rpartition(" ")[2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["preview"], "name one template, or say --all"),
        (["preview", "closed", "--all"], "name one template, or say --all"),
        (["preview", "--all"], "say where the page goes"),
        (["preview", "clsed"], "there is no template “clsed”"),
        (["preview", "closed", "--mailbox", "x"], "there is no mailbox “x”"),
        (["preview", "closed", "--now", "tomorrow"], "“tomorrow” is not a date and time"),
        (["preview", "closed", "-o", "x.pdf"], "unknown kind of file"),
        (["preview", "closed", "-o", "/nowhere/x.html"], "cannot be written"),
        (["preview", "closed", "--letter", "/nowhere/x.eml"], "cannot be read"),
        (["send-test", "closed", "--to", "jane@northmoor.example"], "is not an address of ours"),
        (["send-test", "closed", "--to", "no address"], "is not an address a letter can be sent to"),
        (["send-test", "closed", "--to", "a@b.example\r\nBcc: c@d.example", "--yes"], "is not an address a letter can"),
        (["send-test", "clsed", "--to", "boss@example.com"], "there is no template “clsed”"),
    ],
)
def test_what_is_wrong_is_said(run: Run, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert run(*words) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("boss@example.com", []),
        ("anybody@branch.example", []),
        ("contact+test@example.com", []),
        ("INFO@example.com", ["--mailbox", "shop", "--language", "ro"]),
        ("jane@northmoor.example", ["--yes"]),
    ],
)
def test_a_test_letter_says_that_it_is_one(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str], to: str, words: list[str]
) -> None:
    with Sink() as sink:
        _rules(folder, sink.port)
        assert run("send-test", "acknowledgement", "--to", to, *words) == 0
        (got,) = sink.messages
    assert "sent to" in capsys.readouterr().out
    assert got.to == (to,) and got.sender == ""
    message = read(got.data)
    assert str(message["subject"]).startswith("[TEST] Re: ")
    assert message["auto-submitted"] == "auto-replied"
    assert message["from"].addresses[0].addr_spec == ("shop@example.com" if "shop" in words else "contact@example.com")
    text, html = (part.get_content() for part in message.iter_parts())
    assert text.startswith("*** This is a test of the answer “acknowledgement”.")
    page = Page(html)
    assert page.fault == "" and "This is a test of the answer “acknowledgement”." in page.text
    if "ro" in words:
        assert message["content-language"] == "ro" and "Bună ziua, Ana Ruiz," in text


def test_a_server_that_takes_no_null_sender_gets_the_mailbox(run: Run, folder: Path) -> None:
    with Sink() as sink:
        _rules(folder, sink.port)
        sink.on("MAIL", answer="501 5.1.7 no null sender here", match="<>")
        assert run("send-test", "closed", "--to", "boss@example.com") == 0
        (got,) = sink.messages
    assert got.sender == "contact@example.com"


@pytest.mark.parametrize(
    ("stage", "answer", "said"),
    [
        ("RCPT", "550 5.1.1 nobody of that name", "did not take it: 550"),
        ("DOT", "451 4.3.0 come again", "did not take it: 451"),
    ],
)
def test_a_server_that_refuses_is_exit_code_3(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str], stage: str, answer: str, said: str
) -> None:
    with Sink() as sink:
        _rules(folder, sink.port)
        sink.on(stage, answer=answer)  # type: ignore[arg-type]  # a literal, from the table
        assert run("send-test", "closed", "--to", "boss@example.com") == 3
    out = capsys.readouterr().out
    assert said in out and answer[4:] in out


def test_a_server_that_is_not_there_is_exit_code_3(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Sink() as sink:
        port = sink.port
    _rules(folder, port)
    assert run("send-test", "closed", "--to", "boss@example.com") == 3
    assert f"127.0.0.1:{port}" in capsys.readouterr().err
