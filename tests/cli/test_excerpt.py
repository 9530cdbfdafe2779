"""The line that a problem speaks of is shown with a caret at the place, and never with a secret in it."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autoresponder.cli.excerpt import excerpt
from autoresponder.config.build import load_settings
from autoresponder.errors import ConfigError, Place, Problem

CONFIGS = Path(__file__).parent.parent / "configs"
BOX = """\
mailboxes:
  contact:
    address: contact@example.com
    imap: {{host: imap.example.com, {imap}}}
    smtp: {{host: smtp.example.com}}
rules:
  - {{name: Rest, reply: acknowledgement}}
"""


def problems(path: Path) -> list[Problem]:
    try:
        return list(load_settings(path, environ={}).warnings)
    except ConfigError as error:
        return list(error.problems)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_caret_stands_under_the_place_and_no_secret_is_shown(path: Path) -> None:
    lines = path.read_bytes().decode("utf-8-sig", "replace").split("\n")
    for problem in problems(path):
        shown = excerpt(problem)
        assert not re.search("hunter|12345|geheim|s3cret", shown), shown
        if shown:
            line, caret = shown.split("\n")
            assert caret.strip() == "^"
            place = problem.place
            at = len(caret) - 1
            under = line[at : at + 1]
            written = lines[place.line - 1][place.column - 1 : place.column]
            assert under in (written, "…", "") or len(lines[place.line - 1]) > 90, (shown, written)


def test_most_problems_are_shown() -> None:
    found = [bool(excerpt(p)) for path in CONFIGS.glob("*.yaml") for p in problems(path) if p.place.line]
    assert sum(found) > 0.9 * len(found)


@pytest.mark.parametrize(
    "imap",
    [
        "password: hunter2, prot: 993",
        'prot: 993, password: "hunter2"',
        "pasword: hunter2",
        "Passwort: hunter2",
        "pwd: hunter2",
        "hunter: hunter2",
        "password: {hunter2}",
        "password: {hunter2: x}",
        "password: {command: [echo, hunter2], x: 1}",
        "password: [hunter2]",
        "password: {plain: hunter2}",
        "oauth2: {token: hunter2, x: 1}",
        "oauth2: {tokn: hunter2}",
        'password: "hunter2',
        "password: hunter2], port: x",
        "password:\thunter2",
        "password: 'hunter2' x",
        "password: &hunter2",
        "password: !hunter2 x",
        "password: hunter2}}",
        'password: "one\n  hunter2", port: x',
        "port: x, api-key: hunter2",
    ],
)
def test_no_way_of_writing_a_password_wrong_shows_it(tmp_path: Path, imap: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(BOX.format(imap=imap))
    found = problems(path)
    assert found
    for problem in found:
        assert "hunter2" not in excerpt(problem), excerpt(problem)
    for line in range(1, 10):  # nor would any other place in that file
        for column in (1, 5, 20, 40, 60):
            assert "hunter2" not in excerpt(Problem(Place(str(path), line, column), "x"))


def test_the_database_password(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("mode: liv\nstate: mysql://me:hunter2@db/x\n" + BOX.format(imap="password: {env: A}"))
    shown = [excerpt(problem) for problem in problems(path)]
    assert shown[0] == "    mode: liv\n          ^"
    assert shown[1] == "    state: …\n           ^"


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("naïve: 漢字 x", 11, ["    naïve: 漢字 x", "                ^"]),
        ("a:\tb", 4, ["    a: b", "       ^"]),
        ("a: \x1b[31mred", 1, ["    a:  [31mred", "    ^"]),
        ("x" * 300, 200, ["    …" + "x" * 100 + "…", "    " + " " * 51 + "^"]),
        ("short", 40, ["    short", "         ^"]),
    ],
)
def test_how_a_line_is_drawn(tmp_path: Path, line: str, column: int, expected: list[str]) -> None:
    path = tmp_path / "letter.md"
    path.write_text(line)
    assert excerpt(Problem(Place(str(path), 1, column), "x")).split("\n") == expected


@pytest.mark.parametrize("place", [Place("/nowhere", 1, 1), Place(__file__), Place(__file__, 10**6, 1)])
def test_what_cannot_be_shown_is_left_out(place: Place) -> None:
    assert excerpt(Problem(place, "x")) == ""


def test_at_a_terminal_check_shows_it_and_in_a_pipe_one_line_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(BOX.format(imap="password: {env: A}") + "ruels: []\n")
    argv = [sys.executable, "-m", "autoresponder", "-c", str(path), "check"]
    piped = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert piped.returncode == 2
    assert piped.stderr.count("\n") == 1
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as screen:  # noqa: PTH123 - a descriptor
        done = subprocess.run(argv, stderr=theirs, env=os.environ | {"NO_COLOR": "1"}, check=False)
        os.close(theirs)
        assert done.returncode == 2
        shown = screen.read(4096).decode().replace("\r", "")
    assert shown == piped.stderr + "    ruels: []\n    ^\n"
