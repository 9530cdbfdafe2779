"""`check`: the configuration and every template, and with `--connect` every server; all problems at once. What is well
ends with the closed days and special hours that come next.
"""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from autoresponder.cli import days
from autoresponder.cli.excerpt import told
from autoresponder.cli.paint import paint, table
from autoresponder.config.build import missing_secrets
from autoresponder.config.settings import Settings
from autoresponder.errors import ConfigError, ExitCode, Problem
from autoresponder.service.book import load_all
from autoresponder.service.log import counted

if TYPE_CHECKING:
    from autoresponder.cli.connect import Found


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("check", help="check the rules and templates; with --connect also the servers")
    p.add_argument("--connect", action="store_true", help="log in to every server")
    p.add_argument("--json", action="store_true", help="one JSON object a line")
    p.set_defaults(do=do)


def do(args: argparse.Namespace) -> int:
    """0 when nothing is wrong (warnings do not count), 2 for a wrong configuration, 3 when a server failed."""
    try:
        settings, library = load_all(args.config)
        if args.connect and (missing := missing_secrets(settings)):
            raise ConfigError(missing)
    except ConfigError as error:
        if not args.json:
            raise
        for problem in error.problems:
            print(_json(problem))
        return error.exit_code
    for warning in settings.warnings:
        print(_json(warning) if args.json else told(warning, sys.stdout))
    found = _connected(settings) if args.connect else []
    if args.json:
        for one in found:
            print(json.dumps(asdict(one), ensure_ascii=False))
        for ahead in days.objects(days.offices_of(settings.policy.mailboxes.values()), datetime.now(UTC)):
            print(json.dumps(ahead, ensure_ascii=False))
    else:
        _tell(settings, library.names, found)
    return ExitCode.REMOTE if any(one.error for one in found) else ExitCode.OK


def _connected(settings: Settings) -> "list[Found]":
    from autoresponder.cli.connect import connect  # and all that talks to servers

    return list(connect(settings))


def _tell(settings: Settings, templates: tuple[str, ...], found: "list[Found]") -> None:
    if found:
        well = (f"logged in; {one.note}" if one.note else "logged in" for one in found)
        rows = [[one.mailbox, one.server, one.error or said] for one, said in zip(found, well, strict=True)]
        print(table(["MAILBOX", "SERVER", "RESULT"], rows, ["bad" if one.error else "good" for one in found]))
    known = f", {counted(len(settings.policy.contacts.rows), 'contact')}" if settings.contacts else ""
    mode = "shadow mode: nothing would be sent" if settings.shadow else "live"
    failed = any(one.error for one in found)
    print(
        paint(*(("the servers are not all well; the file is: ", "warn") if failed else ("well: ", "good")))
        + f"{settings.path}: {counted(len(settings.accounts), 'mailbox')}, "
        f"{counted(len(settings.policy.rules), 'rule')}, "
        f"{counted(len(templates), 'template')} ({', '.join(templates)}){known}; {mode}"
    )
    for line in days.lines(days.offices_of(settings.policy.mailboxes.values()), datetime.now(UTC)):
        print(line)


def _json(problem: Problem) -> str:
    place = problem.place
    return json.dumps(
        {
            "severity": problem.severity,
            "file": place.file,
            "line": place.line,
            "column": place.column,
            "sentence": problem.sentence,
            "step": problem.step,
        },
        ensure_ascii=False,
    )
