"""`outbox` and `quarantine`: what waits for a person, and what the person can do about it."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from autoresponder.cli.paint import paint, safe, table
from autoresponder.cli.state import daemon_note, opened
from autoresponder.core.outbox import Event, State, sources
from autoresponder.errors import ConfigError, ExitCode
from autoresponder.store import Quarantined, Store

ACTIONS = {
    "resend": (Event.RESEND, "send it (again): an uncertain one may then arrive twice"),
    "release": (Event.RELEASE, "let what the limits hold be sent"),
    "close": (Event.CLOSE, "an uncertain one did arrive: stop showing it"),
    "drop": (Event.DROP, "never send it"),
}
ALL = 10_000_000
"""Replies that `all` can mean."""
TOGETHER = 500
"""Replies moved in one transaction: a daemon at work is not kept waiting."""
NOT_THERE = "{}: there is no such message in quarantine"
STYLES = {State.UNCERTAIN: "warn", State.FAILED: "bad", State.HELD: "warn"}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands' words."""
    p = commands.add_parser("outbox", help="replies that wait, failed or are uncertain")
    sub = p.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = sub.add_parser("list", help="replies that still want something done")
    listing.add_argument("--state", choices=[str(s) for s in State], action="append", help="only these")
    listing.add_argument("--all", action="store_true", help="finished ones, too")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(do=do_list)
    for name, (event, words) in ACTIONS.items():
        one = sub.add_parser(name, help=words)
        one.add_argument("ids", nargs="+", metavar="ID", help="a number from the list, or all")
        one.add_argument(
            "--state", choices=[str(s) for s in sources(event)], action="append", help="of all, only these"
        )
        one.set_defaults(do=do_move)
    p = commands.add_parser("quarantine", help="messages that could not be read")
    sub = p.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = sub.add_parser("list", help="what is quarantined, and why")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.add_argument("--traceback", action="store_true", help="with the traceback, for a bug report")
    listing.set_defaults(do=do_quarantine)
    retry = sub.add_parser("retry", help="have the daemon try again")
    retry.set_defaults(do=do_retry)
    dismiss = sub.add_parser("dismiss", help="no answer will come: stop showing it")
    dismiss.set_defaults(do=do_dismiss)
    for one in (retry, dismiss):
        one.add_argument("ids", nargs="+", metavar="ID", help="a number from the list, or all")


def do_list(args: argparse.Namespace) -> int:
    """0, also when the list is empty."""
    states = [State(s) for s in args.state or ()] or (list(State) if args.all else [])
    with opened(args) as store:
        letters = store.outbox(states)
    if args.json:
        for letter in letters:
            row = {k: v for k, v in asdict(letter).items() if k != "raw"}
            print(json.dumps(row, ensure_ascii=False, default=_text))
        return ExitCode.OK
    if not letters:
        print("the outbox is empty" if not states else "none")
        return ExitCode.OK
    rows = [
        [
            str(x.id),
            str(x.state),
            f"{x.created.astimezone():%Y-%m-%d %H:%M}",
            x.mailbox,
            x.target,
            x.last_error or x.subject,
        ]
        for x in letters
    ]
    print(
        table(["ID", "STATE", "SINCE", "MAILBOX", "TO", "LAST WORD"], rows, [STYLES.get(x.state, "") for x in letters])
    )
    return ExitCode.OK


def do_move(args: argparse.Namespace) -> int:
    """0 when every named reply could be moved, 1 when one could not."""
    event, _words = ACTIONS[args.action]
    now = datetime.now(UTC)
    states = [State(s) for s in args.state or ()] or sources(event)
    failed = False
    with opened(args) as store:
        wanted = _ids(args.ids, [x.id for x in store.outbox(states, ALL)])
        for start in range(0, len(wanted), TOGETHER):
            part = wanted[start : start + TOGETHER]
            with store.transaction():
                moved = [store.move(number, event, now) for number in part]
            for number, state in zip(part, moved, strict=True):
                if state is None:
                    failed = True
                    letter = store.letter(number)
                    why = f"it is {letter.state}" if letter else "there is no such reply"
                    print(paint(f"{number}: cannot {args.action}: {why}", "bad"))
                else:
                    print(f"{number}: {state}")
    if not wanted:
        print("none")
    return ExitCode.FOUND_WRONG if failed else ExitCode.OK


def do_quarantine(args: argparse.Namespace) -> int:
    """1 when there is something, 0 when not."""
    with opened(args) as store:
        found = store.quarantined()
    if args.json:
        for item in found:
            print(json.dumps(asdict(item), ensure_ascii=False, default=_text))
    elif not found:
        print("nothing is quarantined")
    else:
        rows = [
            [
                str(q.id),
                f"{q.at.astimezone():%Y-%m-%d %H:%M}",
                f"{q.mailbox}/{q.folder}",
                str(q.uid),
                q.sender,
                q.why + (" (retry asked)" if q.retry else ""),
            ]
            for q in found
        ]
        print(table(["ID", "WHEN", "FOLDER", "UID", "SENDER", "WHY"], rows))
        if args.traceback:
            for item in found:
                print(f"\n{item.id}:\n" + "\n".join(safe(line) for line in item.traceback.splitlines()))
    return ExitCode.FOUND_WRONG if found else ExitCode.OK


def do_retry(args: argparse.Namespace) -> int:
    """0 when the daemon was asked about every one, 1 when one is not there."""
    failed, now = False, datetime.now(UTC)
    with opened(args) as store:
        waiting = {q.id: q for q in store.quarantined()}
        when = _when_tried(store, now)
        for number in _named(args.ids, [*waiting]):
            if number in waiting and store.ask_retry(number, now):
                print(f"{number}: {when(waiting[number])}")
            else:
                failed = True
                print(paint(NOT_THERE.format(number), "bad"))
    return ExitCode.FOUND_WRONG if failed else ExitCode.OK


def _when_tried(store: Store, now: datetime) -> Callable[[Quarantined], str]:
    """What is said of a message that is to be tried again."""
    note, running = daemon_note(store, now)
    problems = {(w["mailbox"], w["folder"]): w["error"] for w in note.get("watchers", ())}

    def said(item: Quarantined) -> str:
        place = item.mailbox, item.folder
        if not running:
            return "the daemon is not running; it will try again when it is started"
        if place not in problems:
            return (
                f"{item.mailbox}/{item.folder} is not watched (rules.yaml): it is tried again when it is, or dismiss it"
            )
        return "the daemon will try again " + ("when the server is back" if problems[place] else "within seconds")

    return said


def do_dismiss(args: argparse.Namespace) -> int:
    """0 when every one was there, 1 when one was not."""
    failed, now = False, datetime.now(UTC)
    with opened(args) as store:
        for number in _named(args.ids, [q.id for q in store.quarantined()]):
            if store.end_quarantine(number, "dismissed", "an operator dismissed it", now, decided=True):
                print(f"{number}: dismissed; it gets no answer")
            else:
                failed = True
                print(paint(NOT_THERE.format(number), "bad"))
    return ExitCode.FOUND_WRONG if failed else ExitCode.OK


def _named(words: list[str], quarantined: list[int]) -> list[int]:
    """As `_ids`; says so when there is none."""
    if not (found := _ids(words, quarantined)):
        print("nothing is quarantined")
    return found


def _ids(words: list[str], everything: list[int]) -> list[int]:
    if words == ["all"]:
        return everything
    numbers = []
    for word in words:
        try:
            numbers.append(int(word.lstrip("#")))
        except ValueError:
            raise ConfigError(f"“{word}” is no number", place="ID", step="those of the list, or all") from None
    return numbers


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
