"""What came with the letter is cleaned: one line, inert."""

import pytest

from autoresponder.answer.clean import JOINER, inert, one_line


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("see http://evil.example/x now", "see … now"),
        ("see https://a and HTTPS://B", "see … and …"),
        ("go to www.evil.example", "go to …"),
        ("write to a@b.example!", "write to …"),
        ("(http://evil.example)", "…"),
        ("file.pdf", f"file{JOINER}.pdf"),
        ("evil.com and evil。com", f"evil{JOINER}.com and evil{JOINER}。com"),
        ("Invoice 12.50 of 3.4.2026.", "Invoice 12.50 of 3.4.2026."),
    ],
)
def test_links_are_taken_apart(text: str, made: str) -> None:
    assert inert(text) == made


@pytest.mark.parametrize(
    "odd", ["\r\n", "\n", "\u2028", "\u2029", "\x85", "\x00", "\x0b", "\u202e", "\u2066", "\ufeff"]
)
def test_one_line_without_controls(odd: str) -> None:
    made = one_line(f"a{odd}b", 20)
    assert made in ("ab", "a b")


def test_one_line_is_capped_and_composed() -> None:
    assert one_line("x" * 10_000, 10) == "x" * 9 + "…"
    assert one_line("e\u0301", 10) == "é"
    assert one_line("e\x1b\u0301", 10) == "é"  # composed by what is left
