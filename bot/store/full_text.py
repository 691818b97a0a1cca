"""What people type → an expression that SQLite's FTS5 takes as plain words. Pure.

FTS5 has a query language of its own (AND, NOT, NEAR, columns, ``*``, ``^``); here every word is quoted, so that
none of it can be spoken by accident or on purpose.
"""

from __future__ import annotations

import unicodedata

from sqlalchemy import ColumnElement, Float, Integer, TableClause, column, literal_column, table

from bot.store.tables import ARTICLE_SEARCH, STATEMENT_SEARCH

MAX_CHARS = 1_000
"""What is typed beyond is not searched for."""
MAX_WORDS = 32

article_index = table(ARTICLE_SEARCH, column("rowid", Integer), column("rank", Float))
statement_index = table(STATEMENT_SEARCH, column("rowid", Integer), column("rank", Float))


def words_of(text: str) -> tuple[str, ...]:
    """Split what was typed into words: runs between blanks that hold a letter or a digit, at most 32."""
    bounded = unicodedata.normalize("NFC", text[:MAX_CHARS])
    # FTS5 reads its expression as a C string: a NUL would end it inside a quotation mark.
    readable = "".join(char if char.isprintable() else " " for char in bounded)
    words = [word for word in readable.split() if any(char.isalnum() for char in word)]
    return tuple(words[:MAX_WORDS])


def expression(words: tuple[str, ...], *, beginnings: bool = False, columns: str = "") -> str:
    """Say that all these words must stand there, in any order; ``beginnings`` takes longer words too.

    ``columns`` (separated by blanks) narrows to parts of the index.
    """
    asked = " AND ".join('"' + word.replace('"', '""') + '"' + ("*" if beginnings else "") for word in words)
    return f"{{{columns}}} : ({asked})" if columns else asked


def matches(index: TableClause, asked: str) -> ColumnElement[bool]:
    """Keep to the rows of a full-text index that an expression finds."""
    return literal_column(index.name).bool_op("MATCH")(asked)
