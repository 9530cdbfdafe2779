"""Opening the store for the commands that look at it or change it, beside a running daemon or without one."""

import argparse
import contextlib
from collections.abc import Iterator

from autoresponder.config.state import state_of
from autoresponder.store import Store, open_store


@contextlib.contextmanager
def opened(args: argparse.Namespace) -> Iterator[Store]:
    """The store that rules.yaml names. Raises `StoreError` when there is none yet: looking must not create one."""
    store = open_store(state_of(args.config), create=False)
    try:
        yield store
    finally:
        store.close()
