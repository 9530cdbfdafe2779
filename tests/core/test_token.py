"""Our own mark can be recognised and not be forged."""

import pytest

from autoresponder.core.token import Signer, digest

OURS, THEIRS = Signer(b"k" * 32), Signer(b"x" * 32)


def test_our_message_ids_are_ours_and_always_the_same() -> None:
    first = OURS.message_id("letter\x1frule", "example.com")
    assert first == OURS.message_id("letter\x1frule", "example.com")
    assert OURS.is_ours(first)
    assert OURS.is_ours(first.strip("<>"))
    assert first != OURS.message_id("letter\x1fother", "example.com")


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "<>",
        "<ar.0000@example.com>",
        THEIRS.message_id("letter", "example.com"),
        OURS.message_id("letter", "example.com").replace("<ar.", "<ar.0"),
        OURS.message_id("letter", "example.com") + "x",
        "<ar." + "0" * 20 + "." + "0" * 20 + "@example.com>",
    ],
)
def test_a_forged_message_id_is_not_ours(forged: str) -> None:
    assert not OURS.is_ours(forged)


def test_a_token_belongs_to_one_message() -> None:
    mid = OURS.message_id("letter", "example.com")
    assert OURS.token(mid) == OURS.token(mid.strip("<>"))
    assert OURS.token(mid) not in (OURS.token(OURS.message_id("other", "example.com")), THEIRS.token(mid))


def test_a_digest_keeps_its_parts_apart_and_the_key_is_not_shown() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("\ud800") == digest("\ud800")  # a lone surrogate out of a broken header
    assert "kkk" not in repr(OURS)
