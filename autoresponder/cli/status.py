"""`status` and `history`: what is and what was."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from autoresponder.cli.paint import paint, safe, table
from autoresponder.cli.reasons import in_words
from autoresponder.cli.state import daemon_note, opened
from autoresponder.core.outbox import State
from autoresponder.core.reference import as_printed, is_reference, stands_for
from autoresponder.core.token import Signer
from autoresponder.errors import ExitCode
from autoresponder.service.log import counted
from autoresponder.store import Decided, Store


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands' words."""
    p = commands.add_parser("status", help="is it running, what did it do, what waits for a person")
    p.add_argument("--hours", type=float, default=24, help="figures of the last so many hours (default 24)")
    p.add_argument("--json", action="store_true", help="one JSON object")
    p.set_defaults(do=do_status)
    p = commands.add_parser("history", help="every decision about one sender, or one letter, newest first")
    p.add_argument("who", metavar="ADDRESS|REFERENCE", help="the sender, or the reference number that our answer gave")
    p.add_argument("--limit", type=int, default=100)
    p.add_argument("--json", action="store_true", help="one JSON object a line")
    p.set_defaults(do=do_history)


def do_status(args: argparse.Namespace) -> int:
    """0 when all is well; 1 when the daemon is not running, a mailbox fails, or something waits for a person."""
    now = datetime.now(UTC)
    with opened(args) as store:
        found = _gather(store, now, args.hours)
    if args.json:
        print(json.dumps(found, ensure_ascii=False, default=_text))
    else:
        _show(found, args.hours)
    return ExitCode.FOUND_WRONG if found["attention"] else ExitCode.OK


def _gather(store: Store, now: datetime, hours: float) -> dict[str, Any]:
    summary = store.summary(now - timedelta(hours=hours))
    note, running = daemon_note(store, now)
    attention = []
    if not running:
        attention.append("the daemon is not running")
    else:
        attention += [f"{w['mailbox']}/{w['folder']}: {w['error']}" for w in note["watchers"] if w["error"]]
        attention += [f"replies wait for {server}: {why}" for server, why in note.get("servers", {}).items()]
        attention += [
            f"copies of sent answers wait ({mailbox}): {why}" for mailbox, why in note.get("copies", {}).items()
        ]
        if note["problem"]:
            attention.append(f"the configuration is wrong, what can be is in force: {note['problem']}")
    for state, words in (
        (State.UNCERTAIN, "replies may or may not have arrived: autoresponder outbox list"),
        (State.HELD, "replies are held by the limits: see autoresponder outbox list, then outbox release all"),
        (State.FAILED, "replies could not be delivered: autoresponder outbox list --state failed"),
    ):
        if count := summary.outbox.get(state, 0):
            attention.append(f"{count} {words}")
    if summary.quarantined:
        attention.append(f"{summary.quarantined} messages could not be read: autoresponder quarantine list")
    return {
        "running": running,
        "daemon": note or None,
        "attention": attention,
        **asdict(summary),
        "shadowed": [
            {"rule": rule, "today": today, "in_all": in_all}
            for rule, (today, in_all) in store.shadowed(_midnight(now)).items()
        ],
        "recent": [_row(d) for d in store.recent(10)],
        "store": store.info(),
    }


