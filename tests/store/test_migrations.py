"""From one schema to the next: in order, whole or not at all, with everything kept."""

import sqlite3
from pathlib import Path

import pytest

from autoresponder.store import StoreError, open_store
from autoresponder.store.migrate import Migration, load
from autoresponder.store.sqlite import open_sqlite
from tests.store.make import NOW, answer, entry, queue, record, start

AFTER = len(load()) + 1
NEXT = Migration(
    AFTER,
    ("ALTER TABLE decisions ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'", "CREATE TABLE more (x INTEGER) STRICT"),
)
BROKEN = Migration(AFTER, (*NEXT.statements, "INSERT INTO nowhere VALUES (1)"))


def _open(path: Path, *later: Migration, daemon: bool = False) -> None:
    open_sqlite(path, daemon=daemon, create=True, bounce_days=60, migrations=[*load(), *later]).close()


def _dump(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()


def test_numbers_have_no_gap() -> None:
    assert [migration.number for migration in load()] == list(range(1, len(load()) + 1))


def test_data_of_version_1_survives(tmp_path: Path) -> None:
    """`version1.sql` is what the first release wrote: it must open for ever."""
    path = tmp_path / "state.db"
    old = sqlite3.connect(path)
    old.executescript((Path(__file__).parent / "version1.sql").read_text("utf-8"))
    old.close()
    store = open_store(path, daemon=True)
    assert [(d.uid, d.action, d.reply_state) for d in store.recent()] == [
        (3, "reply", "pending"),
        (2, "silent", ""),
        (1, "reply", "sent"),
    ]
    cursor = store.cursor("contact", "INBOX")
    assert cursor and cursor.next_uid == 4
    assert queue(store, answer(9, "ana@example.org")) is None
    assert [letter.target for letter in store.claim(NOW, 9, "me")] == ["bo@example.org"]
    assert store.recall("null-sender mx.example.org:25") == "refused"
    store.close()


@pytest.mark.parametrize("daemon", [True, False])
def test_one_step_further(tmp_path: Path, daemon: bool) -> None:
    path = tmp_path / "state.db"
    store = open_store(path)
    start(store)
    record(store, answer(1), entry(2))
    store.close()
    _open(path, NEXT, daemon=daemon)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT uid, mood FROM decisions").fetchall() == [(1, "calm"), (2, "calm")]
    assert connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall() == [(str(AFTER),)]
    with pytest.raises(StoreError, match=rf"newer autoresponder \(schema {AFTER}"):
        open_store(path)


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = open_store(path)
    record(store, answer(1))
    store.close()
    before = _dump(path)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        _open(path, BROKEN)
    assert _dump(path) == before
    _open(path, NEXT)


def test_a_command_changes_no_tables_under_a_running_daemon(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    daemon = open_store(path, daemon=True)
    with pytest.raises(StoreError, match="another autoresponder"):
        _open(path, NEXT)
    record(daemon, answer(1))
    daemon.close()
    _open(path, NEXT)
