"""The delivery against a real store and a server that misbehaves: what the outbox says afterwards, and what arrived."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from autoresponder.core import outbox
from autoresponder.core.outbox import Event, State
from autoresponder.mail import smtp, smtp_pool
from autoresponder.mail.servers import SmtpServer
from autoresponder.mail.smtp import Sent
from autoresponder.service import deliver
from autoresponder.service.deliver import Delivery, Outgoing
from autoresponder.service.writer import Writer
from autoresponder.store import Cursor, Entry, Letter, Reply, Store, open_store
from tests.lab.sink import EXTENSIONS, Sink

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADDRESS = "contact@lab.test"
MakeSink = Callable[..., Sink]


class House:
    """A store with an outbox, a clock that stands still, and what a test asks of them."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, START
        self.events: list[tuple[int, str]] = []
        self.store: Store = open_store(path, daemon=True)
        self.writer = Writer(self.store)
        self._uid = 0

    def reopen(self) -> None:
        """As a new daemon would."""
        self.close()
        self.store = open_store(self.path, daemon=True)
        self.writer = Writer(self.store)

    def close(self) -> None:
        self.writer.close()
        self.store.close()

    def put(
        self, *targets: str, mailbox: str = "contact", envelope_from: str = "auto", state: State = State.PENDING
    ) -> list[int]:
        """Replies in the outbox, one a target; their numbers."""
        entries = [self._entry(target, mailbox, envelope_from, state) for target in targets]
        folder = Cursor(mailbox, "INBOX", 1, 1, START)
        self.writer.run(lambda store: store.set_cursor(folder))
        outcomes = self.writer.run(
            lambda store: store.record(mailbox, "INBOX", 1, entries[-1].uid + 1, entries, self.now)
        )
        return [outcome.reply_id for outcome in outcomes if outcome.reply_id is not None]

    def _entry(self, target: str, mailbox: str, envelope_from: str, state: State) -> Entry:
        self._uid += 1
        n = self._uid
        reply = Reply(
            mailbox=mailbox, target=target, sender_key=target, limit_key=target, domain=target.partition("@")[2],
            scope="r", once_since=None, once=True, letter_key=f"k{n}", envelope_from=envelope_from,
            message_id=f"<r{n}@lab.test>", subject="Re: x", raw=f"Subject: {n}\r\n\r\nThank you.\r\n".encode(),
            expires=self.now + timedelta(days=2), state=state,
        )  # fmt: skip
        return Entry(
            uid=n, letter_key=f"k{n}", sender_key=target, sender=target, subject="x", message_id=f"<{n}@x>",
            arrived=START, action="reply", reason="rule", why="because", rule="r", trace="[]", reply=reply,
        )  # fmt: skip

    def letter(self, number: int) -> Letter:
        """As the store has it now."""
        found = self.writer.run(lambda store: store.letter(number))
        assert found is not None
        return found

    def states(self, numbers: list[int]) -> list[str]:
        return [str(self.letter(number).state) for number in numbers]

    def delivery(self, outgoing: dict[str, Outgoing], **options: Any) -> Delivery:
        def noted(letter: Letter, sent: Sent) -> None:
            self.events.append((letter.id, str(sent.event)))

        return Delivery(self.writer, outgoing, "test", lambda: self.now, **({"on_event": noted} | options))

    @asynccontextmanager
    async def running(self, outgoing: dict[str, Outgoing], **options: Any) -> AsyncIterator[Delivery]:
        """A delivery at work; stopped at the end."""
        delivery = self.delivery(outgoing, **options)
        task = asyncio.create_task(delivery.run())
        try:
            yield delivery
        finally:
            await delivery.stop(5)
            await task

    def drain(self, outgoing: dict[str, Outgoing]) -> None:
        """Everything that is due, once."""

        async def body() -> None:
            async with self.running(outgoing) as delivery:
                await delivery.drain()

        asyncio.run(body())


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(smtp, "DOT_PATIENCE", 1)
    house = House(tmp_path / "state.db")
    yield house
    house.close()


def to(sink: Sink, *mailboxes: str, **changes: Any) -> dict[str, Outgoing]:
    values: dict[str, Any] = {"host": sink.host, "port": sink.port, "security": "none", "timeout": 20}
    server = SmtpServer(**(values | changes))
    return {mailbox: Outgoing(server, ADDRESS) for mailbox in mailboxes or ("contact",)}


