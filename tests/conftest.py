"""Fixtures every test may ask for: real servers and stand-ins on loopback (tests/lab).

Servers that live for the whole run (one set for each pytest-xdist worker): `certificates`, `dovecot`, `postfix`. Take
a `dovecot.new_user()` of your own and write to recipients nobody else writes to. For one test only: `sink`, and the
factories `make_sink`, `make_dovecot`.

Where the Debian packages are missing, tests of real servers are skipped and one loud line at the end names the
packages; with AUTORESPONDER_REQUIRE_SERVERS=1 they fail instead.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.lab import dovecot as dovecot_lab
from tests.lab import postfix as postfix_lab
from tests.lab.dovecot import Dovecot
from tests.lab.machine import SKIPPED, require
from tests.lab.postfix import Postfix
from tests.lab.sink import Sink
from tests.lab.tls import Certificates

SERVER_FIXTURES = frozenset({"dovecot", "make_dovecot", "postfix"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a real server, so that `-m 'not servers'` leaves it out."""
    for item in items:
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("servers")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The one loud line."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    wants = [found[1].strip() for reason in reasons if (found := re.search(rf"{SKIPPED}([^'\"(]*)", reason))]
    if wants:
        wanted = "; ".join(dict.fromkeys(wants))
        terminalreporter.write_line("")
        terminalreporter.write_line(f"{len(wants)} TESTS OF REAL SERVERS WERE SKIPPED: {wanted}", red=True, bold=True)


@pytest.fixture(scope="session")
def lab_folder() -> Iterator[Path]:
    """One short-named temporary folder for all servers of this run (socket paths end at 108 bytes)."""
    folder = Path(tempfile.mkdtemp(prefix="lab."))
    folder.chmod(0o755)  # servers that drop root must be able to enter
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def certificates(lab_folder: Path) -> Certificates:
    """An authority of our own and a server certificate for localhost and 127.0.0.1."""
    return Certificates(lab_folder / "tls")


@pytest.fixture(scope="session")
def dovecot(lab_folder: Path, certificates: Certificates) -> Iterator[Dovecot]:
    """A real Dovecot; take `dovecot.new_user()`."""
    require(dovecot_lab.NEEDS)
    with Dovecot(lab_folder / "dovecot", certificates) as server:
        yield server


@pytest.fixture
def make_dovecot(lab_folder: Path, certificates: Certificates) -> Iterator[Callable[..., Dovecot]]:
    """Makes a Dovecot for one test (arguments of `Dovecot`): to be stopped, or poorer than the shared one."""
    require(dovecot_lab.NEEDS)
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(
            Dovecot(
                Path(tempfile.mkdtemp(prefix="dovecot.", dir=lab_folder)), **({"certificates": certificates} | options)
            )
        )


@pytest.fixture(scope="session")
def postfix(lab_folder: Path, request: pytest.FixtureRequest) -> Iterator[Postfix]:
    """A real Postfix that relays to `postfix.sink`; the users of `dovecot` may submit."""
    require((*dovecot_lab.NEEDS, *postfix_lab.NEEDS), root=True)  # before `dovecot`, so that all packages are named
    with Postfix(lab_folder / "postfix", request.getfixturevalue("dovecot")) as server:
        yield server


@pytest.fixture
def make_sink() -> Iterator[Callable[..., Sink]]:
    """Makes recording SMTP servers for one test (arguments of `Sink`)."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(Sink(*arguments, **options))


@pytest.fixture
def sink(make_sink: Callable[..., Sink], certificates: Certificates) -> Sink:
    """A recording SMTP server with STARTTLS and no AUTH."""
    return make_sink(certificates.server)
