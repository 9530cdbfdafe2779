"""What `config.overlap` calls proven is true of every letter, and what a person sees at once it sees too."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from autoresponder.config.conditions import condition
from autoresponder.config.overlap import Overlap
from autoresponder.config.schema import When
from autoresponder.core.conditions import All, Facts
from tests.core.letters import NOW, facts, letter

BOXES = frozenset({"contact", "orders"})
POOL: list[dict[str, Any]] = [
    {},
    {"subject": "invoice"}, {"subject": ["invoice", "bill"]}, {"subject": "invoice 7"}, {"text": "invoice"},
    {"subject": {"word": "invoice"}}, {"text": {"word": "invoice"}}, {"subject": {"equals": "invoice 7"}},
    {"subject": {"starts_with": "invoice"}}, {"subject": {"starts_with": "invoice 7"}}, {"subject": {"ends_with": "7"}},
    {"subject": {"regex": "^invoice$"}}, {"text": {"regex": "^invoice$"}}, {"body": "invoice"},
    {"header": {"X-Form": True}}, {"header": {"x-form": "contact"}}, {"header": {"X-Form": False}},
    {"from": "@example.net"}, {"from": "ana@example.net"}, {"from": "*.example.net"}, {"from": "*@example.net"},
    {"from": ["@example.net", "bo@sub.example.net"]}, {"to": "contact@example.com"},
    {"recipient": "contact@example.com"},
    {"recipient": "@example.com"}, {"attachment": True}, {"attachment": False}, {"attachment": "*.pdf"},
    {"attachment": {"name": "*.pdf", "type": "application/pdf"}}, {"attachment": ["*.pdf", {"type": "image/*"}]},
    {"size": "> 1 kB"}, {"size": ">= 1 kB"}, {"size": "> 2 kB"}, {"size": "< 1 kB"}, {"size": "<= 1 kB"},
    {"office": "closed"}, {"office": "holiday"}, {"office": "open"}, {"weekday": "mon-fri"}, {"weekday": "mon"},
    {"time": "09:00-12:00"}, {"time": ["09:00-12:00", "22:00-06:00"]}, {"date": "11-23"}, {"date": ["11-23", "11-24"]},
    {"thread": "new"}, {"thread": "reply"}, {"first_contact": True}, {"mailbox": "contact"},
    {"mailbox": ["contact", "orders"]},
    {"language": "pt"}, {"language": "pt-BR"}, {"authenticated": True}, {"not": {"subject": "invoice"}},
    {"not": {"subject": "invoice 7"}}, {"any": [{"subject": "invoice"}, {"attachment": True}]},
    {"all": [{"subject": "invoice"}, {"attachment": True}]}, {"subject": "invoice", "attachment": "*.pdf"},
]  # fmt: skip
CONDITIONS = [(str(written), condition(When.model_validate(written))) for written in POOL]


def letters() -> list[Facts]:
    made = []
    texts = [("Invoice 7", "Hello"), ("Invoice", "x"), ("My invoices", "bill"), ("Bill", "line\ninvoice\nline"),
             ("Hello 7", "invoice"), ("Hello", "you")]  # fmt: skip
    for number, (subject, body) in enumerate(texts):
        for k, sender in enumerate(("ana@example.net", "bo@sub.example.net", "Cy <cy@example.org>")):
            more: dict[str, str] = {"X_Form": "contact"} if k == 0 else {}
            if k == 1:
                more["In_Reply_To"] = "<0@example.com>"
            message = letter(subject, body + "\n" * (600 * number), sender, **more)
            if (number + k) % 3 == 0:
                message = letter(subject, body, sender, Content_Type='application/pdf; name="a.pdf"')
            made.append(
                facts(
                    message,
                    office=("open", "closed", "holiday")[k],
                    now=NOW + timedelta(days=number, hours=13 * k),
                    language=lambda *_, n=number: ("pt", "pt-BR", "es")[n % 3],
                    authenticated=bool(number % 2),
                )
            )
    return made


LETTERS = letters()


def test_the_letters_tell_the_conditions_apart() -> None:
    seen = {tuple(made.holds(one) for one in LETTERS) for _, made in CONDITIONS}
    assert len(seen) > 30


def test_what_is_proven_is_true() -> None:
    proven = 0
    for (a, wide), (b, narrow) in product(CONDITIONS, repeat=2):
        if Overlap().wider(wide, narrow):
            proven += a != b
            assert all(wide.holds(one) for one in LETTERS if narrow.holds(one)), (a, b)
    assert proven > 80


@pytest.mark.parametrize(
    ("rules", "whole"),
    [
        ([{"subject": "a"}], False),
        ([{"subject": "a"}, {}], True),
        ([{"office": "closed"}, {"office": "open"}], True),
        ([{"office": ["holiday", "open"]}], False),
        ([{"thread": "new"}, {"thread": "reply"}], True),
        ([{"mailbox": "contact"}, {"subject": "a"}, {"mailbox": "orders"}], True),
        ([{"mailbox": "contact"}], False),
        ([{"attachment": True}, {"attachment": False}], True),
        ([{"attachment": "*.pdf"}, {"attachment": False}], False),
        ([{"header": {"X-A": True}}, {"header": {"X-B": False}}], False),
        ([{"weekday": "mon-fri"}, {"weekday": ["sat", "sun"]}], True),
        ([{"subject": "order"}, {"not": {"subject": "order 7"}}], True),
        ([{"subject": "order 7"}, {"not": {"subject": "order"}}], False),
        ([{"thread": "new", "subject": "a"}, {"thread": "reply"}], False),
    ],
)
def test_what_leaves_nothing_over(rules: list[dict[str, Any]], whole: bool) -> None:
    made = [condition(When.model_validate(one)) for one in rules]
    assert Overlap().everything(made, BOXES) is whole
    if whole and not any("mailbox" in one for one in rules):
        assert all(any(when.holds(one) for when in made) for one in LETTERS)


def test_contradictions() -> None:
    never = condition(When.model_validate({"subject": "order 7", "not": [{"body": "x"}, {"subject": "order"}]}))
    fine = condition(When.model_validate({"subject": "order", "not": [{"subject": "order 7"}]}))
    assert [Overlap().impossible(when) for when in (never, fine)] == [True, False]


def test_work_is_bounded() -> None:
    wide = condition(When.model_validate({"any": [{"any": [{"subject": f"a{i}", "size": "> 1"} for i in range(400)]}]}))
    narrow = condition(
        When.model_validate({"any": [{"any": [{"subject": f"b{i}", "size": "> 2"} for i in range(400)]}]})
    )
    overlap = Overlap(left=1000)
    assert not overlap.wider(wide, narrow)
    assert overlap.left < 0
    assert not overlap.wider(All(), All())
