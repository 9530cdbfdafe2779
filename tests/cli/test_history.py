"""`history`: what became of a sender's letters, or of the letter whose reference a customer quotes on the phone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresponder.cli import main
from autoresponder.core.reference import SYMBOLS, reference
from autoresponder.core.token import Signer
from autoresponder.store import open_store
from tests.cli.shop import Shop
from tests.store.make import HOUR, NOW, answer, entry, record

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def number(tmp_path: Path) -> str:
    """A state with three letters, one of them in two mailboxes; the reference of that one."""
    Shop(tmp_path)
    (tmp_path / "state.key").write_text("6b" * 32)
    (tmp_path / "state.key").chmod(0o600)
    store = open_store(tmp_path / "state.db")
    record(store, answer(1, "ana@example.net"), entry(2, "bo@example.net"), entry(3, letter_key=""))
    copy = entry(1, "ana@example.net", why="answered already, from another mailbox")
    record(store, copy, mailbox="sales", now=NOW + HOUR)
    key = store.signing_key()
    store.close()
    return reference(Signer(key), "letter-1")


@pytest.fixture
def say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs `history` on that state: its exit code, and all that it said."""

    def run(*words: str) -> tuple[int, str]:
        code = main(["-c", str(tmp_path / "rules.yaml"), "history", *words])
        return code, "".join(capsys.readouterr())

    return run


@pytest.mark.parametrize("spell", ["{}", " {} ", "[{}]", "{}.", "{:.3} {}", "{:.4}-{}", "{:.2}–{}"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_a_reference_finds_its_letter_however_it_is_written(
    number: str, say: Say, spell: str, case: Callable[[str], str]
) -> None:
    cut = int(spell[3]) if spell.startswith("{:.") else 0
    code, said = say(case(spell.format(number, number[cut:])))
    assert code == 0
    assert said.startswith(f"{number}: A question, from ana@example.net\n")
    assert [line.split()[2] for line in said.splitlines()[3:]] == ["sales", "contact"]
    assert "\x1b" not in said


def test_two_letters_that_share_a_reference_are_both_told(number: str, say: Say, tmp_path: Path) -> None:
    store = open_store(tmp_path / "state.db")
    record(store, entry(9, "eve@example.net", letter_key="letter-1", subject="\x1b[31mAnother"), now=NOW + HOUR)
    store.close()
    code, said = say(number)
    assert (code, said.split("\n")[:3]) == (
        0,
        [f"{number}: [31mAnother, from eve@example.net", f"{number}: A question, from ana@example.net", ""],
    )


def test_a_reference_as_json(number: str, say: Say) -> None:
    code, said = say(number, "--json", "--limit", "1")
    assert (code, [json.loads(line)["mailbox"] for line in said.splitlines()]) == (0, ["sales"])


def test_a_slip_of_the_pen_is_told_from_a_letter_that_is_gone(number: str, say: Say, tmp_path: Path) -> None:
    for at, symbol in enumerate(number):
        wrong = number[:at] + SYMBOLS[SYMBOLS.index(symbol) - 1] + number[at + 1 :]
        code, said = say(wrong)
        assert (code, said.startswith(f"{wrong} is not one of our reference numbers: is a character wrong?")) == (
            1,
            True,
        )
    store = open_store(tmp_path / "state.db")
    gone = reference(Signer(store.signing_key()), "a letter of last year")
    store.close()
    assert say(gone) == (1, f"{gone} is one of our reference numbers, but its letter is not in this state any more\n")


@pytest.mark.parametrize("word", ["", "ana", "K7P2M4QX", "K7P2M4QX99", "ÄÖÜ", "\x1b[31m", "%"])
def test_what_is_neither_an_address_nor_a_reference(number: str, say: Say, word: str) -> None:
    code, said = say(word)
    assert code == 1
    assert "is not one of our reference numbers" in said
    assert "\x1b" not in said


def test_an_address(number: str, say: Say) -> None:
    code, said = say("Ana@Example.net")
    assert (code, said.count("ana@example.net"), said.startswith("WHEN")) == (0, 2, True)
    assert say("nobody@example.net") == (1, "nothing is known of nobody@example.net\n")
