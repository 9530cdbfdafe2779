"""`make flood`: ten thousand letters from one domain in a minute, and how the daemon bears it (tests/e2e/flood.py).

Needs dovecot (Debian: dovecot-imapd dovecot-lmtpd). Everything is on 127.0.0.1, in a temporary folder, and ends by
itself. Exit code 1 when a letter was lost or a second letter went to the operator.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.e2e.flood import flood
from tests.e2e.house import House
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Sink
from tests.lab.tls import Certificates


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood")
    parser.add_argument("--letters", type=int, default=10_000)
    letters = parser.parse_args().letters
    with tempfile.TemporaryDirectory(prefix="flood.") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Dovecot drops root and must be able to enter
        (folder / "house").mkdir()
        with Dovecot(folder / "dovecot", Certificates(folder / "tls"), users=0) as dovecot, Sink() as sink:
            figures = flood(House(folder / "house", dovecot, sink.port), sink, letters, patience=900)
    print(figures)
    return int(figures.decided != letters or figures.told != 1)


if __name__ == "__main__":
    sys.exit(main())
