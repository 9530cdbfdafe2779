"""Secrets: read anew each time, from wherever they are kept; never shown; missing ones named in a sentence."""

import os
import pickle
import sys
from pathlib import Path

import pytest

from autoresponder.config.build import load_settings, missing_secrets
from autoresponder.config.secrets import Kind, Secret
from autoresponder.errors import ConfigError, Place

AT = Place("rules.yaml", 3, 5)
WORD = "hunter2-ñ"


def secret(kind: Kind, *source: str, folder: Path = Path(), **environ: str) -> Secret:
    return Secret(kind, source, AT, folder, environ | {"PATH": os.environ["PATH"]})


def test_every_kind_is_read_anew_each_time(tmp_path: Path) -> None:
    (tmp_path / "imap").write_text(WORD + "\n")
    environ = {"MAIL": WORD}
    show = [
        sys.executable,
        "-c",
        "import sys; sys.stdout.reconfigure(encoding='utf-8'); print(open('imap', encoding='utf-8').read(), end='')",
    ]
    secrets = [
        secret("plain", WORD),
        secret("file", "imap", folder=tmp_path),
        secret("credential", "imap", CREDENTIALS_DIRECTORY=str(tmp_path)),
        Secret("env", ("MAIL",), AT, environ=environ),
        secret("command", *show, folder=tmp_path),
    ]
    assert [ask() for ask in secrets] == [WORD] * 5
    (tmp_path / "imap").write_text("new")
    environ["MAIL"] = "new"
    assert [ask() for ask in secrets] == [WORD] + ["new"] * 4


def test_a_credential_typed_for_is_that_of_the_service(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials").chmod(0o755)
    file = tmp_path / "credentials" / "imap"
    file.write_text("at a prompt")
    file.chmod(0o600)
    (tmp_path / "imap").write_text("from systemd")
    at_a_prompt = secret("credential", "imap", folder=tmp_path)
    assert (at_a_prompt(), at_a_prompt.exposed()) == ("at a prompt", False)
    file.chmod(0o644)
    assert at_a_prompt.exposed()
    (tmp_path / "credentials").chmod(0o700)  # as `make install` makes it, and nobody else looks into it
    assert not at_a_prompt.exposed()
    assert secret("credential", "imap", folder=tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path))() == "from systemd"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (secret("env", "MAIL"), "the environment variable MAIL is not set"),
        (secret("env", "MAIL", MAIL=""), "the environment variable MAIL is empty"),
        (
            secret("credential", "imap", folder=Path("/nowhere")),
            "credential imap: /nowhere/credentials/imap: no such file or directory (create it, mode 0600)",
        ),
        (
            secret("credential", "imap", CREDENTIALS_DIRECTORY="/nowhere"),
            "credential imap: /nowhere/imap: no such file",
        ),
        (secret("file", "/nowhere/imap"), "file /nowhere/imap: /nowhere/imap: no such file"),
        (secret("command", "/nowhere/get", "--password=hunter2"), "the command /nowhere/get could not be started"),
        (secret("command", "false"), "the command false failed with exit code 1"),
        (
            secret("command", "sh", "-c", "echo hunter2 >&2; echo hunter2; exit 3"),
            "the command sh failed with exit code 3",
        ),
        (secret("command", "true"), "the command true is empty"),
        (secret("command", "printf", r"hunter2\nhunter2\n"), "the command printf has more than one line"),
        (secret("command", "printf", r"hunter2\377"), "the command printf is not UTF-8 text"),
        (secret("command", "head", "-c", "70000", "/dev/zero"), "the command head gives more than 65536 octets"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_read_is_named_and_nothing_is_shown(source: Secret, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        source()
    assert str(caught.value).startswith(f"rules.yaml:3:5: {sentence}")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_a_command_says_beside_the_secret_is_not_part_of_it() -> None:
    assert secret("command", "sh", "-c", "echo please wait >&2; echo hunter2")() == "hunter2"


def test_a_secret_is_never_shown() -> None:
    hidden = secret("plain", "hunter2")
    command = secret("command", "get", "--key=hunter2")
    assert "hunter2" not in f"{hidden!r} {hidden} {hidden!s} {[hidden]} {command!r}"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(hidden)


def test_the_same_secret_on_another_line_is_the_same_secret() -> None:
    assert Secret("env", ("A",), Place("r", 1), environ={}) == Secret("env", ("A",), Place("r", 9), environ={"x": "y"})
    assert Secret("plain", ("a",), AT) != Secret("plain", ("b",), AT)


MAILBOX = """
mailboxes:
  contact:
    address: contact@example.com
    imap: {{host: imap.example.com, password: {password}}}
    smtp: {{host: smtp.example.com}}
rules: [{{name: All, reply: acknowledgement}}]
"""


@pytest.mark.parametrize(
    ("password", "mode", "warned"),
    [("hunter2", 0o644, True), ("hunter2", 0o640, True), ("hunter2", 0o600, False), ("{file: imap}", 0o644, False)],
)
def test_a_password_that_others_can_read_is_a_warning(tmp_path: Path, password: str, mode: int, warned: bool) -> None:
    (tmp_path / "imap").write_text("hunter2")
    (tmp_path / "imap").chmod(0o600)
    path = tmp_path / "rules.yaml"
    path.write_text(MAILBOX.format(password=password))
    path.chmod(mode)
    settings = load_settings(path)
    assert any("others can read this file" in w.sentence for w in settings.warnings) is warned
    assert "hunter2" not in repr(settings) + "".join(map(str, settings.warnings))
    assert settings.accounts["contact"].imap.password() == "hunter2"
    assert settings.accounts["contact"].smtp.password is not None
    assert settings.accounts["contact"].smtp.password() == "hunter2"


def test_a_secret_file_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "imap").write_text("hunter2")
    (tmp_path / "imap").chmod(0o644)
    (tmp_path / "rules.yaml").write_text(MAILBOX.format(password="{file: imap}"))
    (warning,) = load_settings(tmp_path / "rules.yaml").warnings
    assert warning.step == f"chmod 600 {tmp_path / 'imap'}"


def test_check_finds_missing_secrets_and_loading_does_not_ask(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(MAILBOX.format(password="{env: NOT_SET}"))
    settings = load_settings(tmp_path / "rules.yaml", environ={})
    (problem,) = missing_secrets(settings)
    assert str(problem).endswith(
        "rules.yaml:5:46: the environment variable NOT_SET is not set (set it where the daemon is started)"
    )
