"""From rules.yaml to the objects of the core: what is written is what is meant, and every default is as promised."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from autoresponder.config.build import load_settings, problems_of
from autoresponder.config.conditions import condition
from autoresponder.config.holidays import public
from autoresponder.config.schema import When
from autoresponder.config.settings import Settings
from autoresponder.core.calendar import DateRange, Duration
from autoresponder.core.conditions import (
    All,
    Anniversary,
    AnyOf,
    Attached,
    Authenticated,
    Condition,
    Contact,
    DateIn,
    FirstContact,
    Named,
    Not,
    OfficeIs,
    Pattern,
    Present,
    Size,
    Text,
    TimeOfDay,
    Weekday,
    Who,
)
from autoresponder.core.history import Limit, Limits
from autoresponder.core.rules import Once

ROOT = Path(__file__).parent.parent.parent
HEAD = """
mailboxes:
  contact:
    address: contact@example.com
    imap: {host: imap.example.com, password: {env: MAIL}}
    smtp: {host: smtp.example.com}
"""
RULES = "rules: [{name: All, reply: acknowledgement}]\n"


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def loader(text: str, **environ: str) -> Settings:
        path = tmp_path / "rules.yaml"
        path.write_text(text)
        path.chmod(0o600)
        return load_settings(path, environ=environ)

    return loader


def contains(*words: str) -> tuple[Pattern, ...]:
    return tuple(Pattern("contains", word) for word in words)


CONDITIONS: list[tuple[dict[str, Any], Condition]] = [
    ({"subject": "Factura Nº 1"}, Text("subject", contains("factura no 1"))),
    ({"body": ["a", "b"]}, Text("body", contains("a", "b"))),
    ({"text": {"word": "ñu"}}, Text("text", (Pattern("word", "nu"),))),
    (
        {"subject": ["a", {"equals": "b"}, {"regex": ["c", "d"]}]},
        Text("subject", (*contains("a"), Pattern("equals", "b"), Pattern("regex", "c"), Pattern("regex", "d"))),
    ),
    (
        {"subject": {"starts_with": "a", "ends_with": "b"}},
        All((Text("subject", (Pattern("starts_with", "a"),)), Text("subject", (Pattern("ends_with", "b"),)))),
    ),
    ({"header": {"X-Ticket": True}}, Present("X-Ticket", True)),
    ({"header": {"X-Ticket": False}}, Present("X-Ticket", False)),
    ({"header": {"X-Ticket": "a"}}, Text("header:X-Ticket", contains("a"))),
    ({"from": "@b.example"}, Who("from", ("@b.example",))),
    ({"to": "a@b.example"}, Who("to", ("a@b.example",))),
    ({"cc": ["a@b.example", "@c.example"]}, Who("cc", ("a@b.example", "@c.example"))),
    ({"recipient": "info@*"}, Who("recipient", ("info@*",))),
    ({"sender": "*.b.example"}, Who("sender", ("*.b.example",))),
    ({"reply_to": "a@b.example"}, Who("reply_to", ("a@b.example",))),
    ({"attachment": True}, Attached(True)),
    ({"attachment": False}, Attached(False)),
    ({"attachment": "*.pdf"}, Attached(True, ("*.pdf",))),
    (
        {"attachment": {"name": "*.pdf", "type": ["application/pdf", "image/*"]}},
        Attached(True, ("*.pdf",), ("application/pdf", "image/*")),
    ),
    (
        {"attachment": ["*.pdf", {"type": "image/*"}]},
        AnyOf((Attached(True, ("*.pdf",)), Attached(True, (), ("image/*",)))),
    ),
    ({"size": "> 5 MB"}, Size(">", 5_000_000)),
    ({"weekday": ["sat", "sun-mon"]}, Weekday(frozenset({5, 6, 0}))),
    ({"time": "22:00-06:00"}, TimeOfDay(((time(22), time(6)),))),
    (
        {"date": ["12-20..01-06", "2026-05-01"]},
        DateIn((DateRange((12, 20), (1, 6)), DateRange(date(2026, 5, 1), date(2026, 5, 1)))),
    ),
    ({"office": ["closed", "holiday"]}, OfficeIs(frozenset({"closed", "holiday"}))),
    ({"first_contact": True}, FirstContact(True)),
    ({"contact": False}, Contact(False)),
    ({"contact": {"Tier": ["Gold", "Plátino"]}}, Contact(True, (("tier", ("gold", "platino")),))),
    ({"anniversary": "Customer since"}, Anniversary(("customer_since",))),
    ({"authenticated": True}, Authenticated(True)),
    ({"thread": "reply"}, Named("thread", frozenset({"reply"}))),
    ({"mailbox": "contact"}, Named("mailbox", frozenset({"contact"}))),
    ({"folder": "INBOX"}, Named("folder", frozenset({"INBOX"}))),
    ({"language": ["es", "PT-br"]}, Named("language", frozenset({"es", "pt-BR"}))),
    (
        {"all": [{"subject": "a"}, {"subject": "b"}]},
        All((Text("subject", contains("a")), Text("subject", contains("b")))),
    ),
    (
        {"any": [{"subject": "a"}, {"subject": "b", "size": "> 1"}]},
        AnyOf((Text("subject", contains("a")), All((Text("subject", contains("b")), Size(">", 1))))),
    ),
    ({"not": {"subject": "a"}}, Not(Text("subject", contains("a")))),
    (
        {"not": [{"subject": "a"}, {"body": "b"}]},
        All((Not(Text("subject", contains("a"))), Not(Text("body", contains("b"))))),
    ),
]


@pytest.mark.parametrize(("written", "meant"), CONDITIONS, ids=[str(written)[:60] for written, _ in CONDITIONS])
def test_conditions(written: dict[str, Any], meant: Condition) -> None:
    made = condition(When.model_validate(written))
    assert (made if len(made.parts) > 1 else made.parts[0]) == meant


def test_every_condition_is_in_the_table() -> None:
    keys = {field.alias or name for name, field in When.model_fields.items()}
    assert keys == {key for written, _ in CONDITIONS for key in written}


def test_without_when_a_rule_always_applies() -> None:
    assert condition(When()) == All()


def test_the_shipped_rules_are_valid_and_say_so_without_a_warning(tmp_path: Path) -> None:
    names = {path.name.partition(".")[0] for path in (ROOT / "templates").glob("*.md")}
    settings = load_settings(ROOT / "rules.yaml", environ={})
    assert settings.warnings == ()
    assert problems_of(settings, names) == []
    assert not settings.shadow
    assert settings.templates == ROOT / "templates"


def test_defaults(load: Any, tmp_path: Path) -> None:
    settings = load(HEAD + RULES)
    account, rule = settings.accounts["contact"], settings.policy.rules[0]
    assert (account.imap.port, account.imap.security, account.imap.user) == (993, "tls", "contact@example.com")
    assert (account.smtp.port, account.smtp.security, account.smtp.user) == (587, "starttls", "contact@example.com")
    assert (account.folders, account.sent, account.save_sent, account.envelope_from) == (
        ("INBOX",),
        "Sent",
        False,
        "auto",
    )
    assert (account.poll, account.mailbox.language) == (timedelta(minutes=5), "en")
    assert (rule.once, rule.not_older_than, rule.kind) == (Once("forever"), timedelta(days=2), "acknowledgement")
    day, hour = timedelta(days=1), timedelta(hours=1)
    assert settings.policy.limits == Limits(Limit(3, day), Limit(60, hour), Limit(500, hour))
    assert settings.policy.own == {"contact@example.com"}
    assert (settings.templates, settings.state) == (tmp_path / "templates", str(tmp_path / "state.db"))
    assert settings.watch == (tmp_path / "rules.yaml",)
    assert account.mailbox.office.state(datetime(2026, 1, 1, 3, tzinfo=UTC)) == "open"


@pytest.mark.parametrize(
    ("imap", "smtp", "expected"),
    [
        ("security: starttls", "port: 465", (143, "starttls", 465, "tls")),
        ("port: 143", "security: tls", (143, "starttls", 465, "tls")),
        ("port: 1993", 'security: none, user: ""', (1993, "tls", 25, "none")),
    ],
)
def test_ports_and_security_follow_each_other(load: Any, imap: str, smtp: str, expected: Any) -> None:
    account = load(
        HEAD.replace("imap.example.com,", f"imap.example.com, {imap},").replace(
            "smtp.example.com}", f"smtp.example.com, {smtp}}}"
        )
        + RULES
    ).accounts["contact"]
    assert (account.imap.port, account.imap.security, account.smtp.port, account.smtp.security) == expected


def test_a_relay_without_password(load: Any) -> None:
    smtp = (
        load(HEAD.replace("smtp.example.com}", 'localhost, security: none, user: ""}') + RULES).accounts["contact"].smtp
    )
    assert (smtp.user, smtp.password) == ("", None)


def test_clear_text_is_allowed_on_this_machine_only(load: Any) -> None:
    for host in ("localhost", "127.0.0.1", '"::1"', "mail.localhost"):
        text = HEAD.replace("imap.example.com,", f"{host}, security: none,").replace(
            "smtp.example.com}", f"{host}, security: none}}"
        )
        assert load(text + RULES).accounts["contact"].imap.security == "none"


def test_oauth2(load: Any) -> None:
    text = HEAD.replace("password: {env: MAIL}", "oauth2: {token: {command: [echo, a-token]}}")
    account = load(text + RULES, PATH="/usr/bin:/bin").accounts["contact"]
    assert (account.imap.login, account.smtp.login) == ("oauth2", "oauth2")
    assert (account.imap.password(), account.smtp.password()) == ("a-token", "a-token")


def test_everything_that_can_be_said(load: Any, tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text("email,name\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    settings = load("""
mode: shadow
state: /var/lib/x/state.db
templates: letters
brand: {name: Example, colour: "#ABC", logo: logo.png, signature: Us, address: "1 Street\\nTown", website: example.com}
office:
  timezone: Europe/Madrid
  hours: {mon-thu: [09:00-14:00, 16:00-19:00], fri: 09:00-15:00, sat: closed}
  holidays: {country: ES, region: MD, closed: [2026-12-24, 08-10..08-20]}