def _midnight(now: datetime) -> datetime:
    """When today began, as this machine's clock tells the day."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def _show(found: dict[str, Any], hours: float) -> None:
    note = found["daemon"] or {}
    if found["running"]:
        since = datetime.fromisoformat(note["started"]).astimezone()
        mode = "" if note["mode"] == "live" else ", " + paint("shadow mode: nothing is sent", "warn")
        print(paint("running", "good") + f" since {since:%Y-%m-%d %H:%M} (pid {note['pid']}, {note['rules']}){mode}")
        rows = [[w["mailbox"], w["folder"], w["phase"], safe(w["error"])] for w in note["watchers"]]
        print(table(["MAILBOX", "FOLDER", "STATE", "PROBLEM"], rows, ["bad" if r[3] else "" for r in rows]))
    else:
        print(paint("not running", "bad"))
    decided = found["decisions"]
    counts = ", ".join(f"{decided.get(k, 0)} {words}" for k, words in (("reply", "to answer"), ("silent", "silent")))
    print(f"\ndecided in the last {hours:g} hours: {counts}, {decided.get('quarantine', 0)} quarantined")
    for title, tallied in (("silent because", in_words(found["reasons"])), ("answers by rule", found["rules"])):
        if tallied:
            ranked = sorted(tallied.items(), key=lambda item: -item[1])
            print(f"{title}: " + ", ".join(f"{name} {count}" for name, count in ranked))
    _show_shadowed(found["shadowed"])
    waiting = {k: v for k, v in found["outbox"].items() if k in ("pending", "sending", "in_doubt", "held", "uncertain")}
    print("outbox: " + (", ".join(f"{v} {k}" for k, v in waiting.items()) or "empty"))
    if found["recent"]:
        print("\n" + _decisions([dict(r) for r in found["recent"]]))
    for line in found["attention"]:
        print(paint("! " + safe(line), "warn"))


def _show_shadowed(rules: list[dict[str, Any]]) -> None:
    """What would have been sent, had it not been for shadow mode."""
    if not rules:
        return
    today, in_all = (sum(rule[key] for rule in rules) for key in ("today", "in_all"))
    print(
        paint(f"shadow: {counted(in_all, 'answer')} would have been sent, {today} of them today", "warn")
        + "; see autoresponder outbox list --state shadow"
    )
    print(table(["RULE", "TODAY", "IN ALL"], [[r["rule"], str(r["today"]), str(r["in_all"])] for r in rules]))


def do_history(args: argparse.Namespace) -> int:
    """0 when something is known of the address or the reference, 1 when not."""
    with opened(args) as store:
        found, unknown = _about(store, args.who, args.limit)
    if args.json:
        for row in map(_row, found):
            print(json.dumps(row, ensure_ascii=False, default=_text))
    elif found:
        if "@" not in args.who:
            _show_letters(found, as_printed(args.who))
        print(_decisions([_row(d) for d in found]))
    if not found:
        print(unknown, file=sys.stderr if args.json else sys.stdout)
    return ExitCode.OK if found else ExitCode.FOUND_WRONG


def _about(store: Store, who: str, limit: int) -> tuple[list[Decided], str]:
    """The decisions about an address or a reference, and the sentence for when there are none."""
    if "@" in who:
        return store.history(who, limit), f"nothing is known of {safe(who)}"
    signer, number = Signer(store.signing_key()), as_printed(who)
    if not is_reference(signer, number):
        return [], f"{safe(who)} is not one of our reference numbers: is a character wrong? (An address has an @.)"
    found = store.found(lambda key: stands_for(signer, number, key))
    return found[:limit], f"{number} is one of our reference numbers, but its letter is not in this state any more"


def _show_letters(found: list[Decided], number: str) -> None:
    """Which letter a reference stands for; among very many, two may have the same."""
    for subject, sender in dict.fromkeys((safe(one.subject), safe(one.sender)) for one in found):
        print(f"{number}: {subject or '(no subject)'}, from {sender}")
    print()


def _row(decided: Decided) -> dict[str, Any]:
    row = asdict(decided)
    row["trace"] = json.loads(decided.trace or "[]")
    return row


def _decisions(rows: list[dict[str, Any]]) -> str:
    """The table of decisions, as `status` and `history` show it."""
    styles = {"reply": "good", "quarantine": "bad"}
    cells = [
        [
            f"{r['at'].astimezone():%Y-%m-%d %H:%M:%S}",
            r["mailbox"],
            r["sender"],
            r["reply_state"] or r["action"],
            r["why"] + (f" — {r['last_error']}" if r["last_error"] else ""),
        ]
        for r in rows
    ]
    return table(["WHEN", "MAILBOX", "SENDER", "WHAT", "WHY"], cells, [styles.get(r["action"], "") for r in rows])


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
