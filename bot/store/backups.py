"""A whole copy of the database while it is in use, and the way back from one.

SQLite's own backup reads one state of the database, however long it takes and whatever is written meanwhile. A copy
gets its name only once it has been checked and is on the disk.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from bot.store import lock
from bot.store.errors import StoreError, explained
from bot.store.opening import inspect, migrate

Progress = Callable[[int, int], None]
"""Told how many pages are left, and of how many."""

_PAGES = 2_000
"""Pages copied between two calls of ``Progress``: 8 MB."""
_BUSY_MS = 10_000
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite may keep beside a database that was not closed."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What ``restore`` did."""

    revision: str
    """The schema revision of the backup; the database is at this version's now."""
    kept_as: Path | None
    """Where the database lies that stood there before; None when there was none."""


def back_up(database: Path, to: Path, on_progress: Progress) -> int:
    """Copy the database as it stands now into ``to``, also while the bot runs; return the copy's size in bytes.

    A backup made before under that name is replaced, in one step. Raise ``StoreError`` when there is nothing to copy,
    when ``to`` is anything but an older backup, or when the copy fails its check; ``to`` is then as it was.
    """
    if not database.exists():
        raise StoreError(str(database), "it does not exist", "Check database.path; onrecord run creates it.")
    if to.is_dir():
        raise StoreError(str(to), "this is a folder", "Name a file in it.")
    if not to.parent.is_dir():
        raise StoreError(str(to), f"there is no folder {to.parent}", "Make it, or name another file.")
    if to.exists():
        _refuse_to_replace(to, database)
    try:
        with _for_a_while(to.with_name(f"{to.name}.part")) as part:
            _copy(database, part, on_progress)
            _check(part, "quick_check")
            shutil.copymode(database, part)
            _sync(part)
            part.replace(to)
            _sync(to.parent)
        return to.stat().st_size
    except (sqlite3.Error, OSError) as error:
        raise explained(error, str(to)) from error


def restore(database: Path, backup: Path, now: datetime, on_progress: Progress) -> Restored:
    """Put a backup in the database's place, at this version's schema; what stood there is kept beside it.

    Raise ``StoreError`` while anything uses the database, and for a backup that is corrupt, no OnRecord database, or
    from a newer version; the database is then as it was.
    """
    with lock.held(database, now, next_step="Stop it first, then restore."):
        if not backup.is_file():
            raise StoreError(str(backup), "there is no such file", "Name a file that `onrecord backup` made.")
        if database.exists() and backup.samefile(database):
            raise StoreError(str(backup), "this is the database itself", "Name a backup of it.")
        revision = inspect(backup)
        if not revision:
            raise StoreError(str(backup), "it is empty", "Name a file that `onrecord backup` made.")
        try:
            with _for_a_while(database.with_name(f"{database.name}.restoring")) as part:
                _copy(backup, part, on_progress)
                _check(part, "integrity_check")
                migrate(part)
                _tidy(part)
                if database.exists():
                    shutil.copymode(database, part)
                _sync(part)
                kept_as = _set_aside(database, now) if database.exists() else None
                part.replace(database)
                _sync(database.parent)
        except (sqlite3.Error, OSError) as error:
            raise explained(error, str(database)) from error
    return Restored(revision, kept_as)


def _refuse_to_replace(to: Path, database: Path) -> None:
    """Only an older backup is ever replaced: a slip of the fingers must not cost a file of something else."""
    if to.samefile(database):
        raise StoreError(str(to), "this is the database itself", "Name another file.")
    try:
        ours = bool(inspect(to))
    except StoreError:
        ours = False
    if not ours and to.stat().st_size:
        raise StoreError(str(to), "it exists and is no backup of OnRecord's", "Name another file.")


@contextmanager
def _for_a_while(path: Path) -> Iterator[Path]:
    """A file to work on, gone at the end unless it got another name; one that a killed run left is removed."""
    _remove(path)
    try:
        yield path
    finally:
        _remove(path)


def _remove(path: Path) -> None:
    for each in (path, *(path.with_name(path.name + ending) for ending in _BESIDE)):
        each.unlink(missing_ok=True)


def _copy(source: Path, target: Path, on_progress: Progress) -> None:
    with closing(_connect(source, "ro")) as old, closing(_connect(target, "rwc")) as new:
        # Within a transaction every step reads the same state; without one, a write would make it begin anew.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        old.backup(new, pages=_PAGES, progress=lambda _, left, total: on_progress(left, total))
        # One file that needs nothing beside it; opened as the bot's database, it gets its write-ahead log again.
        new.execute("PRAGMA journal_mode=DELETE").fetchone()


def _check(path: Path, pragma: str) -> None:
    with closing(_connect(path, "ro")) as connection:
        (found,) = connection.execute(f"PRAGMA {pragma}(1)").fetchone()
        if found != "ok":
            raise StoreError(
                str(path), f"the copy is corrupt ({found})", "Copy it again, or take another backup."
            )


def _tidy(path: Path) -> None:
    """Leave no free pages, and have SQLite keep track of those to come (see ``opening.write_engine``)."""
    with closing(_connect(path, "rw")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("VACUUM")


def _set_aside(database: Path, now: datetime) -> Path:
    """Give the present database a second name, under which all of it stays when the first is taken.

    Its write-ahead log must not be left: SQLite would play it into the file that comes next. A file too corrupt to
    be closed in order keeps its log, under the new name.
    """
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}")
    if aside.exists():
        raise StoreError(str(aside), "it exists already", "Move it away, then restore again.")
    kept = [(Path(f"{database}{ending}"), Path(f"{aside}{ending}")) for ending in _BESIDE]
    for beside, copy in kept:
        with suppress(
            FileNotFoundError
        ):  # first of all: even a failed look at a lost database may remove its log
            shutil.copy2(beside, copy)
    try:
        with closing(_connect(database, "rw")) as connection:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # in use, or not to be written
            _remove(aside)
            raise
        for beside, _ in kept:
            beside.unlink(missing_ok=True)
    else:
        _remove(aside)
    try:
        aside.hardlink_to(database)
    except OSError:  # a disk without hard links
        shutil.copy2(database, aside)
    return aside


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    return connection


def _sync(path: Path) -> None:
    """Have the disk keep what was written to a file, or what names a folder holds."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
