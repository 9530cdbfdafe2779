"""One round of the daemon (`run --once`) inside the test, with a clock of the test's own."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from autoresponder.core.token import Signer
from autoresponder.service.book import load_all
from autoresponder.service.daemon import Daemon
from autoresponder.store import open_store
from tests.e2e.house import House


def one_round(
    house: House, now: datetime | Callable[[], datetime] | None = None, backlog: timedelta | None = None
) -> None:
    """Handles what is there and sends what is due; `now` is when (None: the real time)."""
    house.write()
    settings, library = load_all(house.path)
    store = open_store(settings.state, daemon=True)
    clock = now if callable(now) else (lambda: now or datetime.now(UTC))
    try:
        daemon = Daemon(settings, library, store, Signer(store.signing_key()), now=clock, backlog=backlog)
        asyncio.run(daemon.run_once())
    finally:
        store.close()