mailboxes:
  contact:
    address: Contact@Example.com
    aliases: [info@example.com, "@shop.example"]
    imap: {host: imap.example.com, user: u, password: {env: MAIL}}
    smtp: {host: smtp.example.com, user: v, password: {env: MAIL}}
    folders: [INBOX, Web]
    sent: Gesendet
    envelope_from: null
    poll: 1 minute
    language: es
    authserv_id: [MX.example.com, ""]
    shadow: true
  lisbon:
    imap: {host: imap.example.com, user: lisboa@example.com, password: {env: MAIL}}
    smtp: {host: smtp.example.com}
    office: {timezone: Europe/Lisbon, hours: {sat: 10:00-24:00}}
answer:
  once: 30 days
  not_older_than: 1 day
  limits: {per_sender: false, total: 10/15 minutes, alert: boss@example.com}
notify: [team@example.com]
contacts: contacts.csv
follow_up: {remind: {to: a@example.com, before_due: 1h}, escalate: {to: [b@example.com], after_due: 1 working day}}
rules:
  - name: Rich
    when: {from: "@partner.example", contact: true}
    reply: invoice
    once: per-thread
    not_older_than: 3 days
    promise: 4 working hours
    kind: out-of-office
    language: pt-br
    mark: [Done, \\Flagged]
    move_to: Done
    notify: team@example.com
    answer_despite: [unsubscribe]
    shadow: true
  - {name: Rest, reply: false}
