"""Opening the store for the commands that look at it or change it, beside a running daemon or without one."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from autoresponder.config.build import load_settings
from autoresponder.errors import ConfigError
from autoresponder.store import Store, open_store


@contextlib.contextmanager
def opened(args: argparse.Namespace) -> Iterator[Store]:
    """The store that rules.yaml names. Raises `ConfigError` when there is none yet: looking must not create one."""
    state = load_settings(args.config).state
    if "://" not in state and not Path(state).exists():
        step = "start the daemon first: autoresponder run (or name the right rules.yaml with -c)"
        raise ConfigError("there is no state yet", place=state, step=step)
    store = open_store(state)
    try:
        yield store
    finally:
        store.close()
