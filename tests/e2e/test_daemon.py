"""The daemon end to end on real Dovecot and Postfix: what a sysadmin would try before trusting it."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.house import House, letter
from tests.lab.dovecot import Dovecot
from tests.lab.machine import free_ports, wait_until
from tests.lab.postfix import Postfix
from tests.lab.sink import Sink

HouseMaker = Callable[..., House]


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    """A house that sends straight to the recording sink."""
    return House(tmp_path, dovecot, sink.port)


def deliver(house: House, user: str, raw: bytes, sender: str = "ana@example.net") -> None:
    """By LMTP, as Postfix does."""
    house.dovecot.deliver(user, raw, sender)


def test_a_person_is_answered_once_through_postfix(tmp_path: Path, dovecot: Dovecot, postfix: Postfix) -> None:
    house = House(tmp_path, dovecot, postfix.submission_port, login=True)
    user, sink = dovecot.new_user(), postfix.sink
    me = house.mailbox(user)
    person = f"ana.{user}@example.net"
    with house.running():
        deliver(house, user, letter(me, person), person)
        received = sink.wait(1, to=person)[0]
        deliver(house, user, letter(me, person, "And another thing"), person)
        deliver(house, user, letter(me, f"bob.{user}@example.net"), f"bob.{user}@example.net")
        sink.wait(1, to=f"bob.{user}@example.net")
    answer = received.message
    assert received.sender == ""  # the null sender: a bounce of it bothers nobody
    assert received.to == (person,)
    assert answer["Auto-Submitted"] == "auto-replied"
    assert answer["X-Auto-Response-Suppress"] == "All"
    assert answer["In-Reply-To"].startswith("<")
    assert answer["References"].endswith(answer["In-Reply-To"])
    assert me in answer["From"]
    assert answer["Cc"] is None
    assert answer["Bcc"] is None
    assert answer.get_content_type() == "multipart/alternative"
    assert house.history(person) == [("sent", "rule"), ("silent", "once")]
    assert len(sink.wait(1, to=person)) == 1
    assert not any("\\Seen" in flags for flags in dovecot.flags(user))


def test_a_restart_answers_nobody_twice_and_misses_nobody(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    deliver(house, user, letter(me, "early@example.net"), "early@example.net")  # there before the first start
    with house.running():
        deliver(house, user, letter(me, "ana@example.net"))
        sink.wait(1)
    deliver(house, user, letter(me, "night@example.net"), "night@example.net")  # while nobody watched
    with house.running():
        sink.wait(2)
        deliver(house, user, letter(me, "ana@example.net", "again"))
        deliver(house, user, letter(me, "last@example.net"), "last@example.net")
        sink.wait(3)
    assert [m.to[0] for m in sink.messages] == ["ana@example.net", "night@example.net", "last@example.net"]
    assert house.history("early@example.net") == []


def test_machines_get_no_answer(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    with house.running():
        deliver(house, user, letter(me, "list@example.net", List_Id="<x.example.net>"), "x-bounces@example.net")
        deliver(house, user, letter(me, "no-reply@example.net"), "no-reply@example.net")
        deliver(house, user, letter(me, "away@example.net", Auto_Submitted="auto-replied"), "away@example.net")
        deliver(house, user, letter(me, "ghost@example.net"), "")
        deliver(house, user, letter(me, me), me)
        deliver(house, user, letter(me, "person@example.net"), "person@example.net")
        sink.wait(1)
    assert [m.to[0] for m in sink.messages] == ["person@example.net"]
    decided = house.json("status")[0]["decisions"]
    assert decided == {"reply": 1, "silent": 5}


def test_an_own_answer_that_comes_back_is_not_answered(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    with house.running():
        deliver(house, user, letter(me))
        ours = sink.wait(1)[0].message
        bare = letter(me, "ana2@example.net", "Re: hello", Message_ID=ours["Message-ID"])
        deliver(house, user, bare, "ana2@example.net")  # all that a hop left of ours is its Message-ID
        deliver(house, user, letter(me, "bob@example.net"), "bob@example.net")
        sink.wait(2)
    assert [m.to[0] for m in sink.messages] == ["ana@example.net", "bob@example.net"]


def test_two_mailboxes_and_one_with_a_wrong_password(house: House, dovecot: Dovecot, sink: Sink) -> None:
    first, second, third = (dovecot.new_user() for _ in range(3))
    addresses = [house.mailbox(first, "sales"), house.mailbox(second, "help")]
    house.mailbox(third, "broken", password="open-sesame")
    house.rules = (
        "rules:\n  - {name: Sales, when: {mailbox: sales}, reply: invoice}\n  - {name: Rest, reply: acknowledgement}\n"
    )
    with house.running():
        deliver(house, first, letter(addresses[0], "a@example.net"), "a@example.net")
        deliver(house, second, letter(addresses[1], "b@example.net"), "b@example.net")
        sink.wait(2)
        status = house.json("status", code=1)[0]
    assert {m.to[0]: m.message["From"].rpartition("<")[2].strip(">") for m in sink.messages} == {
        "a@example.net": addresses[0],
        "b@example.net": addresses[1],
    }
    assert [row["rule"] for row in house.json("history", "a@example.net")] == ["Sales"]
    (invoice,) = (m.message for m in sink.messages if m.to == ("a@example.net",))  # they come in any order
    quoted = re.search(r"the\s+reference\s+(\w{9})", invoice.get_payload(0).get_payload())
    assert quoted and quoted[1] in house.cli("history", quoted[1].lower())
    said = " ".join(house.said("broken/INBOX"))
    assert "password" in said
    assert "open-sesame" not in said
    assert status["attention"]


@pytest.mark.parametrize("how", ["file", "SIGHUP"])
def test_reload(house: House, dovecot: Dovecot, sink: Sink, how: str) -> None:
    first, second = dovecot.new_user(), dovecot.new_user()
    me = house.mailbox(first)
    with house.running():
        house.rules = "rules:\n  - {name: Everything, repy: acknowledgement}\n"  # a slip of the pen
        house.reloaded()
        assert house.said("did you mean")
        deliver(house, first, letter(me, "old@example.net"), "old@example.net")
        sink.wait(1)  # the old rules are in force
        assert any("did you mean" in line for line in house.json("status", code=1)[0]["attention"])
        other = house.mailbox(second)
        house.rules = (
            "rules:\n  - {name: Quiet, when: {subject: hush}, reply: false}\n"
            "  - {name: Everything, reply: acknowledgement}\n"
        )
        if how == "file":
            house.reloaded()
        else:
            before = house.notifications.count("READY=1") if house.notifications else 0
            house.write()
            house.kick(signal.SIGHUP)
            house.wait("READY=1", before + 1)
        assert house.said("rule “Quiet” added")
        deliver(house, first, letter(me, "quiet@example.net", "Hush!"), "quiet@example.net")
        deliver(house, second, letter(other, "new@example.net"), "new@example.net")
        deliver(house, first, letter(me, "loud@example.net"), "loud@example.net")
        sink.wait(3)
    assert sorted(m.to[0] for m in sink.messages) == ["loud@example.net", "new@example.net", "old@example.net"]
    assert house.history("quiet@example.net") == [("silent", "rule")]


def test_contacts_are_taken_in_and_a_broken_file_changes_nothing(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me, contacts = house.mailbox(user), house.folder / "contacts.csv"
    house.more = "contacts: contacts.csv\nseasons: [{name: Now, date: 01-01..12-31, text: Good tidings}]\n"
    house.rules = (
        "rules:\n  - {name: Known, when: {contact: true}, reply: acknowledgement}\n  - {name: New, reply: false}\n"
    )
    contacts.write_text("email,name,language\nana@example.net,Ana,es\n")

    def replaced(text: str) -> None:
        """As an editor or an export does it: aside, then over the old one."""
        assert house.notifications
        before = house.notifications.count("READY=1")
        contacts.with_suffix(".new").write_text(text)
        contacts.with_suffix(".new").replace(contacts)
        house.wait("READY=1", before + 1)

    with house.running():
        replaced("Name,Town\nEva,Madrid\n")
        assert house.said('contacts.csv:1: no column is called "email"')
        for person in ("eva@example.net", "ana@example.net"):
            deliver(house, user, letter(me, person), person)
        sink.wait(1, to="ana@example.net")  # the contacts from before are in force
        replaced("email;name;language\neva@example.net;Eva;de\nnobody;;\n")
        assert house.said("contacts.csv:3: warning: this row is left out")
        assert house.said("reloaded: 1 contacts, 1 before")
        deliver(house, user, letter(me, "eva@example.net", "Again"), "eva@example.net")
        answer = sink.wait(1, to="eva@example.net")[0].message
    assert answer["Content-Language"] == "de"
    assert b"Good tidings" in answer.as_bytes()
    assert house.history("eva@example.net") == [("silent", "rule"), ("sent", "rule")]


def test_run_once_with_a_backlog_then_a_dry_run(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    house.write()
    deliver(house, user, letter(me, "one@example.net"), "one@example.net")
    house.cli("run", "--once", "--backlog", "1 day")
    assert [m.to[0] for m in sink.messages] == ["one@example.net"]
    deliver(house, user, letter(me, "two@example.net"), "two@example.net")
    assert "would reply" in house.cli("run", "--once", "--dry-run")
    assert house.history("two@example.net") == []
    house.cli("run", "--once")
    house.cli("run", "--once")
    assert [m.to[0] for m in sink.messages] == ["one@example.net", "two@example.net"]


def test_a_server_without_idle_is_polled(tmp_path: Path, make_dovecot: Callable[..., Dovecot], sink: Sink) -> None:
    server = make_dovecot(without=("IDLE",))
    house, user = House(tmp_path, server, sink.port), server.new_user()
    me = house.mailbox(user, more="    poll: 10 seconds\n")
    with house.running():
        deliver(house, user, letter(me))
        sink.wait(1)
    assert sink.messages[0].to == ("ana@example.net",)


def test_the_server_restarts_and_the_daemon_comes_back(
    tmp_path: Path, make_dovecot: Callable[..., Dovecot], sink: Sink
) -> None:
    server = make_dovecot()
    house, user = House(tmp_path, server, sink.port), server.new_user()
    me = house.mailbox(user)
    with house.running():
        deliver(house, user, letter(me, "one@example.net"), "one@example.net")
        sink.wait(1)
        server.restart()
        deliver(house, user, letter(me, "two@example.net"), "two@example.net")
        sink.wait(2)
    assert house.said("next attempt in")
    assert house.said("connected again")
    assert [m.to[0] for m in sink.messages] == ["one@example.net", "two@example.net"]


def test_a_renumbered_folder_answers_nobody_twice_and_loses_nobody(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    with house.running():
        deliver(house, user, letter(me, "one@example.net"), "one@example.net")
        sink.wait(1)
    dovecot.set_uidvalidity(user, 424242)
    deliver(house, user, letter(me, "two@example.net"), "two@example.net")
    with house.running():
        sink.wait(2)
        deliver(house, user, letter(me, "three@example.net"), "three@example.net")
        sink.wait(3)
    assert [m.to[0] for m in sink.messages] == ["one@example.net", "two@example.net", "three@example.net"]
    assert house.said("renumbered")


def test_marks_and_moves(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    house.rules = (
        "rules:\n"
        "  - {name: Lists, when: {subject: digest}, reply: false, move_to: Junk}\n"
        "  - {name: Everything, reply: acknowledgement, mark: $Acknowledged}\n"
    )
    with house.running():
        deliver(house, user, letter(me, "list@example.net", "Digest 7", List_Id="<d.example.net>"), "list@example.net")
        deliver(house, user, letter(me))
        sink.wait(1)
        deliver(house, user, letter(me, "bob@example.net"), "bob@example.net")
        sink.wait(2)
    assert len(dovecot.letters(user, "Junk")) == 1
    assert [sorted(flags) for flags in dovecot.flags(user)] == [["$Acknowledged"], ["$Acknowledged"]]


def test_a_letter_that_cannot_be_answered_is_quarantined_and_tried_again(
    house: House, dovecot: Dovecot, sink: Sink
) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    template = house.folder / "templates" / "acknowledgement.md"
    good = template.read_text()
    template.write_text(good + "\n{% if original.subject == 'boom' %}{{ 1 // 0 }}{% endif %}\n")
    with house.running():
        deliver(house, user, letter(me, "boom@example.net", "boom"), "boom@example.net")
        deliver(house, user, letter(me, "bob@example.net"), "bob@example.net")
        sink.wait(1)
        listed = house.json("quarantine", "list", code=1)
        assert "ZeroDivisionError" in listed[0]["traceback"]
        template.write_text(good)
        house.wait("READY=1", 2)
        house.cli("quarantine", "retry", "all")
        sink.wait(2)
    assert [m.to[0] for m in sink.messages] == ["bob@example.net", "boom@example.net"]
    assert house.json("quarantine", "list", code=0) == []


def test_smtp_refusals_lost_answers_and_what_the_operator_can_do(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    sink.on("RCPT", answer="550 5.1.1 no such user", match="gone@")
    sink.on("DOT", drop=True, accept=True, times=1)
    with house.running():
        deliver(house, user, letter(me, "doubt@example.net"), "doubt@example.net")
        house.wait_log("may or may not")
        deliver(house, user, letter(me, "gone@example.net"), "gone@example.net")
        deliver(house, user, letter(me, "fine@example.net"), "fine@example.net")
        sink.wait(2)
        house.wait_log("no such user")
        listed = {row["target"]: row for row in house.json("outbox", "list", "--all")}
        assert {k: v["state"] for k, v in listed.items()} == {
            "doubt@example.net": "uncertain",
            "gone@example.net": "failed",
            "fine@example.net": "sent",
        }
        assert "may or may not have arrived" in house.cli("status", code=1)
        house.cli("outbox", "resend", str(listed["doubt@example.net"]["id"]))
        sink.wait(2, to="doubt@example.net")  # a person asked for it
        house.cli("outbox", "drop", str(listed["gone@example.net"]["id"]))
        house.cli("outbox", "close", str(listed["fine@example.net"]["id"]), code=1)  # it was sent: nothing to close
    assert len(sink.messages) == 3


def test_a_second_daemon_is_refused_and_a_stop_is_quick(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    house.mailbox(user)
    with house.running():
        assert "another autoresponder" in house.cli("run", code=2)
        assert "running" in house.cli("status")
    assert "not running" in house.cli("status", code=1)
    assert house.said("stopped")


def test_sigint_ends_it_too(house: House, dovecot: Dovecot) -> None:
    house.mailbox(dovecot.new_user())
    house.start()
    assert house.stop(signal.SIGINT) == 0


def test_status_names_a_mail_server_that_cannot_be_reached(tmp_path: Path, dovecot: Dovecot) -> None:
    (port,) = free_ports(1)
    house, user = House(tmp_path, dovecot, port), dovecot.new_user()
    me = house.mailbox(user)
    with house.running():
        deliver(house, user, letter(me))
        wait_until(lambda: f"replies wait for localhost:{port}" in house.cli("status", code=None), "the trouble")
        assert house.json("outbox", "list")[0]["state"] == "pending"
