"""The SQLite file: what is refused with which sentence, the one daemon, the schema as law, the copy while running."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autoresponder.core.outbox import State
from autoresponder.errors import ConfigError, ExitCode
from autoresponder.store import StoreError, open_store
from autoresponder.store.sql import SqlStore
from autoresponder.store.sqlite import DaemonLock
from tests.store.make import NOW, answer, entry, record, start


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def _filled(path: Path, letters: int = 300) -> None:
    store = open_store(path, daemon=True)
    record(store, *(answer(n, f"s{n}@example.org") for n in range(1, letters + 1)))
    store.close()


# refusals ---------------------------------------------------------------------------------------------------------
def _text(path: Path) -> None:
    path.write_text("rules:\n  - name: this is not a database\n")


def _long_text(path: Path) -> None:
    path.write_bytes(b"not a database " * 10_000)


def _foreign(path: Path) -> None:
    _connect(path).execute("CREATE TABLE places (url TEXT)")


def _foreign_meta(path: Path) -> None:
    _connect(path).execute("CREATE TABLE meta (key TEXT, value TEXT)")


def _newer(path: Path) -> None:
    _filled(path, 1)
    _connect(path).execute("UPDATE meta SET value = '999' WHERE key = 'schema'")


def _torn(path: Path) -> None:
    """Damaged in the middle, and not closed in order."""
    _filled(path)
    connection = _connect(path)
    connection.execute("DELETE FROM meta WHERE key = 'clean'")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 20_000)


def _folder(path: Path) -> None:
    path.mkdir()


REFUSALS: list[tuple[Callable[[Path], None], str, str]] = [
    (_text, "not an SQLite file", "a file of its own"),
    (_long_text, "not an SQLite file", "a file of its own"),
    (_foreign, "a database of another program", "a file of its own"),
    (_foreign_meta, "a database of another program", "a file of its own"),
    (_newer, "written by a newer autoresponder (schema 999; this one knows ", "nothing was changed"),
    (_torn, "the state is damaged", "restore the last backup"),
    (_folder, "this is not a file", "the name of a file"),
]


@pytest.mark.parametrize(("prepare", "sentence", "step"), REFUSALS, ids=[r[0].__name__[1:] for r in REFUSALS])
def test_refused_with_a_sentence_and_left_as_it_was(
    tmp_path: Path, prepare: Callable[[Path], None], sentence: str, step: str
) -> None:
    path = tmp_path / "state.db"
    prepare(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError) as refused:
        open_store(path, daemon=True)
    assert isinstance(refused.value, ConfigError) and refused.value.exit_code == ExitCode.CONFIG
    assert sentence in refused.value.sentence and step in refused.value.step
    assert refused.value.place == str(path)
    assert (path.read_bytes() if path.is_file() else b"") == before
    with DaemonLock(path):
        pass  # the refused one holds nothing


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none: there is no such directory \(create it"):
        open_store(tmp_path / "none" / "state.db")
    assert not (tmp_path / "none").exists()


def test_a_command_makes_no_state(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no state yet \(start the daemon once"):
        open_store(tmp_path / "state.db", create=False)
    with pytest.raises(StoreError, match=r"there is no state yet \(start the daemon once"):
        open_store(tmp_path / "not yet" / "state.db", create=False)  # systemd makes the folder at the first start
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_takes_no_file() -> None:
    with pytest.raises(StoreError, match="it cannot be created: "):
        open_store("/proc/self/state.db")


def test_private_from_the_first_moment(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = open_store(tmp_path / "state.db", daemon=True)
        record(store, answer(1))
        store.signing_key()
        store.backup(tmp_path / "copy.db")
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(old)
    assert set(modes) >= {"state.db", "state.db-wal", "state.db.lock", "state.key", "copy.db"}
    assert set(modes.values()) == {0o600}


# while running ----------------------------------------------------------------------------------------------------
def _store(path: Path) -> SqlStore:
    store = open_store(path)
    assert isinstance(store, SqlStore)
    return store


def test_full_disk_takes_the_batch_back_and_the_next_one_works(tmp_path: Path) -> None:
    store = _store(tmp_path / "state.db")
    start(store)
    record(store, answer(1))
    pages = store._db.execute("PRAGMA page_count")[0][0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = answer(3, "bo@example.org", raw=b"x" * 100_000)
    with pytest.raises(StoreError, match=r"the disk is full .*make room"):
        record(store, answer(2, "cy@example.org"), big)
    with pytest.raises(StoreError, match="took the whole transaction back"), store.transaction():
        with pytest.raises(StoreError, match="the disk is full"):
            record(store, big)
        record(store, answer(4, "di@example.org"))
    assert [d.uid for d in store.recent()] == [1]
    cursor = store.cursor("contact", "INBOX")
    assert cursor and cursor.next_uid == 2
    store._db.execute(f"PRAGMA max_page_count = {pages + 1000}")
    record(store, big)
    assert [d.uid for d in store.recent()] == [3, 1]
    store.close()


def test_file_size_limit_is_a_sentence_too(tmp_path: Path) -> None:
    """A write that the system refuses for another reason than a full disk."""
    path = tmp_path / "state.db"
    _filled(path, 1)
    script = f"""