""")
    contact, lisbon = settings.accounts["contact"], settings.accounts["lisbon"]
    assert settings.shadow
    assert settings.state == "/var/lib/x/state.db"
    assert settings.templates == tmp_path / "letters"
    assert (settings.brand.colour, settings.brand.logo) == ("#aabbcc", str(tmp_path / "logo.png"))
    assert settings.watch == tuple(tmp_path / name for name in ("rules.yaml", "contacts.csv", "logo.png"))
    assert settings.alert == ("boss@example.com",)
    assert settings.follow_up.before_due == Duration(1, "hour")
    assert settings.policy.own == {"contact@example.com", "info@example.com", "lisboa@example.com"}
    assert settings.policy.authserv_ids == {"mx.example.com", ""}  # Microsoft 365 gives no name
    assert (contact.envelope_from, contact.sent, contact.folders) == ("", "Gesendet", ("INBOX", "Web"))
    assert (contact.imap.user, contact.smtp.user, lisbon.smtp.user) == ("u", "v", "lisboa@example.com")
    assert contact.mailbox.shadow
    assert lisbon.mailbox.address == "lisboa@example.com"
    rule, rest = settings.policy.rules
    assert (rule.once, rule.promise, rule.kind, rule.language) == (
        Once("per-thread"),
        Duration(4, "working hour"),
        "out-of-office",
        "pt-BR",
    )
    assert (rule.mark, rule.move_to, rule.notify, rule.answer_despite, rule.shadow) == (
        ("Done", "\\Flagged"),
        "Done",
        ("team@example.com",),
        {"unsubscribe"},
        True,
    )
    assert (rest.reply, rest.once, rest.not_older_than) == (None, Once("window", timedelta(days=30)), timedelta(days=1))


def test_offices(load: Any) -> None:
    settings = load(
        "office: {timezone: Europe/Madrid, hours: {mon-fri: 09:00-17:00}, "
        "holidays: {country: ES, region: MD, closed: 12-24}}"
        + HEAD.replace("address:", "office: {hours: {mon-fri: 10:00-12:00}}\n    address:")
        + RULES
    )
    office = settings.accounts["contact"].mailbox.office
    at = {
        datetime(2026, 11, 23, 9, 30, tzinfo=UTC): "open",  # a Monday, 10:30 in Madrid
        datetime(2026, 11, 23, 8, 30, tzinfo=UTC): "closed",  # 9:30: the mailbox's own hours count
        datetime(2026, 12, 24, 9, 30, tzinfo=UTC): "holiday",  # our own
        datetime(2026, 12, 8, 9, 30, tzinfo=UTC): "holiday",  # Inmaculada Concepción
        datetime(2027, 5, 5, 8, 30, tzinfo=UTC): "open",
    }
    assert {moment: office.state(moment) for moment in at} == at
    assert office.holiday(date(2026, 12, 25)) == "Natividad del Señor"
    assert office.holiday(date(2026, 12, 24)) == "closed"
    assert office.holiday(date(2026, 12, 23)) == ""


@pytest.mark.parametrize(
    ("own", "hours"),
    [
        ("", "09:00-13:00"),  # what the mailbox does not say it takes from the common office
        ("hours: {mon-fri: 10:00-12:00}", "09:00-13:00"),
        ("special: []", "09:00-17:00"),
        ("special: [{date: 12-31, hours: closed}]", "09:00-17:00"),
        ("special: [{date: 12-23..12-24, hours: {mon-fri: [10:00-11:00, 11:00-12:00]}}]", "10:00-12:00"),
        ("special: [{date: 12-23..12-24, hours: {sat: 10:00-11:00}}]", "09:00-17:00"),
    ],
)
def test_special_hours_of_a_mailbox(load: Any, own: str, hours: str) -> None:
    common = (
        "office: {timezone: Europe/Madrid, hours: {mon-fri: 09:00-17:00}, special: [{date: 12-24, hours: 09:00-13:00}]}"
    )
    settings = load(common + HEAD.replace("address:", f"office: {{{own}}}\n    address:") + RULES)
    day = settings.accounts["contact"].mailbox.office.hours(date(2026, 12, 24))  # a Thursday
    assert [f"{a:%H:%M}-{b:%H:%M}" for a, b in day] == [hours]


def test_an_office_that_opens_on_special_days_only_is_no_mistake(load: Any) -> None:
    office = "office: {timezone: Europe/Madrid, hours: {mon-sun: closed}, special: [{date: 12-24, hours: 09:00-12:00}]}"
    assert load(office + HEAD + RULES).warnings == ()
    office = "office: {timezone: Europe/Madrid, special: [{date: 12-24, hours: 09:00-12:00}]}"
    closed = RULES.replace("[", "[{name: Closed, when: {office: closed}, reply: closed}, ")
    assert load(office + HEAD + closed).warnings == ()


def test_a_reload_of_the_same_file_gives_equal_accounts_and_another_line_changes_nothing(load: Any) -> None:
    office = "office: {timezone: Europe/Madrid, hours: {mon: 09:00-12:00}, holidays: {country: ES, closed: 12-24},\n"
    office += "  special: [{date: 06-15..09-15, hours: {mon: 08:00-10:00}}, {date: 12-23, hours: closed}]}\n"
    one, two = load(office + HEAD + RULES), load("\n\n" + office + HEAD + RULES)
    assert one.accounts["contact"].mailbox.office.holiday(date(2026, 12, 25))  # one calendar in use, the other not yet
    assert one.accounts == two.accounts
    assert one.policy == two.policy
    for line, changed in (("12:00", "13:00"), ("10:00", "11:00"), ("09-15", "09-14"), ("12-23", "12-22")):
        assert load(office.replace(line, changed) + HEAD + RULES).accounts != one.accounts


@pytest.mark.parametrize(
    ("state", "environ", "expected"),
    [
        ("", {"STATE_DIRECTORY": "/var/lib/autoresponder:/x"}, "/var/lib/autoresponder/state.db"),
        ("state: here.db\n", {"STATE_DIRECTORY": "/var/lib/autoresponder"}, "{}/here.db"),
        ("state: postgresql://u:hunter2@db/x\n", {}, "postgresql://u:hunter2@db/x"),
    ],
)
def test_state(load: Any, tmp_path: Path, state: str, environ: dict[str, str], expected: str) -> None:
    settings = load(state + HEAD + RULES, **environ)
    assert settings.state == expected.format(tmp_path)
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("country", "region", "day"),
    [("FR", "Alsace", date(2026, 12, 26)),
     ("GB", "scotland", date(2026, 11, 30)), ("ES", "cataluna", date(2026, 9, 11)),
     ("ES", "ct", date(2026, 9, 11)), ("DE", "Bayern", date(2027, 1, 6))],
)  # fmt: skip
def test_a_region_is_known_by_its_name(country: str, region: str, day: date) -> None:
    assert day in public(country, region)
    assert day not in public(country, "")
