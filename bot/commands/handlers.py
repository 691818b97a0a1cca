"""The front desk: a typed line or a request → a Message, whatever happens."""

from __future__ import annotations

import secrets

import structlog

from bot.commands import catalog
from bot.commands.catalog import Command
from bot.commands.desk import Desk
from bot.commands.parsing import Context, parse
from bot.commands.requests import BadRequest, Request
from bot.message import answers
from bot.message.blocks import Message
from bot.model import Actor, Channel

__all__ = ["Desk", "answer_line", "handle"]

_log = structlog.get_logger(__name__)


async def answer_line(
    line: str, desk: Desk, *, channel: Channel, actor: Actor, reply_to: str | None = None
) -> Message:
    """Answer what somebody typed; never raises for anything that is wrong with it or with us."""
    context = Context(desk.knowledge, desk.words, desk.clock.now(), desk.zone_of(channel))
    try:
        request = parse(line, context, channel=channel, actor=actor, reply_to=reply_to)
    except BadRequest as error:
        return _refusal(error, desk)
    except Exception:  # noqa: BLE001 - the person gets an error id, the log the traceback
        return _unexpected("reading a line", desk)
    return await handle(request, desk)


async def handle(request: Request, desk: Desk) -> Message:
    """Answer a request: what the person can mend is explained, what only we can mend gets an error id."""
    try:
        return await _permitted(request, desk).handler(request, desk)
    except BadRequest as error:
        return _refusal(error, desk)
    except Exception:  # noqa: BLE001 - the person gets an error id, the log the traceback
        return _unexpected(request.command, desk)


def _permitted(request: Request, desk: Desk) -> Command:
    """Return the command asked for; raise ``BadRequest`` where there is none or it is not for this person."""
    command = catalog.find(request.command)
    if command is None:
        raise BadRequest(desk.words("error.unknown_command", given=request.command), examples=("help",))
    if command.admin and not request.actor.is_admin:
        raise BadRequest(desk.words("command.error.not_admin", command=command.name))
    return command


def _refusal(error: BadRequest, desk: Desk) -> Message:
    examples = (
        [desk.words("command.error.examples", examples=" · ".join(error.examples))] if error.examples else []
    )
    return answers.problem(error.message, examples, error.suggestions, words=desk.words)


def _unexpected(doing: str, desk: Desk) -> Message:
    """Log the exception being handled under an id and tell the person the id; the line itself is not logged."""
    error_id = secrets.token_hex(4)
    _log.exception("command failed", command=doing, error_id=error_id)
    return answers.problem(
        desk.words("command.error.unexpected", id=error_id),
        [desk.words("command.error.unexpected_next", id=error_id)],
        words=desk.words,
    )
