"""SIGTERM while nothing answers: the daemon ends in time, in order, whatever it is waiting for."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.e2e.house import House, letter
from tests.lab import holes
from tests.lab.dovecot import Dovecot
from tests.lab.machine import wait_until
from tests.lab.sink import Sink
from tests.lab.tls import Certificates

LOGIN = "imap: {{host: 127.0.0.1, port: {port}, security: {security}, user: {name}, password: {password}}}"


class Hanging:
    """A command that is asked for a password and never gives one."""

    def __init__(self, folder: Path, name: str) -> None:
        self._pid = folder / f"{name}.pid"
        self.words = (
            f'{{command: [sh, -c, "echo $$ > {self._pid}.new; mv {self._pid}.new {self._pid}; exec sleep 600"]}}'
        )

    @property
    def asked(self) -> bool:
        """Whether it runs."""
        return self._pid.exists()

    def end(self) -> None:
        """Whoever asked may be gone."""
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(self._pid.read_text()), signal.SIGKILL)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def test_a_stop_waits_for_nothing_that_cannot_be_broken_off(
    tmp_path: Path, dovecot: Dovecot, make_sink: type[Sink], certificates: Certificates, stack: ExitStack
) -> None:
    """A mailbox at each stage at which a server can leave us waiting, and passwords that are never given."""
    sink = make_sink(certificates.server, logins={"u": "x"})
    house = House(tmp_path, dovecot, sink.port)
    asked = {name: Hanging(tmp_path, name) for name in ("imap", "smtp")}
    for one in asked.values():
        stack.callback(one.end)
    user = dovecot.new_user()
    me = house.mailbox(user)
    house.boxes[user] = house.boxes[user].replace(
        'security: none, user: ""',
        f"security: starttls, ca_file: {certificates.ca}, user: u, password: {asked['smtp'].words}",
    )
    for name, port, security, password in (
        ("greeting", holes.silent(stack), "none", "x"),
        ("handshake", holes.silent(stack), "tls", "x"),
        ("connect", holes.unreachable(stack), "tls", "x"),
        ("password", dovecot.imap_port, "none", asked["imap"].words),
    ):
        login = LOGIN.format(name=name, port=port, security=security, password=password)
        house.boxes[name] = (
            f"  {name}:\n    address: {name}@lab.test\n    {login}\n    smtp: {{host: 127.0.0.1, port: 9}}\n"
        )
    house.launch()
    house.wait_log("first start")
    dovecot.deliver(user, letter(me), "ana@example.net")
    wait_until(lambda: all(one.asked for one in asked.values()), "both passwords to be asked for")
    assert house.stop() == 0
    assert not [line for line in house.log if "Traceback" in str(line)]
    assert not house.said("internal error")
    assert house.history("ana@example.net") == [("pending", "rule")]
    assert not house.said("did not end in order")
