"""The command line: one module a group of commands; this one finds the configuration, the command and the exit code.

Exit codes: 0 well, 1 something found wrong, 2 usage or configuration, 3 a remote server failed (`errors.ExitCode`).
A `UserError` is printed as its sentence; anything else is a bug of ours and shows its traceback.
"""

import argparse
import gc
import importlib
import io
import logging
import os
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from autoresponder import __version__
from autoresponder.cli.paint import paint
from autoresponder.errors import ConfigError, ExitCode, UserError

PLACES = (Path("rules.yaml"), Path("/etc/autoresponder/rules.yaml"))
"""Where rules.yaml is looked for when -c does not say."""
COMMANDS = {
    "init": "init",
    "run": "run",
    "check": "check",
    "explain": "explain",
    "backtest": "backtest",
    "preview": "preview",
    "send-test": "preview",
    "status": "status",
    "history": "status",
    "outbox": "outbox",
    "quarantine": "outbox",
    "backup": "backup",
    "demo": "demo",
}
"""Command -> module. Only the module of the command that was typed is imported: `status` answers at once."""


def parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line: of some commands, or of all of them, for the help."""
    top = argparse.ArgumentParser(
        prog="autoresponder",
        description="Answers every letter once, never a machine's, and shows why.",
        epilog="exit codes: 0 well, 1 something found wrong, 2 usage or configuration, 3 a remote server failed",
    )
    top.add_argument("-c", "--config", type=Path, metavar="FILE", help="the rules (default: ./rules.yaml, /etc/…)")
    top.add_argument("--version", action="version", version=f"autoresponder {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in dict.fromkeys(COMMANDS[one] for one in names):
        importlib.import_module(f"autoresponder.cli.{name}").add(commands)
    return top


def _read(argv: Sequence[str]) -> argparse.Namespace:
    """The words, and with them the modules that the command needs: nearly nothing of those is ever garbage, and to look
    for it again and again was a quarter of the start."""
    gc.disable()
    try:
        typed = [word for word in argv if word in COMMANDS][:1]
        args = parser(typed if typed or "--version" in argv else COMMANDS).parse_args(argv)
        gc.freeze()
    finally:
        gc.enable()
    return args


def _speak(*, utf_8: bool) -> None:
    """In a locale without “ or ✓ a ? stands for it; what machines read is UTF-8 whatever the locale (RFC 8259)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if utf_8 else None, errors="replace")


def program() -> NoReturn:
    """`autoresponder`: `main`, and the end of the process. That waits for no thread in a call that nobody can break off
    (a name being looked up, a command asked for a password): by then all that had to be put in order is."""
    try:
        code = main()
    except Exception:  # a bug of ours
        sys.excepthook(*sys.exc_info())
        code = 1
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        sys.exit(code)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        args = _read(argv)
        _speak(utf_8=getattr(args, "json", False))
        if args.config is None:
            args.config = next((place for place in PLACES if place.exists()), PLACES[0])
        code = int(args.do(args))
        sys.stdout.flush()  # while a pipe that nobody reads any more can still be told from a fault
        return code
    except ConfigError as error:
        from autoresponder.cli.excerpt import told  # reads the grammar: only when something is wrong

        for problem in error.problems:
            print(told(problem, sys.stderr), file=sys.stderr)
        return error.exit_code
    except UserError as error:
        print(paint(f"autoresponder: {error}", "bad", stream=sys.stderr), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `autoresponder history … | head` is no fault
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
