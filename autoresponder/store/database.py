"""What a backend lends the store: one connection to one kind of database, and transactions that nest."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from autoresponder.store import StoreError

Row = tuple[Any, ...]


class Database(ABC):
    """One connection to one kind of database, used under one lock by any thread."""

    place: str
    begin = "BEGIN"
    skip_locked = ""
    unclean = False  # the daemon before did not end in order

    def __init__(self) -> None:
        """A subclass connects."""
        self.lock = RLock()
        self._depth = 0

    @abstractmethod
    def execute(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and fetch all of its rows. Raises `StoreError` for what the outside world did."""

    @abstractmethod
    def patience(self, seconds: float) -> None:
        """For how long a statement waits for another process that is writing."""

    @abstractmethod
    def active(self) -> bool:
        """Whether a transaction is open."""

    @abstractmethod
    def tables(self) -> set[str]:
        """The names of the tables there are."""

    @abstractmethod
    def info(self) -> dict[str, Any]:
        """Backend, path and size."""

    @abstractmethod
    def signing_key(self) -> bytes:
        """The key kept with the state, made when there is none."""

    @abstractmethod
    def backup(self, path: Path) -> None:
        """A consistent copy into a new file."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back; a second call does nothing."""

    def ddl(self, statement: str) -> str:
        """A statement of a migration in this database's own words."""
        return statement

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction, or within one a savepoint: left by an exception, only its own work is taken back."""
        with self.lock:
            outermost = self._depth == 0
            if not outermost:
                self._insist()
            self.execute(self.begin if outermost else "SAVEPOINT call")
            self._depth += 1
            try:
                yield
                self._insist()
                self.execute("COMMIT" if outermost else "RELEASE call")
            except BaseException:
                if self.active():
                    self.execute("ROLLBACK" if outermost else "ROLLBACK TO call")
                    if not outermost:
                        self.execute("RELEASE call")
                raise
            finally:
                self._depth -= 1

    def _insist(self) -> None:
        """A full disk or a lost server ends the whole transaction: what follows in it must not pass for recorded."""
        if not self.active():
            raise StoreError("the database took the whole transaction back after an error", place=self.place)
