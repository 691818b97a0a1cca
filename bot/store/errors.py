"""What the store says when it cannot keep or give something."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, StatementError

_RESTORE = "Put back a backup, or move the file away to start with an empty one."

_KNOWN = (
    ("disk is full", "the disk is full", "Free some space; what was not saved will be tried again."),
    ("is locked", "another process holds the database", "Stop the other process, or wait and try again."),
    (
        "readonly",
        "the database may not be written",
        "Give this user the right to write the file and its folder.",
    ),
    ("unable to open", "the file cannot be opened", "Check that its folder exists and may be written."),
    ("not a database", "this is no SQLite database", "Name another file under database.path."),
    ("malformed", "the database is corrupt", _RESTORE),
    (
        "no such module: fts5",
        "this Python's SQLite has no full text search (FTS5)",
        "Use another Python build.",
    ),
    ("disk I/O error", "the disk reported an error", "Check the disk, then start again."),
)


class StoreError(Exception):
    """The database cannot be used, or this was not saved: what is wrong, where, and the next step."""

    def __init__(self, place: str, cause: str, next_step: str) -> None:
        super().__init__(f"{place}: {cause}. {next_step}")
        self.place = place
        self.cause = cause
        self.next_step = next_step


def explained(error: Exception, place: str) -> Exception:
    """Return the error as its caller should see it: ``StoreError`` for the database's own, others as they are.

    A value that the tables refuse (such as a time without a zone) comes back as the ``ValueError`` it was.
    """
    if isinstance(error, IntegrityError):
        return StoreError(
            place, f"this contradicts what is stored ({error.orig})", "Read it anew and try again."
        )
    if isinstance(error, DBAPIError | sqlite3.Error):
        said = str(error.orig if isinstance(error, DBAPIError) else error)
        for words, cause, next_step in _KNOWN:
            if words in said:
                return StoreError(place, f"{cause} ({said})", next_step)
        return StoreError(place, said, "Run `onrecord check`.")
    if isinstance(error, StatementError) and isinstance(error.orig, Exception):
        return error.orig
    if isinstance(error, SQLAlchemyError | OSError):
        return StoreError(place, str(error), "Run `onrecord check`.")
    return error
