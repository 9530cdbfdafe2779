"""SQLite: the file, its pragmas, the lock of the one daemon, and the sentences for what can go wrong with a disk.

WAL with synchronous=FULL: what was committed is on the disk. The file is created for its owner only. A daemon holds
`FILE.lock`; it marks the file as cleanly closed, and where that mark is missing the next daemon has SQLite check the
file first and refuses a damaged one. Commands open beside it, without the lock. Raises `StoreError`.
"""

import fcntl
import os
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any

from autoresponder.store import StoreError
from autoresponder.store.database import Database, Row
from autoresponder.store.key import load_key
from autoresponder.store.migrate import Migration, load, migrate, pending, version
from autoresponder.store.sql import SqlStore

BUSY_SECONDS = 10.0
"""For which a command waits when another process is writing."""
DAEMON_BUSY_SECONDS = 1.5
"""For which a daemon does: it tries again anyway, and must be able to stop in time."""
OLDEST_SQLITE = (3, 37, 0)
LARGE = 256 * 2**20
"""Octets from which an unclean file gets the quick check, which leaves out comparing indexes with tables."""
ROOM = 64 * 2**10
"""Octets free on the disk below which it counts as full."""
FAILURES = {
    "SQLITE_FULL": ("the disk is full", "make room; what was recorded before is safe"),
    "SQLITE_BUSY": ("another program keeps the state locked", "end it, then try again"),
    "SQLITE_LOCKED": ("another program keeps the state locked", "end it, then try again"),
    "SQLITE_READONLY": ("the state cannot be written", "check the file's owner and whether the disk is read-only"),
    "SQLITE_PERM": ("the state cannot be written", "check the file's owner and its mode"),
    "SQLITE_CANTOPEN": ("the state cannot be opened", "check the file's owner and whether the disk is read-only"),
    "SQLITE_IOERR": ("the disk failed", "look into the system's log"),
    "SQLITE_CORRUPT": ("the state is damaged", "restore the last backup; the damaged file was left as it is"),
    "SQLITE_NOTADB": ("this is not an autoresponder state (not an SQLite file)", "give `state:` a file of its own"),
}
"""SQLite's result code (extended ones by their beginning) -> sentence and next step."""


