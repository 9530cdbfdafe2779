"""`explain` as a script and as a person reads it."""

import json
from pathlib import Path

import pytest

from autoresponder.cli import main
from autoresponder.cli.crew import FEW, PORTION
from autoresponder.cli.looked import LOOKED
from autoresponder.core.guards import GUARDS
from tests.cli.shop import Shop

NESTED = """\
rules:
  - name: Nested
    when: {any: [{subject: opening}, {not: {from: "@example.net"}}], body: saturday}
    reply: acknowledgement
  - {name: Quiet, when: {subject: hours}, reply: false}
  - {name: Never, when: {subject: unicorn}, reply: invoice}
  - {name: Rest, reply: invoice}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def explain(shop: Shop, *words: str, code: int = 0) -> None:
    assert main(["-c", str(shop.rules), "explain", *words]) == code


def test_the_json_is_what_the_design_promises(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    box = shop.mbox((1, "ana@example.net", "An invoice", ""), (1, "list@example.net", "x", "List-Id: <x.y>\n"))
    explain(shop, "--json", str(box))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert list(first) == ["file", "decision", "reason", "why", "rule", "trace", "reply"]
    assert (first["file"], first["decision"], first["rule"]) == (f"{box}#1", "reply", "Invoices")
    assert list(first["reply"]) == ["to", "subject", "text", "html"]
    assert first["reply"]["to"] == "ana@example.net"
    assert all(list(step) == ["check", "result", "why"] for step in first["trace"])
    assert (second["decision"], second["reason"], second["reply"]) == ("silent", "list", None)


def test_every_clause_and_who_would_have_followed(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.write("rules.yaml", NESTED)
    explain(shop, str(shop.mbox((1, "ana@example.net", "Opening hours", ""))))
    out = capsys.readouterr().out
    assert "✓ rule Nested: wins: answers with “acknowledgement”" in out
    assert "✓ any of\n" in out
    assert "✓ subject contains “opening”" in out
    assert "– not\n" in out  # nested, with what it looked at below
    assert "✓ from ana@example.net matches @example.net" in out
    assert "✓ body contains “saturday”" in out
    assert "↳ rule Quiet would have followed: no answer" in out
    assert "↳ rule Rest would have followed: answers with “invoice”" in out
    assert "Never" not in out
    assert "whom     ana@example.net: From" in out
    assert "  │ " in out  # the letter
    assert "\x1b" not in out  # no colour into a pipe


def test_how_to_answer_a_form_or_portal_is_said(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    hint = 'hint     a form or portal that you know? A rule with when: {from: "no-reply@portal.example"} and'
    more = "Reply-To: ana@example.net\nList-Unsubscribe: <https://portal.example/u>\n"
    box = shop.mbox((1, "no-reply@portal.example", "A question", more))
    explain(shop, str(box))
    out = capsys.readouterr().out
    assert "✗ guard form-sender (soft): From is a no-reply address (no-reply@portal.example)" in out
    assert f"{hint}\n           answer_despite: [form-sender, unsubscribe] answers, to Reply-To\n" in out
    explain(shop, str(shop.mbox((1, "mailer@shop.example", "x", "Reply-To: ana@example.net\n"), name="role.mbox")))
    assert "answer_despite: [role-sender] answers, to Reply-To\n" in capsys.readouterr().out
    explain(shop, str(shop.mbox((1, "newsletter@shop.example", "x", ""), name="news.mbox")))
    assert "hint" not in capsys.readouterr().out
    bulk = (1, "no-reply@portal.example", "A question", more + "Precedence: bulk\n")
    explain(shop, str(shop.mbox(bulk, name="bulk.mbox")))
    assert "[precedence]" in (out := capsys.readouterr().out) and "hint" not in out  # nothing helps there
    despite = "reply: invoice, answer_despite: [form-sender, unsubscribe]"
    shop.write("rules.yaml", f"rules:\n  - {{name: P, when: {{from: no-reply@portal.example}}, {despite}}}\n")
    explain(shop, str(box))
    out = capsys.readouterr().out
    assert "to       ana@example.net" in out and "hint" not in out


def test_all_shows_what_each_guard_looked_at(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.write("rules.yaml", NESTED)
    box = shop.mbox((1, "ana@example.net", "Unicorns", "Auto-Submitted: no\n"))
    explain(shop, "--all", str(box))
    out = capsys.readouterr().out
    for line in (
        "· guard auto-submitted: Auto-Submitted: no",
        "· guard list: no List-Id, List-Post, Mailing-List … field",
        "· guard not-addressed: written to shop@example.com",
        "– rule Nested\n",
        "– subject does not: contains “opening” (it is “Unicorns”)",
        "· once: once: forever; no answer of this rule yet",
    ):
        assert line in out
    assert sum(f"guard {guard.name}" in out for guard in GUARDS) == len(GUARDS)


def test_every_guard_says_what_it_looks_at() -> None:
    assert set(LOOKED) == {guard.name for guard in GUARDS}


def test_hostile_text_does_not_reach_the_terminal(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    odd = '{header: {X-Odd: [evil, "=?utf-8"]}}'
    shop.write("rules.yaml", f"rules: [{{name: Odd, when: {odd}, reply: invoice}}, {{name: Rest, reply: invoice}}]\n")
    bad = "a\x1b[31mred\u202e"
    box = shop.mbox((1, "ana@example.net", f"{bad}subject", f"X-Odd: {bad}header\nX-Spam-Flag: {bad}flag\n"))
    explain(shop, "--all", str(box))
    out = capsys.readouterr().out
    assert "redflag" in out.replace(" ", "")
    assert "redheader" in out.replace(" ", "")
    assert not {"\x1b", "\u202e"} & set(out)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "which letter?"),
        (("a.eml", "--uid", "3"), "leave the files or --uid out"),
        (("--uid", "0"), "a UID is a number above 0"),
        (("--mailbox", "shpo", "a.eml"), "there is no mailbox “shpo”"),
        (("--now", "yesterday", "a.eml"), "“yesterday” is not a date and time"),
    ],
)
def test_wrong_words(shop: Shop, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str) -> None:
    explain(shop, *words, code=2)
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--json",), (), ("--all",)])
def test_many_letters_read_as_each_by_itself(
    shop: Shop, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    kinds = ("Hello", ""), ("An invoice", ""), ("hush", ""), ("x", "List-Id: <x.y>\n")
    files = [shop.mbox((1, f"p{n}@example.net", *kinds[n % 4]), name=f"{n}.mbox") for n in range(FEW * PORTION + 60)]
    words = (*words, "--now", "2026-03-02T10:00")
    explain(shop, *words, *map(str, files))  # in several processes
    together = capsys.readouterr().out
    for few in (files[:150], files[150:]):  # in one
        explain(shop, *words, *map(str, few))
    assert capsys.readouterr().out == together
    assert "p257@example.net" in together
