"""The documents do what they say: their commands run, their pictures are those of the code, their output is real.

Each line of a ```sh block that begins with `autoresponder` is run beside a daemon that has answered one letter. Others
must be known here: a make target that exists, or a program of the system that no test can run.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresponder.cli import COMMANDS
from autoresponder.core.outbox import diagram
from tests.e2e.house import House, letter
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Sink

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SYSTEM = ("systemctl ", "journalctl ", "sudoedit ", "sudo make ", "cd ", "git clone ")
"""What a reader runs on a machine of his own."""


def commands() -> Iterator[tuple[str, str]]:
    """(page, command line) of every ```sh block, comments off."""
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.M | re.S):
            for line in block.splitlines():
                text = line.partition("  #")[0].strip()
                if text and not text.startswith("#"):
                    yield page.name, text


COMMAND_LINES = list(commands())
OURS = [(page, line) for page, line in COMMAND_LINES if line.startswith("autoresponder")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot) -> Iterator[House]:
    """A running daemon that has answered ana@example.net, in a folder with rules.yaml and letter.eml."""
    folder = tmp_path_factory.mktemp("house")
    with Sink() as sink:
        house, user = House(folder, dovecot, sink.port), dovecot.new_user()
        me = house.mailbox(user, "contact")
        (folder / "letter.eml").write_bytes(letter(me))
        with house.running():
            dovecot.deliver(user, letter(me), "ana@example.net")
            sink.wait(1)
            yield house


@pytest.mark.parametrize(("page", "line"), OURS, ids=[f"{page}: {line[:60]}" for page, line in OURS])
def test_a_documented_command_works(house: House, page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    argv = [sys.executable, "-m", "autoresponder", *words]
    if "run" in words:  # the daemon holds the state: another folder with the same files
        assert "--once" in words, "a daemon that does not end is for a ```text block"
        house.path.with_name("other.yaml").write_text(house.path.read_text().replace("state.db", "other.db"))
        argv[3:3] = ["-c", "other.yaml"]
    done = subprocess.run(argv, cwd=house.folder, capture_output=True, text=True, timeout=60, check=False, input="")
    assert done.returncode in (0, 1), f"{line}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("page", "line"), [c for c in COMMAND_LINES if c not in OURS])
def test_other_commands_are_known(page: str, line: str) -> None:
    if line.startswith("make "):
        target = line.split()[1]
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), f"{page}: make {target}?"
    else:
        assert line.startswith(SYSTEM), f"{page}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_commands_and_links_exist(page: Path) -> None:
    text = page.read_text()
    for word in re.findall(r"`autoresponder (?:-\S+ \S+ )?([a-z][a-z-]*)", text):
        assert word in COMMANDS, f"{page.name}: autoresponder {word}?"
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / link).exists(), f"{page.name}: {link}?"


def test_the_outbox_is_drawn_from_its_table() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert f"```mermaid\n{diagram()}```" in text, "make it anew: python -m autoresponder.core.outbox"
