"""Conditions: a table of (condition, letter and circumstances, whether it holds, a word of the reason)."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import regex

from autoresponder.core.calendar import DateRange, Special
from autoresponder.core.conditions import (
    All,
    Anniversary,
    AnyOf,
    Attached,
    Authenticated,
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
from autoresponder.core.contacts import Row
from autoresponder.core.history import History
from autoresponder.core.message import Arrival
from autoresponder.core.text import fold
from tests.core.letters import NOW, facts, letter

NOVEMBER = Special((DateRange((11, 1), (11, 30)), DateRange(date(2026, 12, 24), date(2026, 12, 24))), ((),) * 7)


def subject(kind: Any, value: str) -> Text:
    """A condition on the subject."""
    return Text("subject", (Pattern.make(kind, value),))


def row(**cells: str) -> Row:
    """A contact's row."""
    return Row(tuple(cells), tuple(cells.values()), "ana@example.net")


PDF = letter(
    Content_Type='multipart/mixed; boundary="b"',
    body='--b\r\nContent-Type: text/plain\r\n\r\nhere\r\n--b\r\nContent-Type: application/pdf; name="Factura 7.PDF"\r\n'
    "Content-Disposition: attachment\r\n\r\nJVBERi0=\r\n--b--",
)
LATE = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # a Sunday night

HOLDS: list[tuple[Any, dict[str, Any], bool, str]] = [
    (subject("contains", "FACTURACIÓN"), {"message": letter("la facturacion de mayo")}, True, "contains"),
    (subject("contains", "invoice"), {"message": letter("Hello")}, False, "it is “Hello”"),
    (subject("word", "ad"), {"message": letter("an AD, please")}, True, "word"),
    (subject("word", "ad"), {"message": letter("bad road")}, False, "does not"),
    (subject("equals", "hola"), {"message": letter("  Hóla ")}, True, "equals"),
    (subject("equals", "hola"), {"message": letter("hola!")}, False, "does not"),
    (subject("starts_with", "re"), {"message": letter("RE: hola")}, True, "starts with"),
    (subject("ends_with", "!"), {"message": letter("hola!")}, True, "ends with"),
    (subject("regex", r"order \d{4}"), {"message": letter("Order 1234")}, True, "regex"),
    (subject("regex", r"^order$"), {"message": letter("order 1")}, False, "does not"),
    (Text("body", (Pattern.make("contains", "refund"),)), {"message": letter("x", "a Refund, please")}, True, "body"),
    (Text("text", (Pattern.make("contains", "hello"),)), {"message": letter("Hello", "x")}, True, "text"),
    (Text("header:X-Shop", (Pattern.make("equals", "2"),)), {"message": letter(X_Shop="2")}, True, "header X-Shop"),
    (Text("header:X-Shop", (Pattern.make("equals", "2"),)), {}, False, "the letter has none"),
    (Present("X-Shop", True), {"message": letter(X_Shop="2")}, True, "has a X-Shop"),
    (Present("X-Shop", False), {}, True, "no X-Shop"),
    (Who("from", ("@example.net",)), {}, True, "ana@example.net matches"),
    (Who("from", ("bob@example.net", "@example.org")), {}, False, "does not match"),
    (Who("recipient", ("contact@*",)), {}, True, "contact@example.com"),
    (Who("reply_to", ("@example.net",)), {}, False, "nobody"),
    (Attached(True), {"message": PDF}, True, "Factura 7.PDF"),
    (Attached(True, ("*.pdf",)), {"message": PDF}, True, "Factura 7.PDF"),
    (Attached(True, ("*.doc",)), {"message": PDF}, False, "attached"),
    (Attached(True, (), ("application/*",)), {"message": PDF}, True, "attached"),
    (Attached(False), {}, True, "nothing is attached"),
    (Attached(False), {"message": PDF}, False, "attached"),
    (Size(">", 10), {}, True, "> 10"),
    (Size("<=", 10), {}, False, "is not <= 10"),
    (Weekday(frozenset({0})), {}, True, "mon"),
    (Weekday(frozenset({5, 6})), {}, False, "not (sat, sun)"),
    (TimeOfDay(((time(9), time(14)),)), {}, True, "10:00, within"),
    (TimeOfDay(((time(9), time(10)),)), {}, False, "outside"),
    (TimeOfDay(((time(22), time(6)),)), {"now": LATE}, True, "within 22:00-06:00"),
    (TimeOfDay(((time(22), time(6)),)), {}, False, "outside"),
    (DateIn((DateRange(date(2026, 11, 23), date(2026, 11, 23)),)), {}, True, "2026-11-23"),
    (DateIn((DateRange((12, 20), (1, 6)),)), {"now": datetime(2027, 1, 6, tzinfo=UTC)}, True, "12-20..01-06"),
    (DateIn((DateRange((12, 20), (1, 6)),)), {"now": datetime(2026, 12, 19, tzinfo=UTC)}, False, "outside"),
    (DateIn((DateRange((2, 29), (2, 29)),)), {"now": datetime(2028, 2, 29, tzinfo=UTC)}, True, "02-29"),
    (DateIn((DateRange((2, 29), (2, 29)),)), {"now": datetime(2027, 2, 28, tzinfo=UTC)}, False, "02-29"),
    (OfficeIs(frozenset({"closed"})), {"office": "holiday"}, True, "holiday"),
    (OfficeIs(frozenset({"holiday"})), {"office": "closed"}, False, "closed"),
    (OfficeIs(frozenset({"open"})), {"special": NOVEMBER}, True, "is open now (special hours, 11-01..11-30)"),
    (FirstContact(True), {}, True, "new"),
    (FirstContact(True), {"history": History(first_seen=NOW)}, False, "2026-11-23"),
    (Named("mailbox", frozenset({"contact"})), {}, True, "contact"),
    (Named("folder", frozenset({"Orders"})), {"arrival": Arrival("contact", "INBOX", 1, 1, NOW)}, False, "not Orders"),
    (Named("thread", frozenset({"new"})), {}, True, "new"),
    (Named("thread", frozenset({"reply"})), {"message": letter(In_Reply_To="<0@example.com>")}, True, "reply"),
    (Named("language", frozenset({"pt"})), {"language": lambda _s, _t: "pt-BR"}, True, "pt-BR"),
    (Named("language", frozenset({"es"})), {}, False, "not known"),
    (Authenticated(True), {"authenticated": True}, True, "proved"),
    (Contact(True), {}, False, "not in contacts"),
    (Contact(False), {}, True, "not in contacts"),
    (Contact(True), {"contact": row(level="")}, True, "in contacts (ana@example.net)"),
    (Contact(False), {"contact": row(level="")}, False, "in contacts"),
    (Contact(True, (("level", ("gold",)),)), {"contact": row(level="Gold")}, True, "level is “Gold”"),
    (Contact(True, (("level", ("gold",)),)), {"contact": row(level="tin")}, False, "tin"),
    (Anniversary(("since",)), {}, False, "not in contacts"),
    (Anniversary(("since",)), {"contact": row(since="2025-11-23")}, True, "since was 1 year ago today"),
    (Anniversary(("since",)), {"contact": row(since="1926-11-23")}, True, "since was 100 years ago"),
    (Anniversary(("since",)), {"contact": row(since="2026-11-23")}, False, "no anniversary"),  # the very day
    (Anniversary(("since",)), {"contact": row(since="2027-11-23")}, False, "no anniversary"),
    (Anniversary(("since",)), {"contact": row(since="2025-11-22")}, False, "since is “2025-11-22”"),
    (Anniversary(("since",)), {"contact": row(since="")}, False, "no anniversary"),
    (Anniversary(("birth", "since")), {"contact": row(birth="1980-01-01", since="2020-11-23")}, True, "since was 6"),
    (Anniversary(("s",)), {"contact": row(s="2024-02-29"), "now": datetime(2027, 2, 28, tzinfo=UTC)}, True, "3 years"),
    (Anniversary(("s",)), {"contact": row(s="2024-02-29"), "now": datetime(2028, 2, 28, tzinfo=UTC)}, False, "no"),
    (Anniversary(("s",)), {"contact": row(s="2024-02-29"), "now": datetime(2028, 2, 29, tzinfo=UTC)}, True, "4 years"),
    (Anniversary(("s",)), {"contact": row(s="2024-02-29"), "now": datetime(2027, 3, 1, tzinfo=UTC)}, False, "no"),
    (Anniversary(("s",)), {"contact": row(s="2024-02-28"), "now": datetime(2028, 2, 28, tzinfo=UTC)}, True, "4 years"),
    (Anniversary(("s",)), {"contact": row(s="2024-02-28"), "now": datetime(2028, 2, 29, tzinfo=UTC)}, False, "no"),
    (All(), {}, True, "no condition"),
    (All((Weekday(frozenset({0})), subject("contains", "question"))), {}, True, "; "),
    (All((Weekday(frozenset({1})), subject("contains", "question"))), {}, False, "tue"),
    (AnyOf((Weekday(frozenset({1})), subject("contains", "question"))), {}, True, "question"),
    (AnyOf((Weekday(frozenset({1})),)), {}, False, "none of"),
    (Not(Weekday(frozenset({1}))), {}, True, "not:"),
    (Not(Weekday(frozenset({0}))), {}, False, "not wanted"),
]


