"""The state file in trouble, or put back from a backup: clear sentences, nothing overwritten, nobody answered twice."""

import shutil
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.house import House, letter
from tests.e2e.inside import one_round
from tests.lab.dovecot import Dovecot
from tests.lab.machine import require
from tests.lab.sink import Sink

ANA = "ana@example.net"


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    """A house that sends straight to the recording sink, and speaks one language."""
    (tmp_path / "house").mkdir()
    made = House(tmp_path / "house", dovecot, sink.port)
    for path in (made.folder / "templates").glob("*.*.md"):
        path.unlink()
    return made


@pytest.fixture
def user(house: House, dovecot: Dovecot) -> str:
    name = dovecot.new_user()
    house.mailbox(name)
    house.write()
    return name


# what cannot be used --------------------------------------------------------------------------------------------------
def _change(state: Path, *statements: str) -> None:
    with closing(sqlite3.connect(state, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def _newer(state: Path) -> None:
    _change(state, "UPDATE meta SET value = '9999' WHERE key = 'schema'")


def _torn(state: Path) -> None:
    """What a dying disk leaves: half of the file is noise. The mark of a clean end is gone, as after a crash."""
    _change(state, "DELETE FROM meta WHERE key = 'clean'")
    size = state.stat().st_size
    with state.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xa5" * (size // 2))


def _not_ours(state: Path) -> None:
    state.write_text("To do: buy milk\n" * 500)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_newer, "the state was written by a newer autoresponder"),
        (_torn, "the state is damaged"),
        (_not_ours, "this is not an autoresponder state"),
    ],
)
def test_a_state_that_cannot_be_used(house: House, user: str, spoil: Callable[[Path], None], sentence: str) -> None:
    one_round(house)
    state = house.folder / "state.db"
    spoil(state)
    before = state.read_bytes()
    for command in (("run",), ("run", "--once")):
        said = house.cli(*command, code=2)
        assert sentence in said
        assert str(state) in said
        assert "Traceback" not in said
        assert state.read_bytes() == before


def test_a_damaged_file_is_found_after_a_crash(house: House, dovecot: Dovecot, user: str, sink: Sink) -> None:
    house.start()
    dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
    sink.wait(1)
    house.stop(signal.SIGKILL)
    gone = "DELETE FROM sqlite_master WHERE name = 'decisions_at'"  # an index without a name: no query stumbles over it
    _change(house.folder / "state.db", "PRAGMA writable_schema = ON", gone)
    assert "the state is damaged" in house.cli("run", "--once", code=2)
    assert "restore the last backup" in house.cli("run", "--once", code=2)


# disks ----------------------------------------------------------------------------------------------------------------
@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    require((), root=True)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def _remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


def test_the_disk_is_full_and_then_it_is_not(
    house: House, dovecot: Dovecot, user: str, sink: Sink, small_disk: Path
) -> None:
    house.write()
    text = house.path.read_text().replace("state: state.db", f"state: {small_disk}/state.db")
    house.path.write_text(text)
    house.cli("run", "--once")
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
        while True:
            file.write(b"x" * 4096)
    dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
    assert "the disk is full" in house.cli("run", "--once", code=None)
    assert sink.messages == ()
    assert "the disk is full" in house.cli("backup", str(small_disk / "copy.db"), code=2)
    assert not (small_disk / "copy.db").exists()
    ballast.unlink()
    house.cli("run", "--once")
    house.cli("run", "--once")
    assert [one.to for one in sink.messages] == [(ANA,)]


def test_the_disk_is_read_only(house: House, dovecot: Dovecot, user: str, sink: Sink, small_disk: Path) -> None:
    house.write()
    house.path.write_text(house.path.read_text().replace("state: state.db", f"state: {small_disk}/state.db"))
    house.cli("run", "--once")
    dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
    _remount(small_disk, "ro")
    said = house.cli("run", "--once", code=2)
    assert "read-only" in said.lower()
    assert "Traceback" not in said
    assert sink.messages == ()
    _remount(small_disk, "rw")
    house.cli("run", "--once")
    assert len(sink.messages) == 1


