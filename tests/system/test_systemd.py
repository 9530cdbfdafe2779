"""The shipped unit: tight, nothing for `systemd-analyze verify` to say, and the daemon lives under a real systemd."""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import systemd_box
from tests.lab.dovecot import Dovecot
from tests.lab.machine import SKIPPED, Need, require, wait_until
from tests.lab.sink import Sink
from tests.lab.systemd_box import SystemdBox, Unavailable

ROOT = Path(__file__).resolve().parents[2]
UNIT = "autoresponder.service"
COMMAND = "/opt/autoresponder/bin/autoresponder"
SOURCE = ROOT / "systemd" / UNIT
ANALYZE = (Need("systemd-analyze", "systemd"),)
HURRY = "[Service]\nWatchdogSec=3\nRestartSec=100ms\n"
"""A drop-in for tests: what takes minutes on a real host takes seconds."""
PROGRAM = """#!/bin/sh
export PYTHONPATH=/opt/source:/opt/site LD_LIBRARY_PATH={python}/lib
exec {python}/bin/python{version} -m autoresponder "$@"
"""
"""What stands where `make install` puts the console script: this very Python and package."""


def letter(user: str, sender: str, subject: str) -> bytes:
    """A letter from a person."""
    headers = (
        f"From: Ana <{sender}>\r\nTo: {user}@lab.test\r\nSubject: {subject}\r\nMessage-ID: <{subject}-{sender}>\r\n"
    )
    return f"{headers}\r\nHello.\r\n".encode()


def analyze(*words: str) -> str:
    """What systemd-analyze says, on either stream; its exit code says too little (0 for an unknown key)."""
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_the_unit_is_tight() -> None:
    require(ANALYZE)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", analyze("security", "--offline=yes", str(SOURCE)))
    assert found
    assert float(found[1]) <= 1.5


def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    require(ANALYZE)
    installed = tmp_path / UNIT
    installed.write_text(SOURCE.read_text().replace("/opt/autoresponder/bin/autoresponder", "/bin/true"))
    assert analyze("verify", str(installed)) == ""


@pytest.fixture(scope="module")
def box() -> Iterator[SystemdBox]:
    """A booted systemd with the unit, this Python, and the package as it is here."""
    require(systemd_box.NEEDS, root=True)
    python = Path(sys.base_prefix)
    hidden = python.is_relative_to("/root") or python.is_relative_to("/home")  # ProtectHome=
    seen = "/opt/python" if hidden else str(python)
    bindings = {
        Path(sysconfig.get_path("purelib")): "/opt/site",
        ROOT / "autoresponder": "/opt/source/autoresponder",
        ROOT / "templates": "/etc/autoresponder/templates",
    }
    if seen != "/usr":
        bindings[python] = seen
    files = {
        f"/etc/systemd/system/{UNIT}": SOURCE.read_text(),
        f"/etc/systemd/system/{UNIT}.d/hurry.conf": HURRY,
        COMMAND: PROGRAM.format(python=seen, version="{}.{}".format(*sys.version_info)),
    }
    try:
        with SystemdBox(bindings, files) as booted:
            yield booted
    except Unavailable as reason:
        pytest.skip(f"{SKIPPED}a kernel that lets a container boot systemd ({reason})")


Configure = Callable[..., str]


