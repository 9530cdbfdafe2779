"""The desk: where letters are read, decided, answered and recorded; a batch at a time, in the caller's thread.

Contract: every message handed in ends in exactly one recorded decision. One that makes anything raise is quarantined
with its traceback and the batch goes on; where a batch fails as a whole (the store will not take one of its entries),
each message is tried alone. Nothing is sent here: a reply is a row in the outbox, written in the same
transaction as the decision that made it and the cursor that passes it. If the store fails, nothing has happened and
the exception reaches the caller, who will come back with the same messages. What our own people are to be told of it
(`service.staff`), and which address a bounce proves undeliverable, is recorded in that transaction too.

The desk decides one batch at a time (a lock), so the limits it reads are the limits it acts on.
"""

import json
import logging
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from autoresponder.answer.leaks import LeakError
from autoresponder.core import bounce
from autoresponder.core.decide import Decision, Reading, Step, decide, read
from autoresponder.core.history import Lookup
from autoresponder.core.message import Arrival, Message, letter_key, parse
from autoresponder.core.outbox import State
from autoresponder.errors import UserError
from autoresponder.faults import point, taste
from autoresponder.mail.fetched import Fetched
from autoresponder.service.book import Book
from autoresponder.service.restored import Doubt
from autoresponder.service.writer import Writer
from autoresponder.store import REFUSED, Cursor, Entry, Outcome, Reply, Store