# backup ---------------------------------------------------------------------------------------------------------------
def test_a_backup_is_taken_while_it_runs_and_overwrites_nothing(
    house: House, dovecot: Dovecot, user: str, sink: Sink, tmp_path: Path
) -> None:
    copy, key = tmp_path / "backup.db", tmp_path / "backup.key"
    with house.running():
        dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
        sink.wait(1)
        house.cli("backup", str(copy))
        before = copy.read_bytes(), key.read_bytes()
        for again in (copy, tmp_path / "backup.sqlite"):  # the second one's key would be the first one's
            assert "there already" in house.cli("backup", str(again), code=2)
        assert "No such file or directory" in house.cli("backup", str(tmp_path / "no" / "b.db"), code=2)
    assert (copy.read_bytes(), key.read_bytes()) == before
    assert [stat.S_IMODE(path.stat().st_mode) for path in (copy, key)] == [0o600, 0o600]
    assert key.read_bytes() == (house.folder / "state.key").read_bytes()
    assert not (tmp_path / "backup.sqlite").exists()
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_backup_put_back_elsewhere_answers_nobody_twice_and_loses_nobody(
    house: House, dovecot: Dovecot, user: str, sink: Sink, tmp_path: Path
) -> None:
    me, now = dovecot.address(user), datetime.now(UTC)
    long_ago = now - timedelta(hours=3)
    one_round(house, long_ago)
    dovecot.append(user, letter(me, "before@example.net"), when=long_ago)
    one_round(house, long_ago)
    sink.on("RCPT", answer="450 4.2.0 greylisted", match="waiting@", times=1)
    dovecot.append(user, letter(me, "waiting@example.net"), when=long_ago)
    one_round(house, long_ago)
    house.cli("backup", str(tmp_path / "backup.db"))
    dovecot.append(user, letter(me, "after@example.net"), when=now - timedelta(hours=1))
    one_round(house, now)  # answers both; then the machine is lost
    answered = [one.to[0] for one in sink.messages]
    assert sorted(answered) == ["after@example.net", "before@example.net", "waiting@example.net"]

    (tmp_path / "new").mkdir()
    new = House(tmp_path / "new", dovecot, sink.port)
    new.boxes, new.rules = house.boxes, house.rules
    shutil.copy(tmp_path / "backup.db", new.folder / "state.db")
    shutil.copy(tmp_path / "backup.key", new.folder / "state.key")
    dovecot.append(user, letter(me, "lost@example.net"), when=now - timedelta(minutes=1))  # while nobody watched
    one_round(new, now)
    dovecot.append(user, letter(me, "before@example.net", "again"), when=now)
    dovecot.append(user, letter(me, "fresh@example.net"), when=now + timedelta(seconds=1))
    one_round(new, now + timedelta(seconds=2))
    assert [one.to[0] for one in sink.messages][3:] == ["fresh@example.net"]
    held = {row["target"]: row for row in new.json("outbox", "list", "--state", "held")}
    assert set(held) == {"after@example.net", "waiting@example.net", "lost@example.net"}  # all doubt is shown
    assert "put back from a backup" in held["lost@example.net"]["last_error"]
    new.cli("outbox", "release", str(held["lost@example.net"]["id"]))
    one_round(new)
    assert [one.to[0] for one in sink.messages][3:] == ["fresh@example.net", "lost@example.net"]
    assert new.history("before@example.net")[0] == ("sent", "rule")


# shadow ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["mode: shadow", "run --dry-run"])
def test_what_waits_is_not_sent_in_shadow(house: House, dovecot: Dovecot, user: str, sink: Sink, how: str) -> None:
    one_round(house)
    sink.on("CONNECT", answer="421 4.3.2 not now", drop=True)
    dovecot.deliver(user, letter(dovecot.address(user), ANA), ANA)
    one_round(house)
    sink.behave()
    if how == "mode: shadow":
        house.more = "mode: shadow\n"
        one_round(house)
    else:
        house.cli("run", "--once", "--dry-run")
    assert sink.messages == ()
    house.more = ""
    one_round(house)
    assert [one.to for one in sink.messages] == [(ANA,)]
