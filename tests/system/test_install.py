"""`make install` puts the program, the configuration and the unit where they belong, and overwrites nobody's rules."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACE = "/opt/autoresponder"


@pytest.fixture(scope="module")
def python() -> str:
    """A Python that a service may use: not in a home directory, and able to make virtual environments."""
    for candidate in (Path(sys.base_prefix, "bin/python3"), Path("/usr/bin/python3")):
        if candidate.is_relative_to("/root") or candidate.is_relative_to("/home") or not candidate.exists():
            continue
        able = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
        if subprocess.run([candidate, "-c", able], capture_output=True).returncode == 0:
            return str(candidate)
    pytest.skip("every Python 3.11 or newer here lies in a home directory, where a service cannot see it")


def make(goal: str, destination: Path, python: str) -> str:
    """`make GOAL` into a folder, without the extras."""
    environ = {**os.environ, "DESTDIR": str(destination), "PYTHON": python, "EXTRAS": ""}
    done = subprocess.run(["make", goal], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)  # it fetches what the program depends on
def test_install_again_and_uninstall(tmp_path: Path, python: str) -> None:
    said = make("install", tmp_path, python)
    program, config = tmp_path / PLACE[1:] / "bin/autoresponder", tmp_path / "etc/autoresponder"
    unit = tmp_path / "etc/systemd/system/autoresponder.service"
    command = tmp_path / "usr/local/bin/autoresponder"
    rules = (config / "rules.yaml").read_text()

    assert program.read_text().startswith(f"#!{PLACE}/bin/python")
    assert command.readlink() == Path(PLACE, "bin/autoresponder")
    assert unit.read_text() == (ROOT / "systemd/autoresponder.service").read_text()
    assert re.findall("^mode: *(\\w+)", rules, re.MULTILINE) == ["shadow"]
    assert {one.name for one in (config / "templates").iterdir()} == {
        one.name for one in (ROOT / "templates").iterdir()
    }
    assert (config / "credentials").stat().st_mode & 0o777 == 0o700
    assert "systemctl enable --now autoresponder" in said

    (config / "rules.yaml").write_text("mine")
    assert "kept: /etc/autoresponder/rules.yaml" in make("configuration", tmp_path, python)
    assert (config / "rules.yaml").read_text() == "mine"

    make("uninstall", tmp_path, python)
    assert not program.exists()
    assert not command.is_symlink()
    assert not unit.exists()
    assert (config / "rules.yaml").exists()


def test_a_python_that_a_service_cannot_see_is_refused(tmp_path: Path) -> None:
    impostor = tmp_path / "python3"
    impostor.write_text("#!/bin/sh\necho /home/ana/python\n")
    impostor.chmod(0o755)
    command = ["make", "install", f"DESTDIR={tmp_path}/root", f"PYTHON={impostor}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "cannot see a Python in a home directory" in done.stderr
    assert not (tmp_path / "root").exists()
