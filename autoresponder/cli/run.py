"""`run`: the daemon in the foreground, or one round with `--once`."""

import argparse
import asyncio
import contextlib
import gc
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from autoresponder import faults
from autoresponder.config.amounts import span
from autoresponder.config.settings import Settings
from autoresponder.config.values import BadValue
from autoresponder.core.token import Signer
from autoresponder.errors import ConfigError, ExitCode
from autoresponder.service import log
from autoresponder.service.book import load_all
from autoresponder.service.daemon import Daemon
from autoresponder.store import Store, open_store

said = logging.getLogger(__name__)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("run", help="watch the mailboxes and answer (the daemon)")
    p.add_argument("--once", action="store_true", help="handle what is there and exit")
    p.add_argument("--dry-run", action="store_true", help="decide and show; send nothing, record nothing")
    p.add_argument("--backlog", metavar="2d", help="at the very first start, also answer letters this young")
    p.add_argument("--log", choices=("auto", "text", "json", "journal"), default="auto", help="form of the log")
    p.add_argument("-v", "--verbose", action="store_true", help="log more")
    p.set_defaults(do=do)


def do(args: argparse.Namespace) -> int:
    """Runs until told to stop (or, with --once, until everything is handled)."""
    log.set_up(args.log, logging.DEBUG if args.verbose else logging.INFO)
    if (faults.point, faults.taste, faults.now) != (faults.nothing, faults.untasted, faults.clock):
        said.warning("this is a test: AUTORESPONDER_FAULT, AUTORESPONDER_POISON or AUTORESPONDER_CLOCK is set")
    backlog = _backlog(args.backlog) if args.backlog else None
    settings, library = load_all(args.config, check=False)
    with _state(settings, args.dry_run) as (settings, store, signer):
        daemon = Daemon(settings, library, store, signer, backlog=backlog, now=faults.now)
        gc.freeze()  # what lives as long as the daemon need not be looked through at every collection
        asyncio.run(daemon.run_once() if args.once else daemon.run())
    return ExitCode.OK


@contextlib.contextmanager
def _state(settings: Settings, dry_run: bool) -> Iterator[tuple[Settings, Store, Signer]]:
    """The open store and the key; for a dry run copies of both in a folder that is thrown away."""
    with contextlib.ExitStack() as stack:
        if dry_run:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autoresponder-dry-run.")))
            settings = _dry(settings, folder / "state.db")
        store = open_store(settings.state, daemon=True)
        stack.callback(store.close)
        yield settings, store, Signer(store.signing_key())


def _dry(settings: Settings, copy: Path) -> Settings:
    """The same settings in shadow mode over a copy of the state."""
    if Path(settings.state).exists():
        store = open_store(settings.state)
        try:
            store.backup(copy)
        finally:
            store.close()
    policy = replace(settings.policy, shadow=True)
    return replace(settings, state=str(copy), shadow=True, policy=policy)


def _backlog(text: str) -> timedelta:
    try:
        return span(text)
    except BadValue as error:
        raise ConfigError(f"“{text}” {error}", place="--backlog", step="for example: --backlog 2d") from None
