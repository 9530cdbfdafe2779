"""The world changes underneath: folders, letters, passwords, certificates, servers and clocks, on real Dovecot.

Where only the outcome matters one round of the daemon is run inside the test (`one_round`), with a clock of its own;
where a running daemon has to notice something it is a process, and SIGHUP ends its back-off.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from autoresponder.service.threads import THREADS
from tests.e2e.house import House, letter
from tests.e2e.inside import one_round
from tests.lab import holes
from tests.lab.dovecot import Dovecot
from tests.lab.machine import wait_until
from tests.lab.proxy import Proxy
from tests.lab.sink import Sink
from tests.lab.tls import Certificate, Certificates
from tests.mail.scripted_imap import GO, Raw, ScriptedImap, selected

MINUTE, HOUR, DAY, YEAR = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=365)
ANA = "ana@example.net"


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    """A house that sends straight to the recording sink, and speaks one language: so a round takes half the time."""
    made = House(tmp_path, dovecot, sink.port)
    for path in (made.folder / "templates").glob("*.*.md"):
        path.unlink()
    return made


@pytest.fixture
def user(house: House, dovecot: Dovecot) -> Iterator[str]:
    """A user whose mailbox is watched."""
    name = dovecot.new_user()
    house.mailbox(name)
    return name


def recipients(sink: Sink) -> list[str]:
    """Who was written to, in order."""
    return [one.to[0] for one in sink.messages]


def try_now(house: House) -> None:
    """SIGHUP, and the daemon has heard it."""
    assert house.notifications
    before = house.notifications.count("READY=1")
    house.kick(signal.SIGHUP)
    house.wait("READY=1", before + 1)


# folders --------------------------------------------------------------------------------------------------------------
def test_a_watched_folder_is_renamed_and_comes_back_then_deleted_and_made_anew(
    house: House, dovecot: Dovecot, sink: Sink
) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user, more="    folders: [INBOX, Orders]\n")

    def order(sender: str, folder: str = "Orders") -> None:
        dovecot.append(user, letter(me, sender), folder)

    with dovecot.session(user) as imap:
        imap.create("Orders")
        with house.running():
            order("one@example.net")
            sink.wait(1)
            imap.rename("Orders", "Elsewhere")
            order("two@example.net", "Elsewhere")
            house.wait_log("there is no such folder")
            dovecot.deliver(user, letter(me, "inbox@example.net"), "inbox@example.net")
            sink.wait(1, to="inbox@example.net")  # the other folder is not disturbed
            imap.rename("Elsewhere", "Orders")
            try_now(house)
            sink.wait(1, to="two@example.net")
            imap.delete("Orders")
            house.wait_log("there is no such folder")
            imap.create("Orders")
            order("three@example.net")
            order("one@example.net")  # the first letter again, under another UIDVALIDITY
            try_now(house)
            sink.wait(1, to="three@example.net")
            assert "there is no such folder" not in house.cli("status")
    assert sorted(recipients(sink)) == [f"{who}@example.net" for who in ("inbox", "one", "three", "two")]
    assert house.history("one@example.net") == [("sent", "rule"), ("silent", "seen")]


# letters --------------------------------------------------------------------------------------------------------------
def test_a_letter_is_moved_away_between_fetch_and_decision(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user, more="    folders: [INBOX, Done]\n")
    house.rules = "rules:\n  - {name: All, reply: acknowledgement, mark: $Answered, move_to: Junk}\n"
    with dovecot.session(user) as imap:
        imap.create("Done")
    one_round(house)
    dovecot.deliver(user, letter(me, ANA), ANA)
    moved: list[str] = []

    def clock() -> datetime:
        """The desk asks for the time in its mailbox's thread, after the letter was fetched and before it is decided."""
        if threading.current_thread().name.startswith("mailbox") and not moved:
            with dovecot.session(user) as imap:
                imap.select("INBOX")
                moved.append(str(imap.uid("MOVE", "1:*", "Done")))
        return datetime.now(UTC)

    one_round(house, clock)
    one_round(house)
    assert moved
    assert recipients(sink) == [ANA]
    assert set(house.history(ANA)) == {("sent", "rule"), ("silent", "seen")}  # in INBOX, and again in Done
    assert len(dovecot.letters(user, "Done")) == 1  # it was not moved on, nor brought back


