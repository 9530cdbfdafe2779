"""`backtest`: who would have been answered, and with what, had these rules been in force; or what others change.

The letters of a mailbox (over IMAP, read-only) or of files are decided one after the other, in the order of their
arrival, each at the moment when it arrived and with the history of those before it (`core.replay`). The same code
decides as in the daemon; nothing is sent, nothing recorded, nothing on the server changes. Many letters are read and
weighed on every core (`cli.crew`); what the letters before them make of it is decided here, in order. Memory does not
grow with the letters' sizes, and only a little with the number of senders.
"""

import argparse
import gc
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import wrap

from autoresponder.cli.crew import ordered
from autoresponder.cli.here import put
from autoresponder.cli.judge import known, open_book
from autoresponder.cli.paint import paint, safe, table
from autoresponder.cli.past import Old, Past, Span, of_files, of_mailboxes
from autoresponder.cli.progress import Progress
from autoresponder.cli.reasons import in_words
from autoresponder.cli.tally import SAMPLE, Tally
from autoresponder.cli.verdict import PLAIN, Judge, Looked
from autoresponder.config.settings import Settings
from autoresponder.errors import ConfigError, ExitCode
from autoresponder.service.book import Book

_JSON = json.JSONEncoder(ensure_ascii=False)
_STYLES = {"answered": "good", "held": "warn", "silent": "dim", "quarantined": "bad"}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("backtest", help="what these rules would have done to the last days' letters")
    p.add_argument("files", nargs="*", metavar="FILE", help="mbox, Maildir, folder or .eml instead of the mailboxes")
    p.add_argument("--days", type=_positive, metavar="N", help="the letters of the last N days")
    p.add_argument("--messages", type=_positive, metavar="N", help="the last N letters")
    p.add_argument("--mailbox", default="", help="of this mailbox only; with files: as letters of this one")
    p.add_argument("--any-recipient", action="store_true", help="do not ask whether it was addressed to us")
    p.add_argument("--against", type=Path, metavar="OTHER.yaml", help="show only what OTHER.yaml would do differently")
    p.add_argument("--json", action="store_true", help="one JSON object a letter, then one with the summary")
    p.add_argument("--html", type=Path, metavar="FILE", help="also write a page with plots")
    p.set_defaults(do=do)


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number above 0")
    return int(text)


def do(args: argparse.Namespace) -> int:
    """0 when every letter could be read and decided, 1 when one would be quarantined."""
    if not (args.files or args.days or args.messages):
        raise ConfigError("how far back?", place="backtest", step="for example: autoresponder backtest --days 30")
    if args.against and args.html:
        raise ConfigError("a comparison has no page", place="--html", step="leave --html or --against out")
    if args.html and not args.html.parent.is_dir():  # said before a long replay, not after it
        raise ConfigError("there is no such folder", place=str(args.html.parent), step="create it")
    settings, book = open_book(args.config, any_recipient=args.any_recipient)
    known(args.mailbox, book.policy)
    with ExitStack() as stack, _few_collections():
        past = _past(args, settings, stack)
        if args.against:
            from autoresponder.cli.against import compare

            return compare(args, book, past)
        return _replay(args, book, past)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Letters hold no cycles and the configuration stays: looking for garbage in them costs a tenth of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _past(args: argparse.Namespace, settings: Settings, stack: ExitStack) -> Past:
    since = datetime.now(UTC) - timedelta(days=args.days) if args.days else None
    span = Span(since, args.messages)
    if args.files:
        return of_files(args.files, span)
    accounts = [a for a in settings.accounts.values() if args.mailbox in ("", a.name)]
    return of_mailboxes(accounts, span, stack)


def _replay(args: argparse.Namespace, book: Book, past: Past) -> int:
    judge = Judge(book, args.mailbox)
    tally = Tally({name: mailbox.office.zone for name, mailbox in book.policy.mailboxes.items()})
    sample = max(1, past.total // SAMPLE)

    def look(numbered: tuple[int, Old]) -> Looked:
        number, old = numbered
        return judge.look(old, language=number % sample == 0)

    with Progress(past.total) as progress:
        for looked in ordered(look, enumerate(past.letters), total=past.total, plain=PLAIN):
            verdict = judge.decide(looked)
            tally.note(verdict)
            if args.json:
                sys.stdout.write(_JSON.encode(verdict.row()) + "\n")
            progress.step()
        seconds = progress.seconds
    if args.json:
        sys.stdout.write(_JSON.encode({"summary": tally.summary()}) + "\n")
    else:
        _show(tally, _title(args), seconds)
    if args.html:
        from autoresponder.cli.backtest_page import page

        put(args.html, page(tally, _title(args)).encode())
    return ExitCode.FOUND_WRONG if tally.what["quarantined"] else ExitCode.OK


# for people ---------------------------------------------------------------------------------------------------------
def _title(args: argparse.Namespace) -> str:
    rules = str(args.config)
    if args.files:
        return f"{rules} and {', '.join(args.files[:3])}{' …' if len(args.files) > 3 else ''}"
    return f"{rules}, {f'mailbox {args.mailbox}' if args.mailbox else 'all mailboxes'}"


def _show(tally: Tally, title: str, seconds: float) -> None:
    print(paint(safe(title), "head"))
    if not tally.letters:
        print("there are no letters in that time")
        return
    span = f"{tally.first:%Y-%m-%d %H:%M} to {tally.last:%Y-%m-%d %H:%M}" if tally.first else ""
    print(f"{tally.letters:,} letters, {span}; {tally.letters / max(seconds, 0.001):,.0f} a second")
    print(f"{tally.counts()}\n")
    print("\n\n".join(_tables(tally)))
    if tally.surprises:
        print(paint("\nworth a look: what looks strange", "bold") + paint("  (autoresponder explain says why)", "dim"))
    room = max(40, shutil.get_terminal_size().columns - 6) if sys.stdout.isatty() else 10_000
    for one in tally.surprises:
        alike = f" (and {one.alike - 1} more like it)" if one.alike > 1 else ""
        print(paint(f"  {one.what}", _STYLES[one.what]) + f"  {safe(one.sender)}  {safe(one.subject)[:70]}{alike}")
        why = f"{safe(one.why)}" + (f"; yet {one.signs}" if one.signs else "") + f"  [{one.letter}]"
        for line in wrap(why, room, break_long_words=False, break_on_hyphens=False):
            print(paint(f"      {line}", "dim"))


def _tables(tally: Tally) -> Iterator[str]:
    heads = (
        ("SILENT BECAUSE", in_words(tally.silent)), ("ANSWERED BY RULE", tally.rules),
        ("SILENCED BY RULE", tally.quiet_rules),
        (f"LANGUAGE{' (A SAMPLE)' if tally.sampled < tally.rules.total() else ''}", tally.languages),
    )  # fmt: skip
    for head, counter in heads:
        if total := counter.total():
            most = max(counter.values())
            yield table(
                [head, "LETTERS", ""],
                [[name, f"{n:,}", "█" * max(1, round(24 * n / most)) + f" {n / total:.0%}"] for name, n in
                 counter.most_common(20)],
            )  # fmt: skip
