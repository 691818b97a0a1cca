"""Alembic's way in: the connection and its transaction are made by whoever asks for a migration."""

from __future__ import annotations

from typing import Any

from alembic import context

from bot.store.tables import belongs_to_full_text, metadata


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - alembic's signature
    # Autogenerate knows nothing of virtual tables and would drop their shadows.
    return kind != "table" or not belongs_to_full_text(name)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
    include_name=_is_ours,
)
with context.begin_transaction():
    context.run_migrations()