def test_a_letter_is_expunged_while_its_reply_waits(house: House, dovecot: Dovecot, user: str, sink: Sink) -> None:
    one_round(house)
    sink.on("RCPT", answer="450 4.2.0 greylisted", times=1)
    dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
    now = datetime.now(UTC)
    one_round(house, now)
    assert house.history(ANA) == [("pending", "rule")]
    dovecot.doveadm("expunge", "-u", user, "mailbox", "INBOX", "all")
    one_round(house, now + MINUTE)
    assert recipients(sink) == [ANA]


def test_copies_of_a_letter_are_answered_once(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user, other = dovecot.new_user(), dovecot.new_user()
    me = house.mailbox(user, more="    aliases: [info@lab.test]\n    folders: [INBOX, Sales]\n")
    also = house.mailbox(other)
    with dovecot.session(user) as imap:
        imap.create("Sales")
    one_round(house)
    raw = letter(f"{me}, info@lab.test, {also}", ANA)
    dovecot.deliver(user, raw, ANA)
    dovecot.deliver(user, b"Received: from elsewhere by here; Mon, 23 Nov 2026 10:00:00 +0000\r\n" + raw, ANA)
    dovecot.append(user, raw, "Sales")
    one_round(house)
    dovecot.deliver(other, raw, ANA)
    one_round(house)
    dovecot.deliver(user, raw, ANA)  # a day later, from a server that was down
    one_round(house, datetime.now(UTC) + DAY)
    assert recipients(sink) == [ANA]
    history = house.history(ANA)
    assert len(history) == 5  # every copy has its decision
    assert [what for what, _ in history].count("sent") == 1
    assert {reason for what, reason in history if what == "silent"} <= {"seen", "copy", "once"}


def test_a_refused_mark_stops_neither_the_other_marks_nor_the_answers(
    house: House, dovecot: Dovecot, user: str, sink: Sink
) -> None:
    house.rules = (
        "rules:\n  - {name: Odd, when: {subject: odd}, reply: acknowledgement, move_to: Nowhere}\n"
        "  - {name: All, reply: acknowledgement, mark: $Answered}\n"
    )
    one_round(house)
    for number, subject in enumerate(("odd", "even")):
        dovecot.deliver(
            user, letter(dovecot.address(user), f"p{number}@example.net", subject), f"p{number}@example.net"
        )
    one_round(house)
    assert sorted(recipients(sink)) == ["p0@example.net", "p1@example.net"]
    assert sorted(map(sorted, dovecot.flags(user))) == [[], ["$Answered"]]


@pytest.mark.parametrize(("cuts", "flags"), [(1, ["$Answered"]), (2, [])])
def test_a_mark_survives_a_lost_connection_and_is_given_up_at_the_second(
    cuts: int, flags: list[str], tmp_path: Path, dovecot: Dovecot, sink: Sink
) -> None:
    """Whatever becomes of it, the other letters are marked, and all are answered."""
    house, user = House(tmp_path, dovecot, sink.port), dovecot.new_user()
    with Proxy(dovecot.imap_port) as proxy:
        me = house.mailbox(user, port=proxy.port)
        house.rules = "rules:\n  - {name: All, reply: acknowledgement, mark: $Answered}\n"
        with house.running():
            for _ in range(cuts):
                proxy.on("up", "cut", match=rb"STORE", passing=False)
            dovecot.deliver(user, letter(me, ANA), ANA)
            sink.wait(1, to=ANA)
            wait_until(lambda: proxy.hits == cuts, "the cuts")
            dovecot.deliver(user, letter(me, "eva@example.net"), "eva@example.net")
            sink.wait(1, to="eva@example.net")
            wait_until(lambda: sorted(map(sorted, dovecot.flags(user))) == sorted([flags, ["$Answered"]]), "the marks")
    assert len(sink.messages) == 2


def test_a_renumbered_folder_is_read_as_far_back_as_any_rule_answers(
    house: House, dovecot: Dovecot, user: str, sink: Sink
) -> None:
    house.rules = "rules:\n  - {name: All, reply: acknowledgement, not_older_than: 7 days}\n"
    now = datetime.now(UTC)
    one_round(house, now - 6 * DAY)
    dovecot.append(user, letter(dovecot.address(user), ANA), when=now - 5 * DAY)
    dovecot.set_uidvalidity(user, 4242)
    one_round(house, now)
    assert recipients(sink) == [ANA]


def test_a_mailbox_moves_to_a_server_that_numbers_as_the_old_one_did(
    house: House, dovecot: Dovecot, sink: Sink
) -> None:
    """Some servers give every folder the same UIDVALIDITY, and a backup that is put back has the one it had."""
    old, new = dovecot.new_user(), dovecot.new_user()
    house.mailbox(old, name="contact", more="    aliases: [contact@example.com]\n")
    for user in (old, new):
        dovecot.set_uidvalidity(user, 1)
    template = house.folder / "templates" / "acknowledgement.md"
    template.write_text(template.read_text() + "\n{% if original.subject == 'boom' %}{{ 1 // 0 }}{% endif %}\n")
    one_round(house)
    for who, subject in (("one", "hello"), ("two", "A question"), ("three", "hello"), ("four", "boom")):
        dovecot.deliver(old, letter("contact@example.com", f"{who}@example.net", subject), f"{who}@example.net")
    one_round(house)
    house.cli("quarantine", "retry", "all")
    house.mailbox(new, name="contact", more="    aliases: [contact@example.com]\n")
    dovecot.deliver(new, letter("contact@example.com", "two@example.net"), "two@example.net")  # the old letter, moved
    dovecot.deliver(new, letter("contact@example.com", ANA), ANA)
    house.write()
    for _ in range(2):
        house.cli("run", "--once")  # and no round for ever, for a UID that does not come
    assert sorted(recipients(sink)) == [f"{who}@example.net" for who in ("ana", "one", "three", "two")]
    assert house.history("two@example.net") == [("sent", "rule"), ("silent", "seen")]


# the IMAP server ------------------------------------------------------------------------------------------------------
def test_thrown_out_then_the_password_changes(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    secret = house.folder / "password"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    me = house.mailbox(user, password="{file: password}")
    with house.running():
        dovecot.kick(user)  # * BYE
        dovecot.deliver(user, letter(me, "one@example.net"), "one@example.net")
        sink.wait(1)
        house.wait_log("connected again")
        dovecot.change_password(user, "new-secret")
        dovecot.kick(user)
        house.wait_log("wrong user or password")
        assert "wrong user or password" in house.cli("status", code=1)
        dovecot.deliver(user, letter(me, "two@example.net"), "two@example.net")
        secret.write_text("new-secret\n")
        try_now(house)
        sink.wait(2)
        house.cli("status")
    assert recipients(sink) == ["one@example.net", "two@example.net"]
    assert not house.said("new-secret")


def test_the_certificate_expires(tmp_path: Path, make_dovecot: Callable[..., Dovecot], make_sink: Any) -> None:
    certificates = Certificates(tmp_path / "tls")
    good = (certificates.server.chain.read_bytes(), certificates.server.key.read_bytes())
    old = certificates.issue("localhost", expires=datetime(2020, 1, 1, tzinfo=UTC))
    server = make_dovecot(certificates=certificates)
    sink = make_sink()
    (tmp_path / "house").mkdir()
    house, user = House(tmp_path / "house", server, sink.port), server.new_user()
    me = house.mailbox(user)
    with house.running():
        _show(certificates.server, old.chain.read_bytes(), old.key.read_bytes())
        server.restart()
        house.wait_log("certificate has expired")
        assert "certificate has expired" in house.cli("status", code=1)
        _show(certificates.server, *good)
        server.restart()
        server.deliver(user, letter(me, ANA), ANA)
        try_now(house)
        sink.wait(1)
    assert recipients(sink) == [ANA]
    assert "password" not in "".join(server.log.lower().split("certificate expired"))  # none was sent in between


def _show(certificate: Certificate, chain: bytes, key: bytes) -> None:
    certificate.chain.write_bytes(chain)
    certificate.key.write_bytes(key)


def test_a_server_that_is_silent_holds_up_no_other(house: House, dovecot: Dovecot, sink: Sink) -> None:
    """However many mailboxes it has: each of them keeps a thread waiting for ten minutes."""
    with ExitStack() as stack:
        port = holes.silent(stack)
        for number in range(THREADS + 4):
            house.mailbox(f"silent{number}", port=port, timeout=600)
        me = house.mailbox(user := dovecot.new_user())
        house.launch()
        house.wait_log(f"{user}/INBOX: first start")
        dovecot.deliver(user, letter(me, ANA), ANA)
        sink.wait(1)
        assert house.stop() == 0


def test_too_many_connections(tmp_path: Path, make_dovecot: Callable[..., Dovecot], sink: Sink) -> None:
    server = make_dovecot(connections=1)
    house, user = House(tmp_path, server, sink.port), server.new_user()
    me = house.mailbox(user)
    house.write()
    house.cli("run", "--once")
    with server.session(user) as colleague:
        server.deliver(user, letter(me, ANA), ANA)
        with house.running():
            house.wait_log("too many connections")
            assert "mail_max_userip_connections" in house.cli("status", code=1)  # the next step
            colleague.logout()
            try_now(house)
            sink.wait(1)
    assert recipients(sink) == [ANA]


def test_idle_is_refused_after_a_while(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    def arrives(uid: int) -> list[Any]:
        raw = letter("u9@lab.test", f"p{uid}@example.net")
        head = b'* 2 FETCH (UID %d RFC822.SIZE %d FLAGS () INTERNALDATE "%s" BODY[]<0> {%d}\r\n'
        when = datetime.now(UTC).strftime("%d-%b-%Y %H:%M:%S +0000").encode()
        found = head % (uid, len(raw), when, len(raw)) + raw + b")\r\n%t OK done\r\n"
        return [rf"UID SEARCH UID {uid}:\*", b"* SEARCH %d\r\n%%t OK done\r\n" % uid, f"UID FETCH {uid} .*", found]

    nothing = b"* SEARCH\r\n%t OK done\r\n"
    dialogue = [
        *selected(1), r"UID SEARCH UID 500:\*", nothing,
        "IDLE", b"+ idling\r\n", GO, b"* 2 EXISTS\r\n", Raw("DONE"), b"%t OK done\r\n", *arrives(500),
        "IDLE", b"%t NO not any more\r\n", r"UID SEARCH UID 501:\*", nothing,
        "NOOP", b"* 3 EXISTS\r\n%t OK done\r\n", *arrives(501),
    ]  # fmt: skip
    house = House(tmp_path, dovecot, sink.port)
    with ScriptedImap(dialogue) as server:
        house.mailbox("u9", port=server.port)
        with house.running():
            server.go()
            sink.wait(1)
            house.wait_log("polling instead")
            try_now(house)
            sink.wait(2)
    assert recipients(sink) == ["p500@example.net", "p501@example.net"]


# the SMTP server ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("stage", "fault", "first", "a_minute_later"),
    [
        ("RCPT", {"answer": "450 4.2.0 greylisted", "times": 1}, "pending", "sent"),
        ("MAIL", {"answer": "421 4.3.2 closing", "drop": True, "times": 1}, "pending", "sent"),
        ("CONNECT", {"answer": "421 4.7.0 too many connections", "drop": True, "times": 1}, "pending", "sent"),
        ("RCPT", {"answer": "452 4.2.2 mailbox full", "times": 1}, "pending", "sent"),
        ("DATA", {"answer": "452 4.3.1 insufficient storage", "times": 1}, "pending", "sent"),
        ("RCPT", {"answer": "550 5.1.1 no such user", "times": 1}, "failed", "failed"),
        ("DOT", {"answer": "552 5.2.2 too much mail", "times": 1}, "failed", "failed"),
        ("DATA", {"answer": "552 5.2.2 too much mail", "times": 1}, "failed", "failed"),
    ],
)
def test_the_smtp_server_says_no(
    house: House, dovecot: Dovecot, user: str, sink: Sink, stage: Any, fault: Any, first: str, a_minute_later: str
) -> None:
    one_round(house)
    sink.on(stage, **fault)
    dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
    now = datetime.now(UTC)
    one_round(house, now)
    assert house.history(ANA) == [(first, "rule")]
    assert len(sink.messages) == 0
    one_round(house, now + MINUTE)
    one_round(house, now + HOUR)
    assert house.history(ANA) == [(a_minute_later, "rule")]
    assert len(sink.messages) == (a_minute_later == "sent")


def test_the_null_sender_is_refused_once(house: House, dovecot: Dovecot, user: str, sink: Sink) -> None:
    one_round(house)
    sink.on("MAIL", match="<>", answer="550 5.7.1 <>: sender rejected")
    for who in ("one@example.net", "two@example.net"):
        dovecot.deliver(user, letter(dovecot.address(user), who), who)
        one_round(house)
    assert [one.sender for one in sink.messages] == [dovecot.address(user)] * 2
    assert sum(line.startswith("MAIL FROM:<>") for line in sink.commands) == 1  # remembered over the restart


def test_starttls_vanishes(tmp_path: Path, dovecot: Dovecot, make_sink: Any) -> None:
    user = dovecot.new_user()
    sink = make_sink(None, logins={user: "secret"})
    house = House(tmp_path, dovecot, sink.port, login=True)
    me = house.mailbox(user)
    one_round(house)
    dovecot.deliver(user, letter(me, ANA), ANA)
    one_round(house)
    assert house.history(ANA) == [("pending", "rule")]
    assert not sink.messages
    assert {line.split()[0] for line in sink.commands} <= {"EHLO", "QUIT"}  # no AUTH and no letter in clear
    (waiting,) = house.json("outbox", "list")
    assert "does not offer STARTTLS; nothing was sent in clear" in waiting["last_error"]


# the clock ------------------------------------------------------------------------------------------------------------
def test_the_clock_is_set_back_an_hour(house: House, dovecot: Dovecot, user: str, sink: Sink) -> None:
    house.rules = 'rules:\n  - {name: All, reply: acknowledgement, once: "30 minutes"}\n'
    me, now = dovecot.address(user), datetime.now(UTC)
    one_round(house, now)
    dovecot.deliver(user, letter(me, ANA), ANA)
    one_round(house, now)
    dovecot.deliver(user, letter(me, ANA, "again"), ANA)
    dovecot.deliver(user, letter(me, "bob@example.net"), "bob@example.net")
    one_round(house, now - HOUR)
    assert sorted(recipients(sink)) == [ANA, "bob@example.net"]
    assert house.history(ANA) == [("silent", "once"), ("sent", "rule")]  # "newest" by a clock that went back


@pytest.mark.parametrize("step", [-HOUR, -YEAR])
def test_a_reply_that_was_put_off_does_not_wait_for_the_clock(
    house: House, dovecot: Dovecot, user: str, sink: Sink, step: timedelta
) -> None:
    now = datetime.now(UTC)
    one_round(house, now + step)
    sink.on("RCPT", answer="450 4.2.0 greylisted", times=1)
    dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
    one_round(house, now)
    assert house.history(ANA) == [("pending", "rule")]
    one_round(house, now + step)
    assert recipients(sink) == [ANA]


def test_the_clock_is_a_year_ahead_and_comes_back(house: House, dovecot: Dovecot, user: str, sink: Sink) -> None:
    me, now = dovecot.address(user), datetime.now(UTC)
    one_round(house, now)
    dovecot.deliver(user, letter(me, ANA), ANA)
    one_round(house, now)
    dovecot.deliver(user, letter(me, ANA, "again"), ANA)
    dovecot.deliver(user, letter(me, "bob@example.net"), "bob@example.net")
    one_round(house, now + YEAR)  # a year old by this clock: not answered, and it says why
    dovecot.deliver(user, letter(me, ANA, "and again"), ANA)
    dovecot.deliver(user, letter(me, "cid@example.net"), "cid@example.net")
    one_round(house, now)
    assert sorted(recipients(sink)) == [ANA, "cid@example.net"]
    assert house.history("bob@example.net") == [("silent", "too-old")]


def test_the_clock_was_ahead_at_the_first_start(house: House, dovecot: Dovecot, user: str, sink: Sink) -> None:
    """As that of a machine whose clock of hardware keeps the local time, until it is set right."""
    now = datetime.now(UTC)
    dovecot.deliver(user, letter(dovecot.address(user), "before@example.net"), "before@example.net")
    one_round(house, now + YEAR)
    dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
    one_round(house, now)
    assert recipients(sink) == [ANA]


@pytest.mark.parametrize(
    "now",
    [
        # moments of the past, since Dovecot takes no letter from the future
        datetime(2024, 2, 29, 12, 0, tzinfo=UTC),
        datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC),  # Madrid goes from 02:00 to 03:00
        datetime(2025, 10, 26, 0, 30, tzinfo=UTC),  # 02:30 comes twice
        datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
    ],
)
def test_odd_moments(house: House, dovecot: Dovecot, user: str, sink: Sink, now: datetime) -> None:
    house.more = 'office: {timezone: Europe/Madrid, hours: {mon-fri: "09:00-17:00"}}\n'
    house.rules = (
        "rules:\n  - {name: Leap, when: {date: 02-29}, reply: closed, once: 1 hour}\n"
        '  - {name: Rest, reply: acknowledgement, promise: 4 working hours, once: "1 hour"}\n'
    )
    me = dovecot.address(user)
    one_round(house, now)
    for step in (timedelta(0), 59 * MINUTE, 61 * MINUTE):
        dovecot.append(user, letter(me, ANA, f"after {step}"), when=now + step)
        one_round(house, now + step)
    assert [what for what, _ in house.history(ANA)] == ["sent", "silent", "sent"]
    assert len(sink.messages) == 2
