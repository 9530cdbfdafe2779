"""The number that people quote is short, can be checked, and cannot be guessed."""

import re

import pytest

from autoresponder.core.reference import as_printed, is_reference, only, reference
from autoresponder.core.token import Signer

OURS, THEIRS = Signer(b"k" * 32), Signer(b"x" * 32)
MINE = reference(OURS, "letter")


def test_it_is_short_always_the_same_and_another_for_another_letter_or_key() -> None:
    assert re.fullmatch("[2-9B-DF-HJ-KM-NP-TV-Z]{9}", MINE)
    assert reference(OURS, "letter") == MINE
    assert len({MINE, reference(OURS, "other"), reference(THEIRS, "letter")}) == 3


def test_its_end_proves_that_it_is_ours_and_right() -> None:
    assert is_reference(OURS, MINE)
    assert not is_reference(THEIRS, MINE)
    assert not any(is_reference(OURS, MINE[:i] + ("2" if MINE[i] != "2" else "3") + MINE[i + 1 :]) for i in range(9))
    assert not any(is_reference(OURS, MINE[:i] + MINE[i + 1] + MINE[i] + MINE[i + 2 :]) for i in range(8)
                   if MINE[i] != MINE[i + 1])  # fmt: skip


@pytest.mark.parametrize("spelt", [MINE.lower(), f" {MINE[:3]} {MINE[3:6]}-{MINE[6:]}", f"[{MINE}]", f"#{MINE}."])
def test_people_write_it_as_they_like(spelt: str) -> None:
    assert as_printed(spelt) == MINE
    assert is_reference(OURS, spelt)


@pytest.mark.parametrize(
    ("subject", "left"),
    [
        ("Re: Chairs [OTHER] [MINE]", "Re: Chairs [MINE]"),
        ("[MINE] Re: [OTHER] Chairs", "[MINE] Re: Chairs"),
        ("Re: Chairs (OTHER) #OTHER MINE", "Re: Chairs MINE"),
        ("Re: Chairs [THEIRS] [MINE]", "Re: Chairs [THEIRS] [MINE]"),
        ("Re: Chairs KXX222222 MINE", "Re: Chairs KXX222222 MINE"),
        ("Re: Chairs [OTHER]", "Re: Chairs [OTHER]"),  # the writer's own words: the template says none
    ],
)
def test_a_subject_says_one_number(subject: str, left: str) -> None:
    told = {"MINE": MINE, "OTHER": reference(OURS, "before"), "THEIRS": reference(THEIRS, "letter")}
    for word, number in told.items():
        subject, left = subject.replace(word, number), left.replace(word, number)
    assert only(OURS, MINE, subject) == left


@pytest.mark.parametrize("wrong", ["", "-", MINE[:8], MINE + "2", MINE * 9, "ÄÖÜ456789", "ana@example.net"])
def test_what_is_none(wrong: str) -> None:
    assert not is_reference(OURS, wrong)
