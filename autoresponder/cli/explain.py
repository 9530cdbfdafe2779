"""`explain`: what would happen to these letters, and why; nothing is sent and nothing is recorded.

The same code decides as in the daemon: parse, guards, rules, history (with `--state`), and the composed answer. A
letter is taken to arrive now (`--now`), so that an old file explains like a fresh letter.
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autoresponder.answer.compose import Answer
from autoresponder.cli.letters import letters
from autoresponder.cli.paint import paint, safe
from autoresponder.config.settings import Settings
from autoresponder.core.address import matches, sender_key
from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import Ledger, Lookup
from autoresponder.core.message import Arrival, Message, parse
from autoresponder.core.policy import Policy
from autoresponder.core.token import Signer
from autoresponder.errors import ConfigError, ExitCode, UserError
from autoresponder.service.book import load_all, make_book
from autoresponder.service.desk import Book
from autoresponder.store import Store, open_store
from autoresponder.store.key import load_key

SAMPLE_KEY = b"explain: signs nothing that is sent"
MARKS = {
    "pass": ("·", "dim"),
    "silent": ("✗", "bad"),
    "match": ("✓", "good"),
    "no match": ("–", "dim"),
    "hold": ("!", "warn"),
}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("explain", help="what would happen to these letters, and why")
    p.add_argument("files", nargs="+", metavar="FILE", help=".eml, mbox, Maildir, folder, or - for standard input")
    p.add_argument("--mailbox", help="as which mailbox (default: the one it was written to, else the first)")
    p.add_argument("--any-recipient", action="store_true", help="do not ask whether it was addressed to us")
    p.add_argument("--now", help="as if it arrived then, for example 2026-12-24T10:00")
    p.add_argument("--state", action="store_true", help="use the recorded history: once, limits, bounces")
    p.add_argument("--all", action="store_true", help="show the guards that passed, too")
    p.add_argument("--json", action="store_true", help="one JSON object for each message")
    p.set_defaults(do=do)


@dataclass(frozen=True, slots=True)
class Explained:
    """One letter, what would happen to it, and the answer it would get."""

    file: str
    message: Message | None
    decision: Decision
    answer: Answer | None = None


def do(args: argparse.Namespace) -> int:
    """0 when every letter could be read and decided, 1 when one would be quarantined."""
    settings, library = load_all(args.config, check=False)
    explainer = _explainer(args, settings, make_book(settings, library, _signer(settings)))
    show = _print_json if args.json else _Printer(args.all).show
    quarantined = False
    for name, raw, size in letters(args.files):
        explained = explainer(name, raw, size)
        quarantined |= explained.decision.action == "quarantine"
        show(explained)
    return ExitCode.FOUND_WRONG if quarantined else ExitCode.OK


def _explainer(args: argparse.Namespace, settings: Settings, book: Book) -> Callable[[str, bytes, int], Explained]:
    policy = _policy(book.policy, args.any_recipient)
    if args.mailbox and args.mailbox not in policy.mailboxes:
        names = ", ".join(policy.mailboxes)
        raise ConfigError(f"there is no mailbox “{args.mailbox}”", place="--mailbox", step=f"there are: {names}")
    now = _moment(args.now, policy) if args.now else None
    store = open_store(settings.state, create=False) if args.state else None

    def explain(name: str, raw: bytes, size: int) -> Explained:
        at = now or datetime.now(UTC)
        message: Message | None = None
        try:
            message = parse(raw, size=size)
            mailbox = args.mailbox or _addressed(message, policy)
            arrival = Arrival(mailbox, "INBOX", 1, 1, at)
            reading = read(message, policy)
            history = _ledger(store, reading.ask, policy, at).of(reading.ask)
            decision = decide(reading, arrival, policy, history, at, language=book.language, full=True)
            answer = None
            if decision.action == "reply":
                answer = book.composer.compose(decision, message, policy.mailboxes[mailbox], at)
            return Explained(name, message, decision, answer)
        except Exception as error:  # what the daemon would quarantine, explain shows as quarantined
            why = f"{type(error).__name__}: {error}"
            return Explained(name, message, Decision("quarantine", "unreadable", why))

    return explain


def _signer(settings: Settings) -> Signer:
    """The real key where there is one, so that our own letters are recognised; it is never made here."""
    path = Path(settings.state).with_suffix(".key")
    try:
        return Signer(load_key(path)) if path.exists() else Signer(SAMPLE_KEY)
    except UserError:  # the daemon's key is for the daemon's user only; explaining works without it
        return Signer(SAMPLE_KEY)


def _policy(policy: Policy, any_recipient: bool) -> Policy:
    return replace(policy, any_recipient=any_recipient)


def _ledger(store: Store | None, ask: Lookup, policy: Policy, now: datetime) -> Ledger:
    return store.ledger([ask], policy.limits, now) if store else Ledger()


def _addressed(message: Message, policy: Policy) -> str:
    written_to = (*message.to, *message.cc)
    for name, mailbox in policy.mailboxes.items():
        own = {sender_key(mailbox.address)}
        if any(a.key in own or any(matches(p, a.email) for p in mailbox.aliases) for a in written_to):
            return name
    return next(iter(policy.mailboxes))


def _moment(text: str, policy: Policy) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        step = "write it like 2026-12-24T10:00 or 2026-12-24T10:00+01:00"
        raise ConfigError(f"“{text}” is not a date and time", place="--now", step=step) from None
    return at if at.tzinfo else at.replace(tzinfo=next(iter(policy.mailboxes.values())).office.zone)


# JSON ---------------------------------------------------------------------------------------------------------------
def as_json(explained: Explained) -> dict[str, Any]:
    """The object of DESIGN part 4."""
    decision, answer = explained.decision, explained.answer
    return {
        "file": explained.file,
        "decision": decision.action,
        "reason": decision.reason,
        "why": decision.why,
        "rule": decision.rule.name if decision.rule else None,
        "trace": [{"check": s.check, "result": s.result, "why": s.why} for s in decision.trace],
        "reply": {"to": decision.target.email, "subject": answer.subject, "text": answer.text, "html": answer.html}
        if answer and decision.target
        else None,
    }


def _print_json(explained: Explained) -> None:
    sys.stdout.write(json.dumps(as_json(explained), ensure_ascii=False) + "\n")


# for people ---------------------------------------------------------------------------------------------------------
class _Printer:
    def __init__(self, everything: bool) -> None:
        self._everything = everything

    def show(self, explained: Explained) -> None:
        """One letter: who, what, the trace, the answer."""
        decision, message = explained.decision, explained.message
        print(paint(explained.file, "head"))
        if message:
            sender = ", ".join(f"{a.name} <{a.email}>" if a.name else a.email for a in message.from_) or "nobody"
            print(f"  from     {safe(sender)}\n  subject  {safe(message.subject)}")
        passed = sum(s.result == "pass" and not s.why for s in decision.trace)
        for step in decision.trace:
            if self._everything or step.why or step.result != "pass":
                mark, style = MARKS[step.result]
                print(paint(f"  {mark} {step.check}", style) + (f": {safe(step.why)}" if step.why else ""))
        if passed and not self._everything:
            print(paint(f"  · {passed} further checks passed (--all shows them)", "dim"))
        style = {"reply": "good", "silent": "warn", "quarantine": "bad"}[decision.action]
        print("  " + paint(decision.action.upper(), style) + f"  {safe(decision.why)} [{decision.reason}]")
        if explained.answer and decision.target:
            print(f"  to       {safe(decision.target.email)}\n  subject  {safe(explained.answer.subject)}")
            print(textwrap.indent(explained.answer.text.rstrip(), "  │ ", lambda _line: True))
        print()