@pytest.fixture
def configure(box: SystemdBox, dovecot: Dovecot, sink: Sink) -> Iterator[Configure]:
    """Writes rules.yaml and the IMAP password for a new user; returns the user. Afterwards the unit is stopped."""
    user = dovecot.new_user()

    def write(*, rules: str = "rules: [{name: All, reply: acknowledgement}]", password: str | None = "secret") -> str:
        box.write("/etc/autoresponder/ca.pem", dovecot.certificates.ca.read_text())
        box.run("rm", "-rf", "/etc/autoresponder/credentials")
        if password is not None:
            box.write("/etc/autoresponder/credentials/imap", f"{password}\n")
            box.run("chmod", "-R", "go=", "/etc/autoresponder/credentials")
        imap = f"host: localhost, port: {dovecot.imaps_port}, user: {user}, ca_file: ca.pem"
        box.write(
            "/etc/autoresponder/rules.yaml",
            f"mailboxes:\n  contact:\n    address: {user}@lab.test\n"
            f"    imap: {{{imap}, password: {{credential: imap}}}}\n"
            f'    smtp: {{host: 127.0.0.1, port: {sink.port}, security: none, user: ""}}\n{rules}\n',
        )
        return user

    box.run("systemctl", "daemon-reload")
    yield write
    box.run("systemctl", "stop", UNIT)
    box.run("systemctl", "reset-failed")
    box.run("rm", "-rf", "/var/lib/private/autoresponder")


def test_a_life_under_systemd(box: SystemdBox, configure: Configure, dovecot: Dovecot, sink: Sink) -> None:
    user = configure()
    box.run("systemctl", "start", UNIT)
    started = box.show(UNIT)
    assert (started["ActiveState"], started["SubState"], started["DynamicUser"]) == ("active", "running", "yes")
    assert "1 of 1 folders watched" in started["StatusText"]
    assert box.run("stat", "-c", "%a %U", "/var/lib/private/autoresponder/state.db").split() == ["600", "autoresponder"]

    dovecot.deliver(user, letter(user, "ana@example.net", "one"), "ana@example.net")
    sink.wait(1, to="ana@example.net")

    # what an administrator types, without a word of where state and passwords are
    wait_until(lambda: "sent" in box.run(COMMAND, "history", "ana@example.net"), "the answer in the history")
    assert "running since" in box.run(COMMAND, "status")
    assert "logged in" in box.run(COMMAND, "check", "--connect")
    box.run(COMMAND, "backup", "/root/copy.db")

    configure(rules="rules: [{name: Other, reply: acknowledgement}]")
    box.run("systemctl", "reload", UNIT)
    wait_until(lambda: "called “Other” now" in box.journal(UNIT), "the reload, which `systemctl reload` only asks for")
    assert box.show(UNIT)["MainPID"] == started["MainPID"]

    box.run("systemctl", "stop", UNIT)
    stopped = box.show(UNIT)
    assert (stopped["ActiveState"], stopped["Result"]) == ("inactive", "success")


def test_a_daemon_that_hangs_is_started_again_and_answers_nobody_twice(
    box: SystemdBox, configure: Configure, dovecot: Dovecot, sink: Sink
) -> None:
    user = configure()
    box.run("systemctl", "start", UNIT)
    dovecot.deliver(user, letter(user, "ana@example.net", "one"), "ana@example.net")
    sink.wait(1)
    box.run("systemctl", "kill", "--signal=STOP", UNIT)
    wait_until(lambda: box.show(UNIT)["NRestarts"] == "1" and box.show(UNIT)["SubState"] == "running", "a restart")
    assert "Watchdog timeout" in box.journal(UNIT)
    for sender in ("ana@example.net", "eva@example.net"):
        dovecot.deliver(user, letter(user, sender, "two"), sender)
    sink.wait(1, to="eva@example.net")
    assert [one.to for one in sink.messages] == [("ana@example.net",), ("eva@example.net",)]


def test_a_wrong_configuration_is_said_once_and_not_tried_again(box: SystemdBox, configure: Configure) -> None:
    configure(rules="rules: [{nmae: All}]")
    box.run("systemctl", "start", UNIT, fails=True)
    failed = box.show(UNIT)
    assert (failed["ActiveState"], failed["ExecMainStatus"], failed["NRestarts"]) == ("failed", "2", "0")
    assert "/etc/autoresponder/rules.yaml:6:" in box.journal(UNIT)


def test_without_its_password_file_the_unit_starts_and_says_what_is_missing(
    box: SystemdBox, configure: Configure
) -> None:
    configure(password=None)
    box.run("systemctl", "start", UNIT)
    assert "credential imap is empty" in box.journal(UNIT)
