"""What is kept about whoever asks, and forgetting it."""

from __future__ import annotations

from bot.commands.desk import Desk
from bot.commands.requests import Request
from bot.kept import KeptAbout
from bot.message.blocks import Action, Actions, Fields, Message, Text, Title

SURE = "yes"
"""What must be said for anything to be forgotten."""


async def show(request: Request, desk: Desk) -> Message:
    """Say what is kept about the asker, how long, and how to have it removed."""
    words = desk.words
    kept = await desk.store.kept_about(request.actor.id)
    return Message(
        (
            Title(words("command.privacy.title")),
            Text(words("command.privacy.what")),
            _table(kept, desk),
            Text(words("command.privacy.elsewhere"), tone="muted"),
            Actions((Action(words("command.privacy.forget"), "forget"),)),
        )
    )


async def forget(request: Request, desk: Desk) -> Message:
    """Say what would be forgotten; forget it once they are sure. Nothing is kept of this question either."""
    words = desk.words
    if request.confirm.casefold() != SURE:
        kept = await desk.store.kept_about(request.actor.id)
        return Message(
            (
                Title(words("command.privacy.sure_title")),
                Text(words("command.privacy.sure")),
                _table(kept, desk),
                Actions((Action(words("command.privacy.yes"), f"forget {SURE}"),)),
            )
        )
    gone = await desk.store.forget_person(request.actor.id)
    return Message((Text(words("command.privacy.gone")), _table(gone, desk)))


def _table(kept: KeptAbout, desk: Desk) -> Fields:
    words = desk.words
    counted = (
        ("answers", kept.answers),
        ("orders", kept.orders),
        ("own_orders", kept.own_orders),
        ("messages", kept.messages),
        ("notices", kept.notices),
    )
    rows = tuple((words(f"command.privacy.{name}"), str(count)) for name, count in counted)
    return Fields((words("command.privacy.kind"), words("command.privacy.count")), rows)
