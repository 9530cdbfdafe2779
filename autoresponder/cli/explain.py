"""`explain`: what would happen to these letters, and why; nothing is sent and nothing is recorded.

The same code decides as in the daemon: parse, guards, rules, history (with `--state`), and the composed answer. A
letter in a file is taken to arrive now (`--now`), so that an old file explains like a fresh letter; one on the server
(`--uid`, read with BODY.PEEK from a folder opened with EXAMINE) is taken as it was when it arrived.
"""

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from autoresponder.cli.crew import ordered
from autoresponder.cli.judge import known, open_book
from autoresponder.cli.letters import Spot, spots
from autoresponder.cli.past import Old, one_letter
from autoresponder.cli.trace import Explained, Printer
from autoresponder.config.settings import Settings
from autoresponder.core.decide import Decision, decide, mailbox_of, read
from autoresponder.core.history import Ledger
from autoresponder.core.message import Arrival, Message, parse
from autoresponder.core.policy import Policy
from autoresponder.errors import ConfigError, ExitCode, UserError
from autoresponder.service.book import Book
from autoresponder.store import Store, open_store

_JSON = json.JSONEncoder(ensure_ascii=False)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("explain", help="what would happen to these letters, and why")
    p.add_argument("files", nargs="*", metavar="FILE", help=".eml, mbox, Maildir, folder, or - for standard input")
    p.add_argument("--uid", type=int, metavar="N", help="a letter on the server, by its UID, instead of files")
    p.add_argument(
        "--mailbox", default="", help="as which mailbox (default: the one it was written to, else the first)"
    )
    p.add_argument("--folder", default="INBOX", help="as in which folder (default INBOX)")
    p.add_argument("--any-recipient", action="store_true", help="do not ask whether it was addressed to us")
    p.add_argument("--now", help="as if it arrived then, for example 2026-12-24T10:00")
    p.add_argument("--state", action="store_true", help="use the recorded history: once, limits, bounces")
    p.add_argument("--all", action="store_true", help="show every guard and clause, those that passed, too")
    p.add_argument("--json", action="store_true", help="one JSON object for each message")
    p.set_defaults(do=do)


def do(args: argparse.Namespace) -> int:
    """0 when every letter could be read and decided, 1 when one would be quarantined. No letter at all is a mistake."""
    if bool(args.files) == (args.uid is not None):
        step = "name a file, or --uid and --mailbox" if args.uid is None else "leave the files or --uid out"
        raise ConfigError("which letter?", place="explain", step=step)
    settings, book = open_book(args.config, any_recipient=args.any_recipient)
    known(args.mailbox, book.policy)
    explainer = Explainer(args, settings, book)
    shown = _as_line if args.json else Printer(book, everything=args.all, state=args.state).shown

    def explain(spot: Spot | None) -> tuple[str, bool]:
        explained = explainer(_in_file(args, spot) if spot else _on_server(args, settings))
        return shown(explained), explained.decision.action == "quarantine"

    quarantined, none = False, True
    alone = args.state or "-" in args.files  # a database, and what was read, are not handed to other processes
    for text, bad in ordered(explain, spots(args.files) if args.files else [None], alone=alone):
        sys.stdout.write(text)
        quarantined, none = quarantined or bad, False
    if none:
        raise ConfigError("there is no letter in it", place=" ".join(args.files), step="name a .eml, mbox or Maildir")
    return ExitCode.FOUND_WRONG if quarantined else ExitCode.OK


def _in_file(args: argparse.Namespace, spot: Spot) -> Old:
    return Old(spot.name, datetime.now(UTC), spot.read(), spot.size, args.mailbox, args.folder)


def _on_server(args: argparse.Namespace, settings: Settings) -> Old:
    """The letter with that UID. Raises `UserError` when there is none, `RemoteError` when the server fails."""
    name = args.mailbox or next(iter(settings.accounts))
    if args.uid < 1:
        raise ConfigError("a UID is a number above 0", place="--uid")
    found = one_letter(settings.accounts[name], args.folder, args.uid)
    if found is None:
        place = f"{name}/{args.folder}"
        raise UserError(f"there is no message with UID {args.uid}", place=place, step="the log names UIDs")
    return found


class Explainer:
    """Decides letters one by one, each for itself."""

    def __init__(self, args: argparse.Namespace, settings: Settings, book: Book) -> None:
        """Opens the store when the recorded history is asked for."""
        self._book, self._policy = book, book.policy
        self._now = _moment(args.now, book.policy) if args.now else None
        self._store: Store | None = open_store(settings.state, create=False) if args.state else None

    def __call__(self, old: Old) -> Explained:
        """What would happen to the letter; what the daemon would quarantine is shown as quarantined."""
        old = replace(old, arrived=self._now) if self._now else old
        message: Message | None = None
        try:
            if old.broken:
                raise UserError(old.broken)
            message = parse(old.raw, size=old.size, outline=old.outline)
            return self._explain(old, message, old.arrival(old.mailbox or mailbox_of(message, self._policy)))
        except Exception as error:  # as the daemon does: also a template that fails on this one letter
            why = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            return Explained(old.name, message, Decision("quarantine", "unreadable", why))

    def _explain(self, old: Old, message: Message, arrival: Arrival) -> Explained:
        book, policy, now = self._book, self._policy, arrival.arrived
        reading = read(message, policy)
        ledger = self._store.ledger([reading.ask], policy.limits, now) if self._store else Ledger()
        history = ledger.of(reading.ask)
        decision = decide(reading, arrival, policy, history, now, language=book.language, full=True)
        answer = None
        if decision.action == "reply":
            answer = book.composer.compose(decision, message, policy.mailboxes[arrival.mailbox], now)
        return Explained(old.name, message, decision, answer, reading, arrival, history)


def _moment(text: str, policy: Policy) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        step = "write it like 2026-12-24T10:00 or 2026-12-24T10:00+01:00"
        raise ConfigError(f"“{text}” is not a date and time", place="--now", step=step) from None
    return at if at.tzinfo else at.replace(tzinfo=next(iter(policy.mailboxes.values())).office.zone)


def as_json(explained: Explained) -> dict[str, Any]:
    """The object that `--json` promises."""
    decision, answer = explained.decision, explained.answer
    return {
        "file": explained.file,
        "decision": decision.action,
        "reason": decision.reason,
        "why": decision.why,
        "rule": decision.rule.name if decision.rule else None,
        "trace": [{"check": s.check, "result": s.result, "why": s.why} for s in decision.trace],
        "reply": {"to": decision.target.email, "subject": answer.subject, "text": answer.text, "html": answer.html}
        | ({"attachments": [one.name for one in answer.attachments]} if answer.attachments else {})
        if answer and decision.target
        else None,
    }


def _as_line(explained: Explained) -> str:
    return _JSON.encode(as_json(explained)) + "\n"
