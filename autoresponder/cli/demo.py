"""`demo`: the whole cycle on embedded servers; needs no account."""

import argparse
from pathlib import Path


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("demo", help="see it work on embedded servers; needs no account")
    p.add_argument("--rules", type=Path, metavar="FILE", help="try these rules (default: the ones it came with)")
    p.set_defaults(do=do)


def do(args: argparse.Namespace) -> int:
    """0 when everything went as expected, 1 when something differs."""
    from autoresponder.demo import main  # its servers are an extra that only this command needs

    return main(args.rules)
