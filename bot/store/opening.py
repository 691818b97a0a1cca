"""Opening the database file: refuse what cannot be used, bring the tables up to date, make the connections.

Python's ``sqlite3`` begins transactions by itself, but not before DDL, so that a failed migration would stay
half done. Here it never does: our own BEGIN opens every transaction.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from bot.store import lock
from bot.store.errors import StoreError, explained

MEMORY = ":memory:"

READERS = 4
"""Connections that read at once."""

_BUSY_MS = 5_000
_BUSY_AT_START_MS = 30_000
"""How long a start waits for another process's transaction, such as a backup tool's."""

_MIGRATING = threading.Lock()
"""Alembic keeps what it works on in module globals."""


def migrate(path: Path | str) -> tuple[str, str]:
    """Bring a database file up to date, making it if need be; return its revision before and after.

    A new file's revision before is empty. Raise ``StoreError`` for a file that is corrupt, read-only, no SQLite
    database, another program's, from a newer version of this one, or from an older one that runs on it; such a
    file is left as it is.
    """
    before = inspect(Path(path))
    if before:
        _refuse_under_another(Path(path), before)
    engine = write_engine(path, busy_ms=_BUSY_AT_START_MS)
    try:
        with engine.begin() as connection:
            _try_to_write(connection)
            after = upgrade(connection)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise explained(error, str(path)) from error
    finally:
        engine.dispose()
    return before, after


def upgrade(connection: Connection) -> str:
    """Run the migrations that are missing, within the transaction at hand; return the revision reached."""
    with _MIGRATING:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return MigrationContext.configure(connection).get_current_revision() or ""


def write_engine(path: Path | str, *, busy_ms: int = _BUSY_MS) -> Engine:
    """Make the connection that writes: each of its transactions holds the write lock from its beginning.

    ``busy_ms``: how long it waits for another process that holds that lock.
    """
    memory = str(path) == MEMORY
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False},
        **({"poolclass": StaticPool} if memory else {"pool_size": 1, "max_overflow": 0}),
    )

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        # Before anything else: the next two lines may have to wait already. A new file keeps track of its free
        # pages, so that what retention frees can be given back; for an old one this says nothing.
        _set(connection, f"busy_timeout={busy_ms}", "auto_vacuum=INCREMENTAL")
        if not memory:
            _use_write_ahead_log(connection, str(path))
        _set(connection, "synchronous=FULL", "foreign_keys=ON")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def read_engine(path: Path | str) -> Engine:
    """Make the connections that read: each transaction sees the database as it stood at its beginning."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False},
        pool_size=READERS,
        max_overflow=0,
    )

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        _set(connection, "query_only=ON", "cache_size=-16000", f"busy_timeout={_BUSY_MS}")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _use_write_ahead_log(connection: sqlite3.Connection, place: str) -> None:
    with closing(connection.execute("PRAGMA journal_mode=WAL")) as cursor:
        (mode,) = cursor.fetchone()
    if mode != "wal":
        raise StoreError(
            place, f"this disk allows no write-ahead log ({mode})", "Use a file on a local disk."
        )


def _set(connection: sqlite3.Connection, *pragmas: str) -> None:
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}").close()


def _try_to_write(connection: Connection) -> None:
    """Fail on a read-only file now: with a write-ahead log, SQLite begins a transaction there all the same."""
    for step in ("SAVEPOINT trial", "CREATE TABLE trial (id INTEGER)", "ROLLBACK TO trial", "RELEASE trial"):
        connection.exec_driver_sql(step)


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", "bot.store:migrations")
    return config


def inspect(path: Path) -> str:
    """Look at a file without touching it; return its revision, empty for a new one.

    Raise ``StoreError`` for a file that cannot be used.
    """
    if not path.parent.is_dir():
        raise StoreError(str(path), f"there is no folder {path.parent}", "Make it, or change database.path.")
    if path.is_dir():
        raise StoreError(str(path), "this is a folder", "Name a file in it under database.path.")
    try:
        if not path.exists() or not path.stat().st_size:
            return ""
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
            return _revision(connection, str(path))
    except (sqlite3.Error, OSError) as error:
        raise explained(error, str(path)) from error


def _refuse_under_another(path: Path, revision: str) -> None:
    """Leave the tables alone while a version that knows only the old ones works with them."""
    newest = ScriptDirectory.from_config(_alembic()).get_current_head()
    user = lock.holder(path)
    if revision != newest and user and not user.is_us:
        raise StoreError(
            str(path),
            f"its tables must be brought from revision {revision} to {newest}, but another OnRecord runs on it "
            f"({user})",
            "Stop that one first; start it again with this version.",
        )


def _revision(connection: sqlite3.Connection, place: str) -> str:
    (checked,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if checked != "ok":
        raise StoreError(place, f"the database is corrupt ({checked})", "Put back a backup.")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        return ""
    if "alembic_version" not in tables:
        raise StoreError(place, "another program's database", "Name another file under database.path.")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    revision = row[0] if row else ""
    known = {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    if revision and revision not in known:
        raise StoreError(
            place,
            f"a newer version of OnRecord made this database (revision {revision})",
            "Install that version or a later one; nothing was changed.",
        )
    return str(revision)
