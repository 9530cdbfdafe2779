"""A small flood; `make flood` makes a big one."""

from pathlib import Path

from tests.e2e.flood import flood
from tests.e2e.house import House
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Sink

LETTERS = 500


def test_a_flood_is_borne(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    """Nothing lost, sixty answers an hour and the rest held, one letter to the operator. How soon
    everybody else is served is for `make flood` to tell."""
    figures = flood(House(tmp_path, dovecot, sink.port), sink, LETTERS, patience=90)
    assert figures.decided == LETTERS, figures
    assert figures.outbox["held"] == LETTERS - 60, figures
    assert figures.outbox["sent"] == 60 + len(figures.answers) + 1, figures
    assert figures.told == 1, figures
    assert figures.rss_peak < figures.rss_before + 60, figures