log = logging.getLogger(__name__)
MEMORY = 32 << 20
"""Octets of the attachments of answers that are decided together."""
SHOWN = 200
"""Characters of a subject that are kept with a decision."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a rule wants done to a message on the server, after its decision is recorded."""

    uid: int
    mark: tuple[str, ...]
    move_to: str


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a batch."""

    decided: int
    replies: int  # put into the outbox to be sent now, letters to our own people too
    acts: tuple[Act, ...] = ()


@dataclass(slots=True)
class _Case:
    """One message on its way through the desk."""

    fetched: Fetched
    arrival: Arrival
    message: Message | None = None
    reading: Reading | None = None
    entry: Entry | None = None
    decision: Decision | None = None


class Desk:
    """See the module's contract. Safe to be called from several threads."""

    def __init__(self, writer: Writer, book: Book, now: Callable[[], datetime], *, doubt: Doubt | None = None) -> None:
        """`now` returns an aware datetime. `doubt`: letters that may have been answered already."""
        self.book = book
        self._writer, self._now, self._doubt = writer, now, doubt
        self._turn = threading.Lock()

    @property
    def at_once(self) -> int:
        """How many letters to hand in at once, so that their answers together need little memory."""
        return max(1, MEMORY // max(1, self.book.composer.heaviest))

    def handle(self, cursor: Cursor, batch: Sequence[Fetched], next_uid: int) -> Handled:
        """Decide and record a batch of one folder; `next_uid` is the cursor after it."""
        try:
            return self._handle(cursor, batch, next_uid)
        except UserError:  # the store cannot be used: nothing has happened
            raise
        except Exception as error:
            place = f"{cursor.mailbox}/{cursor.folder}"
            log.warning("%s: a batch failed (%s): each message is tried alone", place, type(error).__name__)
        handled = [self._alone(cursor, fetched) for fetched in batch]
        self._writer.run(lambda store: _record(store, cursor, next_uid, [], self._now()))
        return Handled(
            decided=sum(one.decided for one in handled),
            replies=sum(one.replies for one in handled),
            acts=tuple(act for one in handled for act in one.acts),
        )

    def _alone(self, cursor: Cursor, fetched: Fetched) -> Handled:
        """One message in a transaction of its own, which leaves the cursor where it is; what fails even so is
        quarantined with nothing of it but its UID."""
        try:
            return self._handle(cursor, [fetched], cursor.next_uid)
        except UserError:
            raise
        except Exception as error:
            now = self._now()
            bare = Fetched(fetched.uid, b"", 0, now, frozenset(), None)
            case = _Case(bare, Arrival(cursor.mailbox, cursor.folder, cursor.uidvalidity, fetched.uid, now))
            entry = case.entry = _quarantined(case, error)
        outcomes = self._writer.run(lambda store: _record(store, cursor, cursor.next_uid, [entry], now))
        _report(case, outcomes[0], cursor)
        return _handled([case], outcomes)

    def _handle(self, cursor: Cursor, batch: Sequence[Fetched], next_uid: int) -> Handled:
        book = self.book
        cases = [self._open(fetched, cursor, book) for fetched in batch]
        with self._turn:
            now = self._now()
            self._decide(cases, cursor, book, now)
            entries = [case.entry for case in cases if case.entry]
            point("decided")
            outcomes = self._writer.run(lambda store: _record(store, cursor, next_uid, entries, now))
        point("recorded")
        for case, outcome in zip(cases, outcomes, strict=True):
            _report(case, outcome, cursor)
        return _handled(cases, outcomes)

    def _open(self, fetched: Fetched, cursor: Cursor, book: Book) -> _Case:
        case = _Case(
            fetched,
            Arrival(
                cursor.mailbox, cursor.folder, cursor.uidvalidity, fetched.uid, fetched.arrived, flags=fetched.flags
            ),
        )
        try:
            if fetched.broken:
                raise UnreadableError(fetched.broken)
            taste(fetched.raw)
            case.message = parse(fetched.raw, size=fetched.size, outline=fetched.outline)
            case.reading = read(case.message, book.policy)
        except Exception as error:  # one bad message never stops a mailbox: it is quarantined and shown
            case.entry = _quarantined(case, error)
        return case

    def _decide(self, cases: list[_Case], cursor: Cursor, book: Book, now: datetime) -> None:
        asks = [case.reading.ask for case in cases if case.reading]
        ledger, seen = self._writer.run(
            lambda store: (
                store.ledger(asks, book.policy.limits, now),
                store.known(cursor.mailbox, [ask.letter_key for ask in asks]),
            )
        )
        for case in cases:
            if case.reading is None or case.message is None:
                continue
            ask = case.reading.ask
            try:
                decision = decide(
                    case.reading,
                    case.arrival,
                    book.policy,
                    ledger.of(ask),
                    now,
                    language=book.language,
                    baseline=cursor.baseline,
                    seen=ask.letter_key in seen,
                )
                case.entry = self._entry(case, case.message, decision, book, now)
                case.decision = decision
                reply = case.entry.reply
                held = reply is not None and reply.state is State.HELD
                ledger.note(ask, now, decision.scope if reply else None, held=held, shadow=decision.shadow)
            except Exception as error:  # as above: also a template that fails on this one letter
                case.entry = _quarantined(case, error)
            seen.add(ask.letter_key)
        self._tell_of_breakers(cases, book, now)

    def _tell_of_breakers(self, cases: list[_Case], book: Book, now: datetime) -> None:
        """The first answer that each breaker holds brings the notice of it; whether that is news, the store knows."""
        tripped: Counter[str] = Counter()
        first: dict[str, _Case] = {}
        for case in cases:
            if case.decision and case.entry and case.entry.reply and case.entry.reply.state is State.HELD:
                first.setdefault(case.decision.breaker, case)
                tripped[case.decision.breaker] += 1
        if not first:
            return
        held = self._writer.run(lambda store: store.summary(now).outbox.get(State.HELD, 0)) + tripped.total()
        for breaker, case in first.items():
            if case.entry and case.entry.reply:
                notice = book.staff.of_breaker(breaker, case.entry.reply.held_why, case.arrival, held, now)
                case.entry = replace(case.entry, notices=(*case.entry.notices, notice))

    def _entry(self, case: _Case, message: Message, decision: Decision, book: Book, now: datetime) -> Entry:
        notice = book.staff.of_rule(decision, message, case.arrival, now)
        return Entry(
            uid=case.fetched.uid,
            letter_key=decision.ask.letter_key,
            sender_key=decision.ask.sender_key,
            sender=_sender(message),
            subject=message.subject[:SHOWN],
            message_id=message.message_id,
            arrived=case.fetched.arrived,
            action=decision.action,
            reason=decision.reason,
            why=decision.why,
            rule=decision.rule.name if decision.rule else "",
            trace=trace_json(decision.trace),
            reply=self._reply(case.arrival, message, decision, book, now),
            notices=(notice,) if notice else (),
            bounced=bounce.original(case.fetched.raw, book.staff.signer) if "multipart/report" in message.types else "",
        )

    def _reply(self, arrival: Arrival, message: Message, decision: Decision, book: Book, now: datetime) -> Reply | None:
        if decision.action != "reply" or not (decision.rule and decision.target and decision.expires):
            return None
        answer = book.composer.compose(decision, message, book.policy.mailboxes[arrival.mailbox], now)
        hold = decision.hold or (self._doubt.about(arrival.arrived) if self._doubt else "")
        state = State.SHADOW if decision.shadow else State.HELD if hold else State.PENDING
        return Reply(
            mailbox=arrival.mailbox,
            target=decision.target.email,
            sender_key=decision.ask.sender_key,
            limit_key=decision.ask.limit_key,
            domain=decision.ask.domain,
            scope=decision.scope or "",
            once_since=decision.rule.once.since(now),
            once=decision.rule.once.per != "every-message",
            letter_key=decision.ask.letter_key,
            envelope_from=book.envelope_from.get(arrival.mailbox, "auto"),
            message_id=answer.message_id,
            subject=answer.subject,
            raw=answer.raw,
            expires=decision.expires,
            state=state,
            held_why=hold,
            due=decision.due,
            copy=arrival.mailbox in book.copies,
        )


def _record(store: Store, cursor: Cursor, next_uid: int, entries: list[Entry], now: datetime) -> list[Outcome]:
    outcomes = store.record(cursor.mailbox, cursor.folder, cursor.uidvalidity, next_uid, entries, now)
    point("recording")
    return outcomes


class UnreadableError(UserError):
    """The server's words for a message could not be understood."""


def trace_json(trace: Sequence[Step], *, full: bool = False) -> str:
    """The trace as it is stored: what passed without a word is left out (unless `full`)."""
    return json.dumps(
        [{"check": s.check, "result": s.result, "why": s.why} for s in trace if full or s.why or s.result != "pass"],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _sender(message: Message) -> str:
    return message.from_[0].email if message.from_ else ""


def _quarantined(case: _Case, error: Exception) -> Entry:
    """The entry of a message that raised; its traceback is kept for us, its sentence for people."""
    sentence = f"{type(error).__name__}: {error}" if not isinstance(error, UserError) else str(error)
    message, ask = case.message, case.reading.ask if case.reading else Lookup("", "", "", "", "")
    return Entry(
        uid=case.fetched.uid,
        letter_key=ask.letter_key or (letter_key(message) if message else ""),
        sender_key=ask.sender_key,
        sender=_sender(message) if message else "",
        subject=message.subject[:SHOWN] if message else "",
        message_id=message.message_id if message else "",
        arrived=case.fetched.arrived,
        action="quarantine",
        reason="leak" if isinstance(error, LeakError) else "unreadable",
        why=" ".join(sentence.split())[:500],
        rule="",
        trace="[]",
        traceback="".join(traceback.format_exception(error))[-8000:],
    )


def _handled(cases: Sequence[_Case], outcomes: Sequence[Outcome]) -> Handled:
    acts = tuple(
        Act(case.fetched.uid, rule.mark, rule.move_to)
        for case, outcome in zip(cases, outcomes, strict=True)
        if outcome.new and case.decision and case.decision.act
        if (rule := case.decision.rule) and (rule.mark or rule.move_to)
    )
    ready = sum(
        outcome.reply_id is not None and case.entry is not None and _is_pending(case.entry)
        for case, outcome in zip(cases, outcomes, strict=True)
    )
    told = sum(len(outcome.told) for outcome in outcomes)
    return Handled(sum(outcome.new for outcome in outcomes), ready + told, acts)


def _is_pending(entry: Entry) -> bool:
    return entry.reply is not None and entry.reply.state is State.PENDING


def _report(case: _Case, outcome: Outcome, cursor: Cursor) -> None:
    """One log line for each new decision: the sentence that `explain` and `history` show."""
    entry = case.entry
    if entry is None or not outcome.new:
        return
    action, reason, why = entry.action, entry.reason, entry.why
    if outcome.refused:
        action, reason, why = "silent", outcome.refused, REFUSED[outcome.refused]
    level = logging.WARNING if action == "quarantine" or (entry.reply and entry.reply.held_why) else logging.INFO
    log.log(
        level,
        "%s/%s uid %d from %s: %s: %s",
        cursor.mailbox,
        cursor.folder,
        entry.uid,
        entry.sender or "nobody",
        action if action != "reply" or not entry.reply else _state_word(entry.reply),
        why,
        extra={
            "mailbox": cursor.mailbox,
            "folder": cursor.folder,
            "uidvalidity": cursor.uidvalidity,
            "uid": entry.uid,
            "sender": entry.sender,
            "message_id": entry.message_id,
            "action": action,
            "reason": reason,
            "rule": entry.rule,
            "reply_id": outcome.reply_id,
        },
    )
    _report_more(entry, outcome, cursor)


def _report_more(entry: Entry, outcome: Outcome, cursor: Cursor) -> None:
    """What the decision set off: a breaker that tripped, an address that is undeliverable."""
    place = {"mailbox": cursor.mailbox, "folder": cursor.folder, "uid": entry.uid}
    for topic in outcome.told:
        if topic.startswith("breaker ") and entry.reply:
            log.error(
                "answers are held back: %s; see `autoresponder outbox list --state held`, then say"
                " `autoresponder outbox release all` or `autoresponder outbox drop all --state held`",
                entry.reply.held_why,
                extra={**place, "breaker": topic.removeprefix("breaker ")},
            )
    if outcome.bounced:
        log.warning(
            "%s/%s uid %d: our answer to %s bounced: nothing goes there for a while",
            cursor.mailbox,
            cursor.folder,
            entry.uid,
            outcome.bounced,
            extra={**place, "bounced": outcome.bounced},
        )


def _state_word(reply: Reply) -> str:
    return {State.PENDING: "reply", State.HELD: "held", State.SHADOW: "would reply"}[reply.state]
