"""`demo`: the whole cycle on embedded servers; needs no account."""

import argparse
import asyncio
import signal
import time
from pathlib import Path

from autoresponder.demo import insist_on_servers, shipped_rules
from autoresponder.errors import ExitCode
from autoresponder.service.book import load_all


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("demo", help="see it work on embedded servers; needs no account")
    p.add_argument("--rules", type=Path, metavar="FILE", help="try these rules (default: the ones it came with)")
    p.set_defaults(do=do)


def do(args: argparse.Namespace) -> int:
    """0 when everything went as expected, 1 when something differs."""
    insist_on_servers()
    from autoresponder.cli.screen import Screen  # the servers behind these are an extra
    from autoresponder.demo.play import play

    settings, library = load_all(args.rules or shipped_rules())
    screen, started = Screen(settings, library), time.monotonic()
    try:
        outcomes, faults = play(settings, library, screen)
    except asyncio.CancelledError:  # SIGTERM; SIGINT comes out as KeyboardInterrupt
        return 128 + signal.SIGTERM
    screen.summary(outcomes, faults, time.monotonic() - started)
    screen.closing()
    return ExitCode.FOUND_WRONG if faults else ExitCode.OK
