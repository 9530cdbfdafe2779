"""The signing key: made once, private, never overwritten."""

import logging
from pathlib import Path

import pytest

from autoresponder.store import StoreError
from autoresponder.store.key import _create, load_key


def test_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state.key"
    key = load_key(path)
    assert len(key) == 32 and load_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["state.key"]
    assert load_key(tmp_path / "other.key") != key


def test_of_two_that_make_it_at_once_the_first_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "state.key"
    key = load_key(path)
    _create(path)
    assert load_key(path) == key and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("text", ["", "\n", "abcd\n", "z" * 64, "a" * 63, "a" * 66, "clé" * 20])
def test_anything_else_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.key"
    path.write_text(text)
    with pytest.raises(StoreError, match=r"state\.key: .*key") as refused:
        load_key(path)
    assert path.read_text() == text
    assert not text.strip() or text.strip() not in str(refused.value)


def test_a_warning_when_others_can_read_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.key"
    key = load_key(path)
    path.chmod(0o640)
    with caplog.at_level(logging.WARNING):
        assert load_key(path) == key
    assert "others can read the signing key" in caplog.text and key.hex() not in caplog.text


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read or made: No such file or directory"):
        load_key(tmp_path / "none" / "state.key")