class DaemonLock:
    """Held by the one daemon that may work on a state file; freed by the system when the process ends."""

    def __init__(self, state: Path) -> None:
        """`state`: the file that is protected; the lock is `FILE.lock` beside it."""
        self._path = state.with_name(state.name + ".lock")
        self._state = state
        self._handle = -1

    def __enter__(self) -> "DaemonLock":
        """Raises `StoreError` when another process holds the lock."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as e:
            raise _cannot(self._path, e) from e
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(handle, 20).decode("ascii", "replace").strip()
            os.close(handle)
            raise StoreError(
                f"another autoresponder{f' (pid {pid})' if pid else ''} is using this state",
                place=str(self._state),
                step="stop it, or give this one a `state:` of its own",
            ) from None
        self._handle = handle
        with suppress(OSError):  # the number only makes the other one's sentence better
            os.ftruncate(handle, 0)
            os.write(handle, b"%d\n" % os.getpid())
        return self

    def __exit__(self, *_: object) -> None:
        """Free it; the file stays, since removing it would let two in."""
        if self._handle >= 0:
            with suppress(OSError):  # a disk that became read-only
                os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = -1


class SqliteDatabase(Database):
    """A connection to one file."""

    begin = "BEGIN IMMEDIATE"  # a deferred one could fail half-way, when another process wrote in between

    def __init__(self, path: Path) -> None:
        """Connects to a file that exists."""
        super().__init__()
        self.path, self.place = path, str(path)
        self._belongings = ExitStack()
        self._daemon = False
        try:
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
            )
        except sqlite3.Error as e:
            raise self._explained(e) from e
        self._belongings.callback(self._connection.close)

    def configure(self) -> None:
        """Set what a state file needs; not before it is known to be one, since this writes to it."""
        if self.execute("PRAGMA journal_mode = WAL")[0][0] != "wal":
            raise StoreError("this file system cannot hold the state", place=self.place, step="use a local disk")
        self.execute("PRAGMA synchronous = FULL")
        self.execute("PRAGMA foreign_keys = ON")
        self.execute(f"PRAGMA journal_size_limit = {16 * 2**20}")

    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run one statement. What is no Unicode (lone surrogates of hostile mail) is written with question marks."""
        with self.lock:
            try:
                return self._connection.execute(sql, params).fetchall()
            except UnicodeEncodeError:
                return self._connection.execute(sql, [_unicode(value) for value in params]).fetchall()
            except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
                raise
            except sqlite3.Error as e:
                raise self._explained(e) from e

    def _explained(self, e: sqlite3.Error) -> Exception:
        """The sentence for what the disk did; `e` itself where it is a mistake of ours."""
        name = getattr(e, "sqlite_errorname", "")
        if name.startswith("SQLITE_IOERR") and self._no_room():  # said of a file that cannot grow, such as the -shm
            name = "SQLITE_FULL"
        for code, (sentence, step) in FAILURES.items():
            if name.startswith(code):
                return StoreError(f"{sentence} ({e})", place=self.place, step=step)
        return e

    def _no_room(self) -> bool:
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize < ROOM

    def patience(self, seconds: float) -> None:
        """See `Database.patience`."""
        self.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")

    def active(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def tables(self) -> set[str]:
        """The names of the tables there are."""
        rows = self.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in rows if not name.startswith("sqlite_")}

    def size(self) -> int:
        """Octets on disk."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def info(self) -> dict[str, Any]:
        """Backend, path and size."""
        return {"backend": "sqlite", "path": self.place, "size": self.size(), "sqlite": sqlite3.sqlite_version}

    def signing_key(self) -> bytes:
        """`state.key` beside `state.db`."""
        return load_key(self.path.with_suffix(".key"))

    def backup(self, path: Path) -> None:
        """A copy in one reading transaction, which stops no writer in another process."""
        with ExitStack() as undo:
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except OSError as e:
                raise _cannot(path, e) from e
            undo.callback(path.unlink)
            try:
                copy = sqlite3.connect(path)
                undo.callback(copy.close)
                with self.lock:
                    self._connection.backup(copy)
            except sqlite3.Error as e:
                raise self._explained(e) from e
            undo.pop_all()
            copy.close()

    def own(self, lock: DaemonLock) -> None:
        """From here on this is the daemon's, until `close` frees the lock."""
        self._belongings.callback(lock.__exit__)
        self.execute("DELETE FROM meta WHERE key = 'clean'")
        self.patience(DAEMON_BUSY_SECONDS)
        self._daemon = True

    def check(self) -> None:
        """Let SQLite read the whole file, unless it was closed in order. Raises `StoreError` with the first thing that
        is wrong."""
        if self.execute("SELECT 1 FROM meta WHERE key = 'clean'"):
            return
        self.unclean = True
        how = "quick_check" if self.size() > LARGE else "integrity_check"
        found = self.execute(f"PRAGMA {how}(1)")[0][0]
        if found != "ok":
            sentence, step = FAILURES["SQLITE_CORRUPT"]
            raise StoreError(f"{sentence} ({found})", place=self.place, step=step)

    def close(self) -> None:
        """Mark the file as closed in order, where it was the daemon's, and give everything back."""
        with self.lock:
            if self._daemon:
                self._daemon = False
                with suppress(StoreError):  # then the next start checks the file: no harm
                    self.execute("INSERT INTO meta (key, value) VALUES ('clean', '1') ON CONFLICT (key) DO NOTHING")
            self._belongings.close()


def open_sqlite(
    path: Path, *, daemon: bool, create: bool, bounce_days: int, migrations: Sequence[Migration] = ()
) -> SqlStore:
    """See `open_store`. `migrations`: other ones than today's, for tests of the way from one version to the next."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(f"SQLite 3.37 or newer is needed; this Python has {sqlite3.sqlite_version}", place=str(path))
    path = path.resolve()
    _prepare(path, create=create)
    steps = migrations or load()
    with ExitStack() as undo:
        lock = undo.enter_context(DaemonLock(path)) if daemon else None
        db = SqliteDatabase(path)
        undo.callback(db.close)
        todo, old = pending(db, steps), version(db) > 0
        if lock and old:
            db.check()
        db.configure()
        if todo:
            # A command must not change the tables under an older daemon at work.
            with DaemonLock(path) if old and not lock else nullcontext():
                migrate(db, steps)
        if lock:
            db.own(lock)
        undo.pop_all()
        return SqlStore(db, bounce_days=bounce_days)


def _prepare(path: Path, *, create: bool) -> None:
    """The file exists afterwards, as an empty one with mode 0600 where there was none."""
    try:
        if create and not path.parent.is_dir():
            raise StoreError("there is no such directory", place=str(path.parent), step="create it, or change `state:`")
        if path.exists():
            if not path.is_file():
                raise StoreError("this is not a file", place=str(path), step="give `state:` the name of a file")
            return
        if not create:
            step = "start the daemon once: autoresponder run, or the service"
            raise StoreError("there is no state yet", place=str(path), step=step)
        with suppress(FileExistsError):  # another process was faster
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as e:
        raise _cannot(path, e) from e


def _cannot(path: Path, e: OSError) -> StoreError:
    if isinstance(e, PermissionError):
        return StoreError(
            "you may not open it", place=str(path), step="with sudo, or as the user that the daemon runs as"
        )
    return StoreError(
        f"it cannot be created: {e.strerror}", place=str(path), step="check the directory's owner and disk"
    )


def _unicode(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
