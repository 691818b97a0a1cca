"""What admins decide for their whole server: so far, that everything kept about it is forgotten."""

from __future__ import annotations

from bot.commands.desk import Desk
from bot.commands.privacy import SURE
from bot.commands.requests import Request
from bot.kept import KeptInSpace
from bot.message.blocks import Action, Actions, Fields, Message, Text, Title


async def forget(request: Request, desk: Desk) -> Message:
    """Say what would be forgotten about the whole server; forget it once they are sure. Nothing of this is kept."""
    words, space_id = desk.words, request.channel.space_id
    kept = await desk.store.kept_in_space(space_id)
    if kept is None:
        return Message((Text(words("command.settings.nothing")),))
    if request.confirm.casefold() != SURE:
        return Message(
            (
                Title(words("command.settings.sure_title")),
                Text(words("command.settings.sure")),
                _table(kept, desk),
                Text(words("command.settings.elsewhere"), tone="muted"),
                Actions((Action(words("command.settings.yes"), f"settings forget {SURE}"),)),
            )
        )
    gone = await desk.store.forget_space(space_id)
    return Message(
        (
            Text(words("command.settings.gone")),
            _table(gone, desk),
            Text(words("command.settings.gone_next"), tone="muted"),
        )
    )


def _table(kept: KeptInSpace, desk: Desk) -> Fields:
    words = desk.words
    counted = (
        ("channels", kept.channels),
        ("subscriptions", kept.subscriptions),
        ("answers", kept.answers),
        ("messages", kept.messages),
        ("notices", kept.notices),
    )
    rows = tuple((words(f"command.settings.{name}"), str(number)) for name, number in counted)
    return Fields((words("command.privacy.kind"), words("command.privacy.count")), rows)
