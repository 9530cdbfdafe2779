"""`backtest --against OTHER.yaml`: only what another rules.yaml, or its templates, would do differently.

Every letter is decided by both files, each with its own history. Where the decisions have the same effect and both
answer, the two answers are composed and compared: other words are told apart from other decisions, and counted by
template with one example, since a changed template changes every answer made from it. An exit code of 1 means that a
letter would be quarantined.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from autoresponder.cli.judge import known, open_book
from autoresponder.cli.paint import paint, safe
from autoresponder.cli.past import Past
from autoresponder.cli.progress import Progress
from autoresponder.cli.tally import Tally
from autoresponder.cli.verdict import Judge, Verdict, read
from autoresponder.core.message import Message
from autoresponder.errors import ExitCode
from autoresponder.service.book import Book

_JSON = json.JSONEncoder(ensure_ascii=False)
DIFF_LINES = 12
"""Lines of a difference in words that are shown."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an answer says, and in which language; `broken`: why its template fails on this letter."""

    language: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    files: tuple[str, ...] = ()
    broken: str = ""

    @classmethod
    def of(cls, judge: Judge, verdict: Verdict, message: Message) -> "Words":
        """Those of the answer; the verdict must be one that answers."""
        try:
            answer = judge.answer(verdict, message)
        except Exception as error:  # the daemon would quarantine the letter
            return cls(broken=f"{type(error).__name__}: {error}")
        files = tuple(one.name for one in answer.attachments)
        return cls(answer.language, answer.subject, answer.text, answer.html, files)

    def row(self) -> dict[str, Any]:
        """As part of a line of JSON."""
        broken = {"broken": self.broken} if self.broken else {}
        return {"language": self.language, "subject": self.subject, "attachments": list(self.files), **broken}


@dataclass(slots=True)
class Reworded:
    """The answers of one template that differ in words only, with the first of them."""

    verdict: Verdict
    before: Words
    after: Words
    letters: int = 0


def compare(args: argparse.Namespace, book: Book, past: Past) -> int:
    """Prints what would change; 1 when a letter would be quarantined. Raises `ConfigError` for a wrong OTHER.yaml."""
    # the same signer: a reference number would else differ in every answer
    _settings, other = open_book(args.against, any_recipient=args.any_recipient, signer=book.policy.signer)
    for name in [args.mailbox] if args.mailbox else book.policy.mailboxes:
        known(name, other.policy, str(args.against))
    sides = Judge(book, args.mailbox), Judge(other, args.mailbox)
    tallies = Tally(), Tally()
    reworded: dict[tuple[str, str, str], Reworded] = {}
    changed = quarantined = 0
    with Progress(past.total) as progress:
        for old in past.letters:
            message, broken = read(old)
            before, after = (judge.decide(judge.weigh(old, message, broken)) for judge in sides)
            for tally, verdict in zip(tallies, (before, after), strict=True):
                tally.what[verdict.what] += 1
            quarantined += "quarantined" in (before.what, after.what)
            if effect(before) != effect(after):
                changed += 1
                _show_change(before, after, args.json)
            elif message and before.decision.action == "reply":
                words = Words.of(sides[0], before, message), Words.of(sides[1], after, message)
                quarantined += any(one.broken for one in words)
                if words[0] != words[1]:
                    _note(reworded, before, words, args.json)
            progress.step()
    others = sum(one.letters for one in reworded.values())
    _sum_up(args, tallies, changed, list(reworded.values()), others)
    return ExitCode.FOUND_WRONG if quarantined else ExitCode.OK


def effect(verdict: Verdict) -> tuple[object, ...]:
    """What anybody would notice of a decision: two with the same effect differ in words only."""
    decision, rule = verdict.decision, verdict.decision.rule
    acts = (rule.mark, rule.move_to, rule.notify) if rule and decision.act else ((), "", ())
    if decision.action != "reply" or rule is None or decision.target is None:
        return decision.action, acts
    key, held = decision.target.key, bool(decision.hold)
    return "reply", acts, rule.reply, rule.language, rule.kind, key, held, decision.shadow, decision.due


