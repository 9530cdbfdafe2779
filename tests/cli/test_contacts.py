"""Contacts from the command line: what `check`, `explain`, `backtest` and `preview` make of contacts.csv."""

import json
from pathlib import Path

import pytest

from autoresponder.cli import main
from tests.cli.shop import Shop

RULES = """\
contacts: contacts.csv
seasons: [{name: Spring, date: 03-01..03-31, text: "Spring & sun"}]
rules:
  - {name: Years, when: {anniversary: customer_since}, reply: years}
  - {name: Birthday, when: {anniversary: Birthday}, reply: acknowledgement}
  - {name: Gold, when: {contact: {Tier: GOLD}}, reply: acknowledgement, promise: 1 hour}
  - {name: Strangers, when: {contact: false}, reply: false}
  - {name: Rest, reply: acknowledgement}
"""
CONTACTS = """\
email;Name;Tier;Customer since;Language;Birthday
ana@example.net;Ana Ruiz;Gold;02.03.2019;pt;
eva@example.net;Eva Gil;tin;03.03.2019;;6.3.1980
@big.example;Big Client;gold;;;
"""
YEARS = """\
---
subject: {{ customer.years }} years
language: en
---
{{ greeting }} {{ contact.tier }}, {{ sender.messages }} letters
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that knows its customers and writes to them in two languages."""
    shop = Shop(tmp_path)
    for path in (tmp_path / "templates").glob("*.md"):
        if path.name not in ("acknowledgement.md", "acknowledgement.pt.md"):
            path.unlink()
    shop.write("rules.yaml", RULES)
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "templates" / "years.md").write_text(YEARS)
    return shop


def run(shop: Shop, *words: str, code: int = 0) -> None:
    """A command."""
    assert main(["-c", str(shop.rules), *words]) == code


def test_check_says_how_many_there_are_and_names_bad_rows(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.folder / "contacts.csv").write_text(CONTACTS + "nobody;;;;\n")
    run(shop, "check")
    out = capsys.readouterr().out
    assert 'contacts.csv:5: warning: this row is left out: "nobody" is not an address' in out
    assert "3 contacts" in out


def test_check_finds_columns_that_are_not_there(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.folder / "contacts.csv").write_text("email,since\nana@example.net,2019-03-02\n")
    run(shop, "check", code=2)
    err = capsys.readouterr().err
    assert 'when.anniversary: the contacts file has no column "customer_since" (there are: since)' in err
    assert 'when.contact.Tier: the contacts file has no column "Tier"' in err
    (shop.folder / "contacts.csv").write_text("email,tier,customer_since,birthday\nana@example.net,x,,\n")
    (shop.folder / "templates" / "years.md").write_text(YEARS.replace("contact.tier", "contact.teir"))
    run(shop, "check", code=2)
    assert (
        "years.md:5: there is no column “teir” in the contacts file (did you mean “tier”?)" in capsys.readouterr().err
    )


def test_explain_shows_the_row_of_whom_it_answers(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    run(shop, "explain", "--now", "2026-03-05T10:00", str(shop.mbox((1, "ana@example.net", "Hello", ""))))
    out = capsys.readouterr().out
    row = "ana@example.net: name is “Ana Ruiz”, tier is “Gold”, customer_since is “2019-03-02”, language is “pt”"
    assert f"  contact  {row}\n" in out
    assert "– rule Years: today is 2026-03-05, no anniversary (customer_since is “2019-03-02”)" in out
    assert "✓ the sender is in contacts (ana@example.net): tier is “Gold”" in out
    assert "│ Spring & sun\n  │ \n  │ Olá, Ana Ruiz," in out  # in Portuguese, as the contact wishes


def test_the_row_is_that_of_the_target_and_not_of_who_is_named(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A forged From with an own Reply-To is told nothing of whom it names."""
    box = shop.mbox((1, "ana@example.net", "Hello", "Reply-To: thief@example.org\n"))
    run(shop, "explain", "--json", "--any-recipient", str(box))
    out = capsys.readouterr().out
    shown = json.loads(out)
    assert (shown["decision"], shown["rule"]) == ("silent", "Strangers")
    assert "“Gold”" not in out and "2019" not in out
    assert "contact" not in [step["check"] for step in shown["trace"]]


def test_a_backtest_greets_on_the_day(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    box = shop.mbox(
        (1, "ana@example.net", "One", ""), (2, "ana@example.net", "Two", ""), (2, "eva@example.net", "Three", ""),
        (3, "eva@example.net", "Four", ""), (4, "eva@example.net", "Five", ""), (4, "x@big.example", "Six", ""),
        (4, "x@other.example", "Seven", ""), (6, "eva@example.net", "Eight", ""),
    )  # fmt: skip
    run(shop, "backtest", "--json", str(box))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    rules = [line["rule"] for line in lines if "rule" in line]
    assert rules == ["Gold", "Years", "Rest", "Years", "Rest", "Gold", "Strangers", "Birthday"]


def test_preview_shows_a_contact_who_does_not_exist(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    run(shop, "preview", "years", "--now", "2026-03-14T10:00")
    out = capsys.readouterr().out
    assert "7 years" in out and "Hi Ana, tier, 3 letters" in out and "Spring & sun" in out
    assert not any(word in out for word in ("Gold", "Eva", "Big"))
    letter = shop.folder / "letter.eml"
    letter.write_bytes(b"From: eva@example.net\nTo: shop@example.com\nSubject: x\nMessage-ID: <1@x.example>\n\nHello\n")
    run(shop, "preview", "years", "--now", "2026-03-14T10:00", "--letter", str(letter))
    assert "Hi Eva, tin, 0 letters" in capsys.readouterr().out
