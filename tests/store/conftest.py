"""Every backend, empty, for the contract suite."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autoresponder.store import Store, open_store

Opener = Callable[[], Store]


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Opener]:
    """Opens the same state again, as another process would; all are closed at the end."""
    opened: list[Store] = []

    def opener() -> Store:
        opened.append(open_store(tmp_path / "state.db"))
        return opened[-1]

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Opener) -> Store:
    """An empty store."""
    return reopen()