def _note(
    reworded: dict[tuple[str, str, str], Reworded], verdict: Verdict, words: tuple[Words, Words], as_json: bool
) -> None:
    before, after = words
    rule = verdict.decision.rule
    name = rule.reply if rule and rule.reply else ""
    key = name, before.language, after.language
    reworded.setdefault(key, Reworded(verdict, before, after)).letters += 1
    if as_json:
        row = verdict.row()
        line = {key: row[key] for key in ("letter", "arrived", "from", "subject")}
        line |= {"words_only": True, "template": name, "before": before.row(), "after": after.row()}
        sys.stdout.write(_JSON.encode(line) + "\n")


def _sum_up(
    args: argparse.Namespace, tallies: tuple[Tally, Tally], changed: int, reworded: list[Reworded], others: int
) -> None:
    letters = tallies[0].letters
    if args.json:
        sums = {name: dict(tally.what) for name, tally in zip(("before", "after"), tallies, strict=True)}
        summary = {"letters": letters, "changed": changed, "other_words": others, **sums}
        sys.stdout.write(_JSON.encode({"summary": summary}) + "\n")
        return
    for one in sorted(reworded, key=lambda one: -one.letters):
        _show_words(one)
    print(f"{changed:,} of {letters:,} letters would be treated differently by {args.against}")
    if others:
        print(f"{others:,} more would get the same answer in other words")
    for name, tally in zip((args.config, args.against), tallies, strict=True):
        print(f"  {name}: " + tally.counts())


def _show_change(before: Verdict, after: Verdict, as_json: bool) -> None:
    if as_json:
        rows = before.row(), after.row()
        same = ("letter", "arrived", "from", "subject")
        sides = [{key: value for key, value in row.items() if key not in same} for row in rows]
        line: dict[str, Any] = {key: rows[0][key] for key in same} | {"before": sides[0], "after": sides[1]}
        sys.stdout.write(_JSON.encode(line) + "\n")
        return
    _head(before)
    for mark, verdict, style in (("-", before, "bad"), ("+", after, "good")):
        print(paint(f"  {mark} {outcome(verdict)}", style) + f": {safe(verdict.decision.why)}")


def _head(verdict: Verdict) -> None:
    looked = verdict.looked
    print(paint(looked.letter, "head") + f"  {safe(looked.sender)}  {safe(looked.subject)[:80]}")


def outcome(verdict: Verdict) -> str:
    """`answered with “invoice”`, `silent (once)` …"""
    decision, rule = verdict.decision, verdict.decision.rule
    if decision.action == "reply" and rule:
        return f"{verdict.what} with “{rule.reply}”" + (" (shadow: not sent)" if decision.shadow else "")
    return f"{verdict.what} ({decision.reason})"


def _show_words(one: Reworded) -> None:
    rule = one.verdict.decision.rule
    name = rule.reply if rule else ""
    print(paint(f"same decision, other words: “{name}”", "bold") + f", {one.letters:,} letters, for example:")
    _head(one.verdict)
    for mark, style, words in (("-", "bad", one.before), ("+", "good", one.after)):
        if words.broken:
            print(paint(f"  {mark} the template fails: {safe(words.broken)}", style))
    lines = [*_lines(one.before, one.after)] if not (one.before.broken or one.after.broken) else []
    for line in lines[:DIFF_LINES]:
        print(paint(f"  {line[0]} {safe(line[1:])}", "good" if line[0] == "+" else "bad"))
    if len(lines) > DIFF_LINES:
        print(paint(f"    … {len(lines) - DIFF_LINES} more lines", "dim"))


def _lines(before: Words, after: Words) -> list[str]:
    """The lines that differ, each with - or + before it."""
    old, new = (
        [f"language: {words.language}", f"subject: {words.subject}", *(f"attached: {name}" for name in words.files),
         *words.text.splitlines()]
        for words in (before, after)
    )  # fmt: skip
    changes = list(unified_diff(old, new, lineterm="", n=0))[2:]  # without the names of the files
    found = [line for line in changes if not line.startswith("@@") and line[1:].strip()]
    return found or ["-looks only: the HTML differs", "+looks only: the HTML differs"]