@pytest.mark.parametrize(("condition", "circumstances", "holds", "word"), HOLDS, ids=lambda x: type(x).__name__)
def test_condition(condition: Any, circumstances: dict[str, Any], holds: bool, word: str) -> None:
    seen = facts(**circumstances)
    assert condition.holds(seen) is holds
    assert word in condition.why(seen)


def test_an_evil_regular_expression_is_given_up_and_says_so() -> None:
    evil = Text("body", (Pattern.make("regex", r"(a|aa)+$"),))
    seen = facts(letter("x", "a" * 5000 + "!"))
    assert not evil.holds(seen)
    assert "given up" in evil.why(seen)


def test_a_bad_regular_expression_is_an_error_at_load() -> None:
    with pytest.raises(regex.error):
        Pattern.make("regex", "(")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ñandú  y\tÉL", "nandu y el"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ﬁn", "fin"),
        ("PRZEDŁUŻENIE książek", "przedluzenie ksiazek"),
        ("Đorđe Ødegård, vœux, ılık", "dorde odegard, voeux, ilik"),
        ("plus d’eau – s´il vous plaît", "plus d'eau - s'il vous plait"),
        ("„Zitat“ « citation »", '"zitat" " citation "'),
        ("in\u00advoice\u200b", "invoice"),
        ("バスとパス", "バスとパス"),  # a bus is no pass
        ("각서", "각서"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
