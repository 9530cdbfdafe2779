"""`check`: the configuration and every template, and with `--connect` every server; all problems at once. What is well
ends with the closed days and special hours that come next.
"""

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from functools import partial

from autoresponder.cli import days
from autoresponder.cli.excerpt import told
from autoresponder.cli.paint import paint, table
from autoresponder.config.build import missing_secrets
from autoresponder.config.settings import Account, Settings
from autoresponder.errors import ConfigError, ExitCode, Problem, RemoteError, UserError
from autoresponder.mail.imap import Session
from autoresponder.mail.smtp import Connection
from autoresponder.service.book import load_all
from autoresponder.service.log import counted


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
    results = _connect(settings) if args.connect else []
    if args.json:
        for where, account, sentence in results:
            print(json.dumps({"server": where, "mailbox": account, "error": sentence}, ensure_ascii=False))
        for ahead in days.objects(days.offices_of(settings.policy.mailboxes.values()), datetime.now(UTC)):
            print(json.dumps(ahead, ensure_ascii=False))
    else:
        _tell(settings, library.names, results)
    return ExitCode.REMOTE if any(sentence for *_x, sentence in results) else ExitCode.OK


def _tell(settings: Settings, templates: tuple[str, ...], results: list[tuple[str, str, str]]) -> None:
    if results:
        rows = [[account, where, sentence or "logged in"] for where, account, sentence in results]
        print(
            table(["MAILBOX", "SERVER", "RESULT"], rows, ["bad" if row[2] != "logged in" else "good" for row in rows])
        )
    known = f", {counted(len(settings.policy.contacts.rows), 'contact')}" if settings.contacts else ""
    mode = "shadow mode: nothing would be sent" if settings.shadow else "live"
    failed = any(sentence for *_x, sentence in results)
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


def _connect(settings: Settings) -> list[tuple[str, str, str]]:
    """(server, mailbox, what failed or "") for every IMAP and SMTP server."""
    results = []
    moves = [rule.move_to for rule in settings.policy.rules if rule.move_to]
    for account in settings.accounts.values():
        for kind, host, port, attempt in (
            ("imap", account.imap.host, account.imap.port, partial(_try_imap, moves)),
            ("smtp", account.smtp.host, account.smtp.port, _try_smtp),
        ):
            try:
                wrong = attempt(account)
            except UserError as error:
                wrong = [str(error)]
            results += [(f"{kind} {host}:{port}", account.name, sentence) for sentence in wrong or [""]]
    return results


def _try_imap(moves: list[str], account: Account) -> list[str]:
    """Logs in and opens every folder that is named; what is wrong with each that cannot be opened, with the names that
    sound like it. Raises `UserError` where there is no talking to the server."""
    session, wrong = Session(account.imap, account.name), []
    try:
        session.connect()
        for folder in dict.fromkeys((*account.folders, account.sent, *moves)):
            try:
                session.select(folder)
            except RemoteError as error:
                if not session.alive:
                    raise
                wrong.append(str(error))
    finally:
        session.close()
    return wrong


def _try_smtp(account: Account) -> list[str]:
    """Logs in. Raises `UserError` where that fails."""

    async def attempt() -> None:
        connection = Connection(account.smtp)
        try:
            await connection.open()
        finally:
            await connection.close()

    asyncio.run(attempt())
    return []
