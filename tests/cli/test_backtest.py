"""`backtest` over files: the past once more, what strikes, what other rules change."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from autoresponder.cli import main
from autoresponder.cli.charts import bars, columns, nice
from autoresponder.cli.crew import FEW, PORTION
from autoresponder.cli.reasons import WORDS
from autoresponder.core.decide import REASONS
from autoresponder.core.guards import GUARDS
from tests.cli.shop import RULES, Shop

ANA, BOB = "ana@example.net", "bob@example.org"
PERSON = "In-Reply-To: <q@example.com>\nUser-Agent: Mozilla Thunderbird\nList-Unsubscribe: <https://x.example>\n"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def box(shop: Shop) -> Path:
    """Letters out of order: the second one of Ana's arrived first."""
    return shop.mbox(
        (5, ANA, "Question", ""), (3, ANA, "Question, earlier", ""), (4, BOB, "An invoice", ""),
        (6, BOB, "Hush", ""), (7, "news@x.example", "News", "List-Id: <x.example>\n"),
        (8, "eva@example.org", "Re: your offer", PERSON),
    )  # fmt: skip


def backtest(shop: Shop, *words: object, code: int = 0) -> None:
    assert main(["-c", str(shop.rules), "backtest", *map(str, words)]) == code


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_history_is_made_in_the_order_of_arrival(shop: Shop, box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backtest(shop, "--json", box)
    *found, last = rows(capsys)
    assert [(row["subject"], row["decision"], row["reason"]) for row in found] == [
        ("Question, earlier", "reply", "rule"),
        ("An invoice", "reply", "rule"),
        ("Question", "silent", "once"),
        ("Hush", "silent", "rule"),
        ("News", "silent", "list"),
        ("Re: your offer", "silent", "unsubscribe"),
    ]
    assert found[1]["template"] == "invoice"
    assert found[0]["letter"] == f"{box}#2"
    summary = last["summary"]
    assert [summary[key] for key in ("letters", "answered", "silent", "held", "quarantined")] == [6, 2, 4, 0, 0]
    assert summary["silent_by_reason"] == {"once": 1, "rule": 1, "list": 1, "unsubscribe": 1}
    assert summary["answered_by_rule"] == {"Everything else": 1, "Invoices": 1}
    assert summary["silenced_by_rule"] == {"Hush": 1}
    assert summary["languages"] == {"sample": 2, "en": 2}
    assert [one["subject"] for one in summary["surprising"]] == ["Re: your offer"]


def test_a_person_reads_the_summary(shop: Shop, box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backtest(shop, box, "--messages", 5)
    shown, err = capsys.readouterr()
    assert "5 letters, 2026-03-04" in shown  # the last five that arrived
    assert "3 answered, " not in shown
    assert re.search(r"^2 answered, 3 silent$", shown, re.M)
    assert re.search(r"^Invoices +1 ", shown, re.M)
    assert re.search(r"^a newsletter +1 ", shown, re.M)  # not “unsubscribe”
    assert "eva@example.org  Re: your offer" in shown
    assert "yet it belongs to a conversation" in shown
    assert err == ""  # no progress bar into a pipe
    assert not list(shop.folder.glob("state*"))  # nothing was recorded


MANY_RULES = """\
answer: {once: 2 days, limits: {per_sender: 1/day, per_domain: 3/day}}
rules:
  - {name: Welcome, when: {first_contact: true, subject: question}, reply: invoice}
  - {name: Hush, when: {subject: hush}, reply: false}
  - {name: Everything else, reply: acknowledgement, once: every-message}
"""


def test_several_processes_decide_as_one_does(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Each letter is decided with all those before it, wherever it was looked at: once, limits, first contact, copies;
    and what is printed is the same to the byte."""
    people = [f"person{number}@example.{end}" for number in range(6) for end in ("net", "org")]
    more = {0: "List-Id: <x.example>\n", 1: "X-Auto-Response-Suppress: All\n"}
    box = shop.mbox(*(
        (1 + number // 30, people[number * 7 % 12], ("Question", "Hush", "An invoice")[number % 3],
         more.get(number % 11, ""))
        for number in range(FEW * PORTION)
    ))  # fmt: skip
    shop.rules = shop.write("rules.yaml", MANY_RULES)
    cores, shown = os.sched_getaffinity(0), []
    for some in (cores, {min(cores)}):
        os.sched_setaffinity(0, some)
        try:
            backtest(shop, "--json", box, box)
        finally:
            os.sched_setaffinity(0, cores)
        shown.append(rows(capsys))
    assert shown[0] == shown[1]
    *decided, last = shown[0]
    reasons = {"rule", "list", "suppressed", "limit", "seen"}
    assert last["summary"]["silent_by_reason"].keys() == reasons
    assert last["summary"]["held"] > 0
    known: set[str] = set()
    for row in reversed({row["letter"]: row for row in reversed(decided)}.values()):  # of two copies the first
        if row["subject"] == "Question":
            assert row["rule"] == ("Everything else" if row["from"] in known else "Welcome")
        known.add(row["from"])


def test_days_count_back_from_now(shop: Shop, box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backtest(shop, box, "--days", 1)
    assert "there are no letters in that time" in capsys.readouterr().out


def test_only_what_would_change_is_shown(shop: Shop, box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = shop.write("other.yaml", RULES.replace("reply: false", "reply: invoice"))
    backtest(shop, box, "--against", other)
    out = capsys.readouterr().out
    assert "#4  bob@example.org  Hush" in out
    assert "  - silent (rule): rule “Hush” says: no answer" in out
    assert "  + answered with “invoice”: rule “Hush” answers with “invoice”" in out
    assert f"1 of 6 letters would be treated differently by {other}" in out
    assert out.count("\n  - ") == 1
    backtest(shop, box, "--against", other, "--json")
    change, last = rows(capsys)
    assert (change["before"]["decision"], change["after"]["template"]) == ("silent", "invoice")
    assert last["summary"] == {
        "letters": 6, "changed": 1, "other_words": 0,
        "before": {"answered": 2, "silent": 4}, "after": {"answered": 3, "silent": 3},
    }  # fmt: skip
    backtest(shop, box, "--against", shop.write("same.yaml", RULES.replace("Hush", "Renamed")))
    assert "0 of 6 letters" in capsys.readouterr().out


def test_the_same_decision_in_other_words_is_told_apart(
    shop: Shop, box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shop.folder / "templates", shop.folder / "new")
    template = shop.folder / "new" / "invoice.md"
    template.write_text(template.read_text().replace("subject: ", "subject: NEW ", 1) + "\nWe look forward to it.\n")
    other = shop.write("other.yaml", "templates: new\n" + RULES)
    backtest(shop, box, "--against", other)
    out = capsys.readouterr().out
    assert "same decision, other words: “invoice”, 1 letters, for example:" in out
    assert re.search(r"^  - subject: (?!NEW)", out, re.M)
    assert re.search(r"^  \+ subject: NEW ", out, re.M)
    assert "  + We look forward to it." in out
    assert "0 of 6 letters would be treated differently" in out
    assert "1 more would get the same answer in other words" in out
    backtest(shop, box, "--against", other, "--json")
    line, last = rows(capsys)
    assert (line["words_only"], line["template"], line["before"]["language"]) == (True, "invoice", "en")
    assert line["after"]["subject"].startswith("NEW ")
    assert (last["summary"]["changed"], last["summary"]["other_words"]) == (0, 1)


def test_a_template_that_fails_on_a_letter_is_shown(shop: Shop, box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(shop.folder / "templates", shop.folder / "new")
    template = shop.folder / "new" / "invoice.md"
    template.write_text(template.read_text() + "\n{{ 1 // 0 }}\n")
    backtest(shop, box, "--against", shop.write("other.yaml", "templates: new\n" + RULES), code=1)
    assert "  + the template fails: ZeroDivisionError" in capsys.readouterr().out


def test_another_look_is_a_difference_too(shop: Shop, box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = shop.write("other.yaml")
    other.write_text(other.read_text().replace("{name: Shop}", '{name: Shop, colour: "#aa0000"}'))
    backtest(shop, box, "--against", other)
    out = capsys.readouterr().out
    assert "looks only: the HTML differs" in out
    assert "2 more would get the same answer in other words" in out


@pytest.mark.parametrize(("shadow", "changed"), [("mode: shadow\n", 0), ("", 2)])
def test_shadow_mode_is_replayed_as_live_and_a_shadow_rule_is_a_difference(
    shop: Shop, box: Path, capsys: pytest.CaptureFixture[str], shadow: str, changed: int
) -> None:
    rules = RULES if shadow else RULES.replace("reply: invoice", "reply: invoice, shadow: true").replace(
        "reply: acknowledgement", "reply: acknowledgement, shadow: true")  # fmt: skip
    backtest(shop, box, "--against", shop.write("other.yaml", shadow + rules))
    out = capsys.readouterr().out
    assert f"{changed} of 6 letters" in out
    assert out.count("(shadow: not sent)") == changed


def test_a_rule_file_for_other_mailboxes_cannot_be_compared(
    shop: Shop, box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backtest(shop, box, "--against", shop.write("other.yaml", mailbox="desk"), code=2)
    assert "there is no mailbox “shop”" in capsys.readouterr().err


def test_the_page_needs_nothing_from_elsewhere(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "=?utf-8?q?Re:_=3Cscript=3Ealert(1)=3C/script=3E?="
    box = shop.mbox((1, ANA, "Question", ""), (2, "eva@example.org", evil, PERSON))
    backtest(shop, box, "--html", shop.folder / "report.html")
    capsys.readouterr()
    page = (shop.folder / "report.html").read_text("utf-8")
    assert page.count("<svg") == 5
    assert "&lt;script&gt;alert(1)" in page
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page)
    assert "prefers-color-scheme: dark" in page
    assert "<b>2</b><span>letters" in page
    assert "a newsletter" in page  # not “unsubscribe”
    assert "English" in page


def test_days_and_hours_are_those_of_the_office(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.rules.write_text("office: {timezone: Pacific/Auckland}\n" + shop.rules.read_text())
    backtest(shop, "--json", "--html", shop.folder / "r.html", shop.mbox((1, ANA, "Question", "")))  # 9:00 UTC
    assert rows(capsys)[-1]["summary"]["first"] == "2026-03-01T22:00:00+13:00"
    assert "· 1 March 2026</p>" in (shop.folder / "r.html").read_text("utf-8")  # one day is no span


def test_every_reason_has_words() -> None:
    assert set(WORDS) == {guard.name for guard in GUARDS} | set(REASONS)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "how far back?"),
        (("--days", "0"), "“0” is not a number above 0"),
        (("--days", "3", "--mailbox", "shpo"), "there is no mailbox “shpo”"),
        (("--against", "x.yaml", "--html", "x.html", "x.mbox"), "a comparison has no page"),
        (("nothing.mbox",), "cannot be read"),
    ],
)
def test_wrong_words(shop: Shop, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str) -> None:
    try:
        backtest(shop, *words, code=2)
    except SystemExit as error:  # argparse's own
        assert error.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (101, 200), (999, 1000)]
)
def test_an_axis_ends_in_a_round_number(most: int, top: int) -> None:
    assert nice(most) == top


def test_plots_of_nothing_are_plots() -> None:
    assert columns([], ("bar",), "x").endswith("</svg>")
    assert bars([], "bar", "x").endswith("</svg>")
    assert "a&lt;b" in bars([("a<b", 3)], "bar", "x")