async def until(sink: Sink, condition: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(sink.wait_for, condition, what)


def test_sends_all_once(house: House, make_sink: MakeSink) -> None:
    """Three hundred letters over four connections: each once, in the store and at the server; no task is left."""
    sink = make_sink()
    numbers = house.put(*(f"p{n}@example.com" for n in range(300)))
    house.drain(to(sink))
    assert set(house.states(numbers)) == {"sent"}
    assert sorted(letter.to for letter in sink.messages) == sorted((f"p{n}@example.com",) for n in range(300))
    assert {letter.sender for letter in sink.messages} == {""}
    assert sorted(house.events) == sorted((number, "accepted") for number in numbers)
    assert 1 <= sink.connections <= 4
    assert house.letter(numbers[0]).sent == START


DROP, HANG = {"drop": True}, {"hang": True}
OUTCOMES = [
    # stage, misbehaviour, state, attempts counted, letters at the server
    ("CONNECT", DROP, "pending", 0, 0),
    ("CONNECT", {"answer": "554 5.7.1 go away", "drop": True}, "pending", 0, 0),
    ("CONNECT", HANG, "pending", 0, 0),
    ("EHLO", DROP, "pending", 0, 0),
    ("MAIL", DROP, "pending", 0, 0),
    ("MAIL", HANG, "pending", 0, 0),
    ("MAIL", {"answer": "421 4.3.2 down", "drop": True}, "pending", 0, 0),
    ("MAIL", {"answer": "451 4.3.0 later"}, "pending", 1, 0),
    ("MAIL", {"answer": "554 5.7.1 not you"}, "failed", 0, 0),
    ("RCPT", DROP, "pending", 1, 0),
    ("RCPT", HANG, "pending", 1, 0),
    ("RCPT", {"answer": "450 4.2.0 greylisted"}, "pending", 1, 0),
    ("RCPT", {"answer": "550 5.1.1 no such user"}, "failed", 0, 0),
    ("DATA", DROP, "pending", 1, 0),
    ("DATA", HANG, "pending", 1, 0),
    ("DATA", {"answer": "451 4.3.0 later"}, "pending", 1, 0),
    ("DATA", {"answer": "554 5.5.1 no"}, "failed", 0, 0),
    ("BODY", HANG, "uncertain", 0, 0),
    ("DOT", DROP, "uncertain", 0, 0),
    ("DOT", {"drop": True, "accept": True}, "uncertain", 0, 1),
    ("DOT", HANG, "uncertain", 0, 0),
    ("DOT", {"answer": "421 4.3.2 down", "drop": True}, "pending", 1, 0),
    ("DOT", {"answer": "451 4.3.0 later"}, "pending", 1, 0),
    ("DOT", {"answer": "552 5.2.2 full"}, "failed", 0, 0),
]


@pytest.mark.parametrize(("stage", "fault", "state", "attempts", "arrived"), OUTCOMES)
def test_outcomes(
    house: House, make_sink: MakeSink, stage: str, fault: dict[str, Any], state: str, attempts: int, arrived: int
) -> None:
    """What the outbox says after each fault; later the letter goes out if it still may, and never a second time."""
    sink = make_sink()
    sink.on(stage, **fault)  # type: ignore[arg-type]  # a Stage
    (number,) = house.put("ana@example.com")
    house.drain(to(sink, timeout=0.3 if "hang" in fault else 20))
    letter = house.letter(number)
    assert (str(letter.state), letter.attempts, len(sink.messages)) == (state, attempts, arrived)
    assert letter.last_error
    if attempts:
        assert START + timedelta(seconds=30) <= letter.next_attempt <= START + timedelta(seconds=36)
    elif state == "pending":
        assert letter.next_attempt == START
    sink.behave()
    house.now += timedelta(minutes=1)
    house.drain(to(sink))
    house.drain(to(sink))
    assert len(sink.messages) == (1 if state == "pending" else arrived)
    assert str(house.letter(number).state) == ("sent" if state == "pending" else state)


def test_back_off_grows_and_ends(house: House, make_sink: MakeSink) -> None:
    """A letter that is put off again and again waits longer each time, and is given up when it has expired."""
    sink = make_sink()
    sink.on("RCPT", answer="450 4.2.0 greylisted")
    (number,) = house.put("ana@example.com")
    waits = []
    for _ in range(6):
        house.drain(to(sink))
        letter = house.letter(number)
        waits.append((letter.next_attempt - house.now).total_seconds())
        house.now = letter.next_attempt
    for wait, least in zip(waits, (30, 60, 300, 900, 1800, 1800), strict=True):
        assert least <= wait <= least * 1.2
    house.now = START + timedelta(days=3)
    house.drain(to(sink))
    assert str(house.letter(number).state) == "failed"
    assert sink.messages == ()


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DOT"])
def test_null_sender_refused(house: House, make_sink: MakeSink, stage: str) -> None:
    """Where the null sender is refused, the mailbox's address is used at once, and without asking after a restart."""
    sink = make_sink(extensions=EXTENSIONS)
    words = "550 5.7.1 <>: Sender address rejected"
    sink.on("MAIL", match="<>", answer=words) if stage == "MAIL" else sink.on(stage, answer=words, times=1)  # type: ignore[arg-type]  # a Stage
    outgoing = to(sink, connections=1)
    numbers = house.put("ana@example.com", "bob@example.com")
    house.drain(outgoing)
    assert house.states(numbers) == ["sent", "sent"]
    assert [letter.sender for letter in sink.messages] == [ADDRESS, ADDRESS]
    house.reopen()
    sink.clear()
    house.put("eve@example.com")
    house.drain(outgoing)
    assert next(line for line in sink.commands if line.startswith("MAIL")).startswith(f"MAIL FROM:<{ADDRESS}>")


def test_sender_was_not_the_reason(house: House, make_sink: MakeSink) -> None:
    """When the address is refused as well, it is the letter's end, and the null sender is not given up for it."""
    sink = make_sink()
    sink.on("MAIL", answer="550 5.7.1 go away", times=2)
    numbers = house.put("ana@example.com", "bob@example.com")
    house.drain(to(sink, connections=1))
    assert house.states(numbers) == ["failed", "sent"]
    assert [letter.sender for letter in sink.messages] == [""]


@pytest.mark.parametrize(("envelope_from", "sender"), [("", ""), ("bounces@lab.test", "bounces@lab.test")])
def test_given_envelope_sender(house: House, make_sink: MakeSink, envelope_from: str, sender: str) -> None:
    """A configured envelope sender is used as it is; the null one is not replaced when it was asked for by name."""
    sink = make_sink()
    sink.on("MAIL", match="<>", answer="550 5.7.1 no", times=1)
    (number,) = house.put("ana@example.com", envelope_from=envelope_from)
    house.drain(to(sink))
    assert str(house.letter(number).state) == ("sent" if sender else "failed")
    assert [letter.sender for letter in sink.messages] == ([sender] if sender else [])


def test_one_server_down(
    house: House, make_sink: MakeSink, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty letters for a dead server do not hold up another mailbox; they keep their turn, and go when it is back."""
    monkeypatch.setattr(smtp_pool, "BACK_OFF", (60,))  # it is left alone, however slow this machine is
    dead, well = make_sink(), make_sink()
    dead.on("CONNECT", answer="421 4.3.2 down", drop=True)
    waiting = house.put(*(f"p{n}@example.com" for n in range(60)))
    others = house.put(*(f"q{n}@example.com" for n in range(60)), mailbox="sales")
    outgoing = to(dead) | to(well, "sales")

    async def body() -> None:
        async with house.running(outgoing) as delivery:
            await delivery.drain()
            assert set(house.states(others)) == {"sent"}
            assert set(house.states(waiting)) == {"pending"}
            assert {house.letter(number).attempts for number in waiting} == {0}
            assert list(delivery.troubles) == [f"{dead.host}:{dead.port}"]
            assert dead.connections <= 4
            dead.behave()
            monkeypatch.setattr(smtp_pool, "BACK_OFF", (0.05,))  # for an attempt that was still on its way
            delivery.try_now()
            await until(dead, lambda: len(dead.messages) == 60, "the letters that waited")
            await delivery.drain()
            assert delivery.troubles == {}

    with caplog.at_level(logging.INFO):
        asyncio.run(body())
    assert set(house.states(waiting)) == {"sent"}
    told = [record for record in caplog.records if "can" in record.message and "be used" in record.message]
    assert [record.levelname for record in told] == ["WARNING", "INFO"]


def test_mailbox_not_configured(house: House, sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    """Its replies stay pending and are named once; others go on; when it is configured again, they go."""
    (lost,) = house.put("ana@example.com", mailbox="gone")
    (fine,) = house.put("bob@example.com")

    async def body() -> None:
        async with house.running(to(sink)) as delivery:
            await delivery.drain()
            await delivery.drain()
            assert house.states([lost, fine]) == ["pending", "sent"]
            delivery.update(to(sink, "contact", "gone"))
            await until(sink, lambda: len(sink.messages) == 2, "the letter of the mailbox that is back")

    asyncio.run(body())
    assert house.states([lost]) == ["sent"]
    assert len([r for r in caplog.records if "gone" in r.message and "not configured" in r.message]) == 1


def test_update_changes_server(house: House, make_sink: MakeSink) -> None:
    """A reload while a letter is in hand and others wait: the one is finished, the others go to the new server."""
    old, new = make_sink(), make_sink()
    old.on("DOT", hang=True)
    numbers = house.put(*(f"p{n}@example.com" for n in range(10)))

    async def body() -> None:
        async with house.running(to(old, connections=1, timeout=1)) as delivery:
            await until(old, lambda: "DATA" in old.commands, "the first letter")
            delivery.update(to(new))
            await until(new, lambda: len(new.messages) == 9, "the others")
            await delivery.drain()

    asyncio.run(body())
    assert sorted(house.states(numbers)) == ["sent"] * 9 + ["uncertain"]
    assert len({letter.to for letter in new.messages}) == 9


def test_wake(house: House, sink: Sink) -> None:
    """What comes while the delivery sleeps goes out when it is woken, from another thread."""

    async def body() -> None:
        async with house.running(to(sink)) as delivery:
            await delivery.drain()
            for n in range(3):
                await asyncio.to_thread(house.put, f"p{n}@example.com")
                await asyncio.to_thread(delivery.wake)
                await until(sink, lambda n=n: len(sink.messages) == n + 1, "the new letter")  # type: ignore[misc]

    asyncio.run(body())


def test_sleeps_until_due(house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anybody's call: a letter that was put off goes out when it is due, and not before; no busy loop."""
    monkeypatch.setattr(deliver, "LOOK", 3600)
    monkeypatch.setattr(outbox, "BACK_OFF", (0.5,))
    sink.on("RCPT", answer="450 4.2.0 greylisted", times=1)
    house.now = datetime.now(UTC)
    (number,) = house.put("ana@example.com")
    claims: list[datetime] = []
    claim = house.store.claim

    def noted(now: datetime, *arguments: Any) -> list[Letter]:
        claims.append(now)
        return claim(now, *arguments)

    house.store.claim = noted  # type: ignore[method-assign]  # only takes notes

    async def body() -> None:
        delivery = Delivery(house.writer, to(sink), "test", lambda: datetime.now(UTC))
        task = asyncio.create_task(delivery.run())
        await until(sink, lambda: len(sink.messages) == 1, "the second attempt")
        await delivery.stop(5)
        await task

    asyncio.run(body())
    assert house.states([number]) == ["sent"]
    assert max(claims) - house.now >= timedelta(seconds=0.5)
    assert len(claims) < 10


# the end and the beginning --------------------------------------------------------------------------------------------
STOPS = [
    # stage at which the server hangs, grace, state after stop, letters sent later
    ("MAIL", 0.0, "pending", 1),
    ("RCPT", 0.0, "pending", 1),
    ("DATA", 0.0, "pending", 1),
    ("DOT", 0.0, "uncertain", 0),
]


@pytest.mark.parametrize(("stage", "grace", "state", "later"), STOPS)
def test_stop_breaks_off(house: House, make_sink: MakeSink, stage: str, grace: float, state: str, later: int) -> None:
    """A server that hangs is not waited for beyond the grace; what was begun is uncertain only if its dot had left."""
    sink = make_sink()
    sink.on(stage, hang=True)  # type: ignore[arg-type]  # a Stage
    numbers = house.put(*(f"p{n}@example.com" for n in range(3)))
    outgoing = to(sink, connections=1, timeout=60)

    async def body() -> None:
        delivery = house.delivery(outgoing)
        task = asyncio.create_task(delivery.run())
        if stage == "DOT":
            while "in_doubt" not in await asyncio.to_thread(house.states, numbers[:1]):
                continue
            await asyncio.to_thread(house.states, numbers)  # a turn of the loop, in which the dot leaves
        else:
            await until(sink, lambda: any(line.startswith(stage) for line in sink.commands), stage)
        await delivery.stop(grace)
        await task

    asyncio.run(body())
    assert house.states(numbers) == [state, "pending", "pending"]
    assert {house.letter(number).next_attempt for number in numbers} == {START}
    sink.behave()
    house.drain(to(sink))
    assert len(sink.messages) == 2 + later


def test_stop_after_update(house: House, make_sink: MakeSink) -> None:
    """A letter in the hands of a server that is no longer configured is broken off as well."""
    old, new = make_sink(), make_sink()
    old.on("RCPT", hang=True)
    (number,) = house.put("ana@example.com")

    async def body() -> None:
        delivery = house.delivery(to(old, timeout=60))
        task = asyncio.create_task(delivery.run())
        await until(old, lambda: any(line.startswith("RCPT") for line in old.commands), "the letter")
        delivery.update(to(new))
        await delivery.stop(0)
        await task

    asyncio.run(body())
    assert house.states([number]) == ["pending"]


def test_stop_finishes_the_letter_in_hand(house: House, make_sink: MakeSink) -> None:
    """Within the grace the letter in hand is finished; no new one is begun."""
    sink = make_sink()
    numbers = house.put(*(f"p{n}@example.com" for n in range(20)))

    async def body() -> None:
        delivery = house.delivery(to(sink, connections=1))
        task = asyncio.create_task(delivery.run())
        await until(sink, lambda: "DATA" in sink.commands, "the first letter")
        await delivery.stop(10)
        await task

    asyncio.run(body())
    states = house.states(numbers)
    assert set(states) <= {"sent", "pending"}
    assert states.count("sent") == len(sink.messages) >= 1
    house.drain(to(sink))
    assert len({letter.to for letter in sink.messages}) == len(sink.messages) == 20


def test_stop_before_run(house: House, sink: Sink) -> None:
    """Stopping what never ran returns."""
    asyncio.run(asyncio.wait_for(house.delivery(to(sink)).stop(5), 5))


@pytest.mark.parametrize(("event", "state", "sent"), [(None, "sent", 1), (Event.FINAL_DOT, "uncertain", 0)])
def test_recovers(house: House, sink: Sink, event: Event | None, state: str, sent: int) -> None:
    """What a crash left: without the dot it is sent, in doubt it becomes uncertain and is not sent."""
    (number,) = house.put("ana@example.com")
    house.writer.run(lambda store: store.claim(START, 10, "an older daemon"))
    if event:
        house.writer.run(lambda store: store.move(number, event, START))
    house.reopen()
    house.drain(to(sink))
    assert house.states([number]) == [state]
    assert len(sink.messages) == sent


def test_others_are_left_alone(house: House, sink: Sink) -> None:
    """With several daemons on one store, only the own claims are taken back."""
    (number,) = house.put("ana@example.com")
    house.writer.run(lambda store: store.claim(START, 10, "another daemon"))

    async def body() -> None:
        async with house.running(to(sink), alone=False) as delivery:
            await delivery.drain()

    asyncio.run(body())
    assert house.states([number]) == ["sending"]
    assert sink.messages == ()


def test_taken_by_somebody_else(house: House, sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    """A letter that somebody else moved while we were at it is not sent from here."""
    first, second = house.put("ana@example.com", "bob@example.com")
    move = house.store.move

    def outrun(reply_id: int, event: Event, *arguments: Any, **options: Any) -> State | None:
        if reply_id == first and event is Event.FINAL_DOT:
            house.store.recover(START)
            move(first, Event.DROP, START)
        return move(reply_id, event, *arguments, **options)

    house.store.move = outrun  # type: ignore[method-assign]  # at this very moment somebody else is faster
    house.drain(to(sink, connections=1))
    assert house.states([first, second]) == ["dropped", "sent"]
    assert [letter.to for letter in sink.messages] == [("bob@example.com",)]
    assert any("somebody else" in record.message for record in caplog.records)


# the store fails ------------------------------------------------------------------------------------------------------
def read_only(store: Store, on: bool) -> None:
    """The file system has become read-only, or is well again."""
    store._db.execute(f"PRAGMA query_only = {int(on)}")  # type: ignore[attr-defined]  # as near as one gets without root


def test_store_fails(
    house: House, sink: Sink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent while nothing can be recorded; that is said once; when it is well again everything goes, once."""
    monkeypatch.setattr(deliver, "STORE_BACK_OFF", (0.05,))
    numbers = house.put(*(f"p{n}@example.com" for n in range(5)))

    async def body() -> None:
        read_only(house.store, True)
        async with house.running(to(sink)) as delivery:
            await delivery.drain()
            for _ in range(5):
                await asyncio.to_thread(delivery.wake)
            assert sink.connections == 0
            read_only(house.store, False)
            await until(sink, lambda: len(sink.messages) == 5, "the letters")
            await delivery.drain()

    with caplog.at_level(logging.INFO):
        asyncio.run(body())
    assert house.states(numbers) == ["sent"] * 5
    assert len(sink.messages) == 5
    told = [r for r in caplog.records if "the outbox can" in r.message]
    assert [(r.levelname, r.exc_info) for r in told] == [("ERROR", None), ("INFO", None)]


@pytest.mark.parametrize("when", ["before the dot", "after the dot"])
def test_store_fails_with_a_letter_in_hand(
    house: House, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Before the dot: it does not leave. After it: the result is kept and recorded when the store is well again."""
    monkeypatch.setattr(deliver, "STORE_BACK_OFF", (0.05,))
    sink = make_sink()
    (number,) = house.put("ana@example.com")

    async def body() -> None:
        async with house.running(to(sink)) as delivery:
            real = house.store.move

            def failing(reply_id: int, event: Event, *arguments: Any, **options: Any) -> State | None:
                if event is (Event.FINAL_DOT if when == "before the dot" else Event.ACCEPTED):
                    read_only(house.store, True)
                return real(reply_id, event, *arguments, **options)

            house.store.move = failing  # type: ignore[method-assign]  # the disk fails at this very moment
            delivery.wake()
            while not delivery._store_failures:
                await asyncio.to_thread(delivery.wake)  # a turn of the loop
            assert len(sink.messages) == (when == "after the dot")
            house.store.move = real  # type: ignore[method-assign]
            read_only(house.store, False)
            while house.letter(number).state is not State.SENT:
                await asyncio.to_thread(delivery.wake)  # a turn of the loop

    asyncio.run(body())
    assert len(sink.messages) == 1


def test_listener_fails(house: House, sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    """What others do with an outcome cannot stop the delivery."""
    numbers = house.put("ana@example.com", "bob@example.com")

    def broken(_letter: Letter, _sent: Sent) -> None:
        raise ZeroDivisionError

    async def body() -> None:
        async with house.running(to(sink), on_event=broken) as delivery:
            await delivery.drain()

    asyncio.run(body())
    assert house.states(numbers) == ["sent", "sent"]
    assert len([r for r in caplog.records if r.exc_info]) == 2


LINES = [
    ("", {}, logging.INFO, "sent", "accepted"),
    ("RCPT", {"answer": "450 4.2.0 greylisted"}, logging.WARNING, "again at 2026-03-02 09:00:3", "pending"),
    (
        "RCPT",
        {"answer": "550 5.1.1 no such user"},
        logging.WARNING,
        "refused for good: 550 5.1.1 no such user (to RCPT)",
        "failed",
    ),
    ("DOT", DROP, logging.ERROR, "autoresponder outbox close 1", "uncertain"),
]


@pytest.mark.parametrize(("stage", "fault", "level", "words", "state"), LINES)
def test_log(
    house: House, sink: Sink, caplog: pytest.LogCaptureFixture,
    stage: str, fault: dict[str, Any], level: int, words: str, state: str,
) -> None:  # fmt: skip
    """A sentence for people with what to do, and fields for machines."""
    if stage:
        sink.on(stage, **fault)  # type: ignore[arg-type]  # a Stage
    house.put("ana@example.com")
    with caplog.at_level(logging.INFO):
        house.drain(to(sink))
    (record,) = [r for r in caplog.records if "reply 1 to ana@example.com" in r.message]
    assert record.levelno == level
    assert words in record.message
    fields = {name: getattr(record, name) for name in ("mailbox", "reply_id", "target", "state", "code", "phase")}
    assert fields["state"] == {"accepted": "sent"}.get(state, state)
    assert (fields["mailbox"], fields["reply_id"], fields["target"]) == ("contact", 1, "ana@example.com")
