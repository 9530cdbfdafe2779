"""Secrets are silent: however something fails, no form of them is in a log, an error, `status` or the process list."""

import base64
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from autoresponder.errors import ConfigError
from autoresponder.service.daemon import load_all
from tests.e2e.house import House
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Sink
from tests.lab.tls import Certificates
from tests.mail.scripted_imap import Raw, ScriptedImap, opening

SECRET = "hunter2-Geheim-4711"


def leaks(text: str) -> list[str]:
    """The forms of the secret that are in a text: plain, reversed, and base64 at each of the three alignments."""
    forms = [SECRET, SECRET[::-1], SECRET[:9]]
    forms += [base64.b64encode(b"\0" * shift + SECRET.encode()).decode()[4:-4] for shift in range(3)]
    return [form for form in forms if form in text]


def test_the_detector_detects() -> None:
    for shift in range(3):
        assert leaks("x" + base64.b64encode(b"u" * shift + b"\0" + SECRET.encode()).decode())
    assert leaks(f"password {SECRET}!")
    assert not leaks("the server refused the login of u1")


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    made = House(tmp_path, dovecot, sink.port)
    for path in (made.folder / "templates").glob("*.*.md"):
        path.unlink()
    return made


def told(house: House) -> str:
    """Everything a failing configuration makes the program say, at its most talkative."""
    house.write()
    said = [house.cli(*words.split(), code=None) for words in ("check --connect", "run --once -v", "status --json")]
    return "".join(said)


def test_wrong_imap_password(house: House, dovecot: Dovecot) -> None:
    house.mailbox(dovecot.new_user(), password=SECRET)
    said = told(house)
    assert "wrong user or password" in said
    assert leaks(said) == []


def test_wrong_smtp_password_that_the_server_repeats(tmp_path: Path, dovecot: Dovecot, make_sink: Any) -> None:
    user = dovecot.new_user(SECRET)
    sink = make_sink(dovecot.certificates.server, logins={user: "another"})
    both = base64.b64encode(f"\0{user}\0{SECRET}".encode()).decode()
    sink.on("AUTH", answer=f"535 5.7.8 not {SECRET}, nor {both}")
    house = House(tmp_path, dovecot, sink.port, login=True)
    house.mailbox(user, password=SECRET)
    said = told(house)
    assert "refused the login" in said
    assert leaks(said) == []


def test_refused_token_that_the_server_repeats(house: House) -> None:
    reason = base64.b64encode(f'{{"status":"invalid","token":"{SECRET}"}}'.encode())
    refused = b"%t NO [AUTHENTICATIONFAILED] bad token " + SECRET.encode() + b"\r\n"
    script = [*opening(b"IMAP4rev1 AUTH=XOAUTH2"), "AUTHENTICATE XOAUTH2", b"+ \r\n", Raw(".+"),
              b"+ " + reason + b"\r\n", Raw(""), refused]  # fmt: skip
    with ScriptedImap(script) as server:
        house.mailbox("u1", port=server.port)
        for name, text in house.boxes.items():
            house.boxes[name] = text.replace("password: secret", f"oauth2: {{token: {SECRET}}}")
        house.write()
        said = house.cli("run", "--once", "-v", code=3)
    assert "access token was refused" in said or "wrong user or password" in said
    assert leaks(said) == []


def test_tls_failure(house: House, dovecot: Dovecot, tmp_path: Path) -> None:
    house.mailbox(dovecot.new_user(SECRET), password=SECRET)
    other = Certificates(tmp_path / "other")
    for name, text in house.boxes.items():
        house.boxes[name] = text.replace(str(dovecot.certificates.ca), str(other.ca))
    said = told(house)
    assert "certificate is not trusted" in said
    assert leaks(said) == []


COMMANDS = {
    "fails and prints it": (f"print('{SECRET}'); import sys; sys.stderr.write('{SECRET}'); sys.exit(3)", "exit code 3"),
    "prints two lines": (f"print('{SECRET}'); print('{SECRET}')", "more than one line"),
    "prints no text": (f"import sys; sys.stdout.buffer.write(b'{SECRET}' + bytes([255]))", "not UTF-8"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_secret_s_command_misbehaves(house: House, dovecot: Dovecot, name: str) -> None:
    script, words = COMMANDS[name]
    (house.folder / "ask.py").write_text(script)
    house.mailbox(dovecot.new_user(), password=f"{{command: [{sys.executable}, ask.py]}}")
    said = told(house)
    assert words in said
    assert leaks(said) == []


def test_the_process_list(house: House, dovecot: Dovecot) -> None:
    house.mailbox(dovecot.new_user(SECRET), password=SECRET)
    with house.running("-v"):
        (note,) = house.json("status", code=0)
        for name in ("cmdline", "comm", "status"):
            assert leaks(Path(f"/proc/{note['daemon']['pid']}/{name}").read_text(errors="replace")) == []
        assert leaks(str(note)) == []
    assert leaks("".join(str(line) for line in house.log)) == []
    assert leaks((house.folder / "state.db").read_bytes().decode("latin-1")) == []


# rules.yaml -----------------------------------------------------------------------------------------------------------
SLIPS = [
    "password: @{}", 'password: "{}', "password: '{}", "password: [{}]", "password: {{{}}}", "password: {{{}: x}}",
    "password: {{fil: {}}}", "password: {{file: {}, env: {}}}", "password: {{command: {}}}", "pasword: {}",
    "password: {}: x", "password: !{} x", "password: *{}", "password: &{}", "password: '{}'x", "password {}", "{}",
    "password: {}\n      password: {}", 'password: "\\{}"', "password: {}\x01", "password: >{}",
    "password: %{}", "password: `{}`", "password: - {}", "? {}", "oauth2: {}", "oauth2: {{{}: x}}",
    "oauth2: {{token: {{fil: {}}}}}", "oauth2: {{token: [{}]}}", "password: ''\n      oauth2: {}",
    "password: {}\n     oauth2: {}", "port: {}", "security: {}", "ca_file: /nowhere\n      password: {}",
]  # fmt: skip
FILE = """mailboxes:
  contact:
    address: contact@example.com
    imap:
      host: imap.example.com
      user: contact
      {}
    smtp: {{host: smtp.example.com, user: ""}}
rules:
  - {{name: Everything, reply: acknowledgement}}
"""
SPOKEN = ("{}", "port: {}", "security: {}", "? {}", "password {}")
"""Where the secret stands in the place of something that is no secret: there is nothing to tell it by."""


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_the_pen_beside_a_password(slip: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(FILE.format(slip.replace("{}", SECRET).replace("{{", "{").replace("}}", "}")))
    with pytest.raises(ConfigError) as caught:
        load_all(path)
    error = caught.value
    said = f"{error} {error!r} {error.problems!r} {''.join(traceback.format_exception(error))}"
    assert "rules.yaml:" in said
    if slip not in SPOKEN:
        assert leaks(said) == []


def test_the_reload_of_such_a_file_is_as_silent(house: House, dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    house.mailbox(user)
    with house.running("-v"):
        house.boxes[user] = house.boxes[user].replace("password: secret", f"password: {{{SECRET}: x}}")
        house.reloaded()
        house.wait_log("not reloaded")
        said = house.cli("status", "--json", code=1)
    assert leaks(said + "".join(str(line) for line in house.log)) == []
