"""What our own people are told by mail, from the daemon as a user runs it; and what they can do about what is held."""

from email.message import Message
from pathlib import Path

import pytest

from tests.e2e.house import House, letter
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Sink

HIDDEN = "=?utf-8?q?Invoice_7=0D=0ABcc:_evil=40example.net=0D=0A=0D=0A_http://evil.example?="


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    """A house that sends straight to the recording sink."""
    return House(tmp_path, dovecot, sink.port)


def text_of(message: Message) -> str:
    """The only part of a letter to our people."""
    assert message.get_content_type() == "text/plain"
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode(message.get_content_charset() or "ascii").replace("\r\n", "\n")


def test_a_rule_tells_a_colleague(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    house.rules = (
        "rules:\n"
        "  - {name: Invoices, when: {subject: invoice}, reply: invoice, notify: accounts@staff.test}\n"
        "  - {name: Newsletters, when: {subject: digest}, reply: false, notify: [accounts@staff.test, bo@staff.test]}\n"
        "  - {name: Everything, reply: acknowledgement}\n"
    )
    with house.running():
        dovecot.deliver(user, letter(me, "evil@example.net", HIDDEN, "Secret words."), "evil@example.net")
        told = sink.wait(1, to="accounts@staff.test")[0]
        sink.wait(1, to="evil@example.net")
        dovecot.deliver(user, letter(me, "list@example.net", "Digest", List_Id="<x.example.net>"), "list@example.net")
        sink.wait(2, to="accounts@staff.test")
        sink.wait(1, to="bo@staff.test")
        dovecot.deliver(user, letter(me, "accounts@staff.test", "Re: digest"), "accounts@staff.test")
        sink.wait(2, to="bo@staff.test")  # of the colleague's own letter, the other one is told
    message, text = told.message, text_of(told.message)
    assert told.sender == ""
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert message["X-Autoresponder-Token"]
    assert message["To"] == "accounts@staff.test"
    assert [message[name] for name in ("Cc", "Bcc", "Reply-To")] == [None, None, None]
    assert "evil@example.net has written" in text or "<evil@example.net> has written" in text
    assert "Rule:      Invoices" in text
    assert "Secret words" not in text
    assert "evil.example" not in text  # no link that a mail program would find
    assert len(sink.wait(2, to="accounts@staff.test")) == 2
    assert house.json("status")[0]["decisions"] == {"reply": 1, "silent": 2}
    assert sorted(row["target"] for row in house.json("outbox", "list", "--all")) == [
        "accounts@staff.test", "accounts@staff.test", "bo@staff.test", "bo@staff.test", "evil@example.net"]  # fmt: skip


def test_the_breaker_holds_and_the_operator_releases(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    house.more = "answer: {limits: {per_domain: 2/hour, alert: boss@staff.test}}\n"
    with house.running():
        for name in "abcde":
            sender = f"{name * 3}@flood.example"
            dovecot.deliver(user, letter(me, sender), sender)
        told = sink.wait(1, to="boss@staff.test")[0]
        dovecot.deliver(user, letter(me, "person@example.net"), "person@example.net")
        sink.wait(1, to="person@example.net")  # other domains go on
        held = house.json("outbox", "list", "--state", "held")
        assert {row["target"] for row in held} <= {f"{n * 3}@flood.example" for n in "abcde"}
        assert len(held) == 3
        assert "limit per domain: 2/hour" in held[0]["last_error"]
        assert any("3 replies are held" in line for line in house.json("status", code=1)[0]["attention"])
        house.cli("outbox", "drop", str(held[0]["id"]))
        house.cli("outbox", "release", str(held[1]["id"]))
        sink.wait(4 + 1)  # three of the flood, the person, the boss
        assert house.cli("outbox", "drop", "all", "--state", "held").strip() == f"{held[2]['id']}: dropped"
        assert "cannot release: it is dropped" in house.cli("outbox", "release", str(held[0]["id"]), code=1)
    assert "outbox release all" in text_of(told.message)
    assert "flood.example" in told.message["Subject"]
    assert len(sink.wait(1, to="boss@staff.test")) == 1
    assert len(house.said("answers are held back")) == 1
    assert [row["state"] for row in house.json("outbox", "list", "--all") if row["id"] == held[0]["id"]] == ["dropped"]
    assert len(sink.messages) == 5
    assert house.json("outbox", "list", "--state", "held") == []


def test_a_refused_reload_is_told_once(house: House, dovecot: Dovecot, sink: Sink) -> None:
    house.mailbox(dovecot.new_user())
    house.more = "notify: admin@staff.test\n"
    with house.running():
        for slip in ("repy", "repy", "relpy"):
            house.rules = f"rules:\n  - {{name: Everything, {slip}: acknowledgement}}\n"
            house.reloaded()
        sink.wait(2, to="admin@staff.test")
        house.rules = "rules:\n  - {name: Everything, reply: acknowledgement}\n"
        house.reloaded()
    first, second = (text_of(received.message) for received in sink.wait(2, to="admin@staff.test"))
    assert 'unknown key "repy" (did you mean "reply"?)' in first
    assert "relpy" in second
    assert len(sink.messages) == 2


def test_shadow_mode_tells_nobody(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user)
    house.more = "mode: shadow\nnotify: admin@staff.test\n"
    house.rules = "rules:\n  - {name: Everything, reply: acknowledgement, notify: admin@staff.test}\n"
    with house.running():
        dovecot.deliver(user, letter(me))
        house.wait_log("would reply")
        house.rules = "rules:\n  - {name: Everything, repy: acknowledgement}\n"
        house.reloaded()
    assert [row["state"] for row in house.json("outbox", "list", "--all")] == ["shadow"]
    assert sink.messages == ()


def test_bounces_and_unknown_addresses_are_learnt(house: House, dovecot: Dovecot, sink: Sink) -> None:
    """From a DSN that names our letter (and from no forged one), and from a 550 5.1.1 at RCPT."""
    user = dovecot.new_user()
    me = house.mailbox(user)
    sink.on("RCPT", answer="550 5.1.1 no such user", match="gone@")
    with house.running():
        for name in ("ana", "bob", "gone"):
            dovecot.deliver(user, letter(me, f"{name}@example.net"), f"{name}@example.net")
        ids = {one: sink.wait(1, to=one)[0].message["Message-ID"] for one in ("ana@example.net", "bob@example.net")}
        house.wait_log("no such user")
        forged = ids["bob@example.net"].replace("<ar.", "<ar.0")
        dovecot.deliver(user, dsn(me, ids["ana@example.net"]), "")
        dovecot.deliver(user, dsn(me, forged), "")
        dovecot.deliver(user, dsn(me, ids["bob@example.net"], action="delayed", status="4.4.1"), "")
        house.wait_log("our answer to ana@example.net bounced")
        house.rules = "rules:\n  - {name: Another, reply: acknowledgement}\n"
        house.reloaded()
        for name in ("ana", "gone", "bob"):
            dovecot.deliver(user, letter(me, f"{name}@example.net", "Again"), f"{name}@example.net")
        sink.wait(2, to="bob@example.net")
    assert house.history("ana@example.net")[-1] == ("silent", "bounced")
    assert house.history("gone@example.net")[-1] == ("silent", "bounced")
    assert house.history("bob@example.net")[-1] == ("sent", "rule")
    assert house.json("status", code=1)[0]["decisions"] == {"reply": 4, "silent": 5}


def dsn(to: str, message_id: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """A bounce as Postfix writes it."""
    return (
        f"From: MAILER-DAEMON@mx.example.net\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <{abs(hash((message_id, action)))}@mx.example.net>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; x@example.net\r\nAction: {action}\r\n"
        f"Status: {status}\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n"
        "\r\n--b--\r\n"
    ).encode()
