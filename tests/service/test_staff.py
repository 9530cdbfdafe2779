"""Who of our own people is told of what, and who never is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest

from autoresponder.core.calendar import Office
from autoresponder.core.decide import Decision, decide, read
from autoresponder.core.history import History, Limit, Limits
from autoresponder.core.message import Arrival, Message, parse
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.rules import Rule
from autoresponder.core.token import Signer
from autoresponder.service.staff import Staff
from autoresponder.store import Notice

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ME = "contact@example.com"
BOX = Mailbox("contact", ME, ("@example.com",), office=Office(UTC, always_open=True))
OTHER = Mailbox("sales", "sales@example.com", office=Office(UTC, always_open=True))
RULE = Rule("Invoices", reply="invoice", notify=("Boss@example.com", "boss@example.com", "cy@example.com"))
SILENT = replace(RULE, reply=None)
ARRIVAL = Arrival("contact", "INBOX", 1, 1, NOW)
SIGNER = Signer(b"0123456789abcdef")
LIMITS = Limits(None, Limit(60, timedelta(hours=1)), Limit(10, timedelta(minutes=15)))


def house(rule: Rule = RULE, **changes: bool) -> Policy:
    own = frozenset((ME, "info@example.com", "sales@example.com"))
    return Policy({"contact": BOX, "sales": OTHER}, (rule,), own=own, signer=SIGNER, limits=LIMITS, **changes)


def letter(sender: str = "Ana Ruiz <ana@example.net>", **headers: str) -> Message:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"From: {sender}\r\nTo: {ME}\r\nSubject: Invoice 7\r\nMessage-ID: <7@example.net>\r\n{more}"
    return parse(f"{head}\r\nSecret words.\r\n".encode())


def decided(policy: Policy, message: Message, history: History | None = None) -> Decision:
    return decide(read(message, policy), ARRIVAL, policy, history or History(), NOW)


def told(policy: Policy, message: Message, history: History | None = None) -> Notice | None:
    return Staff(policy, SIGNER).of_rule(decided(policy, message, history), message, ARRIVAL, NOW)


def targets(notice: Notice | None) -> list[str]:
    return [one.target for one in notice.letters] if notice else []


def text(notice: Notice | None, index: int = 0) -> str:
    assert notice
    payload = message_from_bytes(notice.letters[index].raw).get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def test_what_a_colleague_is_told() -> None:
    notice = told(house(), letter())
    assert targets(notice) == ["boss@example.com", "cy@example.com"]  # each once, however it is spelt
    lines = text(notice, 1).splitlines()
    assert lines[:5] == [
        "Ana Ruiz <ana@example.net> has written to contact@example.com.",
        "",
        "Subject:   Invoice 7",
        "Arrived:   2026-11-22 10:00 UTC",
        "Rule:      Invoices",
    ]
    assert lines[5] == "Answer:    rule “Invoices” answers with “invoice”"
    reference = lines[6].removeprefix("Reference: ")
    assert lines[7:] == ["", "The letter is in the folder INBOX of the mailbox contact."]
    assert len(reference) == 9


WHO = [
    # rule, letter, history, told
    ("silent rule", SILENT, {}, History(), 2),
    ("machine mail and a silent rule", SILENT, {"List_Id": "<x.example.net>"}, History(), 2),
    ("machine mail and an answering rule", RULE, {"List_Id": "<x.example.net>"}, History(), 0),
    ("had its answer", RULE, {}, History(answered={"Invoices": NOW}), 2),
    ("over the sender's limit", RULE, {}, History(sent_to_sender=99), 2),
    ("held", RULE, {}, History(sent_to_domain=60), 2),
    ("from one of them", RULE, {"sender": "Cy@Example.com"}, History(), 0),
    ("answer would go to one of them", RULE, {"Reply_To": "cy@example.org"}, History(), 2),
    ("shadow rule", replace(RULE, shadow=True), {}, History(), 0),
    ("nobody to tell", replace(RULE, notify=()), {}, History(), 0),
    ("only mailboxes of ours", replace(RULE, notify=(ME, "Info@example.com", "sales+x@example.com")), {}, History(), 0),
]


@pytest.mark.parametrize(("rule", "headers", "history", "count"), [w[1:] for w in WHO], ids=[w[0] for w in WHO])
def test_who_is_told(rule: Rule, headers: dict[str, str], history: History, count: int) -> None:
    assert len(targets(told(house(rule), letter(**headers), history))) == count


def test_whoever_wrote_it_is_not_told() -> None:
    policy = replace(house(), mailboxes={"contact": replace(BOX, aliases=())})
    notice = told(policy, letter("boss@example.com"))
    assert targets(notice) == ["cy@example.com"]
    assert targets(told(policy, letter(Reply_To="Cy <CY@example.com>"))) == ["boss@example.com"]


def test_nobody_in_shadow_mode() -> None:
    assert told(house(shadow=True), letter()) is None
    assert told(replace(house(), mailboxes={"contact": replace(BOX, shadow=True)}), letter()) is None
    quiet = Staff(house(shadow=True), SIGNER, ("boss@example.com",), ("boss@example.com",))
    assert quiet.of_refusal("wrong", NOW).letters == ()
    assert quiet.of_breaker("total", "too many", ARRIVAL, 3, NOW).letters == ()


def test_the_same_letter_is_the_same_topic() -> None:
    one, again, other = told(house(), letter()), told(house(), letter()), told(house(), letter("Bo <bo@example.net>"))
    assert one and again and other
    assert one.topic == again.topic != other.topic
    assert (one.quiet, one.again) == (None, None)


def test_what_strangers_write_is_no_link() -> None:
    message = parse(b"From: http://evil.example <ana@example.net>\r\nTo: contact@example.com\r\n"
                    b"Subject: see www.evil.example now\r\n\r\n")  # fmt: skip
    notice = told(house(), message)
    assert notice
    assert b"evil.example" not in notice.letters[0].raw
    assert "evil.example" not in notice.letters[0].subject


def test_a_breaker() -> None:
    staff = Staff(house(), SIGNER, ("boss@example.com", ME), ("admin@example.com",))
    total = staff.of_breaker("total", "10 answers were sent (limit in total: 10/15 minutes)", ARRIVAL, 7, NOW)
    domain = staff.of_breaker("domain example.net", "60 answers went to example.net", ARRIVAL, 1, NOW)
    assert (targets(total), total.quiet) == (["boss@example.com"], timedelta(minutes=15))
    assert (domain.quiet, domain.again) == (timedelta(hours=1), timedelta(days=1))
    assert total.topic != domain.topic
    for words in ("10 answers were sent", "7 are held now", "outbox release all", "outbox drop all --state held"):
        assert words in text(total)
    assert "domain example.net" in domain.letters[0].subject
    other = staff.of_breaker("", "the state was restored", ARRIVAL, 1, NOW)
    assert (other.letters[0].subject, other.quiet) == ("[autoresponder] answers are held back", None)
    assert text(other).startswith("The state was restored. Further answers")


def test_a_refused_reload() -> None:
    staff = Staff(house(), SIGNER, ("boss@example.com",), ("admin@example.com",))
    problem = "rules.yaml:3:5: unknown key\nrules.yaml:4:5: another"
    notice = staff.of_refusal(problem, NOW)
    assert targets(notice) == ["admin@example.com"]
    assert "    rules.yaml:4:5: another\n" in text(notice)
    assert notice.topic == staff.of_refusal(problem, NOW + timedelta(days=3)).topic
    assert notice.topic != staff.of_refusal("else", NOW).topic
