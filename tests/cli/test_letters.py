"""Letters in files: found, named, read again in any order."""

from pathlib import Path

import pytest

from autoresponder.cli.letters import Spot, letters, spots
from autoresponder.errors import ConfigError
from tests.cli.shop import Shop


def test_an_mbox_is_read_letter_by_letter(tmp_path: Path) -> None:
    path = Shop(tmp_path).mbox((2, "a@x.example", "One", ""), (1, "b@x.example", "Two", ""))
    found = list(spots([str(path)]))
    assert [spot.name for spot in found] == [f"{path}#1", f"{path}#2"]
    assert [b"Subject: One" in spot.read() for spot in found] == [True, False]
    assert all(b"\nFrom here on" in spot.read() for spot in found)  # the quoting of mbox is taken back
    assert [spot.arrived().day for spot in found] == [2, 1]
    assert sum(spot.size for spot in found) < path.stat().st_size


def test_a_maildir_and_a_folder(tmp_path: Path) -> None:
    for name in ("cur/1:2,S", "new/2", "tmp/3"):
        file = tmp_path / "box" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"Subject: {name}\n\nHi\n")
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "a.eml").write_text("Subject: a\n\nHi\n")
    names = [name for name, _raw, _size in letters([str(tmp_path / "box"), str(tmp_path / "some")])]
    assert [Path(name).name for name in names] == ["1:2,S", "2", "a.eml"]


@pytest.mark.parametrize("date", ["Fri, 31 Dec 2999 23:00:00 +0000", "rubbish"])
def test_a_date_that_cannot_be_is_not_believed(tmp_path: Path, date: str) -> None:
    path = tmp_path / "a.eml"
    path.write_text(f"Date: {date}\n\nHi\n")
    assert Spot(str(path)).arrived().timestamp() == pytest.approx(path.stat().st_mtime)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        list(spots([str(tmp_path / "none")]))
