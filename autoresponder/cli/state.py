"""Opening the store for the commands that look at it or change it, beside a running daemon or without one."""

import argparse
import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from autoresponder.config.state import state_of
from autoresponder.store import Store, open_store

STALE = timedelta(minutes=1)
"""Age at which the daemon's note about itself is no longer believed."""


@contextlib.contextmanager
def opened(args: argparse.Namespace) -> Iterator[Store]:
    """The store that rules.yaml names. Raises `StoreError` when there is none yet: looking must not create one."""
    store = open_store(state_of(args.config), create=False)
    try:
        yield store
    finally:
        store.close()


def daemon_note(store: Store, now: datetime) -> tuple[dict[str, Any], bool]:
    """The daemon's last note about itself ({} when it ended in order), and whether it is running."""
    note: dict[str, Any] = json.loads(store.recall("daemon") or "{}")
    return note, bool(note) and now - datetime.fromisoformat(note["at"]) < STALE and _alive(note["pid"])


def _alive(pid: int) -> bool:
    """Whether the process is there; a daemon in another container cannot be asked, so only our own kernel counts."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