import resource, sys
from autoresponder.store import StoreError
from tests.store.make import *
from autoresponder.store import open_store
store = open_store({str(path)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    record(store, answer(3, "bo@example.org", raw=b"x" * 100_000))
except StoreError as e:
    print(e.sentence)
"""
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.startswith("the disk failed")
    store = _store(path)
    assert [d.uid for d in store.recent()] == [1]
    store.close()


def test_locked_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoresponder.store.sqlite.BUSY_SECONDS", 0.05)
    store = _store(tmp_path / "state.db")
    other = _connect(tmp_path / "state.db")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"another program keeps the state locked"):
        record(store, answer(1))
    assert store.recent() == []
    other.execute("ROLLBACK")
    record(store, answer(1))
    store.close()


def test_what_was_read_in_a_transaction_stays_true_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is taken at its beginning: a write after a read can neither fail nor build on what is over."""
    monkeypatch.setattr("autoresponder.store.sqlite.BUSY_SECONDS", 0.05)
    one, other = _store(tmp_path / "state.db"), _store(tmp_path / "state.db")
    with one.transaction():
        assert one.recent() == []
        with pytest.raises(StoreError, match="another program keeps the state locked"):
            record(other, answer(1))
        record(one, answer(2))
    assert [d.uid for d in other.recent()] == [2]
    one.close()
    other.close()


def test_backup_while_running(tmp_path: Path) -> None:
    store = _store(tmp_path / "state.db")
    record(store, answer(1), entry(2))
    with store.transaction():
        record(store, answer(3, "bo@example.org"))
        other = _store(tmp_path / "state.db")
        other.backup(tmp_path / "copy.db")
        other.close()
    with pytest.raises(StoreError, match=r"copy\.db: it cannot be created: File exists"):
        store.backup(tmp_path / "copy.db")
    copy = open_store(tmp_path / "copy.db", daemon=True)
    assert [d.uid for d in copy.recent()] == [2, 1]
    assert [letter.id for letter in copy.claim(NOW, 9, "me")] == [1]
    copy.close()
    store.close()


# the one daemon ---------------------------------------------------------------------------------------------------
def test_one_daemon(tmp_path: Path) -> None:
    path, alias = tmp_path / "state.db", tmp_path / "alias.db"
    daemon = open_store(path, daemon=True)
    alias.symlink_to(path)
    for name in (path, alias):
        with pytest.raises(ConfigError, match=rf"another autoresponder \(pid {os.getpid()}\) is using this state"):
            open_store(name, daemon=True)
    command = open_store(path)
    record(command, answer(1))
    command.close()
    assert len(daemon.claim(NOW, 9, "me")) == 1
    daemon.close()
    open_store(path, daemon=True).close()


def test_only_an_unclean_file_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.db"
    checked: list[str] = []
    open_store(path, daemon=True).close()
    connect = sqlite3.connect

    def tracing(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)  # type: ignore[call-overload] - handed through as it came
        connection.set_trace_callback(lambda sql: checked.append(sql) if "_check" in sql else None)
        return connection  # type: ignore[no-any-return] - as above

    monkeypatch.setattr(sqlite3, "connect", tracing)
    open_store(path).close()
    daemon = open_store(path, daemon=True)
    open_store(path).close()
    assert checked == []
    daemon.close()
    connect(path).execute("DELETE FROM meta WHERE key = 'clean'").connection.commit()
    open_store(path, daemon=True).close()
    assert checked == ["PRAGMA integrity_check(1)"]
    monkeypatch.setattr("autoresponder.store.sqlite.LARGE", 1)
    connect(path).execute("DELETE FROM meta WHERE key = 'clean'").connection.commit()
    open_store(path, daemon=True).close()
    assert checked[1:] == ["PRAGMA quick_check(1)"]


CHILD = """
import sys
from tests.store.make import *
from autoresponder.store import open_store
store = open_store(sys.argv[1], daemon=True)
start(store)
record(store, answer(1), answer(2, "bo@example.org"))
walk(store, 1, Event.CLAIM, Event.FINAL_DOT)
walk(store, 2, Event.CLAIM)
with store.transaction():
    record(store, *(answer(n, f"s{n}@example.org", raw=b"x" * 20_000) for n in range(3, 400)))  # spills into the WAL
    store.move(1, Event.ACCEPTED, NOW)
    print("now", flush=True)
    sys.stdin.read()
"""


def test_killed_in_the_middle_of_a_transaction(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout and child.stdout.readline() == b"now\n"
    with pytest.raises(StoreError, match=rf"another autoresponder \(pid {child.pid}\)"):
        open_store(path, daemon=True)
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=30)
    store = open_store(path, daemon=True)
    assert [d.uid for d in store.recent()] == [2, 1]
    cursor = store.cursor("contact", "INBOX")
    assert cursor and cursor.next_uid == 3
    assert store.recover(NOW) == (1, 1)
    assert [letter.state for letter in store.outbox()] == [State.UNCERTAIN, State.PENDING]
    assert record(store, answer(3, "ana@example.org"))[0].reply_id is None
    store.close()


RACER = """
import sys
from tests.store.make import *
from autoresponder.store import open_store
store, me = open_store(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(*(uid for uid in range(1, 41) if queue(store, answer(1000 * me + uid, f"s{uid}@example.org")) is not None))
store.close()
"""


def test_two_processes_answer_a_sender_once(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    open_store(path).close()
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(path), str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for n in (1, 2)
    ]
    for racer in racers:
        assert racer.stdout and racer.stdout.readline() == b"ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write(b"\n")
        racer.stdin.flush()
    won = [int(uid) for racer in racers for uid in racer.communicate(timeout=30)[0].split()]
    assert sorted(won) == list(range(1, 41))


# the schema as law ------------------------------------------------------------------------------------------------
def test_the_states_in_the_schema_are_those_of_the_core(tmp_path: Path) -> None:
    store = _store(tmp_path / "state.db")
    sql = store._db.execute("SELECT sql FROM sqlite_master WHERE name = 'outbox'")[0][0]
    listed = sql.partition("state IN (")[2].partition(")")[0]
    assert [word.strip().strip("'") for word in listed.split(",")] == [state.value for state in State]
    store.close()


BROKEN_LAWS = {
    "a state that does not exist": "UPDATE outbox SET state = 'posted'",
    "sent without a time": "UPDATE outbox SET state = 'sent'",
    "a time without being sent": "UPDATE outbox SET sent = 1",
    "owned by somebody while pending": "UPDATE outbox SET owner = 'me'",
    "an answer without its decision": "DELETE FROM decisions",
    "bytes without an answer": "INSERT INTO letters VALUES (99, x'00')",
    "a second decision about one message": """INSERT INTO decisions SELECT 2, at, mailbox, folder, uidvalidity, uid,
        letter_key, sender_key, sender, subject, message_id, arrived, action, reason, why, rule, attempts, retry, trace,
        traceback FROM decisions""",
    "an action that does not exist": "UPDATE decisions SET action = 'forward'",
    "two claims of one sender": "INSERT INTO answered SELECT * FROM answered",
    "two claims of one letter": "INSERT INTO letters_answered SELECT * FROM letters_answered",
    "a claim of nobody": "UPDATE answered SET sender_key = ''",
    "an answer that passes for a letter to our people": "UPDATE outbox SET kind = 'staff'",
    "an answer to nobody": "UPDATE outbox SET target = ''",
    "a word where a time belongs": "UPDATE outbox SET expires = 'tomorrow'",
    "a cursor at UID 0": "UPDATE folders SET next_uid = 0",
}


@pytest.mark.parametrize("sql", BROKEN_LAWS.values(), ids=BROKEN_LAWS.keys())
def test_the_database_refuses(tmp_path: Path, sql: str) -> None:
    store = _store(tmp_path / "state.db")
    start(store)
    record(store, answer(1))
    with pytest.raises(sqlite3.IntegrityError):
        store._db.execute(sql)
    store.close()


def test_what_was_committed_is_on_the_disk(tmp_path: Path) -> None:
    store = _store(tmp_path / "state.db")
    pragmas = {
        name: store._db.execute(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.close()


@pytest.mark.parametrize("table", ["outbox", "decisions", "answered", "letters_answered", "senders", "bounces"])
def test_no_hot_query_reads_a_whole_table(tmp_path: Path, table: str) -> None:
    """So that a lookup costs the same with ten and with a million known senders."""
    store = _store(tmp_path / "state.db")
    plans: list[str] = []
    execute = store._db.execute

    def explained(sql: str, params: object = ()) -> list[tuple[object, ...]]:
        if sql.lstrip().startswith(("SELECT", "UPDATE", "INSERT", "DELETE")):
            plans.extend(str(row[3]) for row in execute("EXPLAIN QUERY PLAN " + sql, params))  # type: ignore[arg-type] - as it came
        return execute(sql, params)  # type: ignore[arg-type] - as it came

    store._db.execute = explained  # type: ignore[method-assign] - listening in
    from autoresponder.core.outbox import Event
    from tests.store.make import LIMITS, ask

    store.ledger([ask(letter="x"), ask("b@c.d", "y")], LIMITS, NOW)
    store.known("contact", ["x", "y"])
    record(store, answer(1))
    store.claim(NOW, 9, "me", ["x"])
    for event in Event:
        store.move(1, event, NOW)
    store.next_due(NOW)
    store.history("ana@example.org")
    store.recent()
    store.letter(1)
    store.recover(NOW)
    assert len(plans) > 20
    assert [plan for plan in plans if plan.startswith(f"SCAN {table}")] == []
    store.close()


def test_whether_the_last_daemon_ended_in_order(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    def crashed(*, daemon: bool = True, clean: bool = True) -> bool:
        store = open_store(path, daemon=daemon)
        found = store.crashed()
        store.close()
        if not clean:
            with _connect(path) as db:
                db.execute("DELETE FROM meta WHERE key = 'clean'")
        return found

    assert [crashed(), crashed(clean=False), crashed(daemon=False), crashed(), crashed()] == [0, 0, 0, 1, 0]
