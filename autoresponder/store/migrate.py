"""Migrations: the numbered .sql files that bring a store, old or empty, to today's schema.

Each one is applied in a transaction of its own together with its number, so that a crash leaves the store at one
version or the next. A store from a newer autoresponder, or another program's database, is refused untouched.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autoresponder.store import StoreError
from autoresponder.store.database import Database

FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: from version `number - 1` to `number`."""

    number: int
    statements: tuple[str, ...]


def load(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """The migrations in `folder` (`NNNN_name.sql`), in order."""
    return tuple(
        Migration(int(file.name[:4]), _statements(file.read_text("utf-8"))) for file in sorted(folder.glob("*.sql"))
    )


def _statements(text: str) -> tuple[str, ...]:
    """The statements of one file; `--` comments go, and no statement of ours has a semicolon inside."""
    parts = re.sub(r"--[^\n]*", "", text).split(";")
    return tuple(part.strip() for part in parts if part.strip())


def version(db: Database) -> int:
    """The number of the last migration applied; 0 for an empty store. Raises `StoreError` when it is not ours."""
    tables = db.tables()
    if "meta" in tables:
        rows = db.execute("SELECT value FROM meta WHERE key = 'schema'")
        if rows:
            return int(rows[0][0])
    if tables:
        raise StoreError(
            "this is a database of another program", place=db.place, step="give `state:` a file of its own"
        )
    return 0


def pending(db: Database, migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """The migrations that the store still needs. Raises `StoreError` when it comes from a newer autoresponder."""
    now, newest = version(db), migrations[-1].number
    if now > newest:
        raise StoreError(
            f"the state was written by a newer autoresponder (schema {now}; this one knows {newest})",
            place=db.place,
            step="install that version again; nothing was changed",
        )
    return tuple(migration for migration in migrations if migration.number > now)


def migrate(db: Database, migrations: Sequence[Migration]) -> None:
    """Bring the store to the newest version; safe when two processes try at once."""
    for migration in pending(db, migrations):
        with db.transaction():
            if version(db) >= migration.number:  # another process was faster
                continue
            for statement in migration.statements:
                db.execute(db.ddl(statement))
            db.execute(
                """INSERT INTO meta (key, value) VALUES ('schema', ?)
                ON CONFLICT (key) DO UPDATE SET value = excluded.value""",
                (str(migration.number),),
            )
